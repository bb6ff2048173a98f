/**
 * Turns at a problem: whoever looks for its ticket must not miss the one that another delivery is just making. They are of
 * this process, for all webhooks together.
 */
import { Mutex } from '../../lib/mutex';

const turns = new Map<string, Mutex>();

/** Runs the task once all earlier ones with the same key have ended. Rejects with the signal's reason while it waits. */
export async function inTurn<T>(key: string, task: () => Promise<T>, signal: AbortSignal): Promise<T> {
  const mutex = turns.get(key) ?? new Mutex();
  turns.set(key, mutex);
  try {
    return await mutex.run(task, { signal });
  } finally {
    if (mutex.isIdle()) turns.delete(key);
  }
}
