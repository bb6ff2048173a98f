/** Sends the events of one webhook: one at a time, for as long as the service runs. */
import type { EventFeed } from '../events/event';
import type { Clock } from '../lib/clock';
import { systemCodeOf } from '../lib/errors';
import type { Gate } from '../lib/gate';
import type { Logger } from '../lib/logger';
import { DeliveryFailure, type Exchange } from './exchange';
import { Bell, type Pause } from './pause';
import type { Delivered, Message, Send } from './presets/preset';
import { PRESETS } from './presets/presets';
import { afterFailure, afterSuccess, isOver, isSuperseded, nextOf, replaced, roomOf } from './queue';
import { type QueuedDelivery, type StoredWebhook, queued } from './stored';
import type { WebhookState } from './webhookState';

/** What a worker stands on. */
export interface WorkerParts {
  readonly feed: Pick<EventFeed, 'after'>;
  readonly exchange: Exchange;
  /** How many attempts are made at a time, of all webhooks. */
  readonly gate: Gate;
  /** This machine's name. */
  readonly machine: string;
  readonly clock: Clock;
  readonly pause: Pause;
  /** From 0 up to, not with, 1. */
  readonly random: () => number;
  readonly logger: Logger;
  /** Is told what came of deliveries: of an attempt, that they were given up, or that their events were no longer kept. */
  readonly counted: (outcome: DeliveryEnd, number: number) => void;
}

/** `failed`: an attempt; it is tried again, or given up. `missed`: an event that was dropped before it was taken over. */
export type DeliveryEnd = 'delivered' | 'failed' | 'dead' | 'missed';

/** For all requests of an attempt together. */
export const ATTEMPT_MS = 30_000;
/** Events that are passed by before that is written: after a kill they are passed by again. */
const PASSED_BY = 500;
/** After the disk or the feed has failed. */
const REPAIR_MS = 5000;

/** Makes one attempt. Rejects with `DeliveryFailure`, or with the reason of `signal`. */
export async function attempt(
  { exchange }: Pick<WorkerParts, 'exchange'>,
  webhook: StoredWebhook,
  { message, signal }: { readonly message: Message; readonly signal: AbortSignal },
): Promise<Delivered> {
  const timeUp = AbortSignal.timeout(ATTEMPT_MS);
  const either = AbortSignal.any([signal, timeUp]);
  try {
    const send: Send = (request) => exchange(request, either);
    return await PRESETS[webhook.preset].deliver(message, webhook, { send, signal: either });
  } catch (error) {
    if (!signal.aborted && timeUp.aborted)
      throw new DeliveryFailure(`the receiver took longer than ${ATTEMPT_MS / 1000} s for all of it`);
    throw error;
  }
}

/** The worker of one webhook. */
export class Worker {
  private readonly bell: Bell;
  private readonly stopping = new AbortController();
  private passedBy = 0;
  private readonly running: Promise<void>;

  constructor(
    readonly state: WebhookState,
    private readonly parts: WorkerParts,
  ) {
    this.bell = new Bell(parts.pause);
    this.running = this.run();
  }

  /** There may be something to do. */
  ring(): void {
    this.bell.ring();
  }

  /** Ends an attempt that is under way: it is made again by whoever comes next. */
  async stop(): Promise<void> {
    this.stopping.abort();
    this.bell.ring();
    await this.running;
  }

  private async run(): Promise<void> {
    await this.settle();
    while (!this.stopping.signal.aborted) await this.bell.wait(await this.step());
  }

  /** What an earlier process has begun may have been done without being found yet. */
  private async settle(): Promise<void> {
    const { settleMs } = PRESETS[this.state.current.preset];
    if (settleMs === 0 || !this.state.current.pending.some(({ begun }) => begun)) return;
    const waitsFrom = this.parts.clock.now();
    const nextAttemptAt = new Date(Date.parse(waitsFrom) + settleMs).toISOString();
    await this.state.note((current) => ({
      ...current,
      pending: current.pending.map((one) =>
        one.begun ? { ...one, begun: false, waitsFrom, nextAttemptAt } : one,
      ),
    }));
  }

  /** Does what is to be done; then how long to wait, null without an end. Never rejects. */
  private async step(): Promise<number | null> {
    const { state, parts } = this;
    try {
      for (;;) {
        if (!(await state.flush())) return REPAIR_MS;
        if (this.stopping.signal.aborted || state.current.status !== 'active') return null;
        await this.passOver();
        await this.takeOver();
        const next = nextOf(state.current, parts.clock.now());
        if (next.kind === 'wait') return next.ms;
        await this.send(next.delivery);
      }
    } catch (error) {
      parts.logger.error('a webhook could not go on; it tries again', {
        webhook: state.current.id,
        reason: systemCodeOf(error) ?? (error instanceof Error ? error.name : 'unknown reason'),
      });
      return REPAIR_MS;
    }
  }

