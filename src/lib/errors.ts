/**
 * What went wrong, as far as a caller can act on it. The HTTP layer maps each kind to one status
 * (`http/problemDefinitions.ts`); nothing below it knows about HTTP.
 */
export type ErrorKind =
  | 'invalid' // the request itself is wrong
  | 'unauthenticated'
  | 'notFound'
  | 'conflict' // right request, wrong moment or state
  | 'stale' // an If-Match that no longer fits
  | 'preconditionRequired'
  | 'unprocessable' // well-formed, but the data it points at cannot be used
  | 'forbidden' // the operating system refuses this service the access
  | 'unavailable'; // a part that this service stands on does not work

/**
 * The one error that the product's own code throws on purpose.
 *
 * `code` is a stable slug that has a page at `/problems/<code>`. `detail` is for a person: it says what is wrong
 * and how to mend it, and holds no file path, no secret and no value that a caller sent. `extensions` are further
 * members of the problem document (RFC 9457, section 3.2).
 */
export class DomainError extends Error {
  override readonly name = 'DomainError';

  constructor(
    readonly kind: ErrorKind,
    readonly code: string,
    readonly detail: string,
    readonly options: {
      readonly cause?: unknown;
      readonly extensions?: Readonly<Record<string, unknown>>;
    } = {},
  ) {
    super(`${code}: ${detail}`, { cause: options.cause });
  }

  /** Further members of the problem document; empty when there are none. */
  get extensions(): Readonly<Record<string, unknown>> {
    return this.options.extensions ?? {};
  }
}

/** For the `default` of a switch over a union: a new member then fails to compile. */
export function assertNever(value: never): never {
  throw new Error(`unexpected value ${JSON.stringify(value)}`);
}

/** The message of whatever was thrown, for logs and for details. */
export function messageOf(error: unknown): string {
  if (error instanceof DomainError) return error.detail;
  return error instanceof Error ? error.message : String(error);
}

/** Node's `code` of a system error (`ENOENT`, `EACCES`, …), or undefined. */
export function systemCodeOf(error: unknown): string | undefined {
  if (typeof error !== 'object' || error === null || !('code' in error)) return undefined;
  return typeof error.code === 'string' ? error.code : undefined;
}
