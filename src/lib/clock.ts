/** The wall clock and the stopwatch, as one thing that a test can hold still. */
export interface Clock {
  /** Now, as an RFC 3339 UTC time with milliseconds. */
  now(): string;
  /** Milliseconds of a clock that never goes back; only differences mean anything. */
  monotonicMs(): number;
}

/** The real clock: the only place that reads it. */
export const systemClock: Clock = {
  now: () => new Date().toISOString(),
  monotonicMs: () => performance.now(),
};