  /** Takes events over: position and deliveries are written together, so that none is lost or made anew. */
  private async takeOver(): Promise<void> {
    const { state, parts } = this;
    for (;;) {
      const room = roomOf(state.current);
      if (room === 0) return;
      const { events, place, missed } = await parts.feed.after(state.current.position, room);
      if (events.length === 0) return;
      const { id, eventTypes, preset } = state.current;
      const wanted = events.filter(
        ({ type, problem }) => eventTypes.includes(type) && (problem !== null || PRESETS[preset].takesAll),
      );
      this.passedBy += events.length;
      if (wanted.length === 0 && missed === 0 && this.passedBy < PASSED_BY) {
        state.moveTo(place);
        continue;
      }
      this.passedBy = 0;
      const now = parts.clock.now();
      await state.change((current) => ({
        ...current,
        position: place,
        taken: current.taken + wanted.length,
        missed: current.missed + missed,
        pending: [
          ...current.pending,
          ...wanted.map((event, at) => queued(event, { webhookId: id, nth: current.taken + at + 1, now })),
        ],
      }));
      if (missed > 0) this.tellMissed(missed);
    }
  }

  private async send(delivery: QueuedDelivery): Promise<void> {
    const { state, parts } = this;
    const { signal } = this.stopping;
    const { settleMs } = PRESETS[state.current.preset];
    if (settleMs > 0) await state.change((current) => replaced(current, { ...delivery, begun: true }));
    try {
      const outcome = await parts.gate.run(() => {
        const { tickets } = state.current;
        const ticket = tickets.find(([problem]) => problem === delivery.event.problem)?.[1] ?? null;
        const { id, event } = delivery;
        const message = { id, event, at: parts.clock.now(), machine: parts.machine, ticket };
        return attempt(parts, state.current, { message, signal });
      }, signal);
      const now = parts.clock.now();
      parts.counted('delivered', 1);
      await state.note((current) => afterSuccess(current, delivery, { outcome, now }));
    } catch (error) {
      if (signal.aborted) return;
      await this.failed(delivery, this.asFailure(error));
    }
  }

  private async failed(delivery: QueuedDelivery, failure: DeliveryFailure): Promise<void> {
    const { state, parts } = this;
    const { settleMs } = PRESETS[state.current.preset];
    const now = parts.clock.now();
    const facts = { failure, now, random: parts.random(), settleMs };
    parts.counted('failed', 1);
    parts.logger.debug('a delivery has failed', {
      webhook: state.current.id,
      delivery: delivery.id,
      detail: failure.message,
    });
    const ofNow = ({ pending }: StoredWebhook) => pending.find(({ id }) => id === delivery.id) ?? delivery;
    await state.note((current) => afterFailure(current, ofNow(current), facts));
    if (failure.facts.status === 410) {
      await this.giveUp([delivery], 'a webhook was disabled: its receiver answers 410 Gone', (current) => ({
        ...current,
        status: 'disabled',
        statusReason: failure.message,
        failing: null,
      }));
    } else if (isOver(ofNow(state.current), now)) {
      await this.giveUp([delivery], 'a delivery of a webhook was given up after three days');
    }
  }

  /** What was replayed while something later of the same problem was under way comes too late. */
  private async passOver(): Promise<void> {
    const { state } = this;
    const { current } = state;
    const late = current.pending.filter((one) => one.round > 0 && isSuperseded(current, one));
    if (late.length === 0) return;
    const detail = 'something later of the same problem was delivered';
    await state.note((now) => late.reduce((webhook, one) => replaced(webhook, { ...one, detail }), now));
    await this.giveUp(late, detail);
  }

  private async giveUp(
    deliveries: readonly QueuedDelivery[],
    reason: string,
    next?: (current: StoredWebhook) => StoredWebhook,
  ): Promise<void> {
    const { state, parts } = this;
    parts.logger.warn(reason, { webhook: state.current.id, deliveries: deliveries.map(({ id }) => id) });
    parts.counted('dead', deliveries.length);
    await state.bury(
      deliveries.map(({ id }) => id),
      next,
    );
  }

  private tellMissed(number: number): void {
    const { state, parts } = this;
    const { id } = state.current;
    parts.logger.warn(
      'events were no longer kept, or not readable, when a webhook could have taken them over',
      {
        webhook: id,
        number,
      },
    );
    parts.counted('missed', number);
  }

  private asFailure(error: unknown): DeliveryFailure {
    if (error instanceof DeliveryFailure) return error;
    this.parts.logger.error('a delivery met an unexpected error', {
      webhook: this.state.current.id,
      cause: error instanceof Error ? error.name : 'unknown',
    });
    return new DeliveryFailure('a fault of this service; its log names the webhook');
  }
}
