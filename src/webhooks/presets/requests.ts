/** What the presets' requests and answers have in common. */
import { createHash } from 'node:crypto';
import { DeliveryFailure, type HttpAnswer, failedWith } from '../exchange';
import type { WebhookCredentials } from '../model';

const MAX_SAID = 300;
/** Statuses with which a system refuses what was to be done with one ticket: its data, its rights, or that there is none. */
const OF_ONE_TICKET = new Set([400, 403, 404, 409, 413, 422]);

/** The header for Basic or Bearer; nothing without credentials. */
export function authorization(credentials: WebhookCredentials | null): Record<string, string> {
  if (credentials === null) return {};
  const { user, secret } = credentials;
  if (user === undefined) return { authorization: `Bearer ${secret}` };
  return { authorization: `Basic ${Buffer.from(`${user}:${secret}`).toString('base64')}` };
}

/**
 * The key of a problem on this machine, such as `sensorproxy-9f86d081884c7d659a2feaa0c55ad015`: the same for all its events.
 * Letters, digits and hyphens alone, so that it can stand in any query.
 */
export function problemKey(machine: string, problem: string): string {
  const hash = createHash('sha256').update(`${machine}\n${problem}`).digest('hex');
  return `sensorproxy-${hash.slice(0, 32)}`;
}

/** An address below the webhook's own. */
export function below(base: string, path: string, query: Readonly<Record<string, string>> = {}): URL {
  const url = new URL(base);
  url.pathname = url.pathname.replace(/\/+$/, '') + path;
  for (const [name, value] of Object.entries(query)) url.searchParams.set(name, value);
  return url;
}

/** JSON that every receiver can read: halves of characters, which may be in texts of Windows, become U+FFFD. */
export function jsonText(value: unknown): string {
  return JSON.stringify(value).replace(/\\(?:\\|ud[89a-f][0-9a-f]{2})/g, (escaped) =>
    escaped === '\\\\' ? escaped : '\ufffd',
  );
}

/** The JSON of an answer that must be whole. */
export function jsonOf(answer: HttpAnswer): unknown {
  try {
    if (answer.complete) return JSON.parse(answer.text) as unknown;
  } catch {
    // Said below.
  }
  const { status } = answer;
  throw new DeliveryFailure('the answer is not whole JSON of up to 64 KiB', { status });
}

/** A member of what may be an object. */
export function member(value: unknown, name: string): unknown {
  return typeof value === 'object' && value !== null ? (value as Record<string, unknown>)[name] : undefined;
}

/** A text; empty for what is none. Receivers are strangers: of their objects no text can be made without harm. */
export function textOf(value: unknown): string {
  return typeof value === 'string' ? value : '';
}

/** What is known where an answer is a failure. */
export interface Refusal {
  /** What looks like them is not repeated. */
  readonly credentials: WebhookCredentials | null;
  /** Where the receiver's JSON says what is wrong. */
  readonly said: (body: unknown) => readonly unknown[];
  /** Whether something was to be done with one ticket: others may go through. A look-up that fails, fails for all. */
  readonly ofOneTicket: boolean;
}

/** The failure that an answer is. */
export function refusedWith(
  answer: HttpAnswer,
  { credentials, said, ofOneTicket }: Refusal,
): DeliveryFailure {
  const ofTheEvent = ofOneTicket && OF_ONE_TICKET.has(answer.status);
  let body: unknown;
  try {
    body = JSON.parse(answer.text) as unknown;
  } catch {
    return failedWith(answer, '', ofTheEvent);
  }
  const texts = said(body).filter((text) => typeof text === 'string' && text !== '');
  return failedWith(answer, shownText(texts.join('; '), credentials), ofTheEvent);
}

/** What a receiver says, as it may be shown: on one line, not without end, and without what looks like the credentials. */
export function shownText(text: string, credentials: WebhookCredentials | null): string {
  const hidden = Object.values(authorization(credentials)).flatMap((value) => [
    value,
    value.replace(/^\w+ /, ''),
  ]);
  if (credentials !== null) hidden.push(credentials.secret);
  const line = hidden
    .reduce((shown, secret) => shown.replaceAll(secret, '…'), text)
    .replace(/[\p{Cc}\p{Cf}\s]+/gu, ' ')
    .trim();
  return line.length > MAX_SAID ? `${line.slice(0, MAX_SAID)}…` : line;
}
