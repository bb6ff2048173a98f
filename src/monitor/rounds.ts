/** A work that is done again and again. */
import { setTimeout as sleep } from 'node:timers/promises';
import { messageOf } from '../lib/errors';
import type { Logger } from '../lib/logger';

/** Resolves after `ms` milliseconds, or at once when the signal is aborted. Never rejects. */
export type Pause = (ms: number, signal?: AbortSignal) => Promise<void>;

/** {@link Pause} by the machine's clock. */
export const realPause: Pause = (ms, signal) => sleep(ms, undefined, { signal }).catch(() => undefined);

/** What is done, and when. */
export interface RoundsParts {
  /** For the log. */
  readonly name: string;
  /** One round; gives the milliseconds until the next. The signal is aborted when all shall end. */
  readonly work: (signal: AbortSignal) => Promise<number>;
  /** Milliseconds before the first round. */
  readonly firstMs: number;
  /** Milliseconds after a round that failed. */
  readonly failedMs: number;
  readonly pause: Pause;
  readonly logger: Logger;
}

/** Rounds, one at a time, until they are stopped. A round that fails is logged, and does not end them. */
export class Rounds {
  private readonly ending = new AbortController();
  private waiting = new AbortController();
  private ended: Promise<void> = Promise.resolve();
  private lastFailure: string | null = null;

  constructor(private readonly parts: RoundsParts) {}

  start(): void {
    this.ended = this.run();
  }

  /** Begins the next round now, or right after the one under way. */
  hurry(): void {
    this.waiting.abort();
  }

  /** Resolves when the round under way has ended; no other begins. */
  async stop(): Promise<void> {
    this.ending.abort();
    this.waiting.abort();
    await this.ended;
  }

  private async run(): Promise<void> {
    for (let ms = this.parts.firstMs; ; ms = await this.round()) {
      await this.parts.pause(ms, this.waiting.signal);
      if (this.ending.signal.aborted) return;
      this.waiting = new AbortController();
    }
  }

  private async round(): Promise<number> {
    const { name, work, failedMs, logger } = this.parts;
    try {
      const ms = await work(this.ending.signal);
      this.lastFailure = null;
      return ms;
    } catch (error) {
      const reason = messageOf(error);
      const known = reason === this.lastFailure;
      this.lastFailure = reason;
      if (!known && !this.ending.signal.aborted)
        logger.warn('the watch could not look', { watch: name, reason });
      return failedMs;
    }
  }
}
