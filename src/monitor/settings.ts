/** How the monitor is set. */
import type { DampingRule } from './damping';

/** How often to look, and what to do then. */
export interface MonitorSettings {
  /** Seconds between looks at the accounts and the sensor. */
  readonly intervalS: number;
  /** Seconds between probes of the endpoints, more or less a tenth; 0: never. */
  readonly probeIntervalS: number;
  readonly damping: DampingRule;
  /** `copy`: drift is repaired too. */
  readonly onDrift: 'report' | 'copy';
  /** The ticket that repairs are made under; null: none. */
  readonly driftTicket: string | null;
}

const MOST_S = 86_400;
const MOST_TICKET = 200;
const LEAST_INTERVAL_S = 5;
const LEAST_PROBE_INTERVAL_S = 10;

/** Seconds between looks. Throws for a text that is none. */
export function parseInterval(text: string): number {
  const seconds = secondsIn(text);
  if (seconds >= LEAST_INTERVAL_S) return seconds;
  throw new Error(`it must be a number of seconds from ${LEAST_INTERVAL_S} to ${MOST_S}.`);
}

/** Seconds between probes; 0: never. Throws for a text that is none. */
export function parseProbeInterval(text: string): number {
  const seconds = secondsIn(text);
  if (seconds === 0 || seconds >= LEAST_PROBE_INTERVAL_S) return seconds;
  throw new Error(`it must be 0 or a number of seconds from ${LEAST_PROBE_INTERVAL_S} to ${MOST_S}.`);
}

/** A ticket, as the API takes one. Throws for a text that is none. */
export function parseTicket(text: string): string {
  // eslint-disable-next-line no-control-regex
  if (text.length <= MOST_TICKET && !/[\x00-\x1f\x7f-\x9f\u2028-\u202e\u2066-\u2069]/.test(text)) return text;
  throw new Error(`it must have at most ${MOST_TICKET} characters, none of them a control character.`);
}

/** Not a number where it is none, or too large. */
function secondsIn(text: string): number {
  const seconds = Number(text);
  return /^\d{1,5}$/.test(text) && seconds <= MOST_S ? seconds : NaN;
}
