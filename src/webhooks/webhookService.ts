/** Webhooks: what `/webhooks` does. */
import type { EventFeed } from '../events/event';
import { decodeCursor, encodeCursor } from '../lib/cursor';
import { DomainError, systemCodeOf } from '../lib/errors';
import { Mutex } from '../lib/mutex';
import { isRecordId, newRecordId } from '../lib/recordId';
import type { WebhookRules } from './allowedHosts';
import { type WebhookSummary, deliveriesPage, summaryOf, webhookShown } from './answers';
import { type WebhookActor, entryOf } from './evidence';
import { DeliveryFailure } from './exchange';
import type { WebhookFiles } from './files';
import type {
  CreatedWebhook,
  DeletedWebhook,
  Delivery,
  DeliveryPage,
  DeliveryState,
  NewWebhook,
  Webhook,
  WebhookAction,
  WebhookChange,
  WebhookPage,
  WebhookPatch,
  WebhookTest,
  WebhookTestStep,
} from './model';
import { chosen } from './newWebhook';
import type { Message } from './presets/preset';
import { type StoredWebhook, deliveryId, shown } from './stored';
import { testEvents } from './testEvents';
import { type RecordedChange, WebhookState } from './webhookState';
import { Worker, type WorkerParts, attempt } from './worker';

/** Which deliveries. */
export interface DeliveryRequest {
  readonly limit: number;
  readonly cursor?: string;
  readonly state?: DeliveryState;
}

/** What the webhooks stand on. */
export interface WebhookParts extends WorkerParts {
  readonly feed: EventFeed;
  readonly files: WebhookFiles;
  readonly rules: WebhookRules;
  /** Puts an entry into the journal; resolves when it is on the disk. Errors: `journal-unavailable`. */
  readonly record: (entry: WebhookChange) => Promise<void>;
  /** Whether the journal has an entry with this id. */
  readonly recorded: (entryId: string) => Promise<boolean>;
}

/** How many webhooks there may be. */
const MOST = 32;
/** Deliveries that wait, replayed ones included. */
const MOST_PENDING = 100;

/** Opens the webhooks that are kept and begins to send. Rejects with the system's error. */
export async function openWebhooks(parts: WebhookParts): Promise<WebhookService> {
  const damaged = (file: string) => {
    parts.logger.error('the file of a webhook cannot be used: it sends nothing', { file });
  };
  const kept = await parts.files.load({ recorded: parts.recorded, damaged });
  return new WebhookService(
    parts,
    kept.map((file) => new Worker(new WebhookState(file, parts), parts)),
  );
}

/**
 * All webhooks. `webhook-unrecorded` and `journal-unavailable` may come of whatever changes one; then nothing has changed. What
 * changes one is in the journal before it is made; what is so already is not made again.
 */
export class WebhookService {
  private readonly workers = new Map<string, Worker>();
  private readonly mutex = new Mutex();
  private readonly stopping = new AbortController();
  private readonly stopListening: () => void;

  constructor(
    private readonly parts: WebhookParts,
    workers: readonly Worker[],
  ) {
    for (const worker of workers) this.workers.set(worker.state.current.id, worker);
    this.stopListening = parts.feed.onRecorded(() => {
      for (const worker of this.workers.values()) worker.ring();
    });
  }

  /** Makes one, for events from now on. Errors: `webhook-invalid`, `webhook-host-not-allowed`, `too-many-webhooks`. */
  async create(wanted: NewWebhook, actor: WebhookActor): Promise<CreatedWebhook> {
    const { parts } = this;
    const settings = chosen(wanted, parts.rules);
    return this.mutex.run(async () => {
      if (this.workers.size >= MOST) throw tooMany();
      const webhook: StoredWebhook = {
        ...settings,
        id: newRecordId(parts.clock),
        status: 'active',
        statusReason: null,
        createdAt: parts.clock.now(),
        createdBy: actor.name,
        position: await parts.feed.newestId(),
        pending: [],
        sent: [],
        tickets: [],
        deadDropped: 0,
        failing: null,
      };
      const state = new WebhookState({ webhook, dead: [] }, parts);
      const entry = this.entry('created', webhook, actor);
      await written(state.commit(() => ({ webhook, entry })));
      this.workers.set(webhook.id, new Worker(state, parts));
      this.log('a webhook was made', webhook, actor);
      return { ...webhookShown(state), secret: webhook.secret };
    });
  }

