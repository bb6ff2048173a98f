/** Waiting for what cannot be cancelled. */

/** Waits for `work` no longer than the signal lets it; rejects then with the signal's reason. */
export function untilAborted<T>(work: Promise<T>, signal: AbortSignal): Promise<T> {
  return new Promise((resolve, reject) => {
    const stop = (): void => {
      reject(reasonOf(signal));
    };
    if (signal.aborted) {
      stop();
      work.catch(() => undefined);
      return;
    }
    signal.addEventListener('abort', stop, { once: true });
    void work.then(resolve, reject).finally(() => {
      signal.removeEventListener('abort', stop);
    });
  });
}

/** Waits for `work`, and gives `otherwise` when it fails or takes longer than `ms`. Never rejects. */
export function within<T>(work: Promise<T>, ms: number, otherwise: (error: unknown) => T): Promise<T> {
  return new Promise((resolve) => {
    const timer = setTimeout(() => {
      resolve(otherwise(new TimeIsUp()));
    }, ms);
    void work
      .then(resolve, (error: unknown) => {
        resolve(otherwise(error));
      })
      .finally(() => {
        clearTimeout(timer);
      });
  });
}

/** Something took longer than it may. */
export class TimeIsUp extends Error {
  override readonly name = 'TimeIsUp';
  readonly code = 'ETIMEDOUT';
}

/** What a signal was aborted with, as something that can be thrown. */
export function reasonOf(signal: AbortSignal): Error {
  return signal.reason instanceof Error ? signal.reason : new Error('aborted', { cause: signal.reason });
}
