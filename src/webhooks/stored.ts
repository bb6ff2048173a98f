/** What is kept of a webhook. All of it is plain data, changed only by making it anew. */
import type { EventType, FeedPlace, ServiceEvent } from '../events/event';
import type { Delivery, DeliveryState, WebhookPreset, WebhookStatus } from './model';
import type { PresetSettings } from './presets/preset';

/** An event that is to be sent, or was given up: with all that sending it needs. */
export interface QueuedDelivery {
  readonly id: string;
  readonly event: ServiceEvent;
  /** Its place in the order of the feed, among those of its webhook. */
  readonly nth: number;
  readonly createdAt: string;
  /** From when the three days count: its making, or the last resume or replay. */
  readonly dueSince: string;
  /** When it was said that it waits until `nextAttemptAt`. */
  readonly waitsFrom: string;
  readonly nextAttemptAt: string;
  readonly attempts: number;
  readonly lastAttemptAt: string | null;
  /** When the first of these attempts failed; null before. */
  readonly failingSince: string | null;
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
  'event' | 'nth' | 'dueSince' | 'waitsFrom' | 'nextAttemptAt' | 'failingSince' | 'round' | 'begun'
> & {
  readonly eventId: string;
  readonly type: EventType;
};

/** A receiver that fails: nothing is sent to it before `nextAttemptAt`. */
export interface Failing {
  readonly since: string;
  /** How many deliveries have failed in a row: one that fails again counts once. */
  readonly failures: number;
  readonly detail: string;
  /** When it was said that it gets nothing until `nextAttemptAt`. */
  readonly waitsFrom: string;
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
  /** Behind the last event that was taken over from the feed, or passed by; null: none was. */
  readonly position: FeedPlace | null;
  /** How many events were taken over. */
  readonly taken: number;
  /** How many events were no longer kept when they could have been taken over. */
  readonly missed: number;
  readonly pending: readonly QueuedDelivery[];
  /** Oldest first. */
  readonly sent: readonly SentDelivery[];
  /** Ticket ids by problem, oldest first. */
  readonly tickets: readonly (readonly [problem: string, ticket: string])[];
  /** By problem, the `nth` of the newest event of it that was delivered; oldest first. */
  readonly told: readonly (readonly [problem: string, nth: number])[];
  readonly deadDropped: number;
  readonly failing: Failing | null;
}

/** Sent deliveries that are kept to be looked at. */
export const MAX_SENT = 100;
/** Dead deliveries that are kept; then the oldest go. */
export const MAX_DEAD = 500;
/** Problems of which something is remembered. A ticket that is not is still found by its key. */
const MAX_PROBLEMS = 500;

/** A delivery that is due at once. Its id is the same whenever it is made of this event. */
export function queued(
  event: ServiceEvent,
  { webhookId, nth, now }: { readonly webhookId: string; readonly nth: number; readonly now: string },
): QueuedDelivery {
  return {
    id: deliveryId(event.id, webhookId),
    event,
    nth,
    createdAt: now,
    dueSince: now,
    waitsFrom: now,
    nextAttemptAt: now,
    attempts: 0,
    lastAttemptAt: null,
    failingSince: null,
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

/** The list with what is remembered of the problem; null takes it out. */
export function withProblem<T>(
  list: readonly (readonly [problem: string, known: T])[],
  problem: string,
  known: T | null,
): readonly (readonly [problem: string, known: T])[] {
  const others = list.filter(([name]) => name !== problem);
  return known === null ? others : [...others, [problem, known] as const].slice(-MAX_PROBLEMS);
}
