/** A test: sent at once, once, past the queue, and kept nowhere. */
import { DeliveryFailure } from './exchange';
import type { WebhookTest, WebhookTestStep } from './model';
import type { Message } from './presets/preset';
import { type StoredWebhook, deliveryId } from './stored';
import { testEvents } from './testEvents';
import { type WorkerParts, attempt } from './worker';

/** Sends the test's events in order, until one fails. Rejects with the reason of `signal`. */
export async function sendTest(
  parts: WorkerParts,
  webhook: StoredWebhook,
  signal: AbortSignal,
): Promise<WebhookTest> {
  const { machine, clock, gate } = parts;
  const steps: WebhookTestStep[] = [];
  let ticket: string | null = null;
  for (const event of testEvents(webhook, machine, clock)) {
    const action = event.resolved ? 'close' : 'open';
    const message: Message = {
      id: deliveryId(event.id, webhook.id),
      event,
      at: clock.now(),
      machine,
      ticket,
    };
    try {
      const done = await gate.run(() => attempt(parts, webhook, { message, signal }), signal);
      steps.push({ action, delivered: true, status: done.status, detail: done.detail });
      ticket = done.ticket ?? null;
    } catch (error) {
      if (signal.aborted || !(error instanceof DeliveryFailure)) throw error;
      steps.push({ action, delivered: false, status: error.facts.status ?? null, detail: error.message });
      return { delivered: false, steps };
    }
  }
  return { delivered: true, steps };
}
