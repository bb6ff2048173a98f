/** Webhooks: what `/webhooks` does. */
import type { EventFeed } from '../events/event';
import { decodeCursor, encodeCursor } from '../lib/cursor';
import { Mutex } from '../lib/mutex';
import { isRecordId, newRecordId } from '../lib/recordId';
import type { WebhookRules } from './allowedHosts';
import { type WebhookSummary, deliveriesPage, summaryOf, webhookShown } from './answers';
import { type WebhookActor, entryOf } from './evidence';
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
} from './model';
import { chosen } from './newWebhook';
import { PRESETS } from './presets/presets';
import { MOST_PENDING, dueAtOnce, isSuperseded } from './queue';
import { sendTest } from './sendTest';
import { type QueuedDelivery, type StoredWebhook, shown } from './stored';
import {
  deliveryNotFound,
  notDead,
  queueFull,
  stopping,
  superseded,
  tooMany,
  webhookDamaged,
  webhookNotFound,
  written,
} from './webhookErrors';
import { type RecordedChange, WebhookState } from './webhookState';
import { Worker, type WorkerParts } from './worker';

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

/** Opens the webhooks that are kept and begins to send. Rejects with the system's error. */
export async function openWebhooks(parts: WebhookParts): Promise<WebhookService> {
  const damaged = new Set<string>();
  const kept = await parts.files.load({
    recorded: parts.recorded,
    damaged: (id, file, reason) => {
      parts.logger.error('the file of a webhook cannot be used: it sends nothing', { file, reason });
      damaged.add(id);
    },
    setAside: (file, as) => {
      parts.logger.error('the dead deliveries of a webhook cannot be used: they are kept aside', {
        file,
        as,
      });
    },
  });
  return new WebhookService(
    parts,
    kept.map((file) => new Worker(new WebhookState(file, parts), parts)),
    [...damaged].sort(),
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
    private readonly damaged: readonly string[],
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
      if (this.workers.size >= MOST) throw tooMany(MOST);
      const webhook: StoredWebhook = {
        ...settings,
        id: newRecordId(parts.clock),
        status: 'active',
        statusReason: null,
        createdAt: parts.clock.now(),
        createdBy: actor.name,
        position: await parts.feed.newest(),
        taken: 0,
        missed: 0,
        pending: [],
        sent: [],
        tickets: [],
        told: [],
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
    const { damaged } = this;
    return { items, damaged, next: ids.length > limit ? encodeCursor(items.at(-1)?.id ?? '') : null };
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
    const { signal } = this.stopping;
    const worker = this.worker(id);
    const { state } = worker;
    const test = await sendTest(this.parts, state.current, signal).catch((error: unknown) => {
      throw signal.aborted ? stopping() : error;
    });
    if (test.delivered) {
      // Whoever mended the receiver need not wait for the next attempt.
      if (state.current.pending.length > 0 || state.current.failing !== null)
        await state.note((current) => dueNow(current, this.parts.clock.now()));
      worker.ring();
    }
    return test;
  }

  /** Errors: `webhook-not-found`, `cursor-invalid`. */
  deliveries(id: string, request: DeliveryRequest): DeliveryPage {
    return deliveriesPage(this.worker(id).state, request);
  }

  /**
   * Puts a dead delivery back into the queue, with its id. Errors: `webhook-not-found`, `delivery-not-found`,
   * `delivery-not-dead`, `delivery-superseded`, `webhook-queue-full`.
   */
  async replay(id: string, wanted: string, actor: WebhookActor): Promise<Delivery> {
    const worker = this.worker(id);
    const { state } = worker;
    const dead = state.dead.find((one) => one.id === wanted);
    if (dead === undefined) {
      const known = [...state.current.pending, ...state.current.sent].some((one) => one.id === wanted);
      throw known ? notDead() : deliveryNotFound();
    }
    if (isSuperseded(state.current, dead)) throw superseded();
    if (state.current.pending.length >= MOST_PENDING) throw queueFull(MOST_PENDING);
    const now = this.parts.clock.now();
    const again: QueuedDelivery = {
      ...dead,
      dueSince: now,
      waitsFrom: now,
      nextAttemptAt: now,
      attempts: 0,
      failingSince: null,
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
    return summaryOf(
      [...this.workers.values()].map(({ state }) => state),
      this.damaged.length,
    );
  }

  /** Stops sending; what is under way is made again after the next start. */
  async close(): Promise<void> {
    this.stopListening();
    this.stopping.abort();
    await Promise.all([...this.workers.values()].map((worker) => worker.stop()));
  }

  private worker(id: string): Worker {
    const worker = this.workers.get(id);
    if (worker === undefined) throw this.damaged.includes(id) ? webhookDamaged() : webhookNotFound();
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

/** What waits is due at once, as soon as that is no risk. */
function dueNow(webhook: StoredWebhook, now: string): StoredWebhook {
  return dueAtOnce(webhook, now, PRESETS[webhook.preset].settleMs);
}

/** And it is tried for three days from now. */
function resumed(webhook: StoredWebhook, now: string): StoredWebhook {
  const due = dueNow(webhook, now);
  return {
    ...due,
    status: 'active',
    statusReason: null,
    pending: due.pending.map((one) => ({ ...one, dueSince: now })),
  };
}
