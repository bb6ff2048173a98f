import type { NewWebhook } from '../../../src/webhooks/model';
import { eventually } from '../../support/receiver';
import {
  type ServiceNowStandIn,
  serviceNowCaller,
  serviceNowUser,
  startServiceNow,
} from '../../support/serviceNowStandIn';
import { TicketDesk, cleared, drift } from '../../support/ticketDesk';

const desk = new TicketDesk();

describe('ServiceNow', () => {
  let now: ServiceNowStandIn;
  const webhook = (): Partial<NewWebhook> => ({
    url: now.url,
    preset: 'servicenow',
    credentials: serviceNowUser,
    serviceNow: { callerId: serviceNowCaller },
  });

  beforeEach(async () => {
    now = await startServiceNow();
  });

  afterEach(async () => {
    await desk.close();
    await now.close();
  });

  it.each([['drift' as const], ['cleared' as const]])(
    'that drops the key from the query has no ticket of others touched (%s)',
    async (what) => {
      const foreign = { sys_id: 'f'.repeat(32), number: 'INC1', state: '1', active: 'true' };
      now.incidents.push({ ...foreign, correlation_id: 'of-others' });
      now.missing.add('correlation_id');
      await desk.make(webhook());
      desk.record(what === 'drift' ? drift : cleared);
      await eventually(() => desk.practice.webhooks.get(desk.id).failing !== null);
      expect(desk.practice.webhooks.get(desk.id).failing?.detail).toBe(
        'ServiceNow answered with tickets that are not of this problem: the table has no correlation_id, or this user may not read it. Nothing was changed',
      );
      expect(now.received.every(({ method }) => method === 'GET')).toBe(true);
      expect(now.incidents).toEqual([{ ...foreign, correlation_id: 'of-others' }]);
    },
  );

  it('answers with a ticket of another key: it is not touched', async () => {
    await desk.make(webhook());
    const foreign = { sys_id: 'f'.repeat(32), state: '1', active: 'true', correlation_id: 'sensorproxy-00' };
    now.next.push({ status: 200, body: { result: [foreign] } });
    expect(await desk.practice.webhooks.test(desk.id)).toMatchObject({
      steps: [{ detail: expect.stringContaining('not of this problem') }],
    });
    expect(now.received.every(({ method }) => method === 'GET')).toBe(true);
  });

  it.each([
    ['nothing of it', { result: {} }],
    ['no JSON', 'made'],
  ])('that has made a ticket and shows %s is not asked for another', async (_, body) => {
    await desk.make(webhook());
    now.next.push({ status: 200, body: { result: [] } }, { status: 201, body });
    await desk.happens(drift);
    expect(desk.detailOf(0)).toContain('a ticket was opened, but without its correlation_id');
    expect(now.received.map(({ method }) => method)).toEqual(['GET', 'POST']);
  });

  it('that hides a ticket on recovery is told of: it may be open', async () => {
    await desk.make(webhook());
    await desk.happens(drift);
    now.next.push({ status: 200, body: { result: [] } });
    await desk.happens(cleared);
    const id = now.incidents[0]?.sys_id ?? '';
    expect(desk.detailOf(1)).toContain(`no ticket was found, though ${id} was opened`);
  });

  it('that does not keep the key of a new ticket is told of', async () => {
    now.readOnly.add('correlation_id');
    await desk.make(webhook());
    await desk.happens(drift);
    expect(desk.detailOf(0)).toContain('a ticket was opened, but without its correlation_id');
  });

  it('that forbids to change one ticket is still sent those of other problems', async () => {
    await desk.make(webhook());
    await desk.happens(drift);
    now.denied.add(now.incidents[0]?.sys_id ?? '');
    desk.record(drift);
    await eventually(() => desk.practice.deliveries(desk.id)[0]?.status === 403);
    const other = desk.record({ ...drift, problem: 'drift/LocalSystem' });
    await eventually(() => desk.hasSent(desk.id, other.id));
    expect(desk.practice.webhooks.get(desk.id)).toMatchObject({
      failing: { detail: expect.stringContaining('ACL Exception') as string },
      pending: 1,
      retrying: 1,
    });
    expect(desk.practice.deliveries(desk.id)[1]?.detail).toContain('ACL Exception');
  });

  it('that leaves the state as it was, without a word, is a failure', async () => {
    now.readOnly.add('state');
    await desk.make(webhook());
    expect((await desk.practice.webhooks.test(desk.id)).steps[1]).toEqual({
      action: 'close',
      delivered: false,
      status: 200,
      detail:
        'ServiceNow left the ticket in the state 1 instead of 6: this user may not write the field state, or a rule of the table keeps it',
    });
  });

  it('with a wrong password or a wrong table is sent nothing else, since all would fail', async () => {
    await desk.make({ ...webhook(), credentials: { user: 'x', secret: 'y' } });
    const table = await desk.practice.create({ ...webhook(), serviceNow: { table: 'u_none' } });
    desk.record(drift);
    const failing = (id: string) => desk.practice.webhooks.get(id).failing?.detail;
    await eventually(() => failing(desk.id) !== undefined && failing(table.id) !== undefined);
    expect(failing(desk.id)).toContain('401');
    expect(failing(table.id)).toContain('400: Invalid table u_none');
  });

  it('says what it wants, in the delivery and in the test', async () => {
    await desk.make({ ...webhook(), serviceNow: {} });
    desk.record(drift);
    await eventually(() => desk.practice.deliveries(desk.id)[0]?.status === 403);
    const wants =
      'the receiver answered 403: Operation Failed; Data Policy Exception: The following fields are mandatory: caller_id';
    expect(desk.practice.deliveries(desk.id)[0]?.detail).toBe(wants);
    expect(await desk.practice.webhooks.test(desk.id)).toEqual({
      delivered: false,
      steps: [{ action: 'open', delivered: false, status: 403, detail: wants }],
    });
  });

  it('is quoted on one line, and cut', async () => {
    await desk.make(webhook());
    const message = `no\r\n{"level":"info","message":"all is well"}\u0000\u001b[2J\u2028${'x'.repeat(5000)}`;
    now.next.push({ status: 400, body: { error: { message, detail: '' } } });
    const [step] = (await desk.practice.webhooks.test(desk.id)).steps;
    expect(step?.detail).toMatch(/^the receiver answered 400: no [^\p{Cc}\p{Zl}\p{Zp}]*x…$/u);
    expect(step?.detail?.length).toBeLessThan(600);
  });

  it('with a wrong password, or another answer than the API’s, is a failure that shows no secret', async () => {
    await desk.make({ ...webhook(), credentials: { user: 'x', secret: 'WRONGSECRET' } });
    const { steps } = await desk.practice.webhooks.test(desk.id);
    expect(steps).toMatchObject([{ status: 401, detail: expect.stringContaining('User Not Authenticated') }]);
    const echo = {
      error: { message: `no: WRONGSECRET ${Buffer.from('x:WRONGSECRET').toString('base64')}`, detail: '' },
    };
    now.next.push(
      { status: 400, body: echo },
      { status: 200, body: 'Instance is hibernating' },
      { status: 200, body: { result: {} } },
    );
    const details: unknown[] = [];
    for (let nth = 0; nth < 3; nth += 1)
      details.push((await desk.practice.webhooks.test(desk.id)).steps[0]?.detail);
    expect(details).toEqual([
      'the receiver answered 400: no: … …',
      'the answer is not whole JSON of up to 64 KiB',
      'the answer is not one of the Table API',
    ]);
  });
});
