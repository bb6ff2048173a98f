import type { ServiceEvent } from '../../src/events/event';
import type { NewWebhook } from '../../src/webhooks/model';
import { type PracticeWebhooks, type WebhookOptions, openPracticeWebhooks } from './practiceWebhooks';
import { eventually } from './receiver';

/** A problem begins, or goes on. */
export const drift = { problem: 'drift/LocalService', severity: 'critical' as const };
/** And ends. */
export const cleared: Partial<ServiceEvent> = {
  ...drift,
  type: 'proxy.drift.cleared',
  resolved: true,
  severity: 'info',
  summary: 'The proxy is as it should be.',
};

/** One webhook to a ticket system that a stand-in plays. */
export class TicketDesk {
  id = '';
  private opened: PracticeWebhooks | null = null;

  get practice(): PracticeWebhooks {
    if (this.opened === null) throw new Error('no webhook was made');
    return this.opened;
  }

  async make(wanted: Partial<NewWebhook>, options: WebhookOptions = {}): Promise<void> {
    this.opened = await openPracticeWebhooks(options);
    ({ id: this.id } = await this.opened.create(wanted));
  }

  /** Goes on as the next process does. */
  async reopen(options: WebhookOptions): Promise<void> {
    this.opened = await openPracticeWebhooks({ feed: this.practice.feed, ...options });
  }

  record(fields: Partial<ServiceEvent>): ServiceEvent {
    return this.practice.feed.record(fields);
  }

  /** Records an event, and waits until it was sent. */
  async happens(fields: Partial<ServiceEvent>): Promise<void> {
    const event = this.record(fields);
    const delivery = () => this.practice.deliveries(this.id).find((one) => one.eventId === event.id);
    await eventually(() => delivery()?.state === 'delivered', 'the delivery');
  }

  /** What the nth delivery came to. */
  detailOf(nth: number): string | null | undefined {
    return [...this.practice.deliveries(this.id)].reverse()[nth]?.detail;
  }

  async close(): Promise<void> {
    await this.opened?.close();
    this.opened = null;
  }
}
