/** Bounds of everything that a proxy script, or whoever serves it, could make long or large. */
export interface PacLimits {
  /** From the first byte to the last, redirects included. */
  readonly fetchMs: number;
  readonly bodyBytes: number;
  readonly headBytes: number;
  readonly redirects: number;
  /** Files that are kept, by what their headers allow. */
  readonly cachedFiles: number;
  /** For all that the script computes for all targets together. */
  readonly scriptMs: number;
  /** What a script that does not stop by itself gets before its thread is ended. */
  readonly graceMs: number;
  /** For one script with all targets, look-ups included. */
  readonly askMs: number;
  readonly memoryBytes: number;
  readonly stackBytes: number;
  /** Different names that one script may look up. */
  readonly names: number;
  /** For one look-up, of a script and of WPAD. */
  readonly lookupMs: number;
  /** Scripts that run at the same time. */
  readonly workers: number;
  /** Names that WPAD tries. */
  readonly wpadNames: number;
}

/** The bounds that the service keeps. */
export const PAC_LIMITS: PacLimits = {
  fetchMs: 10_000,
  bodyBytes: 1024 * 1024,
  headBytes: 16 * 1024,
  redirects: 5,
  cachedFiles: 16,
  scriptMs: 1000,
  graceMs: 500,
  askMs: 10_000,
  memoryBytes: 32 * 1024 * 1024,
  stackBytes: 256 * 1024,
  names: 32,
  lookupMs: 3000,
  workers: 2,
  wpadNames: 16,
};

/** One character more than `wininet/pacAnswer.ts` takes: it says then that the answer is too long. */
export const LONGEST_ANSWER = 16 * 1024 + 1;
