/** When a delivery that failed is tried again. */

const SECOND = 1000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;

/** How long a delivery is tried, from when it first could be. */
export const GIVE_UP_MS = 72 * HOUR;
/** The longest wait after the nth failure; the last for all that follow. */
const STEPS = [
  5 * SECOND,
  30 * SECOND,
  2 * MINUTE,
  10 * MINUTE,
  30 * MINUTE,
  HOUR,
  2 * HOUR,
  4 * HOUR,
] as const;
/** Jitter must not make a busy loop. */
const LEAST_MS = SECOND;

/**
 * Milliseconds to wait after a number of failures in a row: any time up to the step's (full jitter), so that many senders do
 * not come back at once. `random` is from 0 up to, not with, 1.
 */
export function backoffMs(failures: number, random: number): number {
  const most = STEPS[Math.min(Math.max(failures, 1), STEPS.length) - 1] ?? 4 * HOUR;
  return Math.max(LEAST_MS, Math.round(most * random));
}

const IMF_FIXDATE = /^[A-Z][a-z]{2}, \d{2} [A-Z][a-z]{2} \d{4} \d{2}:\d{2}:\d{2} GMT$/;

/**
 * Milliseconds that `Retry-After` (RFC 9110, section 10.2.3) asks to wait, as seconds or as a date; at most three days, since
 * nothing is tried longer. Null without it, and for what is neither.
 */
export function retryAfterMs(header: string | undefined, now: string): number | null {
  const text = header?.trim() ?? '';
  let ms: number;
  if (/^\d{1,10}$/.test(text)) ms = Number(text) * SECOND;
  else if (IMF_FIXDATE.test(text)) ms = Date.parse(text) - Date.parse(now);
  else return null;
  if (Number.isNaN(ms)) return null;
  return Math.min(Math.max(ms, LEAST_MS), GIVE_UP_MS);
}
