import { createGate } from '../../src/lib/gate';
import { type Clock, systemClock } from '../../src/lib/clock';
import { DeliveryFailure, type Exchange, type HttpRequest } from '../../src/webhooks/exchange';
import type { WebhookFiles } from '../../src/webhooks/files';
import type { NewWebhook, WebhookChange } from '../../src/webhooks/model';
import { type Pause, realPause } from '../../src/webhooks/pause';
import { createExchange } from '../../src/webhooks/send';
import { openWebhooks } from '../../src/webhooks/webhookService';
import { MemoryFeed } from './memoryFeed';
import { memoryLogger } from './memoryLogger';
import { memoryWebhookFiles } from './memoryWebhookFiles';
import { VirtualTime } from './virtualTime';

export const webhookActor = { name: 'admin', requestId: 'test-request' };

/** This machine's own ports. */
export const loopbackRules = {
  hosts: [{ host: '127.0.0.1', subdomains: false, port: 'any' as const }],
  plaintext: false,
};

/** The real network, loopback alone. */
export function loopbackExchange(timeoutMs?: number): Exchange {
  return createExchange({
    rules: loopbackRules,
    addressesOf: () => Promise.reject(new Error('no name is looked up')),
    tlsContext: () => {
      throw new Error('no TLS is spoken');
    },
    timeoutMs,
  });
}

/** What a test may put in place of the usual. */
export interface WebhookOptions {
  readonly feed?: MemoryFeed;
  readonly exchange?: Exchange;
  readonly time?: { readonly clock: Clock; readonly pause: Pause };
  readonly random?: () => number;
  readonly files?: WebhookFiles;
  /** In place of a journal in memory. */
  readonly record?: (entry: WebhookChange) => Promise<void>;
  readonly recorded?: (entryId: string) => Promise<boolean>;
}

/** Webhooks over a feed, with files in memory and time that goes on by itself while they wait, unless stated. */
export async function openPracticeWebhooks(options: WebhookOptions = {}) {
  const feed = options.feed ?? new MemoryFeed();
  const time = options.time ?? new VirtualTime();
  const logger = memoryLogger();
  const journal: WebhookChange[] = [];
  const counts = { delivered: 0, failed: 0, dead: 0, missed: 0 };
  const webhooks = await openWebhooks({
    feed,
    files: options.files ?? memoryWebhookFiles(),
    rules: loopbackRules,
    exchange: options.exchange ?? loopbackExchange(),
    gate: createGate(4),
    machine: 'DC01',
    clock: time.clock,
    pause: time.pause,
    random: options.random ?? (() => 0.999),
    logger,
    counted: (outcome, number) => (counts[outcome] += number),
    record:
      options.record ??
      ((entry) => {
        journal.push(entry);
        return Promise.resolve();
      }),
    recorded: options.recorded ?? ((entryId) => Promise.resolve(journal.some(({ id }) => id === entryId))),
  });
  return {
    webhooks,
    feed,
    time,
    logger,
    journal,
    counts,
    create: (wanted: Partial<NewWebhook> = {}) =>
      webhooks.create({ name: 'test', url: 'http://127.0.0.1:1/hook', ...wanted }, webhookActor),
    deliveries: (id: string) => webhooks.deliveries(id, { limit: 200 }).items,
    close: () => webhooks.close(),
  };
}

export type PracticeWebhooks = Awaited<ReturnType<typeof openPracticeWebhooks>>;

/** The machine's own clock, with waiting that is real. */
export const realTime = { clock: systemClock, pause: realPause };

/** A receiver without a network: answers by the number of the attempt, and keeps when each came. */
export function scriptedReceiver(
  answers: (nth: number, request: HttpRequest) => number | [status: number, retryAfter: string] | 'down',
) {
  const time = new VirtualTime();
  const attempts: { readonly id: string; readonly atMs: number }[] = [];
  const exchange: Exchange = (request) => {
    attempts.push({ id: request.headers['webhook-id'] ?? '', atMs: time.clock.monotonicMs() });
    const said = answers(attempts.length, request);
    if (said === 'down')
      return Promise.reject(new DeliveryFailure('the receiver could not be reached (ECONNREFUSED)'));
    const [status, retryAfter] = Array.isArray(said) ? said : [said, undefined];
    return Promise.resolve({ status, retryAfter, text: '', complete: true });
  };
  const gaps = () =>
    attempts.slice(1).map(({ atMs }, nth) => Math.round((atMs - (attempts[nth]?.atMs ?? 0)) / 1000));
  return { time, attempts, exchange, gaps };
}
