/** What answers show of webhooks and deliveries: never a secret. */
import { decodeCursor, encodeCursor } from '../lib/cursor';
import type { Delivery, DeliveryPage, DeliveryState, Webhook, WebhookFailing } from './model';
import { nextAttemptAt } from './queue';
import { type StoredWebhook, shown } from './stored';
import type { WebhookState } from './webhookState';

/** How a webhook does. `active`: all goes well. `failing`: active, with something that fails. `damaged`: its file cannot be used. */
export type WebhookCondition = 'active' | 'failing' | 'paused' | 'disabled' | 'damaged';

/** How all webhooks do together. */
export interface WebhookSummary {
  readonly states: Readonly<Record<WebhookCondition, number>>;
  /** Deliveries that are to be made. */
  readonly pending: number;
  /** Since when the oldest of those of active webhooks is due (its making, or the last resume or replay); null without one. */
  readonly oldestDueSince: string | null;
  /** Dead deliveries that are kept. */
  readonly dead: number;
}

const DELIVERY_ID = /^msg_[0-9TZa-f-]{1,64}_[0-9TZa-f-]{1,64}$/;

/** A webhook as answers show it. */
export function webhookShown({ current, dead }: Pick<WebhookState, 'current' | 'dead'>): Webhook {
  return {
    id: current.id,
    name: current.name,
    target: new URL(current.url).origin,
    eventTypes: current.eventTypes,
    preset: current.preset,
    status: current.status,
    statusReason: current.statusReason,
    createdAt: current.createdAt,
    createdBy: current.createdBy,
    hasCredentials: current.credentials !== null,
    pending: current.pending.length,
    retrying: current.pending.filter(({ failingSince }) => failingSince !== null).length,
    dead: dead.length,
    deadDropped: current.deadDropped,
    missed: current.missed,
    failing: failureOf(current),
  };
}

/** The receiver's failure; else that of the delivery that has failed longest, which others have got past. */
function failureOf(webhook: StoredWebhook): WebhookFailing | null {
  const { failing, pending } = webhook;
  const [first = null] = pending
    .flatMap(({ failingSince: since, detail, nextAttemptAt }) =>
      since === null ? [] : [{ since, detail: detail ?? '', nextAttemptAt }],
    )
    .sort((a, b) => (a.since < b.since ? -1 : 1));
  if (failing === null) return first;
  return {
    since: first !== null && first.since < failing.since ? first.since : failing.since,
    detail: failing.detail,
    nextAttemptAt: nextAttemptAt(webhook) ?? failing.nextAttemptAt,
  };
}

/** One page of deliveries, newest event first. Errors: `cursor-invalid`. */
export function deliveriesPage(
  { current, dead }: Pick<WebhookState, 'current' | 'dead'>,
  {
    limit,
    cursor,
    state,
  }: { readonly limit: number; readonly cursor?: string; readonly state?: DeliveryState },
): DeliveryPage {
  const before = cursor === undefined ? null : decodeCursor(cursor, (text) => DELIVERY_ID.test(text));
  const all: readonly Delivery[] = [
    ...current.pending.map((one) => shown(one, 'pending')),
    ...current.sent.map((one) => shown(one, 'delivered')),
    ...dead.map((one) => shown(one, 'dead')),
  ];
  const wanted = all
    .filter((one) => (state === undefined || one.state === state) && (before === null || one.id < before))
    .sort((a, b) => (a.id < b.id ? 1 : -1));
  const items = wanted.slice(0, limit);
  return { items, next: wanted.length > limit ? encodeCursor(items.at(-1)?.id ?? '') : null };
}

/** How the webhooks do, all together. `damaged`: how many there are besides. */
export function summaryOf(
  all: readonly Pick<WebhookState, 'current' | 'dead'>[],
  damaged: number,
): WebhookSummary {
  const states = { active: 0, failing: 0, paused: 0, disabled: 0, damaged };
  const due: string[] = [];
  let pending = 0;
  let dead = 0;
  for (const { current, dead: graves } of all) {
    states[current.status === 'active' && failureOf(current) !== null ? 'failing' : current.status] += 1;
    pending += current.pending.length;
    dead += graves.length;
    if (current.status === 'active') due.push(...current.pending.map(({ dueSince }) => dueSince));
  }
  return { states, pending, oldestDueSince: due.sort()[0] ?? null, dead };
}
