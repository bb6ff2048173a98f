import { DeliveryFailure } from '../../../src/webhooks/exchange';
import { MemoryFeed } from '../../support/memoryFeed';
import {
  type PracticeWebhooks,
  type WebhookOptions,
  openPracticeWebhooks,
  realTime,
  scriptedReceiver,
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

describe('a receiver that fails', () => {
  it('is tried again with growing waits for three days, with the same id, then the delivery is dead', async () => {
    const { attempts, exchange, time, gaps } = scriptedReceiver(() => 500);
    const { create, feed, deliveries, webhooks, counts } = await open({ exchange, time });
    const { id } = await create();
    feed.record();
    await eventually(() => webhooks.get(id).dead === 1);
    expect(counts).toEqual({ delivered: 0, failed: attempts.length, dead: 1, missed: 0 });
    expect(gaps().slice(0, 9)).toEqual([5, 30, 120, 599, 1798, 3596, 7193, 14386, 14386]);
    const last = attempts.at(-1)?.atMs ?? 0;
    expect(last).toBeLessThanOrEqual(72 * 3_600_000);
    expect(last).toBeGreaterThan(68 * 3_600_000);
    expect(new Set(attempts.map((one) => one.id)).size).toBe(1);
    expect(attempts.length).toBeLessThan(30);
    expect(deliveries(id)).toMatchObject([
      { state: 'dead', status: 500, detail: 'the receiver answered 500', attempts: attempts.length },
    ]);
  });

  it('is tried at times that jitter', async () => {
    let nth = 0;
    const { exchange, time, gaps } = scriptedReceiver((attempt) => (attempt < 4 ? 503 : 200));
    const { create, feed, deliveries } = await open({
      exchange,
      time,
      random: () => [0.5, 0.1, 0.9][nth++] ?? 0,
    });
    const { id } = await create();
    feed.record();
    await eventually(() => deliveries(id)[0]?.state === 'delivered');
    expect(gaps()).toEqual([3, 3, 108]);
  });

  it.each<[string, string, number]>([
    ['seconds', '7200', 7200],
    ['a date', 'Tue, 24 Nov 2026 09:00:00 GMT', 10_800],
  ])('that asks for time with Retry-After (%s) gets it', async (_name, retryAfter, seconds) => {
    const { exchange, time, gaps } = scriptedReceiver((nth) => (nth === 1 ? [429, retryAfter] : 200));
    const { create, feed, deliveries } = await open({ exchange, time });
    const { id } = await create();
    feed.record();
    await eventually(() => deliveries(id)[0]?.state === 'delivered');
    expect(gaps()).toEqual([seconds]);
  });

  it('and asks for a year is tried once more when the three days are over, then the delivery is dead', async () => {
    const { exchange, time, gaps } = scriptedReceiver(() => [503, '31536000']);
    const { create, feed, webhooks } = await open({ exchange, time });
    const { id } = await create();
    feed.record();
    await eventually(() => webhooks.get(id).dead === 1);
    expect(gaps()).toEqual([72 * 3600]);
  });

  it('gets one attempt a wait, however much is to be sent, and all of it once it works', async () => {
    const { attempts, exchange, time } = scriptedReceiver((nth) => (nth < 6 ? 'down' : 200));
    const { create, feed, deliveries, webhooks } = await open({ exchange, time });
    const { id } = await create();
    for (let nth = 0; nth < 20; nth += 1) feed.record({ problem: `endpoint/${nth}` });
    await eventually(() => deliveries(id).filter(({ state }) => state === 'delivered').length === 20);
    expect(attempts).toHaveLength(25);
    // The second gets its turn while the first waits.
    expect(attempts.slice(0, 6).map((one) => one.id.slice(4, 32))).toEqual(
      [0, 0, 1, 0, 1, 1].map((nth) => feed.events[nth]?.id),
    );
    expect(webhooks.get(id)).toMatchObject({ pending: 0, dead: 0, failing: null });
  });

  it('costs nothing while it is waited for: no attempt, no timer but one', async () => {
    let attempts = 0;
    let sleeping = 0;
    const { create, feed, webhooks } = await open({
      exchange: () => {
        attempts += 1;
        return Promise.reject(new DeliveryFailure('down'));
      },
      time: {
        ...realTime,
        pause: async (ms, signal) => {
          sleeping += 1;
          await realTime.pause(ms, signal);
          sleeping -= 1;
        },
      },
    });
    const { id } = await create();
    for (let nth = 0; nth < 500; nth += 1) feed.record({ problem: null });
    await eventually(() => webhooks.get(id).failing !== null);
    await new Promise((resolve) => setTimeout(resolve, 100));
    expect({ attempts, sleeping, pending: webhooks.get(id).pending }).toEqual({
      attempts: 1,
      sleeping: 1,
      pending: 50,
    });
    expect(webhooks.get(id).failing).toMatchObject({ detail: 'down' });
  });

  it('for one event alone holds nothing up but that event’s problem', async () => {
    const feed = new MemoryFeed();
    const poison = '20261124T060000000Z-00000000';
    const { attempts, exchange, time } = scriptedReceiver((_nth, { headers }) =>
      headers['webhook-id']?.includes(poison) === true ? 422 : 200,
    );
    const { create, deliveries } = await open({ feed, exchange, time });
    const { id } = await create();
    feed.record({ problem: 'drift/LocalSystem' });
    feed.record({ problem: 'drift/LocalSystem', resolved: true });
    feed.record({ problem: 'drift/LocalService' });
    await eventually(() => deliveries(id).filter(({ state }) => state === 'delivered').length === 2);
    const order = attempts.map((one) => one.id.slice(4, 32)).filter((one) => one !== poison);
    // The end of the first problem waits until its beginning is given up.
    expect(order).toEqual([feed.events[2]?.id, feed.events[1]?.id]);
    expect(deliveries(id).find(({ state }) => state === 'dead')).toMatchObject({
      eventId: poison,
      status: 422,
    });
  });

  it('by redirecting is told so', async () => {
    const { exchange, time } = scriptedReceiver(() => 302);
    const { create, feed, webhooks } = await open({
      exchange,
      time: { clock: time.clock, pause: realTime.pause },
    });
    const { id } = await create();
    feed.record();
    await eventually(() => webhooks.get(id).failing !== null);
    expect(webhooks.get(id).failing?.detail).toContain('redirects (302), which is not followed');
  });
});

describe('410 Gone', () => {
  it('disables the webhook: that delivery is dead, and nothing more is sent until it is resumed', async () => {
    let gone = true;
    const { attempts, exchange, time } = scriptedReceiver(() => (gone ? 410 : 200));
    const { create, feed, webhooks, deliveries } = await open({ exchange, time });
    const { id } = await create();
    for (let nth = 0; nth < 3; nth += 1) feed.record({ problem: `p/${nth}` });
    await eventually(() => webhooks.get(id).status === 'disabled');
    expect(webhooks.get(id)).toMatchObject({
      dead: 1,
      pending: 2,
      statusReason: 'the receiver answered 410',
    });
    feed.record();
    await new Promise((resolve) => setTimeout(resolve, 30));
    expect(attempts).toHaveLength(1);

    gone = false;
    await webhooks.patch(id, { paused: false }, { name: 'admin', requestId: null });
    await eventually(() => attempts.length === 4);
    expect(attempts.map((one) => one.id.slice(4, 32))).toEqual(feed.events.map((event) => event.id));
    for (const { id: delivery } of deliveries(id).filter(({ state }) => state === 'dead'))
      expect(await webhooks.replay(id, delivery, { name: 'admin', requestId: null })).toMatchObject({
        state: 'pending',
      });
    await eventually(() => webhooks.get(id).dead === 0 && webhooks.get(id).pending === 0);
    expect(attempts).toHaveLength(5);
    expect(attempts[4]?.id).toBe(attempts[0]?.id);
  });
});
