/** Waiting that can be cut short, and whose time a test can let pass at once. */
import { setTimeout as sleep } from 'node:timers/promises';

/** Resolves after `ms` milliseconds, or at once when the signal is aborted. Never rejects. */
export type Pause = (ms: number, signal?: AbortSignal) => Promise<void>;

/** {@link Pause} by the machine's clock. */
export const realPause: Pause = (ms, signal) => sleep(ms, undefined, { signal }).catch(() => undefined);

/** Lets one who waits go on. Rung while nobody waits, it lets the next wait end at once. */
export class Bell {
  private rung = new AbortController();

  constructor(private readonly pause: Pause) {}

  ring(): void {
    this.rung.abort();
  }

  /** Waits for the bell, no longer than `ms`; null: without an end, and without a timer. */
  async wait(ms: number | null): Promise<void> {
    const { signal } = this.rung;
    if (ms !== null) await this.pause(ms, signal);
    else if (!signal.aborted) {
      await new Promise<void>((resolve) => {
        signal.addEventListener('abort', () => {
          resolve();
        });
      });
    }
    if (signal.aborted) this.rung = new AbortController();
  }
}
