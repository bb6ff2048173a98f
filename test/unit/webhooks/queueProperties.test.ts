import fc from 'fast-check';
import type { Clock } from '../../../src/lib/clock';
import { DeliveryFailure, type Exchange } from '../../../src/webhooks/exchange';
import type { WebhookFiles } from '../../../src/webhooks/files';
import { SEED } from '../../support/damage';
import { MemoryFeed } from '../../support/memoryFeed';
import { memoryWebhookFiles } from '../../support/memoryWebhookFiles';
import { type PracticeWebhooks, openPracticeWebhooks, webhookActor } from '../../support/practiceWebhooks';
import { eventually } from '../../support/receiver';
import { VirtualTime } from '../../support/virtualTime';

const PROBLEMS = ['p/0', 'p/1', 'p/2', null] as const;
const ANSWERS = [200, 200, 410, 422, 500, 'down'] as const;
type Answer = (typeof ANSWERS)[number];

const step = fc.oneof(
  { weight: 6, arbitrary: fc.record({ happens: fc.constantFrom(...PROBLEMS), resolved: fc.boolean() }) },
  { weight: 4, arbitrary: fc.record({ turns: fc.integer({ min: 1, max: 60 }) }) },
  {
    weight: 3,
    arbitrary: fc.record({ of: fc.constantFrom(...PROBLEMS), answer: fc.constantFrom(...ANSWERS) }),
  },
  { weight: 2, arbitrary: fc.constantFrom('kill', 'pause', 'test') },
  { weight: 4, arbitrary: fc.constantFrom('resume', 'replay') },
  { weight: 3, arbitrary: fc.record({ dies: fc.constantFrom(...PROBLEMS) }) },
  { weight: 1, arbitrary: fc.record({ backMs: fc.integer({ min: 0, max: 400 * 3_600_000 }) }) },
);
type Step = typeof step extends fc.Arbitrary<infer T> ? T : never;

/** A machine whose service may be killed; its disk, its feed and the receiver outlive that. */
class Machine {
  readonly feed = new MemoryFeed();
  readonly arrived: string[] = [];
  readonly answers = new Map<string | null, Answer>();
  id = '';
  practice!: PracticeWebhooks;
  private readonly disk = memoryWebhookFiles();
  private readonly time = new VirtualTime();
  private backMs = 0;
  private end: () => void = () => undefined;

  private readonly clock: Clock = {
    now: () => new Date(Date.parse(this.time.clock.now()) - this.backMs).toISOString(),
    monotonicMs: () => this.time.clock.monotonicMs(),
  };

  async start(): Promise<void> {
    let isOver = false;
    this.end = () => (isOver = true);
    const unlessOver = <T>(act: () => Promise<T>): Promise<T> =>
      isOver ? new Promise(() => undefined) : act();
    const files: WebhookFiles = {
      load: (parts) => this.disk.load(parts),
      write: (webhook) => unlessOver(() => this.disk.write(webhook)),
      writeDead: (id, dead) => unlessOver(() => this.disk.writeDead(id, dead)),
      commit: (change, record) => unlessOver(() => this.disk.commit(change, record)),
    };
    const exchange: Exchange = ({ body }) => unlessOver(() => this.receive(body ?? ''));
    const time = { clock: this.clock, pause: this.time.pause };
    this.practice = await openPracticeWebhooks({ feed: this.feed, files, exchange, time });
  }

  async take(one: Step): Promise<void> {
    const { webhooks } = this.practice;
    if (one === 'kill') {
      this.end();
      await this.start();
    } else if (one === 'pause' || one === 'resume')
      await webhooks.patch(this.id, { paused: one === 'pause' }, webhookActor);
    else if (one === 'test') await webhooks.test(this.id);
    else if (one === 'replay') await this.replay();
    else if ('happens' in one) this.feed.record({ problem: one.happens, resolved: one.resolved });
    else if ('dies' in one) {
      this.answers.set(one.dies, 410);
      this.feed.record({ problem: one.dies });
      await this.take({ turns: 30 });
      await this.take('resume');
    } else if ('answer' in one) this.answers.set(one.of, one.answer);
    else if ('backMs' in one) this.backMs = one.backMs;
    else
      for (let turn = 0; turn < one.turns; turn += 1) await new Promise((resolve) => setImmediate(resolve));
  }

  private async replay(): Promise<void> {
    const dead = this.practice.deliveries(this.id).findLast(({ state }) => state === 'dead');
    if (dead === undefined) return;
    await this.practice.webhooks.replay(this.id, dead.id, webhookActor).catch((error: unknown) => {
      expect(error).toMatchObject({ code: 'delivery-superseded' });
    });
  }

  private receive(body: string): ReturnType<Exchange> {
    const { id, problem } = JSON.parse(body) as { id: string; problem: string | null };
    const answer = this.answers.get(problem) ?? 200;
    // Once: else its problem would get nothing more.
    if (answer === 410) this.answers.delete(problem);
    if (answer === 'down') return Promise.reject(new DeliveryFailure('down'));
    if (answer === 200) this.arrived.push(id);
    return Promise.resolve({ status: answer, retryAfter: undefined, text: '', complete: true });
  }
}

it('whatever is killed, paused, replayed, refused, or set back: each event arrives or is dead after an attempt, and no problem loses its order', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(step, { minLength: 5, maxLength: 60 }), async (steps) => {
      const machine = new Machine();
      await machine.start();
      const template = '{"id":"{{id}}","problem":"{{problem}}"}';
      ({ id: machine.id } = await machine.practice.create({ preset: 'template', template }));
      for (const one of steps) await machine.take(one);
      machine.answers.clear();
      await machine.take({ backMs: 0 });
      await machine.take('kill');
      await machine.take('resume');
      const { webhooks, feed, deliveries, close } = machine.practice;
      const position = () => (feed.events.length === 0 ? true : webhooks.get(machine.id).pending === 0);
      const known = () => new Set([...machine.arrived, ...dead().map(({ eventId }) => eventId)]);
      const dead = () => deliveries(machine.id).filter(({ state }) => state === 'dead');
      await eventually(() => position() && feed.events.every(({ id }) => known().has(id)), 'each event');
      await close();

      expect(webhooks.get(machine.id)).toMatchObject({ missed: 0, retrying: 0 });
      expect(dead().every(({ lastAttemptAt }) => lastAttemptAt !== null)).toBe(true);
      const nthOf = new Map(feed.events.map(({ id }, nth) => [id, nth]));
      for (const problem of PROBLEMS.slice(0, 3)) {
        // What was under way at a kill comes again, and counts as it comes last.
        const order = machine.arrived
          .filter((id, at) => machine.arrived.lastIndexOf(id) === at)
          .map((id) => nthOf.get(id) ?? -1)
          .filter((nth) => feed.events[nth]?.problem === problem);
        expect(order).toEqual([...order].sort((a, b) => a - b));
      }
    }),
    { seed: SEED, numRuns: 150 },
  );
}, 120_000);
