import type { Clock } from '../../../src/lib/clock';
import type { NewWebhook } from '../../../src/webhooks/model';
import { MemoryFeed } from '../../support/memoryFeed';
import { memoryWebhookFiles } from '../../support/memoryWebhookFiles';
import {
  type PracticeWebhooks,
  type WebhookOptions,
  openPracticeWebhooks,
  realTime,
  scriptedReceiver,
  webhookActor,
} from '../../support/practiceWebhooks';
import { eventually } from '../../support/receiver';

const cleanUp: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const one of cleanUp.splice(0).reverse()) await one();
});

async function open(options: WebhookOptions = {}): Promise<PracticeWebhooks> {
  const practice = await openPracticeWebhooks(options);
  cleanUp.push(() => practice.close());
  return practice;
}

const HOUR = 3_600_000;
const ok = { status: 200, retryAfter: undefined, text: '', complete: true };
/** A body that says which event it is of. */
const template: Partial<NewWebhook> = {
  preset: 'template',
  template: '{"is":"{{problem}} {{action}} {{summary}}"}',
};
const open1 = { problem: 'p/1', summary: 'one' };
const close1 = { ...open1, type: 'proxy.drift.cleared', resolved: true } as const;

/** A receiver that answers by what is sent, and keeps it with the time. */
function reader(answer: (said: string, atMs: number) => number) {
  const { time } = scriptedReceiver(() => 200);
  const seen: { readonly said: string; readonly atMs: number; readonly status: number }[] = [];
  const exchange: WebhookOptions['exchange'] = ({ body }) => {
    const { is: said } = JSON.parse(body ?? '') as { is: string };
    const atMs = time.clock.monotonicMs();
    const status = answer(said, atMs);
    seen.push({ said, atMs, status });
    return Promise.resolve({ ...ok, status });
  };
  return { time, exchange, seen, taken: () => seen.filter(({ status }) => status < 300) };
}

describe('a delivery that always fails, though the receiver works', () => {
  it('is waited for by its own problem alone, in order: others get their turn within seconds', async () => {
    const { exchange, time, seen, taken } = reader((said) => (said === 'p/1 open one' ? 500 : 200));
    const { create, feed, webhooks } = await open({ exchange, time });
    const { id } = await create(template);
    feed.record(open1);
    feed.record(close1);
    for (const nth of [2, 3, 4]) feed.record({ problem: `p/${nth}`, summary: 'x' });
    await eventually(() => taken().length === 3);
    expect(seen.slice(0, 5).map(({ said }) => said)).toEqual([
      'p/1 open one',
      'p/1 open one',
      'p/2 open x',
      'p/3 open x',
      'p/4 open x',
    ]);
    expect(taken()[2]?.atMs).toBeLessThanOrEqual(10_000);
    await eventually(() => webhooks.get(id).pending === 0);
    const last = taken().at(-1);
    expect(last?.said).toBe('p/1 close one');
    expect(last?.atMs).toBeGreaterThanOrEqual(72 * HOUR);
    expect(webhooks.get(id)).toMatchObject({ dead: 1, failing: null });
    // It was tried again with the waits of its own.
    expect(seen.length).toBeLessThan(35);
  });

  it('is seen as failing while all others go through, and a new event is not held up by it', async () => {
    const { exchange, time, seen, taken } = reader((said) => (said.startsWith('p/1') ? 503 : 200));
    const { create, feed, webhooks } = await open({ exchange, time });
    const { id } = await create(template);
    feed.record(open1);
    feed.record({ problem: 'p/2' });
    await eventually(() => seen.length > 12);
    const at = time.clock.monotonicMs();
    expect(webhooks.get(id)).toMatchObject({
      pending: 1,
      retrying: 1,
      failing: { since: '2026-11-24T06:00:00.000Z', detail: 'the receiver answered 503' },
    });
    expect(webhooks.summary().states).toMatchObject({ active: 0, failing: 1 });
    feed.record({ problem: 'p/3' });
    await eventually(() => taken().length === 2);
    expect((taken().at(-1)?.atMs ?? 0) - at).toBeLessThanOrEqual(10_000);
  });

  it('does not fill the window with what waits behind it', async () => {
    const { exchange, time, taken } = reader((said) => (said.startsWith('p/1') ? 500 : 200));
    const { create, feed, webhooks } = await open({ exchange, time });
    const { id } = await create(template);
    for (let nth = 0; nth < 60; nth += 1) feed.record(nth % 2 === 0 ? open1 : close1);
    feed.record({ problem: 'p/2' });
    await eventually(() => taken().length === 1);
    expect(taken()[0]?.atMs).toBeLessThan(60_000);
    expect(webhooks.get(id)).toMatchObject({ pending: 60, retrying: 1, dead: 0 });
  });

  it('by refusing (422), however many there are, lets others through at once, and is seen', async () => {
    const { exchange, time, taken } = reader((said) => (said.startsWith('bad') ? 422 : 200));
    const { create, feed, webhooks } = await open({ exchange, time });
    const { id } = await create(template);
    for (let nth = 0; nth < 70; nth += 1) feed.record({ problem: `bad/${nth}` });
    feed.record({ problem: 'good' });
    await eventually(() => taken().length === 1);
    expect(taken()[0]?.atMs).toBeLessThan(60_000);
    await eventually(() => webhooks.get(id).retrying === 70);
    expect(webhooks.get(id)).toMatchObject({
      pending: 70,
      failing: { detail: 'the receiver answered 422' },
    });
    expect(webhooks.summary().states).toMatchObject({ active: 0, failing: 1 });
  });

  it('takes no more than 500 places with what waits for it', async () => {
    const { exchange, time } = reader(() => 400);
    const { create, feed, webhooks } = await open({ exchange, time });
    const { id } = await create(template);
    for (let nth = 0; nth < 700; nth += 1) feed.record(open1);
    await eventually(() => webhooks.get(id).pending > 450);
    expect(webhooks.get(id)).toMatchObject({ pending: 500, retrying: 1, dead: 0 });
  });
});