  /** Errors: `cursor-invalid`. */
  page({ limit, cursor }: { readonly limit: number; readonly cursor?: string }): WebhookPage {
    const after = cursor === undefined ? '' : decodeCursor(cursor, isRecordId);
    const ids = [...this.workers.keys()].sort().filter((id) => id > after);
    const items = ids.slice(0, limit).map((id) => webhookShown(this.worker(id).state));
    return { items, next: ids.length > limit ? encodeCursor(items.at(-1)?.id ?? '') : null };
  }

  /** Errors: `webhook-not-found`. */
  get(id: string): Webhook {
    return webhookShown(this.worker(id).state);
  }

  /** Pauses or resumes. Errors: `webhook-not-found`. */
  async patch(id: string, { paused }: WebhookPatch, actor: WebhookActor): Promise<Webhook> {
    const worker = this.worker(id);
    const action = paused ? 'paused' : 'resumed';
    const decide = (current: StoredWebhook): RecordedChange | null => {
      if (paused === (current.status !== 'active')) return null;
      const webhook: StoredWebhook = paused
        ? { ...current, status: 'paused' }
        : resumed(current, this.parts.clock.now());
      return { webhook, entry: this.entry(action, current, actor) };
    };
    const done = await written(worker.state.commit(decide));
    if (done === 'gone') throw webhookNotFound();
    if (done === 'made') {
      this.log(`a webhook was ${action}`, worker.state.current, actor);
      worker.ring();
    }
    return webhookShown(worker.state);
  }

  /** Ends it, with all that waits. Errors: `webhook-not-found`. */
  async remove(id: string, actor: WebhookActor): Promise<DeletedWebhook> {
    return this.mutex.run(async () => {
      const worker = this.worker(id);
      // A worker that still ran could write the file anew.
      await worker.stop();
      const { current } = worker.state;
      try {
        const entry = this.entry('deleted', current, actor);
        await written(worker.state.commit(() => ({ webhook: null, entry })));
      } catch (error) {
        this.workers.set(id, new Worker(worker.state, this.parts));
        throw error;
      }
      this.workers.delete(id);
      this.log('a webhook was deleted', current, actor);
      return { id, name: current.name, pending: current.pending.length };
    });
  }

  /** Sends a test at once, past the queue. Errors: `webhook-not-found`, `stopping`. */
  async test(id: string): Promise<WebhookTest> {
    const { parts } = this;
    const { signal } = this.stopping;
    const worker = this.worker(id);
    const { current } = worker.state;
    const steps: WebhookTestStep[] = [];
    let ticket: string | null = null;
    for (const event of testEvents(current, parts.machine, parts.clock)) {
      const action = event.resolved ? 'close' : 'open';
      const { machine } = parts;
      const message: Message = {
        id: deliveryId(event.id, id),
        event,
        at: parts.clock.now(),
        machine,
        ticket,
      };
      try {
        const done = await parts.gate.run(() => attempt(parts, current, { message, signal }), signal);
        steps.push({ action, delivered: true, status: done.status, detail: done.detail });
        ticket = done.ticket ?? null;
      } catch (error) {
        if (signal.aborted) throw stopping();
        if (!(error instanceof DeliveryFailure)) throw error;
        steps.push({ action, delivered: false, status: error.facts.status ?? null, detail: error.message });
        return { delivered: false, steps };
      }
    }
    // Whoever mended the receiver need not wait for the next attempt.
    if (worker.state.current.failing !== null)
      await worker.state.note((state) => ({ ...state, failing: null }));
    worker.ring();
    return { delivered: true, steps };
  }

  /** Errors: `webhook-not-found`, `cursor-invalid`. */
  deliveries(id: string, request: DeliveryRequest): DeliveryPage {
    return deliveriesPage(this.worker(id).state, request);
  }

