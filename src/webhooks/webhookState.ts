/** One webhook with its queue, in memory and on the disk. */
import type { FeedPlace } from '../events/event';
import { systemCodeOf } from '../lib/errors';
import type { Logger } from '../lib/logger';
import { Mutex } from '../lib/mutex';
import type { WebhookFile, WebhookFiles } from './files';
import type { WebhookChange } from './model';
import { MAX_DEAD, type QueuedDelivery, type StoredWebhook } from './stored';

/** What a webhook stands on. */
export interface WebhookStateParts {
  readonly files: WebhookFiles;
  /** Puts an entry into the journal. */
  readonly record: (entry: WebhookChange) => Promise<void>;
  readonly logger: Logger;
}

/** What a caller has asked for: what it leaves (null: nothing), and the journal's entry of it. */
export interface RecordedChange {
  readonly webhook: StoredWebhook | null;
  readonly entry: WebhookChange;
}

/** Changes it one step at a time. Whoever changes it gets the newest state, and gives back the one to be. */
export class WebhookState {
  private webhook: StoredWebhook;
  private graves: readonly QueuedDelivery[];
  private readonly mutex = new Mutex();
  private ended = false;
  /** What the disk does not have yet. */
  private unwritten = { webhook: false, dead: false };

  constructor(
    { webhook, dead }: WebhookFile,
    private readonly parts: WebhookStateParts,
  ) {
    this.webhook = webhook;
    this.graves = dead;
  }

  get current(): StoredWebhook {
    return this.webhook;
  }

  /** Deliveries that were given up, oldest first. */
  get dead(): readonly QueuedDelivery[] {
    return this.graves;
  }

  /** On the disk first: when that rejects, nothing has changed. */
  async change(next: (current: StoredWebhook) => StoredWebhook): Promise<void> {
    await this.mutex.run(async () => {
      const changed = next(this.webhook);
      await this.write(changed);
      this.webhook = changed;
      this.unwritten.webhook = false;
    });
  }

  /**
   * Makes what a caller has asked for, with the journal's entry first; null from `decide`: nothing is to be done. When it
   * rejects, nothing has changed.
   */
  async commit(
    decide: (current: StoredWebhook) => RecordedChange | null,
  ): Promise<'made' | 'unchanged' | 'gone'> {
    return this.mutex.run(async () => {
      if (this.ended) return 'gone';
      const change = decide(this.webhook);
      if (change === null) return 'unchanged';
      await this.make(change);
      return 'made';
    });
  }

  /** What has happened counts, also when it cannot be written: then {@link flush} writes it later. */
  async note(next: (current: StoredWebhook) => StoredWebhook): Promise<void> {
    await this.mutex.run(async () => {
      this.webhook = next(this.webhook);
      this.unwritten.webhook = true;
      await this.writeAll();
    });
  }

  /** Passes events by. It is written with the next change: they would be passed by again. */
  moveTo(position: FeedPlace | null): void {
    this.webhook = { ...this.webhook, position };
  }

  /** Gives deliveries up; written as dead first, so that an end in between loses none. */
  async bury(
    ids: readonly string[],
    next: (current: StoredWebhook) => StoredWebhook = (current) => current,
  ): Promise<void> {
    await this.mutex.run(async () => {
      const buried = this.webhook.pending.filter(({ id }) => ids.includes(id));
      const graves = [...this.graves.filter(({ id }) => !ids.includes(id)), ...buried];
      const dropped = Math.max(0, graves.length - MAX_DEAD);
      const { pending, deadDropped } = this.webhook;
      this.graves = graves.slice(dropped);
      this.webhook = next({
        ...this.webhook,
        pending: pending.filter(({ id }) => !ids.includes(id)),
        deadDropped: deadDropped + dropped,
      });
      this.unwritten = { webhook: true, dead: true };
      await this.writeAll();
    });
  }

  /**
   * Takes a dead delivery back into the queue, with the journal's entry first; false when it is there already, or the webhook
   * is gone. When it rejects, it stays dead.
   */
  async revive(delivery: QueuedDelivery, entry: WebhookChange): Promise<boolean> {
    return this.mutex.run(async () => {
      if (this.ended || !this.graves.some(({ id }) => id === delivery.id)) return false;
      const webhook = { ...this.webhook, pending: [...this.webhook.pending, delivery] };
      await this.make({ webhook, entry });
      this.graves = this.graves.filter(({ id }) => id !== delivery.id);
      this.unwritten.dead = true;
      await this.writeAll();
      return true;
    });
  }

  /** Writes what could not be written; false when it still cannot. */
  async flush(): Promise<boolean> {
    return this.mutex.run(() => this.writeAll());
  }

  private async make({ webhook, entry }: RecordedChange): Promise<void> {
    const { files, record, logger } = this.parts;
    const { id } = this.webhook;
    const isWritten = await files.commit({ id, entryId: entry.id, webhook }, () => record(entry));
    this.ended = webhook === null;
    this.webhook = webhook ?? this.webhook;
    this.unwritten.webhook = !isWritten;
    if (!isWritten) logger.error('the file of a webhook is behind what was asked for', { webhook: id });
  }

  private async write(webhook: StoredWebhook): Promise<void> {
    if (!this.ended) await this.parts.files.write(webhook);
  }

  private async writeAll(): Promise<boolean> {
    try {
      if (this.unwritten.dead && !this.ended) await this.parts.files.writeDead(this.webhook.id, this.graves);
      this.unwritten.dead = false;
      if (this.unwritten.webhook) await this.write(this.webhook);
      this.unwritten.webhook = false;
      return true;
    } catch (error) {
      this.parts.logger.error('the queue of a webhook could not be written', {
        webhook: this.webhook.id,
        reason: systemCodeOf(error) ?? 'unknown reason',
      });
      return false;
    }
  }
}
