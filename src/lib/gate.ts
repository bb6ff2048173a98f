import { reasonOf } from './waiting';

/** Lets a number of works run at a time; the others wait in the order in which they came. */
export interface Gate {
  /**
   * Does the work when there is room. Rejects with the work's error, or with the signal's reason when that is aborted while
   * the work still waits; aborting does not end work that has begun.
   */
  run<T>(work: () => Promise<T>, signal: AbortSignal): Promise<T>;
}

/** Makes a gate for `room` works at a time. */
export function createGate(room: number): Gate {
  let free = room;
  const waiting = new Set<() => void>();
  const enter = (signal: AbortSignal): Promise<void> => {
    if (free > 0) {
      free -= 1;
      return Promise.resolve();
    }
    return new Promise((resolve, reject) => {
      const onAbort = (): void => {
        waiting.delete(admit);
        reject(reasonOf(signal));
      };
      const admit = (): void => {
        signal.removeEventListener('abort', onAbort);
        resolve();
      };
      waiting.add(admit);
      signal.addEventListener('abort', onAbort, { once: true });
    });
  };
  const leave = (): void => {
    const [next] = waiting;
    if (next === undefined) {
      free += 1;
      return;
    }
    waiting.delete(next);
    next();
  };
  return {
    run: async (work, signal) => {
      signal.throwIfAborted();
      await enter(signal);
      try {
        return await work();
      } finally {
        leave();
      }
    },
  };
}
