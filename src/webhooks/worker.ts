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
import { afterFailure, afterSuccess, expired, nextOf, replaced } from './queue';
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
  /** Is told what came of deliveries: of an attempt, or that they were given up. */
  readonly counted: (outcome: DeliveryEnd, number: number) => void;
}

/** `failed`: an attempt; it is tried again, or given up. */
export type DeliveryEnd = 'delivered' | 'failed' | 'dead';

/** Events that are taken out of the feed ahead of being sent: the feed is the queue, this its window. */
export const WINDOW = 50;
/** For all requests of an attempt together. */
export const ATTEMPT_MS = 30_000;
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
    const nextAttemptAt = this.later(settleMs);
    await this.state.note((current) => ({
      ...current,
      pending: current.pending.map((one) => (one.begun ? { ...one, begun: false, nextAttemptAt } : one)),
    }));
  }

  /** Does what is to be done; then how long to wait, null without an end. Never rejects. */
  private async step(): Promise<number | null> {
    const { state, parts } = this;
    try {
      for (;;) {
        if (!(await state.flush())) return REPAIR_MS;
        if (this.stopping.signal.aborted || state.current.status !== 'active') return null;
        const over = expired(state.current, parts.clock.now());
        if (over.length > 0) await this.giveUp(over);
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
      const room = WINDOW - state.current.pending.length;
      if (room <= 0) return;
      const events = await parts.feed.after(state.current.position, room);
      const last = events.at(-1);
      if (last === undefined) return;
      const { id, eventTypes, preset } = state.current;
      const wanted = events.filter(
        ({ type, problem }) => eventTypes.includes(type) && (problem !== null || PRESETS[preset].takesAll),
      );
      if (wanted.length === 0) {
        state.moveTo(last.id);
        continue;
      }
      const now = parts.clock.now();
      const more = wanted.map((event) => queued(event, id, now));
      await state.change((current) => ({
        ...current,
        position: last.id,
        pending: [...current.pending, ...more],
      }));
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
    await state.note((current) => afterFailure(current, delivery, facts));
    if (failure.facts.status === 410) await this.disable(failure);
  }

  private async disable(failure: DeliveryFailure): Promise<void> {
    const { state, parts } = this;
    const { id, pending } = state.current;
    parts.logger.warn('a webhook was disabled: its receiver answers 410 Gone', {
      webhook: id,
      dead: pending.length,
    });
    parts.counted('dead', pending.length);
    await state.bury(
      pending.map((one) => one.id),
      (current) => ({ ...current, status: 'disabled', statusReason: failure.message, failing: null }),
    );
  }

  private async giveUp(over: readonly QueuedDelivery[]): Promise<void> {
    const { id } = this.state.current;
    this.parts.logger.warn('deliveries of a webhook were given up after three days', {
      webhook: id,
      number: over.length,
    });
    this.parts.counted('dead', over.length);
    await this.state.bury(over.map((one) => one.id));
  }

  private asFailure(error: unknown): DeliveryFailure {
    if (error instanceof DeliveryFailure) return error;
    this.parts.logger.error('a delivery met an unexpected error', {
      webhook: this.state.current.id,
      cause: error instanceof Error ? error.name : 'unknown',
    });
    return new DeliveryFailure('a fault of this service; its log names the webhook');
  }

  private later(ms: number): string {
    return new Date(Date.parse(this.parts.clock.now()) + ms).toISOString();
  }
}