  /**
   * Puts a dead delivery back into the queue, with its id. Errors: `webhook-not-found`, `delivery-not-found`,
   * `delivery-not-dead`, `webhook-queue-full`.
   */
  async replay(id: string, wanted: string, actor: WebhookActor): Promise<Delivery> {
    const worker = this.worker(id);
    const { state } = worker;
    const dead = state.dead.find((one) => one.id === wanted);
    if (dead === undefined) {
      const known = [...state.current.pending, ...state.current.sent].some((one) => one.id === wanted);
      throw known ? notDead() : deliveryNotFound();
    }
    if (state.current.pending.length >= MOST_PENDING) throw queueFull();
    const now = this.parts.clock.now();
    const again = {
      ...dead,
      dueSince: now,
      nextAttemptAt: now,
      attempts: 0,
      round: dead.round + 1,
      begun: false,
    };
    const entry = this.entry('replayed', state.current, actor, wanted);
    if (await written(state.revive(again, entry))) {
      this.log('a delivery is replayed', state.current, actor);
      worker.ring();
    }
    return shown(again, 'pending');
  }

  /** How they do, all together. */
  summary(): WebhookSummary {
    return summaryOf([...this.workers.values()].map(({ state }) => state));
  }

  /** Stops sending; what is under way is made again after the next start. */
  async close(): Promise<void> {
    this.stopListening();
    this.stopping.abort();
    await Promise.all([...this.workers.values()].map((worker) => worker.stop()));
  }

  private worker(id: string): Worker {
    const worker = this.workers.get(id);
    if (worker === undefined) throw webhookNotFound();
    return worker;
  }

  private entry(
    action: WebhookAction,
    webhook: StoredWebhook,
    actor: WebhookActor,
    deliveryId?: string,
  ): WebhookChange {
    return entryOf(action, webhook, { actor, clock: this.parts.clock, deliveryId });
  }

  private log(message: string, { id, url, preset }: StoredWebhook, { name, requestId }: WebhookActor): void {
    this.parts.logger.info(message, {
      webhook: id,
      target: new URL(url).origin,
      preset,
      actor: name,
      requestId,
    });
  }
}

/** What waited is due at once, and is tried for three days from now. */
function resumed(webhook: StoredWebhook, now: string): StoredWebhook {
  return {
    ...webhook,
    status: 'active',
    statusReason: null,
    failing: null,
    pending: webhook.pending.map((one) => ({ ...one, dueSince: now, nextAttemptAt: now })),
  };
}

async function written<T>(write: Promise<T>): Promise<T> {
  try {
    return await write;
  } catch (cause) {
    if (cause instanceof DomainError) throw cause;
    const reason = systemCodeOf(cause) ?? 'unknown reason';
    const detail = `The webhook could not be written (${reason}), so nothing has changed. Make room and check the rights on the data folder, then repeat.`;
    throw new DomainError('unavailable', 'webhook-unrecorded', detail, { cause });
  }
}

function stopping(): DomainError {
  const detail = 'The service is stopping. The test was not finished; ask again later.';
  return new DomainError('unavailable', 'stopping', detail);
}

function webhookNotFound(): DomainError {
  const detail = 'There is no webhook with this id. GET /webhooks lists them.';
  return new DomainError('notFound', 'webhook-not-found', detail);
}

function deliveryNotFound(): DomainError {
  const detail =
    'This webhook has no delivery with this id, or no longer. GET /webhooks/{id}/deliveries lists them.';
  return new DomainError('notFound', 'delivery-not-found', detail);
}

function notDead(): DomainError {
  const detail = 'The delivery was made or is still being tried. Only dead ones are replayed.';
  return new DomainError('conflict', 'delivery-not-dead', detail);
}

function queueFull(): DomainError {
  const detail = `As many deliveries as may wait (${MOST_PENDING}) do so already. Replay it once some are through.`;
  return new DomainError('conflict', 'webhook-queue-full', detail);
}

function tooMany(): DomainError {
  const detail = `There are ${MOST} webhooks, and no more may be. Delete one first.`;
  return new DomainError('conflict', 'too-many-webhooks', detail);
}