describe('a receiver that is down for a week', () => {
  it('loses nothing that was not tried after its three days: the rest arrives, in the order of each problem', async () => {
    const { exchange, time, seen, taken } = reader((_said, atMs) => (atMs < 7 * 24 * HOUR ? 503 : 200));
    const { create, feed, webhooks, deliveries } = await open({ exchange, time });
    const { id } = await create(template);
    for (let nth = 0; nth < 120; nth += 1) {
      feed.record({ problem: `p/${nth % 40}`, summary: String(nth), resolved: nth % 80 >= 40 });
    }
    await eventually(() => webhooks.get(id).pending === 0 && taken().length > 0);
    const dead = deliveries(id).filter(({ state }) => state === 'dead');
    expect(dead.length).toBeGreaterThan(0);
    expect(dead.every(({ attempts, lastAttemptAt }) => attempts > 0 && lastAttemptAt !== null)).toBe(true);
    expect(dead.length + taken().length).toBe(120);
    for (let problem = 0; problem < 40; problem += 1) {
      const order = taken()
        .filter(({ said }) => said.startsWith(`p/${problem} `))
        .map(({ said }) => Number(said.split(' ').at(-1)));
      expect(order).toEqual([...order].sort((a, b) => a - b));
    }
    // It costs an attempt every few hours, whatever waits.
    expect(seen.filter(({ status }) => status === 503).length).toBeLessThan(80);
  });
});

