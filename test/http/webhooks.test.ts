import { readFile, readdir } from 'node:fs/promises';
import path from 'node:path';
import { createToken } from '../../src/cli/tokenCommand';
import { EVENT_TYPES } from '../../src/events/event';
import { systemClock } from '../../src/lib/clock';
import type { CreatedWebhook, Webhook, WebhookPage } from '../../src/webhooks/model';
import { type Receiver, startReceiver } from '../support/receiver';
import {
  type ServiceNowStandIn,
  serviceNowCaller,
  serviceNowUser,
  startServiceNow,
} from '../support/serviceNowStandIn';
import { type Service, bodyOf, openService } from './service';

let receiver: Receiver;
let now: ServiceNowStandIn;
let service: Service;

beforeAll(async () => {
  receiver = await startReceiver(() => ({ status: 204 }));
  now = await startServiceNow();
  service = await openService({
    SENSORPROXY_WEBHOOK_HOSTS: `127.0.0.1:${receiver.port}, 127.0.0.1:${now.port}, hooks.contoso.com`,
  });
});

afterAll(async () => {
  await service.close();
  await receiver.close();
  await now.close();
});

const hook = (fields: object = {}) => ({ name: 'Service desk', url: `${receiver.url}/T0PSECRET`, ...fields });
const make = async (fields: object = {}): Promise<CreatedWebhook> => {
  const response = await service.call('POST', '/webhooks', { body: hook(fields) });
  expect(response.status).toBe(201);
  return bodyOf(response) as CreatedWebhook;
};

afterEach(async () => {
  const { items } = bodyOf(await service.call('GET', '/webhooks')) as WebhookPage;
  for (const { id } of items) await service.call('DELETE', `/webhooks/${id}`);
});

it('is made with all event types and a secret, which is shown once', async () => {
  const response = await service.call('POST', '/webhooks', { body: hook() });
  const made = bodyOf(response) as CreatedWebhook;
  expect(response.headers.location).toBe(`/webhooks/${made.id}`);
  expect(made).toMatchObject({
    target: receiver.url,
    eventTypes: [...EVENT_TYPES],
    preset: 'cloudevents',
    status: 'active',
    createdBy: 'admin',
    hasCredentials: false,
    secret: expect.stringMatching(/^whsec_[A-Za-z0-9+/]{43}=$/),
  });
  const { secret, ...rest } = made;
  expect(bodyOf(await service.call('GET', `/webhooks/${made.id}`))).toEqual(rest);
  const list = await service.call('GET', '/webhooks');
  expect(bodyOf(list)).toEqual({ items: [rest], damaged: [], next: null });
  expect(list.text + service.lines.join()).not.toMatch(/whsec_|T0PSECRET/);
  expect((secret ?? '').length).toBe(50);
});

it('lists come in pages', async () => {
  const ids = [(await make()).id, (await make()).id, (await make()).id].sort();
  const first = bodyOf(await service.call('GET', '/webhooks?limit=2')) as WebhookPage;
  const second = bodyOf(
    await service.call('GET', `/webhooks?limit=2&cursor=${first.next ?? ''}`),
  ) as WebhookPage;
  expect([...first.items, ...second.items].map(({ id }) => id)).toEqual(ids);
  expect(second.next).toBeNull();
});

it('is paused, resumed and deleted; asking again changes nothing', async () => {
  const { id } = await make();
  const patch = async (paused: boolean) =>
    (bodyOf(await service.call('PATCH', `/webhooks/${id}`, { body: { paused } })) as Webhook).status;
  expect([await patch(true), await patch(true), await patch(false), await patch(false)]).toEqual([
    'paused',
    'paused',
    'active',
    'active',
  ]);
  const deleted = await service.call('DELETE', `/webhooks/${id}`);
  expect(bodyOf(deleted)).toEqual({ id, name: 'Service desk', pending: 0 });
  for (const [method, location] of [
    ['GET', `/webhooks/${id}`],
    ['DELETE', `/webhooks/${id}`],
    ['POST', `/webhooks/${id}/test`],
    ['GET', `/webhooks/${id}/deliveries`],
    ['POST', `/webhooks/${id}/deliveries/msg_x/replay`],
  ] as const)
    expect(bodyOf(await service.call(method, location))).toMatchObject({
      status: 404,
      code: 'webhook-not-found',
    });
  expect(service.lines.filter((line) => line.includes('a webhook was') && line.includes(id))).toHaveLength(4);
});

