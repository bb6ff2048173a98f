/** One measured line of `docs/performance.md`: a ratio within one run, so that the machine's speed drops out. */
export interface BenchRow {
  /** What was measured. */
  readonly measure: string;
  readonly value: number;
  /** What it is held against. */
  readonly against: string;
  readonly ratio: number;
  /** The ratio that must be reached, in words. */
  readonly reach: string;
  readonly ok: boolean;
  readonly note?: string;
}
