/** One webhook with its queue, in memory and on the disk. */
import { systemCodeOf } from '../lib/errors';
import type { Logger } from '../lib/logger';
import { Mutex } from '../lib/mutex';
import type { WebhookFile, WebhookFiles } from './files';
import { MAX_DEAD, type QueuedDelivery, type StoredWebhook } from './stored';

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
    private readonly files: WebhookFiles,
    private readonly logger: Logger,
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

  /** Removes its files; nothing writes them anew. When that rejects, it goes on as before. */
  async end(remove: () => Promise<void>): Promise<void> {
    await this.mutex.run(async () => {
      await remove();
      this.ended = true;
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
  moveTo(position: string): void {
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

  /** Takes a dead delivery back into the queue; rejects when that cannot be written, and then it stays dead. */
  async revive(delivery: QueuedDelivery): Promise<void> {
    await this.mutex.run(async () => {
      if (!this.graves.some(({ id }) => id === delivery.id)) return;
      const changed = { ...this.webhook, pending: [...this.webhook.pending, delivery] };
      await this.write(changed);
      this.webhook = changed;
      this.graves = this.graves.filter(({ id }) => id !== delivery.id);
      this.unwritten = { webhook: false, dead: true };
      await this.writeAll();
    });
  }

  /** Writes what could not be written; false when it still cannot. */
  async flush(): Promise<boolean> {
    return this.mutex.run(() => this.writeAll());
  }

  private async write(webhook: StoredWebhook): Promise<void> {
    if (!this.ended) await this.files.write(webhook);
  }

  private async writeAll(): Promise<boolean> {
    try {
      if (this.unwritten.dead && !this.ended) await this.files.writeDead(this.webhook.id, this.graves);
      this.unwritten.dead = false;
      if (this.unwritten.webhook) await this.write(this.webhook);
      this.unwritten.webhook = false;
      return true;
    } catch (error) {
      this.logger.error('the queue of a webhook could not be written', {
        webhook: this.webhook.id,
        reason: systemCodeOf(error) ?? 'unknown reason',
      });
      return false;
    }
  }
}