describe('a clock that was set back', () => {
  /** The clock of `time`, `ms` behind. */
  function settable(clock: Clock) {
    const back = { ms: 0 };
    const now = () => new Date(Date.parse(clock.now()) - back.ms).toISOString();
    return { back, clock: { ...clock, now } };
  }

  it('changes no order: events are sent as they were recorded, not by their times', async () => {
    const { exchange, time, seen } = reader(() => 200);
    const { create, feed } = await open({ exchange, time });
    await create(template);
    feed.record({ ...open1, id: '20261124T080000000Z-00000001' });
    feed.record({ ...close1, id: '20261124T060000000Z-00000002' });
    feed.record({ problem: 'p/2', summary: 'two', id: '20261123T060000000Z-00000003' });
    await eventually(() => seen.length === 3);
    expect(seen.map(({ said }) => said)).toEqual(['p/1 open one', 'p/1 close one', 'p/2 open two']);
  });

  it.each([
    ['a minute', 60_000],
    ['an hour', HOUR],
    ['two days', 48 * HOUR],
    ['ten years', 87_600 * HOUR],
  ])('by %s does not hold up what waits', async (_name, ms) => {
    let status = 503;
    const { exchange, time, taken, seen } = reader(() => status);
    const { back, clock } = settable(time.clock);
    const { create, feed } = await open({ exchange, time: { clock, pause: time.pause } });
    await create(template);
    feed.record(open1);
    await eventually(() => seen.length > 5);
    const at = time.clock.monotonicMs();
    back.ms = ms;
    status = 200;
    feed.record({ problem: 'p/2' });
    await eventually(() => taken().length === 2);
    expect((taken().at(-1)?.atMs ?? 0) - at).toBeLessThanOrEqual(4 * HOUR);
  });

  it('makes the three days no longer', async () => {
    const { exchange, time, seen } = reader(() => 503);
    const { back, clock } = settable(time.clock);
    const { create, feed, webhooks } = await open({ exchange, time: { clock, pause: time.pause } });
    const { id } = await create(template);
    feed.record(open1);
    await eventually(() => seen.length > 3);
    const at = time.clock.monotonicMs();
    back.ms = 87_600 * HOUR;
    await eventually(() => webhooks.get(id).dead === 1);
    expect(time.clock.monotonicMs() - at).toBeLessThan(80 * HOUR);
  });
});

describe('a test that succeeds', () => {
  it('has all that waits tried at once', async () => {
    let status = 422;
    const { exchange, time, taken } = reader(() => status);
    const { create, feed, webhooks } = await open({
      exchange,
      time: { clock: time.clock, pause: realTime.pause },
    });
    const { id } = await create(template);
    feed.record(open1);
    feed.record({ problem: 'p/2' });
    await eventually(() => webhooks.get(id).retrying === 2);
    status = 200;
    expect(await webhooks.test(id)).toMatchObject({ delivered: true });
    await eventually(() => taken().length === 3);
    expect(webhooks.get(id)).toMatchObject({ retrying: 0, failing: null });
  });
});

describe('events that the service no longer keeps when a webhook is resumed', () => {
  it('are counted, shown and logged; the rest is sent', async () => {
    const { exchange, time, attempts } = scriptedReceiver(() => 200);
    const { create, feed, webhooks, logger, counts } = await open({ exchange, time });
    const { id } = await create();
    feed.record();
    await eventually(() => attempts.length === 1);
    await webhooks.patch(id, { paused: true }, webhookActor);
    const events = Array.from({ length: 10 }, () => feed.record());
    feed.dropped = 7;
    await webhooks.patch(id, { paused: false }, webhookActor);
    await eventually(() => attempts.length === 5);
    expect(attempts.slice(1).map((one) => one.id.slice(4, 32))).toEqual(events.slice(6).map((one) => one.id));
    expect(webhooks.get(id)).toMatchObject({ missed: 6, pending: 0 });
    expect(counts.missed).toBe(6);
    const line = logger.lines.find((one) => one.includes('no longer kept')) ?? '{}';
    expect(JSON.parse(line)).toMatchObject({ level: 'warn', webhook: id, number: 6 });
  });

  it('are not those that it had passed by, as no event of its types, also after a kill', async () => {
    const { exchange, time, attempts } = scriptedReceiver(() => 200);
    const feed = new MemoryFeed();
    const files = memoryWebhookFiles();
    const killed = await openPracticeWebhooks({ feed, files, exchange, time });
    const { id } = await killed.create({ eventTypes: ['sensor.changed'] });
    for (let nth = 0; nth < 900; nth += 1) feed.record();
    const asked = jest.spyOn(feed, 'after');
    await eventually(() => asked.mock.calls.some(([place]) => place?.seq === 900));
    feed.dropped = 450;
    const { webhooks } = await open({ feed, files, exchange, time });
    feed.record({ type: 'sensor.changed' });
    await eventually(() => attempts.length > 0);
    expect(webhooks.get(id).missed).toBe(0);
  });
});
