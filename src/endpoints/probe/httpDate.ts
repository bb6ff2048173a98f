/** How far the other side's clock is from this machine's, by the Date of an HTTP answer. */
import type { Clock } from '../../lib/clock';

/** IMF-fixdate (RFC 9110, section 5.6.7). Whether the day exists and the weekday fits is seen by writing it anew. */
const IMF_FIXDATE = /^[A-Z][a-z]{2}, \d{2} [A-Z][a-z]{2} \d{4} \d{2}:\d{2}:\d{2} GMT$/;

/**
 * How far the Date of an answer is ahead of the clock, in milliseconds; to about a second, as a Date has no more. Null unless
 * there is exactly one, in the one form that servers may send. `fields` has names in lower case.
 */
export function dateOffsetMs(
  fields: ReadonlyMap<string, readonly string[]>,
  clock: Pick<Clock, 'now'>,
): number | null {
  const [value, ...others] = fields.get('date') ?? [];
  if (value === undefined || others.length > 0 || !IMF_FIXDATE.test(value)) return null;
  const date = new Date(value);
  // Without this, 31 February would be a day in March.
  if (Number.isNaN(date.getTime()) || date.toUTCString() !== value) return null;
  return date.getTime() - Date.parse(clock.now());
}
