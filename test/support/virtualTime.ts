import type { Clock } from '../../src/lib/clock';
import type { Pause } from '../../src/sensor/timeLimit';

/** A clock that goes on by itself, without waiting, to the next one that sleeps whenever nothing else is left to do. */
export class VirtualTime {
  private elapsed = 0;
  private readonly sleepers = new Set<{ readonly at: number; readonly wake: () => void }>();

  readonly clock: Clock = {
    now: () => new Date(Date.UTC(2026, 10, 24, 6, 0, 0) + this.elapsed).toISOString(),
    monotonicMs: () => this.elapsed,
  };

  readonly pause: Pause = (ms, signal) =>
    new Promise((resolve) => {
      if (signal?.aborted === true) {
        resolve();
        return;
      }
      const wake = () => {
        this.sleepers.delete(sleeper);
        signal?.removeEventListener('abort', wake);
        resolve();
      };
      const sleeper = { at: this.elapsed + ms, wake };
      this.sleepers.add(sleeper);
      signal?.addEventListener('abort', wake);
      // Behind every promise that can go on by itself.
      setImmediate(() => {
        this.advance();
      });
    });

  private advance(): void {
    const [next] = [...this.sleepers].sort((a, b) => a.at - b.at);
    if (next === undefined) return;
    this.elapsed = Math.max(this.elapsed, next.at);
    next.wake();
  }
}
