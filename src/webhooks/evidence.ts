/** What the journal has of webhooks: never a secret, never more of an address than its host. */
import type { Clock } from '../lib/clock';
import { areTexts, areTextsOrNull } from '../lib/guards';
import { escapeCell } from '../lib/markdown';
import { newRecordId } from '../lib/recordId';
import type { WebhookAction, WebhookChange } from './model';
import type { StoredWebhook } from './stored';

/** Who asks, as the journal and the log name it. */
export interface WebhookActor {
  readonly name: string;
  readonly requestId: string | null;
}

/** The journal's entry of what is about to be done to a webhook. */
export function entryOf(
  action: WebhookAction,
  { id, name, url, preset, eventTypes }: StoredWebhook,
  { actor, clock, deliveryId = null }: { actor: WebhookActor; clock: Clock; deliveryId?: string | null },
): WebhookChange {
  return {
    id: newRecordId(clock),
    at: clock.now(),
    kind: 'webhook',
    action,
    actor: actor.name,
    requestId: actor.requestId,
    ticket: null,
    reason: null,
    outcome: 'applied',
    webhookId: id,
    name,
    host: new URL(url).host,
    preset,
    eventTypes,
    deliveryId,
  };
}

/** Whether a record that was read back has everything that is shown of a change of a webhook. */
export function isWebhookChange(value: unknown): value is WebhookChange {
  if (typeof value !== 'object' || value === null) return false;
  const record = value as Partial<Record<keyof WebhookChange, unknown>>;
  const { id, at, kind, action, actor, outcome, webhookId, name, host, preset, eventTypes } = record;
  const { requestId, ticket, reason, deliveryId } = record;
  return (
    kind === 'webhook' &&
    areTexts([id, at, action, actor, outcome, webhookId, name, host, preset]) &&
    areTextsOrNull([requestId, ticket, reason, deliveryId]) &&
    Array.isArray(eventTypes) &&
    areTexts(eventTypes)
  );
}

/** A change of a webhook as Markdown, ready to be pasted into a ticket. Text from outside is escaped. */
export function webhookChangeAsMarkdown(record: WebhookChange): string {
  const facts: [string, string | null][] = [
    ['When', record.at],
    ['What', record.action === 'replayed' ? 'a delivery was replayed' : `webhook ${record.action}`],
    ['Webhook', record.webhookId],
    ['Name', record.name],
    ['To the host', record.host],
    ['As', record.preset],
    ['Events', record.eventTypes.join(', ')],
    ['Delivery', record.deliveryId],
    ['Who', record.actor],
    ['Ticket', record.ticket],
    ['Reason', record.reason],
    ['Request', record.requestId],
  ];
  const rows = facts.flatMap(([name, value]) =>
    value === null ? [] : [`| ${name} | ${escapeCell(value)} |`],
  );
  return [`# Webhook ${record.id}`, '', '| | |', '|---|---|', ...rows, ''].join('\n');
}
