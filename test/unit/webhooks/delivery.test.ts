import { Webhook as StandardWebhook } from 'standardwebhooks';
import { MemoryFeed } from '../../support/memoryFeed';
import { memoryWebhookFiles } from '../../support/memoryWebhookFiles';
import {
  type PracticeWebhooks,
  type WebhookOptions,
  openPracticeWebhooks,
  realTime,
  scriptedReceiver,
} from '../../support/practiceWebhooks';
import { eventually, startReceiver } from '../../support/receiver';

const cleanUp: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const one of cleanUp.splice(0).reverse()) await one();
});

async function open(options: WebhookOptions = {}): Promise<PracticeWebhooks> {
  const practice = await openPracticeWebhooks(options);
  cleanUp.push(() => practice.close());
  return practice;
}

describe('what is sent', () => {
  it('is a CloudEvents 1.0 document, signed so that standardwebhooks takes it', async () => {
    const receiver = await startReceiver(() => ({ status: 204 }));
    cleanUp.push(() => receiver.close());
    const { create, feed, deliveries } = await open({ time: realTime });
    const { id, secret } = await create({
      url: `${receiver.url}/hook?tenant=1`,
      credentials: { secret: 'bearer-token' },
    });
    const event = feed.record({ summary: 'Ein Ümlaut und “Anführung”' });
    await eventually(() => deliveries(id)[0]?.state === 'delivered');
    const [{ path, headers, body } = { path: '', headers: {}, body: '' }] = receiver.received;
    expect(path).toBe('/hook?tenant=1');
    expect(headers).toMatchObject({
      'content-type': 'application/cloudevents+json',
      'webhook-id': `msg_${event.id}_${id}`,
      authorization: 'Bearer bearer-token',
    });
    expect(secret).toMatch(/^whsec_/);
    const verified = new StandardWebhook(secret ?? '').verify(body, headers as Record<string, string>);
    expect(verified).toEqual({
      specversion: '1.0',
      id: event.id,
      source: '/sensorproxy/DC01',
      type: 'sensorproxy.proxy.drift.detected',
      subject: 'LocalService',
      time: event.at,
      datacontenttype: 'application/json',
      data: {
        severity: 'warning',
        summary: 'Ein Ümlaut und “Anführung”',
        problem: 'drift/LocalService',
        resolved: false,
        details: { context: 'LocalService' },
      },
    });
    expect(() =>
      new StandardWebhook(secret ?? '').verify(`${body} `, headers as Record<string, string>),
    ).toThrow();
    expect(deliveries(id)).toMatchObject([
      { state: 'delivered', status: 204, attempts: 1, nextAttemptAt: null },
    ]);
  });

  it('are the events of the chosen types from the making on, in order, once each', async () => {
    const { attempts, exchange, time } = scriptedReceiver(() => 200);
    const feed = new MemoryFeed();
    feed.record();
    const { create } = await open({ feed, exchange, time });
    const { id } = await create({ eventTypes: ['proxy.changed', 'sensor.changed'] });
    const wanted = [
      feed.record({ type: 'proxy.changed', problem: null }),
      feed.record({ type: 'endpoint.unhealthy' }),
      feed.record({ type: 'sensor.changed', problem: null }),
    ].filter(({ type }) => type !== 'endpoint.unhealthy');
    await eventually(() => attempts.length === 2);
    expect(attempts.map((one) => one.id)).toEqual(wanted.map((event) => `msg_${event.id}_${id}`));
  });

  it('are more events than are taken over at a time, and events wait for nobody else’s webhook', async () => {
    const { attempts, exchange, time } = scriptedReceiver((_nth, { url }) =>
      url.pathname === '/dead' ? 'down' : 200,
    );
    const { create, feed } = await open({ exchange, time });
    await create({ url: 'http://127.0.0.1:1/dead' });
    const { id } = await create();
    const events = Array.from({ length: 130 }, () => feed.record({ problem: null }));
    const own = () => attempts.filter((one) => one.id.endsWith(id)).map((one) => one.id);
    await eventually(() => own().length >= 130);
    expect(own()).toEqual(events.map((event) => `msg_${event.id}_${id}`));
  });
});