it('a test is sent at once, signed, and told of', async () => {
  const { id } = await make();
  const before = receiver.received.length;
  const response = await service.call('POST', `/webhooks/${id}/test`);
  expect(bodyOf(response)).toEqual({
    delivered: true,
    steps: [{ action: 'open', delivered: true, status: 204, detail: null }],
  });
  const [request] = receiver.received.slice(before);
  expect(JSON.parse(request?.body ?? '')).toMatchObject({
    specversion: '1.0',
    data: { details: { test: true } },
  });
  expect(request?.headers['webhook-signature']).toMatch(/^v1,/);
  expect(bodyOf(await service.call('GET', `/webhooks/${id}/deliveries`))).toEqual({ items: [], next: null });
});

it('a test of ServiceNow opens a ticket and resolves it; no credentials are shown', async () => {
  const response = await service.call('POST', '/webhooks', {
    body: {
      name: 'ServiceNow',
      url: now.url,
      preset: 'servicenow',
      credentials: serviceNowUser,
      serviceNow: { callerId: serviceNowCaller },
    },
  });
  const made = bodyOf(response) as CreatedWebhook;
  expect(made).toMatchObject({ secret: null, hasCredentials: true });
  expect(bodyOf(await service.call('POST', `/webhooks/${made.id}/test`))).toMatchObject({ delivered: true });
  expect(now.incidents).toMatchObject([{ state: '6' }]);
  const shown = response.text + (await service.call('GET', '/webhooks')).text + service.lines.join();
  expect(shown).not.toContain(serviceNowUser.secret);
});

