/** What becomes of a webhook's queue: pure, so that each step can be written before it is taken. */
import { GIVE_UP_MS, backoffMs, retryAfterMs } from './backoff';
import type { DeliveryFailure } from './exchange';
import type { Delivered } from './presets/preset';
import { MAX_SENT, type QueuedDelivery, type StoredWebhook, sent, withTicket } from './stored';

/** What is to be done next. */
export type Next =
  | { readonly kind: 'attempt'; readonly delivery: QueuedDelivery }
  /** Milliseconds; null: until something happens. */
  | { readonly kind: 'wait'; readonly ms: number | null };

/** The delivery that is due, oldest event first; of each problem, only its oldest. */
export function nextOf({ pending, failing }: StoredWebhook, now: string): Next {
  const nowMs = Date.parse(now);
  const held = failing === null ? 0 : waitMs(failing.nextAttemptAt, nowMs);
  let soonest: number | null = null;
  for (const delivery of firstOfEachProblem(pending)) {
    const ms = Math.max(held, waitMs(delivery.nextAttemptAt, nowMs));
    if (ms === 0) return { kind: 'attempt', delivery };
    soonest = soonest === null ? ms : Math.min(soonest, ms);
  }
  return { kind: 'wait', ms: soonest };
}

/** Deliveries whose three days are over: tried in vain, or held up by a receiver that fails. */
export function expired({ pending, failing }: StoredWebhook, now: string): readonly QueuedDelivery[] {
  return pending.filter(
    ({ dueSince, attempts }) =>
      (attempts > 0 || failing !== null) && Date.parse(now) - Date.parse(dueSince) >= GIVE_UP_MS,
  );
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
        : withTicket(webhook.tickets, problem, ticket),
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
  const failures = ofTheEvent ? attempts : (webhook.failing?.failures ?? 0) + 1;
  const unknownEnd = status === null || status >= 500;
  const wait = Math.max(
    backoffMs(failures, random),
    retryAfterMs(retryAfter, now) ?? 0,
    unknownEnd ? settleMs : 0,
  );
  const nowMs = Date.parse(now);
  const deadline = Date.parse(delivery.dueSince) + GIVE_UP_MS;
  const nextAttemptAt = new Date(Math.min(nowMs + wait, Math.max(deadline, nowMs))).toISOString();
  const detail = failure.message;
  const tried = {
    ...delivery,
    attempts,
    lastAttemptAt: now,
    nextAttemptAt,
    status,
    detail,
    begun: false,
  };
  return {
    ...replaced(webhook, tried),
    failing: ofTheEvent ? null : { since: webhook.failing?.since ?? now, failures, detail, nextAttemptAt },
  };
}

/** The webhook with another state of one of its pending deliveries; unchanged when that is gone. */
export function replaced(webhook: StoredWebhook, delivery: QueuedDelivery): StoredWebhook {
  return { ...webhook, pending: webhook.pending.map((one) => (one.id === delivery.id ? delivery : one)) };
}

/** Deliveries of no problem each by itself. */
function firstOfEachProblem(pending: readonly QueuedDelivery[]): readonly QueuedDelivery[] {
  const seen = new Set<string>();
  return [...pending]
    .sort((a, b) => (a.event.id < b.event.id ? -1 : 1))
    .filter(({ event: { problem } }) => {
      if (problem === null) return true;
      const first = !seen.has(problem);
      seen.add(problem);
      return first;
    });
}

/** Nothing waits longer than three days: a clock that was set back must not stop the queue. */
function waitMs(until: string, nowMs: number): number {
  const ms = Date.parse(until) - nowMs;
  return ms <= 0 || ms > GIVE_UP_MS ? 0 : ms;
}
