import type { NewWebhook } from '../../../src/webhooks/model';
import { memoryWebhookFiles } from '../../support/memoryWebhookFiles';
import { eventually } from '../../support/receiver';
import { type ServiceNowStandIn, serviceNowUser, startServiceNow } from '../../support/serviceNowStandIn';
import { TicketDesk, cleared, drift } from '../../support/ticketDesk';

const desk = new TicketDesk();
let system: { close(): Promise<void> };

afterEach(async () => {
  await desk.close();
  await system.close();
});

describe('ServiceNow', () => {
  let now: ServiceNowStandIn;
  const webhook = (): Partial<NewWebhook> => ({
    url: now.url,
    preset: 'servicenow',
    credentials: serviceNowUser,
    serviceNow: { callerId: 'sensorproxy', assignmentGroup: 'Identity' },
  });

  beforeEach(async () => {
    system = now = await startServiceNow();
  });

  it('gets one ticket for a problem, with notes while it lasts, resolved on recovery', async () => {
    await desk.make(webhook());
    await desk.happens(drift);
    await desk.happens({ ...drift, summary: 'It differs still,\nand more.' });
    await desk.happens(cleared);
    expect(now.incidents).toHaveLength(1);
    expect(now.incidents[0]).toMatchObject({
      short_description: '[DC01] The proxy of LocalService differs from the user’s.',
      caller_id: 'sensorproxy',
      assignment_group: 'Identity',
      impact: '1',
      urgency: '1',
      correlation_id: expect.stringMatching(/^sensorproxy-[0-9a-f]{32}$/),
      state: '6',
      close_code: 'Solution provided',
    });
    expect(now.incidents[0]?.description).toContain('Problem: drift/LocalService');
    expect(now.incidents[0]?.work_notes).toContain('It differs still');
    expect(now.incidents[0]?.close_notes).toContain('The proxy is as it should be.');
    expect([0, 1, 2].map((nth) => desk.detailOf(nth))).toEqual([
      'a ticket was opened',
      'the open ticket was updated',
      'the ticket was resolved',
    ]);
  });

  it('gets a new ticket when the problem comes again, though a resolved one is still active', async () => {
    await desk.make(webhook());
    for (const event of [drift, cleared, drift]) await desk.happens(event);
    expect(now.incidents.map(({ state }) => state)).toEqual(['6', '1']);
    expect(now.incidents[0]?.active).toBe('true');
  });

  it('gets a ticket each for two problems, and none for what is no problem or was over already', async () => {
    await desk.make(webhook());
    await desk.happens(drift);
    await desk.happens({ ...drift, problem: 'drift/LocalSystem' });
    await desk.happens({ ...cleared, problem: 'endpoint/LocalService/a:443' });
    desk.record({ type: 'proxy.changed', problem: null });
    await desk.happens({ ...cleared, problem: 'drift/LocalSystem' });
    expect(now.incidents.map(({ state }) => state)).toEqual(['1', '6']);
    expect(desk.detailOf(2)).toBe('no ticket was open');
    expect(desk.practice.deliveries(desk.id)).toHaveLength(4);
  });

  it('gets no second ticket when the answer to the first was lost', async () => {
    await desk.make(webhook());
    now.loseNextAnswer();
    await desk.happens(drift);
    expect(now.incidents).toHaveLength(1);
    expect(now.received.filter(({ method }) => method === 'POST')).toHaveLength(1);
  });

  it('gets no second ticket when the service was killed between the ticket and its record', async () => {
    const files = memoryWebhookFiles();
    let killed = false;
    await desk.make(webhook(), {
      files: {
        ...files,
        write: (state) => {
          killed ||= state.sent.length > 0;
          return killed ? new Promise(() => undefined) : files.write(state);
        },
      },
    });
    desk.record(drift);
    await eventually(() => killed);
    await desk.reopen({ files });
    await eventually(() => desk.practice.deliveries(desk.id)[0]?.state === 'delivered');
    expect(desk.detailOf(0)).toBe('the open ticket was updated');
    expect(now.incidents).toHaveLength(1);
  });

  it('that is busy is left alone for as long as it says', async () => {
    await desk.make(webhook());
    now.next.push({ status: 429, headers: { 'retry-after': '3600' } }, { status: 503 });
    const before = Date.parse(desk.practice.time.clock.now());
    await desk.happens(drift);
    expect(Date.parse(desk.practice.time.clock.now()) - before).toBeGreaterThanOrEqual(3_600_000);
    expect(now.incidents).toHaveLength(1);
  });

  it('says what it wants, in the delivery and in the test', async () => {
    await desk.make({ ...webhook(), serviceNow: {} });
    desk.record(drift);
    await eventually(() => desk.practice.webhooks.get(desk.id).failing !== null);
    const wants =
      'the receiver answered 403: Operation Failed; Data Policy Exception: The following fields are mandatory: caller_id';
    expect(desk.practice.webhooks.get(desk.id).failing?.detail).toBe(wants);
    expect(await desk.practice.webhooks.test(desk.id)).toEqual({
      delivered: false,
      steps: [{ action: 'open', delivered: false, status: 403, detail: wants }],
    });
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

  it('is tested by a ticket that is opened and resolved', async () => {
    await desk.make(webhook());
    const { delivered, steps } = await desk.practice.webhooks.test(desk.id);
    expect(delivered).toBe(true);
    expect(steps.map(({ action, detail }) => [action, detail])).toEqual([
      ['open', 'a ticket was opened'],
      ['close', 'the ticket was resolved'],
    ]);
    expect(now.incidents).toMatchObject([
      { state: '6', short_description: expect.stringContaining('Nothing is wrong') },
    ]);
  });
});