describe('bad input changes nothing', () => {
  afterEach(async () => {
    expect(bodyOf(await service.call('GET', '/webhooks'))).toEqual({ items: [], damaged: [], next: null });
    expect(await readdir(path.join(service.dataDir, 'webhooks'))).toEqual([]);
  });

  it.each<[string, object, string, string]>([
    ['a host that is not allowed', { url: 'https://evil.example/' }, 'webhook-host-not-allowed', '/url'],
    ['the metadata service', { url: 'http://169.254.169.254/' }, 'webhook-host-not-allowed', '/url'],
    [
      'credentials in the address',
      { url: 'https://user:secret@hooks.contoso.com/' },
      'webhook-invalid',
      '/url',
    ],
    ['another scheme', { url: 'ftp://hooks.contoso.com/' }, 'webhook-invalid', '/url'],
    ['http beyond this machine', { url: 'http://hooks.contoso.com/' }, 'webhook-invalid', '/url'],
    ['a template without the preset', { template: '{}' }, 'webhook-invalid', '/template'],
    ['the preset without a template', { preset: 'template' }, 'webhook-invalid', '/template'],
    [
      'a template with an unknown field',
      { preset: 'template', template: '{"a":"{{sumary}}"}' },
      'webhook-invalid',
      '/template',
    ],
    [
      'a closing template that is no JSON',
      { preset: 'template', template: '{}', closeTemplate: '{' },
      'webhook-invalid',
      '/closeTemplate',
    ],
    ['ServiceNow without credentials', { preset: 'servicenow' }, 'webhook-invalid', '/credentials'],
    [
      'a caller in ServiceNow by name',
      {
        preset: 'servicenow',
        credentials: { secret: 'x' },
        serviceNow: { callerId: 'abel.tuter', assignmentGroup: serviceNowCaller },
      },
      'webhook-invalid',
      '/serviceNow/callerId',
    ],
    [
      'a group in ServiceNow by name',
      { preset: 'servicenow', credentials: { secret: 'x' }, serviceNow: { assignmentGroup: 'Identity' } },
      'webhook-invalid',
      '/serviceNow/assignmentGroup',
    ],
    ['Jira without a project', { preset: 'jira', credentials: { secret: 'x' } }, 'webhook-invalid', '/jira'],
    [
      'Jira with a query',
      {
        preset: 'jira',
        credentials: { secret: 'x' },
        jira: { project: 'OPS' },
        url: 'https://hooks.contoso.com/?x=1',
      },
      'webhook-invalid',
      '/url',
    ],
  ])('%s is 422, with a pointer', async (_name, fields, code, pointer) => {
    const response = await service.call('POST', '/webhooks', { body: hook(fields) });
    expect(response.status).toBe(422);
    const problem = bodyOf(response) as { errors: readonly { pointer: string }[] };
    expect(problem).toMatchObject({ code });
    expect(problem.errors.map((fault) => fault.pointer)).toContain(pointer);
    expect(response.text).not.toContain('secret@');
  });

  it('a name for a sys_id is told how to find the sys_id', async () => {
    const serviceNow = { callerId: 'abel.tuter', assignmentGroup: 'Identity' };
    const body = hook({ preset: 'servicenow', credentials: { secret: 'x' }, serviceNow });
    expect(bodyOf(await service.call('POST', '/webhooks', { body }))).toMatchObject({
      errors: [
        {
          pointer: '/serviceNow/callerId',
          detail:
            'It must be a sys_id of the table sys_user (32 hexadecimal digits), not a name. In ServiceNow open that table’s list, right-click the record and choose “Copy sys_id”.',
        },
        { pointer: '/serviceNow/assignmentGroup', detail: expect.stringContaining('sys_user_group') },
      ],
    });
  });

  it.each<[string, object, string]>([
    ['an event type that there is not', { eventTypes: ['proxy.exploded'] }, '/eventTypes/0'],
    ['no event type', { eventTypes: [] }, '/eventTypes'],
    ['a name with a line break', { name: 'a\nb' }, '/name'],
    [
      'a table that climbs',
      { preset: 'servicenow', serviceNow: { table: '../sys_user' } },
      '/serviceNow/table',
    ],
    ['a project with a quote', { preset: 'jira', jira: { project: 'OPS" OR 1=1' } }, '/jira/project'],
    ['a token with a line break', { credentials: { secret: 'a\r\nX: y' } }, '/credentials/secret'],
    ['an unknown field', { adress: 'x' }, '/adress'],
  ])('%s is 400, with a pointer', async (_name, fields, pointer) => {
    const response = await service.call('POST', '/webhooks', { body: hook(fields) });
    expect(response.status).toBe(400);
    expect(
      (bodyOf(response) as { errors: readonly { pointer: string }[] }).errors.map((one) => one.pointer),
    ).toContain(pointer);
  });

  it('an Idempotency-Key is refused, since it would keep the secret', async () => {
    const headers = { 'Idempotency-Key': '"one"' };
    const response = await service.call('POST', '/webhooks', { body: hook(), headers });
    expect(bodyOf(response)).toMatchObject({ status: 400, code: 'idempotency-key-unexpected' });
  });

  it('a cursor that nobody gave is refused', async () => {
    expect(bodyOf(await service.call('GET', '/webhooks?cursor=nonsense'))).toMatchObject({
      code: 'cursor-invalid',
    });
  });

  it('only an administrator changes webhooks; others see them', async () => {
    const { lines } = await createToken(
      { name: 'operator', scope: 'operate', expires: undefined },
      { dataDir: service.dataDir, clock: systemClock },
    );
    const token = lines[0] ?? '';
    while (service.services.authenticate(token) === undefined)
      await new Promise((resolve) => setTimeout(resolve, 20));
    const refused = await service.call('POST', '/webhooks', { body: hook(), token });
    expect(bodyOf(refused)).toMatchObject({ status: 403, code: 'scope-missing', scope: 'admin' });
    expect((await service.call('GET', '/webhooks', { token })).status).toBe(200);
  });
});

it('deliveries: a cursor, a state and an id that there are not are told so', async () => {
  const { id } = await make();
  const at = `/webhooks/${id}/deliveries`;
  expect(bodyOf(await service.call('GET', `${at}?cursor=bXNnXw`))).toMatchObject({ code: 'cursor-invalid' });
  expect((await service.call('GET', `${at}?state=lost`)).status).toBe(400);
  expect(bodyOf(await service.call('GET', `${at}?state=dead&limit=1`))).toEqual({ items: [], next: null });
  expect(bodyOf(await service.call('POST', `${at}/msg_x/replay`))).toMatchObject({
    status: 404,
    code: 'delivery-not-found',
  });
});

it('a service without SENSORPROXY_WEBHOOK_HOSTS sends nowhere, and a webhook outlives a restart', async () => {
  const made = await make();
  const text = await readFile(path.join(service.dataDir, 'webhooks', `${made.id}.json`), 'utf8');
  expect(JSON.parse(text)).toMatchObject({ record: { id: made.id, position: null } });
  const other = await openService();
  try {
    const response = await other.call('POST', '/webhooks', {
      body: hook({ url: 'https://hooks.contoso.com/' }),
    });
    expect(bodyOf(response)).toMatchObject({ status: 422, code: 'webhook-host-not-allowed' });
  } finally {
    await other.close();
  }
});
