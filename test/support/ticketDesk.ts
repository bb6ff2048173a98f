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

  /** Records an event, and waits until every webhook that is active has sent it. */
  async happens(fields: Partial<ServiceEvent>): Promise<void> {
    const event = this.record(fields);
    await eventually(
      () =>
        this.practice.webhooks
          .page({ limit: 50 })
          .items.filter(({ status }) => status === 'active')
          .every(({ id }) => this.hasSent(id, event.id)),
      'the delivery',
    );
  }

  /** Whether a webhook has sent an event. */
  hasSent(webhookId: string, eventId: string): boolean {
    const delivery = this.practice.deliveries(webhookId).find((one) => one.eventId === eventId);
    return delivery?.state === 'delivered';
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
