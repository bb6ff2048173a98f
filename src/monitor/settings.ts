/** How the monitor is set. */
import type { DampingRule } from './damping';

/** How often to look, and what to do then. */
export interface MonitorSettings {
  /** Seconds between looks at the accounts and the sensor. */
  readonly intervalS: number;
  /** Seconds between probes of the endpoints, more or less a tenth; 0: never. */
  readonly probeIntervalS: number;
  readonly damping: DampingRule;
  readonly onDrift: 'report' | 'copy';
}

const MOST_S = 86_400;
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

/** Not a number where it is none, or too large. */
function secondsIn(text: string): number {
  const seconds = Number(text);
  return /^\d{1,5}$/.test(text) && seconds <= MOST_S ? seconds : NaN;
}