describe('bounds', () => {
  it('of dead deliveries 500 are kept, and it is counted what was dropped', async () => {
    const { exchange, time } = scriptedReceiver(() => 'down');
    const { create, feed, webhooks } = await open({ exchange, time });
    const { id } = await create();
    for (let nth = 0; nth < 560; nth += 1) feed.record({ problem: null });
    await eventually(() => webhooks.get(id).deadDropped === 60);
    expect(webhooks.get(id)).toMatchObject({ dead: 500, pending: 0 });
    expect(webhooks.deliveries(id, { limit: 200, state: 'dead' }).items).toHaveLength(200);
  }, 20_000);

  it('of sent deliveries the last 100 are kept', async () => {
    const { attempts, exchange, time } = scriptedReceiver(() => 200);
    const { create, feed, deliveries } = await open({ exchange, time });
    const { id } = await create();
    for (let nth = 0; nth < 120; nth += 1) feed.record({ problem: null });
    await eventually(() => attempts.length === 120 && deliveries(id).length === 100);
    expect(deliveries(id)[0]?.eventId).toBe(feed.events[119]?.id);
  });

  it('there are 32 webhooks at most, also when they are made at the same time', async () => {
    const { create, webhooks } = await open();
    const made = await Promise.allSettled(Array.from({ length: 40 }, () => create()));
    expect(made.filter(({ status }) => status === 'fulfilled')).toHaveLength(32);
    expect(webhooks.page({ limit: 200 }).items).toHaveLength(32);
    await expect(create()).rejects.toMatchObject({ code: 'too-many-webhooks' });
  });

  it('four receivers are spoken to at a time', async () => {
    let now = 0;
    let most = 0;
    const { create, feed, webhooks } = await open({
      exchange: async () => {
        most = Math.max(most, (now += 1));
        await new Promise((resolve) => setTimeout(resolve, 5));
        now -= 1;
        return { status: 200, retryAfter: undefined, text: '', complete: true };
      },
    });
    for (let nth = 0; nth < 12; nth += 1) await create();
    feed.record();
    await eventually(
      () => webhooks.page({ limit: 50 }).items.every(({ pending }) => pending === 0) && now === 0 && most > 0,
    );
    expect(most).toBe(4);
  });
});

describe('a paused webhook', () => {
  it('sends nothing, also after a restart, and all that has happened once it is resumed', async () => {
    const { attempts, exchange, time } = scriptedReceiver(() => 200);
    const feed = new MemoryFeed();
    const files = memoryWebhookFiles();
    const first = await openPracticeWebhooks({ feed, files, exchange, time });
    const { id } = await first.create();
    await first.webhooks.patch(id, { paused: true }, { name: 'admin', requestId: null });
    feed.record();
    await first.close();
    const second = await openPracticeWebhooks({ feed, files, exchange, time });
    cleanUp.push(() => second.close());
    feed.record();
    await new Promise((resolve) => setTimeout(resolve, 30));
    expect(attempts).toHaveLength(0);
    expect(second.webhooks.get(id)).toMatchObject({ status: 'paused' });
    await second.webhooks.patch(id, { paused: false }, { name: 'admin', requestId: null });
    await eventually(() => attempts.length === 2);
  });
});

it('a feed that cannot be read is tried again, and nothing is lost', async () => {
  const { attempts, exchange, time } = scriptedReceiver(() => 200);
  const { create, feed, logger } = await open({ exchange, time });
  await create();
  feed.broken = true;
  feed.record();
  await eventually(() => logger.lines.some((line) => line.includes('"reason":"EIO"')));
  feed.broken = false;
  await eventually(() => attempts.length === 1);
});

it('no secret, credential or path is in the log, in any answer, or in the reason of a failure', async () => {
  const { exchange, time } = scriptedReceiver((nth) => (nth === 1 ? 401 : 410));
  const { create, feed, webhooks, deliveries, logger } = await open({ exchange, time });
  const made = await create({
    url: 'http://127.0.0.1:1/services/T0SECRETPATH?sig=SECRETQUERY',
    credentials: { user: 'hook', secret: 'SECRETPASSWORD' },
  });
  feed.record();
  await eventually(() => webhooks.get(made.id).status === 'disabled');
  const { secret, ...rest } = made;
  const seen = JSON.stringify([
    rest,
    webhooks.get(made.id),
    webhooks.page({ limit: 50 }),
    deliveries(made.id),
    logger.lines,
  ]);
  expect(seen).not.toMatch(/SECRET|whsec_|aG9vazp/);
  expect(seen).not.toContain((secret ?? '').slice(6));
});
