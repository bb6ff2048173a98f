/** Damping: what is seen now and then is no transition. Pure. */

/** `needed` of the last `of` samples. */
export interface DampingRule {
  readonly needed: number;
  readonly of: number;
}

/** A thing that is watched: whether it counts as bad, and its last samples, newest last; true is bad. */
export interface Damped {
  readonly open: boolean;
  readonly samples: readonly boolean[];
}

const MOST_SAMPLES = 20;

/** `2/3` and the like. Throws for anything else. */
export function parseDamping(text: string): DampingRule {
  const [, needed, of] = (/^(\d{1,2})\/(\d{1,2})$/.exec(text) ?? []).map(Number);
  if (needed === undefined || of === undefined || needed < 1 || needed > of || of > MOST_SAMPLES) {
    throw new Error(`it must be n/m, such as 2/3: n of the last m looks, with 1 ≤ n ≤ m ≤ ${MOST_SAMPLES}.`);
  }
  return { needed, of };
}

/**
 * Takes in a sample. It begins to count as bad when `needed` of the last `of` samples are bad, and ends to when all of the
 * last `of` are good: what flaps faster than that begins once, and does not end.
 */
export function damp(state: Damped, bad: boolean, rule: DampingRule): Damped {
  const samples = [...state.samples, bad].slice(-rule.of);
  const bads = samples.filter((sample) => sample).length;
  const open = state.open ? bads > 0 || samples.length < rule.of : bads >= rule.needed;
  return { open, samples };
}

/** Whether all the samples say what it counts as: otherwise the next ones may change that. */
export function isSettled({ open, samples }: Damped): boolean {
  return samples.every((sample) => sample === open);
}
