import { reasonOf } from './waiting';

/** How long a task may wait for its turn. */
export interface WaitBounds {
  /** Gives up after this many milliseconds ({@link WaitedTooLong}); without it, waits for as long as it takes. */
  readonly waitMs?: number;
  /** Gives up when this is aborted, with its reason. */
  readonly signal?: AbortSignal;
}

/** The turn did not come in time. The task has not begun, and never will. */
export class WaitedTooLong extends Error {
  override readonly name = 'WaitedTooLong';
}

/** Runs tasks one at a time, in the order in which they came. A task that throws does not stop the next. */
export class Mutex {
  private busy = false;
  private readonly waiting = new Set<() => void>();

  /** Whether no task is under way. */
  isIdle(): boolean {
    return !this.busy;
  }

  /**
   * Resolves or rejects as `task` does, once every earlier task has ended. A task that gives up waiting is never run; one
   * that has begun is not ended.
   */
  async run<T>(task: () => Promise<T>, bounds: WaitBounds = {}): Promise<T> {
    bounds.signal?.throwIfAborted();
    if (this.busy) {
      await this.turn(bounds);
    } else {
      this.busy = true;
      // Never before the caller has gone on: what it does next may be part of the task.
      await Promise.resolve();
    }
    try {
      return await task();
    } finally {
      const [next] = this.waiting;
      // Handed on, not let go of: nobody may come between.
      if (next === undefined) this.busy = false;
      else next();
    }
  }

  private turn({ waitMs, signal }: WaitBounds): Promise<void> {
    return new Promise((resolve, reject) => {
      const leave = (): void => {
        this.waiting.delete(admit);
        clearTimeout(timer);
        signal?.removeEventListener('abort', onAbort);
      };
      const admit = (): void => {
        leave();
        resolve();
      };
      const onAbort = (): void => {
        leave();
        if (signal !== undefined) reject(reasonOf(signal));
      };
      const onTimeUp = (): void => {
        leave();
        reject(new WaitedTooLong('the turn did not come in time'));
      };
      const timer = waitMs === undefined ? undefined : setTimeout(onTimeUp, waitMs);
      this.waiting.add(admit);
      signal?.addEventListener('abort', onAbort, { once: true });
    });
  }
}
