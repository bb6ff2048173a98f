/** One request to a receiver and its answer: what the presets are built of. */

/** A request. */
export interface HttpRequest {
  readonly method: 'GET' | 'POST' | 'PATCH';
  readonly url: URL;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string | null;
}

/** An answer. */
export interface HttpAnswer {
  readonly status: number;
  readonly retryAfter: string | undefined;
  /** At most 64 KiB of the body. */
  readonly text: string;
  /** Whether that is all of the body. */
  readonly complete: boolean;
}

/** Sends one request, within bounds. Rejects with {@link DeliveryFailure}, or with the reason of the signal. */
export type Exchange = (request: HttpRequest, signal: AbortSignal) => Promise<HttpAnswer>;

/** What is known of a failure. */
export interface FailureFacts {
  /** Null without an answer. */
  readonly status?: number | null;
  /** What `Retry-After` says, as it came. */
  readonly retryAfter?: string;
  /** The event is what the receiver does not like: others may go through. Else it is the receiver that fails. */
  readonly ofTheEvent?: boolean;
}

/** An attempt has failed. The message is for a person, and holds no secret. */
export class DeliveryFailure extends Error {
  override readonly name = 'DeliveryFailure';

  constructor(
    message: string,
    readonly facts: FailureFacts = {},
  ) {
    super(message);
  }
}

/** Statuses that say something about what was sent, not about the receiver. */
const OF_THE_EVENT = new Set([400, 409, 413, 422]);

/**
 * A failure by its answer's status, with what the receiver says of it where that is known. Whether it is of the event goes by
 * the status too, unless the caller knows better.
 */
export function failedWith(
  { status, retryAfter }: HttpAnswer,
  said = '',
  ofTheEvent = OF_THE_EVENT.has(status),
): DeliveryFailure {
  const isRedirect = status >= 300 && status < 400;
  const what = isRedirect
    ? `the receiver redirects (${status}), which is not followed: name the address that it redirects to`
    : `the receiver answered ${status}`;
  return new DeliveryFailure(`${what}${said === '' ? '' : `: ${said}`}`, {
    status,
    retryAfter,
    ofTheEvent,
  });
}
