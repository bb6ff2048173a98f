/** What the journal and the metrics have of webhooks. */
import { readFile, readdir } from 'node:fs/promises';
import path from 'node:path';
import { createToken } from '../../src/cli/tokenCommand';
import { EVENT_TYPES, type ServiceEvent } from '../../src/events/event';
import type { EventLog } from '../../src/events/eventLog';
import type { JournalPage } from '../../src/http/controllers/changes.controller';
import type { JournalRecord } from '../../src/http/services';
import type { JournalFolder } from '../../src/journal/journalFolder';
import { verifyJournal } from '../../src/journal/verify';
import { systemClock } from '../../src/lib/clock';
import type { CreatedWebhook, DeliveryPage, Webhook, WebhookChange } from '../../src/webhooks/model';
import { type Receiver, startReceiver } from '../support/receiver';
import { parseExposition } from '../unit/endpoints/exposition';
import { type CallOptions, type Service, bodyOf, openService } from './service';

let receiver: Receiver;
let status: number;
let service: Service;

beforeEach(async () => {
  status = 204;
  receiver = await startReceiver(() => ({ status }));
  service = await openService({ SENSORPROXY_WEBHOOK_HOSTS: `127.0.0.1:${receiver.port}` });
});
afterEach(async () => {
  await service.close();
  await receiver.close();
});

const SECRETS = /whsec_|T0PSECRET|S3CRETQUERY|Cr3dential/;
const body = (fields: object = {}) => ({
  name: 'Service desk',
  url: `${receiver.url}/T0PSECRET?sig=S3CRETQUERY`,
  credentials: { user: 'hook', secret: 'Cr3dential' },
  ...fields,
});

async function make(options: CallOptions = {}): Promise<CreatedWebhook> {
  const response = await service.call('POST', '/webhooks', { body: body(), ...options });
  expect(response.status).toBe(201);
  return bodyOf(response) as CreatedWebhook;
}

async function records(): Promise<readonly WebhookChange[]> {
  const { items } = bodyOf(await service.call('GET', '/changes')) as JournalPage;
  expect(items.every(({ kind }) => kind === 'webhook')).toBe(true);
  return [...items].reverse() as readonly WebhookChange[];
}

const actionsOf = (all: readonly WebhookChange[]) => all.map(({ action }) => action);
const patch = (id: string, paused: boolean) => service.call('PATCH', `/webhooks/${id}`, { body: { paused } });
const get = async (id: string) => bodyOf(await service.call('GET', `/webhooks/${id}`)) as Webhook;

/** Records an event, as the watch does. */
async function happens(nth: number, fields: Partial<ServiceEvent> = {}): Promise<void> {
  await (service.services.events as EventLog).append({
    id: `20261124T06000${nth}000Z-0000000${nth}`,
    at: new Date().toISOString(),
    type: 'proxy.drift.detected',
    subject: 'LocalService',
    problem: `drift/${nth}`,
    resolved: false,
    severity: 'warning',
    summary: 'It differs.',
    data: {},
    ...fields,
  });
}

