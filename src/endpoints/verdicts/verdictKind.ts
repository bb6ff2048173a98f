import type { PhaseName } from '../report';

/** A row of the table of verdicts. */
export interface VerdictKind {
  /** Stable: callers depend on it. */
  readonly code: string;
  /** The phase that this is said of. */
  readonly phase: PhaseName;
  /** What it makes of the check: `unhealthy` and `unknown` end it, `degraded` does not. */
  readonly outcome: 'unhealthy' | 'unknown' | 'degraded';
  /** What happened, without its first capital and its full stop. */
  readonly summary: string;
  /** What helps, in plain words. */
  readonly remedy: string;
}
