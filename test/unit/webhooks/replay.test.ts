import type { NewWebhook } from '../../../src/webhooks/model';
import {
  type PracticeWebhooks,
  type WebhookOptions,
  openPracticeWebhooks,
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

const template: Partial<NewWebhook> = { preset: 'template', template: '{"key":"{{key}}"}' };
const open1 = { problem: 'p/1' };
const close1 = { ...open1, type: 'proxy.drift.cleared', resolved: true } as const;

describe('a replay', () => {
  /** The beginning of a problem is dead, its end was delivered. */
  async function overtaken(wanted: Partial<NewWebhook>) {
    let status = 410;
    const { exchange, time, attempts } = scriptedReceiver(() => status);
    const practice = await open({ exchange, time });
    const { create, feed, webhooks, deliveries } = practice;
    const { id } = await create(wanted);
    feed.record(open1);
    await eventually(() => webhooks.get(id).dead === 1);
    status = 200;
    await webhooks.patch(id, { paused: false }, webhookActor);
    feed.record(close1);
    await eventually(() => webhooks.get(id).pending === 0 && attempts.length === 2);
    const delivery = deliveries(id).find(({ state }) => state === 'dead')?.id ?? '';
    return { ...practice, id, delivery, attempts };
  }

  it('of what begins a problem is refused once its end was delivered: nothing would close that ticket', async () => {
    const { webhooks, id, delivery, journal, attempts } = await overtaken(template);
    await expect(webhooks.replay(id, delivery, webhookActor)).rejects.toMatchObject({
      code: 'delivery-superseded',
      message: expect.stringContaining('by hand') as unknown,
    });
    expect(webhooks.get(id)).toMatchObject({ dead: 1, pending: 0 });
    expect(journal.map(({ action }) => action)).toEqual(['created', 'resumed']);
    expect(attempts).toHaveLength(2);
  });

  it('of a CloudEvent is made also then: that is a record, with the time of its own', async () => {
    const { webhooks, id, delivery, attempts } = await overtaken({});
    await webhooks.replay(id, delivery, webhookActor);
    await eventually(() => attempts.length === 3);
    expect(attempts[2]?.id).toBe(delivery);
  });

  it('that comes while the end of its problem is under way goes back to the dead, unsent', async () => {
    let hold: (() => void) | null = null;
    let sent = 0;
    let status = 410;
    const { create, feed, webhooks, deliveries, counts } = await open({
      exchange: async () => {
        sent += 1;
        if (sent === 2) await new Promise<void>((resolve) => (hold = resolve));
        return { status, retryAfter: undefined, text: '', complete: true };
      },
    });
    const { id } = await create(template);
    feed.record(open1);
    await eventually(() => webhooks.get(id).dead === 1);
    status = 200;
    await webhooks.patch(id, { paused: false }, webhookActor);
    feed.record(close1);
    await eventually(() => hold !== null);
    await webhooks.replay(id, deliveries(id).find(({ state }) => state === 'dead')?.id ?? '', webhookActor);
    (hold as (() => void) | null)?.();
    await eventually(() => webhooks.get(id).pending === 0);
    expect(webhooks.get(id)).toMatchObject({ dead: 1 });
    expect([sent, counts.dead]).toEqual([2, 2]);
    expect(deliveries(id).find(({ state }) => state === 'dead')).toMatchObject({
      detail: 'something later of the same problem was delivered',
    });
  });

  it('keeps the order of its problem: it goes before what came after it', async () => {
    let status = 410;
    const { exchange, time, attempts } = scriptedReceiver(() => status);
    const { create, feed, webhooks, deliveries } = await open({ exchange, time });
    const { id } = await create();
    feed.record(open1);
    await eventually(() => webhooks.get(id).dead === 1);
    feed.record(close1);
    await webhooks.replay(id, deliveries(id)[0]?.id ?? '', webhookActor);
    status = 200;
    await webhooks.patch(id, { paused: false }, webhookActor);
    await eventually(() => attempts.length === 3);
    expect(attempts.map((one) => one.id.slice(4, 32))).toEqual([0, 0, 1].map((nth) => feed.events[nth]?.id));
  });
});
