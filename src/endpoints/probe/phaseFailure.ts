import type { FailureCode } from '../verdicts/verdicts';

/** A phase's verdict that it failed: thrown inside the probe, and caught by the code that runs the phases. */
export class PhaseFailure extends Error {
  override readonly name = 'PhaseFailure';

  /** `seen` is what was seen in this case; it holds nothing raw from the other side. */
  constructor(
    readonly code: FailureCode,
    readonly seen: string | null = null,
  ) {
    super(code);
  }
}
