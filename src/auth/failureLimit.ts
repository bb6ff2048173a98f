/** Counts wrong tokens by address, so that guessing is seen in the log and answered less and less. */
import type { Clock } from '../lib/clock';

/** Wrong tokens of one address that are answered in a minute; further ones have to wait. */
const MAX_FAILURES = 10;
const WINDOW_MS = 60_000;
/** Addresses that are remembered; whoever has more of them forgets the oldest. */
const MAX_ADDRESSES = 10_000;

/** Counts failures. */
export interface FailureLimit {
  /** Notes a failure. Null: it may be answered as such; else the seconds until the address may try again. */
  note(address: string): number | null;
}

interface Failures {
  count: number;
  /** On the monotonic clock. */
  readonly since: number;
}

/** Makes the counter. `onLimit` is told once for each address and minute. */
export function createFailureLimit(clock: Clock, onLimit: (address: string) => void): FailureLimit {
  const byAddress = new Map<string, Failures>();
  return {
    note: (address) => {
      const now = clock.monotonicMs();
      let failures = byAddress.get(address);
      if (failures === undefined || now - failures.since >= WINDOW_MS) {
        byAddress.delete(address);
        failures = { count: 0, since: now };
        byAddress.set(address, failures);
        const [oldest] = byAddress.keys();
        if (byAddress.size > MAX_ADDRESSES && oldest !== undefined) byAddress.delete(oldest);
      }
      failures.count += 1;
      if (failures.count <= MAX_FAILURES) return null;
      if (failures.count === MAX_FAILURES + 1) onLimit(address);
      return Math.max(1, Math.ceil((failures.since + WINDOW_MS - now) / 1000));
    },
  };
}