async function until(condition: () => boolean | Promise<boolean>): Promise<void> {
  for (const end = performance.now() + 10_000; performance.now() < end;) {
    if (await condition()) return;
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
  throw new Error('it did not come');
}

describe('the journal', () => {
  it('has an entry of each change with who, what and where, and none of what is so already', async () => {
    const { lines } = await createToken(
      { name: 'alice', scope: 'admin', expires: undefined },
      { dataDir: service.dataDir, clock: systemClock },
    );
    const token = lines[0] ?? '';
    await until(() => service.services.authenticate(token) !== undefined);
    const headers = { 'X-Request-Id': 'request-of-alice' };
    const { id } = await make({ token, headers });
    for (const paused of [true, true, false, false]) await patch(id, paused);

    // Given up at once, and with that disabled.
    status = 410;
    await happens(1);
    await until(async () => (await get(id)).status === 'disabled');
    const dead = await service.call('GET', `/webhooks/${id}/deliveries?state=dead`);
    const deliveryId = (bodyOf(dead) as DeliveryPage).items[0]?.id ?? '';
    const replay = () => service.call('POST', `/webhooks/${id}/deliveries/${deliveryId}/replay`);
    expect([(await replay()).status, (await replay()).status]).toEqual([200, 409]);
    // It is disabled: as a pause goes, it is so already.
    await patch(id, true);
    await service.call('POST', `/webhooks/${id}/test`);
    await service.call('DELETE', `/webhooks/${id}`);
    expect((await service.call('DELETE', `/webhooks/${id}`)).status).toBe(404);

    const all = await records();
    expect(actionsOf(all)).toEqual(['created', 'paused', 'resumed', 'replayed', 'deleted']);
    const common = {
      id: expect.stringMatching(/^\d{8}T\d{9}Z-[0-9a-f]{8}$/),
      at: expect.stringMatching(/^\d{4}-\d\d-\d\dT/),
      kind: 'webhook',
      requestId: expect.any(String),
      ticket: null,
      reason: null,
      outcome: 'applied',
      webhookId: id,
      name: 'Service desk',
      host: `127.0.0.1:${receiver.port}`,
      preset: 'cloudevents',
      eventTypes: [...EVENT_TYPES],
    };
    expect(all).toEqual(
      all.map(({ action }) => ({
        ...common,
        action,
        actor: action === 'created' ? 'alice' : 'admin',
        deliveryId: action === 'replayed' ? deliveryId : null,
      })),
    );
    expect(all[0]?.requestId).toBe('request-of-alice');
    expect((await verifyJournal(path.join(service.dataDir, 'journal'))).faults).toEqual([]);
  });

  it('has the entry before the answer, on the disk, and shows it as evidence, without a secret', async () => {
    const { id } = await make();
    const folder = path.join(service.dataDir, 'journal');
    const read = async () =>
      (
        await Promise.all((await readdir(folder)).map((name) => readFile(path.join(folder, name), 'utf8')))
      ).join('');
    expect(await read()).toContain(`"webhookId":"${id}"`);
    await patch(id, true);
    await service.call('DELETE', `/webhooks/${id}`);
    const [created] = await records();
    const page = await service.call('GET', `/changes/${created?.id ?? ''}`, {
      headers: { Accept: 'text/markdown' },
    });
    expect(page.text).toContain('| What | webhook created |');
    expect(page.text).toContain(`| To the host | 127.0.0.1:${receiver.port} |`);
    const list = await service.call('GET', '/changes');
    expect((await read()) + page.text + list.text + service.lines.join()).not.toMatch(SECRETS);
    expect((bodyOf(await service.call('GET', '/events')) as { items: readonly unknown[] }).items).toEqual([]);
  });

  it('that cannot be written leaves each webhook as it is, also after a start', async () => {
    const { id } = await make();
    status = 410;
    await happens(1);
    await until(async () => (await get(id)).status === 'disabled');
    await patch(id, false);
    const dead = await service.call('GET', `/webhooks/${id}/deliveries?state=dead`);
    const deliveryId = (bodyOf(dead) as DeliveryPage).items[0]?.id ?? '';
    const before = await get(id);
    const folder = path.join(service.dataDir, 'webhooks');
    const files = async () =>
      Promise.all(
        (await readdir(folder))
          .sort()
          .map(async (name) => [name, await readFile(path.join(folder, name), 'utf8')]),
      );
    const onTheDisk = await files();
    expect(onTheDisk).toHaveLength(2);

    await (service.services.changes as JournalFolder<JournalRecord>).close();
    for (const [method, location, sent] of [
      ['POST', '/webhooks', body()],
      ['PATCH', `/webhooks/${id}`, { paused: true }],
      ['DELETE', `/webhooks/${id}`, undefined],
      ['POST', `/webhooks/${id}/deliveries/${deliveryId}/replay`, undefined],
    ] as const) {
      const response = await service.call(method, location, { body: sent });
      expect([method, response.status, response.body]).toEqual([
        method,
        503,
        expect.objectContaining({
          code: 'journal-unavailable',
          detail: expect.stringMatching(/^The journal could not be written .*Make room/),
        }),
      ]);
    }
    // Nothing is to be recorded: this works.
    expect((await patch(id, false)).status).toBe(200);
    expect(bodyOf(await service.call('GET', '/webhooks'))).toEqual({
      items: [before],
      damaged: [],
      next: null,
    });
    expect(await files()).toEqual(onTheDisk);
  });
});

it('a replay of what its problem has gone past is 409, says how to mend it, and is not in the journal', async () => {
  const made = await make({ body: body({ preset: 'template', template: '{"key":"{{key}}"}' }) });
  status = 410;
  await happens(1);
  await until(async () => (await get(made.id)).status === 'disabled');
  const dead = await service.call('GET', `/webhooks/${made.id}/deliveries?state=dead`);
  const deliveryId = (bodyOf(dead) as DeliveryPage).items[0]?.id ?? '';
  status = 204;
  await patch(made.id, false);
  await happens(2, { problem: 'drift/1', type: 'proxy.drift.cleared', resolved: true });
  await until(() => receiver.received.length === 2);
  const replay = await service.call('POST', `/webhooks/${made.id}/deliveries/${deliveryId}/replay`);
  expect([replay.status, bodyOf(replay)]).toEqual([
    409,
    expect.objectContaining({
      code: 'delivery-superseded',
      detail: expect.stringMatching(/nothing closes.*by hand/) as unknown,
    }),
  ]);
  expect(receiver.received).toHaveLength(2);
  expect(actionsOf(await records())).toEqual(['created', 'resumed']);
});

describe('the metrics', () => {
  async function samples(): Promise<Readonly<Record<string, number>>> {
    const { text } = await service.call('GET', '/metrics');
    expect(text).not.toMatch(new RegExp(`${SECRETS.source}|127\\.0\\.0\\.1:${receiver.port}`));
    const found = parseExposition(text).filter(({ name }) => name.startsWith('sensorproxy_webhook'));
    return Object.fromEntries(
      found.map(({ name, labels, value }) => [
        [name.replace('sensorproxy_', ''), ...Object.values(labels)].join(' '),
        value,
      ]),
    );
  }

  it('follow what becomes of webhooks and their deliveries; tests are not counted', async () => {
    const none = {
      'webhooks active': 0,
      'webhooks failing': 0,
      'webhooks paused': 0,
      'webhooks disabled': 0,
      'webhooks damaged': 0,
      'webhook_deliveries_total delivered': 0,
      'webhook_deliveries_total failed': 0,
      'webhook_deliveries_total dead': 0,
      'webhook_deliveries_total missed': 0,
      webhook_pending: 0,
      webhook_dead: 0,
    };
    expect(await samples()).toEqual(none);

    const { id } = await make();
    await service.call('POST', `/webhooks/${id}/test`);
    await happens(1);
    await until(async () => (await samples())['webhook_deliveries_total delivered'] === 1);
    const delivered = { ...none, 'webhooks active': 1, 'webhook_deliveries_total delivered': 1 };
    expect(await samples()).toEqual(delivered);

    status = 422;
    await happens(2);
    await until(async () => ((await samples())['webhook_deliveries_total failed'] ?? 0) > 0);
    const failing = await samples();
    expect(failing).toMatchObject({
      ...delivered,
      'webhooks active': 0,
      'webhooks failing': 1,
      webhook_pending: 1,
      'webhook_deliveries_total failed': 1,
    });
    expect(failing.webhook_oldest_pending_age_seconds).toBeGreaterThanOrEqual(0);
    expect(failing.webhook_oldest_pending_age_seconds).toBeLessThan(10);

    await patch(id, true);
    const paused = await samples();
    expect(paused).toMatchObject({ 'webhooks active': 0, 'webhooks paused': 1, webhook_pending: 1 });
    expect(paused.webhook_oldest_pending_age_seconds).toBeUndefined();

    status = 410;
    await patch(id, false);
    await until(async () => (await samples())['webhooks disabled'] === 1);
    const disabled = await samples();
    expect(disabled).toMatchObject({
      'webhooks active': 0,
      'webhooks paused': 0,
      'webhook_deliveries_total dead': 1,
      webhook_pending: 0,
      webhook_dead: 1,
    });
    expect(disabled.webhook_oldest_pending_age_seconds).toBeUndefined();

    await service.call('DELETE', `/webhooks/${id}`);
    expect(await samples()).toMatchObject({ 'webhooks disabled': 0, webhook_dead: 0 });
  });
});
