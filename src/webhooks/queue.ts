/** What becomes of a webhook's queue: pure, so that each step can be written before it is taken. */
import { GIVE_UP_MS, backoffMs, retryAfterMs } from './backoff';
import type { DeliveryFailure } from './exchange';
import type { Delivered } from './presets/preset';
import { MAX_SENT, type QueuedDelivery, type StoredWebhook, sent, withProblem } from './stored';

/** What is to be done next. */
export type Next =
  | { readonly kind: 'attempt'; readonly delivery: QueuedDelivery }
  /** Milliseconds; null: until something happens. */
  | { readonly kind: 'wait'; readonly ms: number | null };

/** Events that are taken out of the feed ahead of being sent: the feed is the queue, this its window. */
export const WINDOW = 50;
/** Deliveries that wait, those that are stuck and those that are replayed included. */
export const MOST_PENDING = 500;
/** Attempts of one delivery before others get their turn. */
const TURN = 3;

/**
 * The delivery that is due. Of each problem, only its oldest. One that has failed three times lets all others go first that
 * have not, and so on; else they go in the order of the feed.
 */
export function nextOf({ pending, failing }: StoredWebhook, now: string): Next {
  const nowMs = Date.parse(now);
  const held = failing === null ? 0 : waitMs(failing, nowMs);
  let soonest: number | null = null;
  for (const delivery of inTurn(firstOfEachProblem(pending))) {
    const ms = Math.max(held, waitMs(delivery, nowMs));
    if (ms === 0) return { kind: 'attempt', delivery };
    soonest = soonest === null ? ms : Math.min(soonest, ms);
  }
  return { kind: 'wait', ms: soonest };
}

/** When the next attempt is made; null: nothing waits. */
export function nextAttemptAt({ pending, failing }: StoredWebhook): string | null {
  const soonest = firstOfEachProblem(pending)
    .map((delivery) => delivery.nextAttemptAt)
    .sort()[0];
  if (soonest === undefined) return null;
  return failing !== null && failing.nextAttemptAt > soonest ? failing.nextAttemptAt : soonest;
}

/**
 * How many events more may be taken over. A delivery that has failed three times, and what waits for it, take no room in the
 * window, so that others get past them.
 */
export function roomOf({ pending }: StoredWebhook): number {
  const stuck = new Set(
    firstOfEachProblem(pending)
      .filter(({ attempts }) => attempts >= TURN)
      .map(queueOf),
  );
  const moving = pending.filter((one) => !stuck.has(queueOf(one))).length;
  return Math.max(0, Math.min(WINDOW - moving, MOST_PENDING - pending.length));
}

/** Whether the three days of a delivery are over. */
export function isOver({ dueSince }: QueuedDelivery, now: string): boolean {
  return Date.parse(now) - Date.parse(dueSince) >= GIVE_UP_MS;
}

/**
 * Whether sending it would tell of an older state of its problem than the receiver knows: a ticket would be opened that
 * nothing closes, or be closed too early. CloudEvents are a record, to which what is late is no harm.
 */
export function isSuperseded({ preset, told }: StoredWebhook, { event, nth }: QueuedDelivery): boolean {
  return preset !== 'cloudevents' && told.some(([problem, last]) => problem === event.problem && last > nth);
}

/**
 * The webhook with all that waits due at once, but for what must not be tried yet: `settleMs` after an attempt whose end is
 * not known.
 */
export function dueAtOnce(webhook: StoredWebhook, now: string, settleMs: number): StoredWebhook {
  const due = (one: QueuedDelivery): QueuedDelivery => {
    const settled = later(one.waitsFrom, settleMs);
    const soonest = settled < now ? now : settled;
    return soonest < one.nextAttemptAt ? { ...one, nextAttemptAt: soonest } : one;
  };
  return { ...webhook, failing: null, pending: webhook.pending.map(due) };
}

