/** What is kept of a webhook. All of it is plain data, changed only by making it anew. */
import type { EventType, ServiceEvent } from '../events/event';
import type { Delivery, DeliveryState, WebhookPreset, WebhookStatus } from './model';
import type { PresetSettings } from './presets/preset';

/** An event that is to be sent, or was given up: with all that sending it needs. */
export interface QueuedDelivery {
  readonly id: string;
  readonly event: ServiceEvent;
  readonly createdAt: string;
  /** From when the three days count: its making, or the last resume or replay. */
  readonly dueSince: string;
  readonly nextAttemptAt: string;
  readonly attempts: number;
  readonly lastAttemptAt: string | null;
  readonly status: number | null;
  readonly detail: string | null;
  /** Raised by each replay: of two copies, the one with more counts. */
  readonly round: number;
  /** An attempt has begun whose end is not known. */
  readonly begun: boolean;
}

/** What is kept of an event that was sent. */
export type SentDelivery = Omit<
  QueuedDelivery,
  'event' | 'dueSince' | 'nextAttemptAt' | 'round' | 'begun'
> & {
  readonly eventId: string;
  readonly type: EventType;
};

/** A receiver that fails: nothing is sent to it before `nextAttemptAt`. */
export interface Failing {
  readonly since: string;
  /** In a row. */
  readonly failures: number;
  readonly detail: string;
  readonly nextAttemptAt: string;
}

/** A webhook with its queue, as its file has it. Its dead deliveries have a file of their own. */
export interface StoredWebhook extends PresetSettings {
  readonly id: string;
  readonly name: string;
  readonly eventTypes: readonly EventType[];
  readonly preset: WebhookPreset;
  readonly status: WebhookStatus;
  readonly statusReason: string | null;
  readonly createdAt: string;
  readonly createdBy: string;
  /** The id of the last event that was taken over from the feed, or passed by; null: none was. */
  readonly position: string | null;
  readonly pending: readonly QueuedDelivery[];
  /** Oldest first. */
  readonly sent: readonly SentDelivery[];
  /** Ticket ids by problem, oldest first. */
  readonly tickets: readonly (readonly [problem: string, ticket: string])[];
  readonly deadDropped: number;
  readonly failing: Failing | null;
}

/** Sent deliveries that are kept to be looked at. */
export const MAX_SENT = 100;
/** Dead deliveries that are kept; then the oldest go. */
export const MAX_DEAD = 500;
/** Tickets that are remembered; one that is not is still found by its key. */
const MAX_TICKETS = 500;

/** A delivery that is due at once. Its id is the same whenever it is made of this event. */
export function queued(event: ServiceEvent, webhookId: string, now: string): QueuedDelivery {
  return {
    id: deliveryId(event.id, webhookId),
    event,
    createdAt: now,
    dueSince: now,
    nextAttemptAt: now,
    attempts: 0,
    lastAttemptAt: null,
    status: null,
    detail: null,
    round: 0,
    begun: false,
  };
}

/** The id of an event's delivery to a webhook. */
export function deliveryId(eventId: string, webhookId: string): string {
  return `msg_${eventId}_${webhookId}`;
}

/** What is kept of a delivery that was made. */
export function sent({ event, ...delivery }: QueuedDelivery): SentDelivery {
  const { id, createdAt, attempts, lastAttemptAt, status, detail } = delivery;
  return { id, eventId: event.id, type: event.type, createdAt, attempts, lastAttemptAt, status, detail };
}

/** The delivery as answers show it. */
export function shown(delivery: QueuedDelivery | SentDelivery, state: DeliveryState): Delivery {
  const { id, createdAt, attempts, lastAttemptAt, status, detail } = delivery;
  const [eventId, type] =
    'event' in delivery ? [delivery.event.id, delivery.event.type] : [delivery.eventId, delivery.type];
  const nextAttemptAt = state === 'pending' && 'nextAttemptAt' in delivery ? delivery.nextAttemptAt : null;
  return { id, eventId, type, state, createdAt, attempts, lastAttemptAt, nextAttemptAt, status, detail };
}

/** The list with the problem's ticket in it; null takes it out. */
export function withTicket(
  tickets: StoredWebhook['tickets'],
  problem: string,
  ticket: string | null,
): StoredWebhook['tickets'] {
  const others = tickets.filter(([name]) => name !== problem);
  return ticket === null ? others : [...others, [problem, ticket] as const].slice(-MAX_TICKETS);
}
