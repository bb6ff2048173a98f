import type { Snapshot } from './snapshot';

/** How often to read anew, before what was there before the last change is given. */
const MAX_TRIES = 3;

/**
 * Lets a read see all of a change of ours or nothing of it, and never waits for one: from its plan to its record, reads get
 * the snapshot that it was decided from. Changes are made one at a time.
 */
export class SteadyReads {
  /** The last change that was begun: what was there before it, and whether it is under way. */
  private last: { readonly before: Snapshot; underWay: boolean } | null = null;

  /** Makes a change that was decided from `before`. Resolves or rejects as `change` does. */
  async during<T>(before: Snapshot, change: () => Promise<T>): Promise<T> {
    const own = { before, underWay: true };
    this.last = own;
    try {
      return await change();
    } finally {
      own.underWay = false;
    }
  }

  /** What `readNow` gives, unless a change was made meanwhile, of which it may have seen a half. Errors: those of `readNow`. */
  async read(readNow: () => Promise<Snapshot>): Promise<Snapshot> {
    for (let tries = 1; ; tries += 1) {
      const { last } = this;
      if (last?.underWay === true) return last.before;
      const snapshot = await readNow();
      if (this.last === last) return snapshot;
      if (tries === MAX_TRIES && this.last !== null) return this.last.before;
    }
  }
}