/** The webhook once a delivery has been made. */
export function afterSuccess(
  webhook: StoredWebhook,
  delivery: QueuedDelivery,
  { outcome, now }: { readonly outcome: Delivered; readonly now: string },
): StoredWebhook {
  const { status, detail, ticket } = outcome;
  const { problem } = delivery.event;
  const done = { ...delivery, attempts: delivery.attempts + 1, lastAttemptAt: now, status, detail };
  return {
    ...webhook,
    pending: webhook.pending.filter(({ id }) => id !== delivery.id),
    sent: [...webhook.sent.filter(({ id }) => id !== delivery.id), sent(done)].slice(-MAX_SENT),
    tickets:
      ticket === undefined || problem === null
        ? webhook.tickets
        : withProblem(webhook.tickets, problem, ticket),
    told: problem === null ? webhook.told : withProblem(webhook.told, problem, delivery.nth),
    failing: null,
  };
}

/** The webhook once an attempt has failed. `settleMs`: nothing is tried before, where its end is not known. */
export function afterFailure(
  webhook: StoredWebhook,
  delivery: QueuedDelivery,
  facts: {
    readonly failure: DeliveryFailure;
    readonly now: string;
    readonly random: number;
    readonly settleMs: number;
  },
): StoredWebhook {
  const { failure, now, random, settleMs } = facts;
  const { status = null, retryAfter, ofTheEvent = false } = failure.facts;
  const attempts = delivery.attempts + 1;
  const unknownEnd = status === null || status >= 500;
  const asked = retryAfterMs(retryAfter, now) ?? 0;
  // A clock that was set back must not make the three days longer.
  const dueSince = delivery.dueSince < now ? delivery.dueSince : now;
  const timeLeft = Date.parse(dueSince) + GIVE_UP_MS - Date.parse(now);
  const wait = Math.min(Math.max(backoffMs(attempts, random), asked), timeLeft);
  const detail = failure.message;
  const tried: QueuedDelivery = {
    ...delivery,
    attempts,
    dueSince,
    waitsFrom: now,
    nextAttemptAt: later(now, Math.max(wait, unknownEnd ? settleMs : 0)),
    lastAttemptAt: now,
    failingSince: delivery.failingSince ?? now,
    status,
    detail,
    begun: false,
  };
  if (ofTheEvent) return { ...replaced(webhook, tried), failing: null };
  const { since, failures } = webhook.failing ?? { since: now, failures: 0 };
  const isAnother = delivery.lastAttemptAt === null || delivery.lastAttemptAt < since || failures === 0;
  const inARow = failures + (isAnother ? 1 : 0);
  const held = later(now, Math.max(backoffMs(inARow, random), asked));
  return {
    ...replaced(webhook, tried),
    failing: { since, failures: inARow, detail, waitsFrom: now, nextAttemptAt: held },
  };
}

/** The webhook with another state of one of its pending deliveries; unchanged when that is gone. */
export function replaced(webhook: StoredWebhook, delivery: QueuedDelivery): StoredWebhook {
  return { ...webhook, pending: webhook.pending.map((one) => (one.id === delivery.id ? delivery : one)) };
}

/** What waits for each other: the deliveries of one problem; those of none each by itself. */
function queueOf({ id, event }: QueuedDelivery): string {
  return event.problem ?? id;
}

/** In the order of the feed. */
function firstOfEachProblem(pending: readonly QueuedDelivery[]): readonly QueuedDelivery[] {
  const firsts = new Map<string, QueuedDelivery>();
  for (const one of [...pending].sort((a, b) => a.nth - b.nth)) {
    if (!firsts.has(queueOf(one))) firsts.set(queueOf(one), one);
  }
  return [...firsts.values()];
}

function inTurn(deliveries: readonly QueuedDelivery[]): readonly QueuedDelivery[] {
  const turn = ({ attempts }: QueuedDelivery) => Math.floor(attempts / TURN);
  return [...deliveries].sort((a, b) => turn(a) - turn(b) || a.nth - b.nth);
}

/** A clock that was set back to before the wait began must not stop the queue. */
function waitMs(
  { waitsFrom, nextAttemptAt }: Pick<QueuedDelivery, 'waitsFrom' | 'nextAttemptAt'>,
  nowMs: number,
): number {
  return nowMs < Date.parse(waitsFrom) ? 0 : Math.max(0, Date.parse(nextAttemptAt) - nowMs);
}

function later(now: string, ms: number): string {
  return new Date(Date.parse(now) + ms).toISOString();
}
