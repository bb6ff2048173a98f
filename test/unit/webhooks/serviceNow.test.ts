import type { NewWebhook } from '../../../src/webhooks/model';
import { memoryWebhookFiles } from '../../support/memoryWebhookFiles';
import { webhookActor } from '../../support/practiceWebhooks';
import { eventually } from '../../support/receiver';
import {
  type Incident,
  type ServiceNowStandIn,
  serviceNowCaller,
  serviceNowGroup,
  serviceNowUser,
  startServiceNow,
} from '../../support/serviceNowStandIn';
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
    serviceNow: { callerId: serviceNowCaller, assignmentGroup: serviceNowGroup },
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
      caller_id: serviceNowCaller,
      assignment_group: serviceNowGroup,
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
    expect(desk.detailOf(0)).toBe('the ticket tells of it already');
    expect(now.incidents).toMatchObject([{ state: '1' }]);
    expect(now.incidents[0]?.work_notes).toBeUndefined();
  });

  it('gets each note once, though the answer to it was lost', async () => {
    await desk.make(webhook());
    await desk.happens(drift);
    now.loseNextAnswer('PATCH');
    await desk.happens({ ...drift, summary: 'It differs still.' });
    expect(now.incidents[0]?.work_notes?.match(/It differs still/g)).toHaveLength(1);
    now.loseNextAnswer('PATCH');
    await desk.happens(cleared);
    expect(now.received.filter(({ method }) => method === 'PATCH')).toHaveLength(2);
    expect(now.incidents).toMatchObject([{ state: '6' }]);
  });

  it('gets one ticket, and each note once, of two webhooks', async () => {
    await desk.make(webhook());
    await desk.practice.create(webhook());
    await desk.happens(drift);
    expect(now.incidents).toHaveLength(1);
    await desk.happens({ ...drift, summary: 'It differs still.' });
    await desk.happens(cleared);
    expect(now.incidents).toMatchObject([{ state: '6' }]);
    expect(now.incidents[0]?.work_notes?.match(/Event id/g)).toHaveLength(1);
  });

  it('gets no second ticket of a webhook that comes once all is over', async () => {
    await desk.make(webhook());
    const { id } = await desk.practice.create(webhook());
    await desk.practice.webhooks.patch(id, { paused: true }, webhookActor);
    await desk.happens(drift);
    await desk.happens(cleared);
    await desk.practice.webhooks.patch(id, { paused: false }, webhookActor);
    await eventually(() => desk.practice.feed.events.every((event) => desk.hasSent(id, event.id)));
    expect(now.incidents).toMatchObject([{ state: '6' }]);
  });

  it('with several open tickets of a problem has the oldest kept up to date, and all resolved', async () => {
    await desk.make(webhook());
    await desk.happens(drift);
    const [first] = now.incidents;
    const copy = (n: number): Incident => ({
      ...first,
      sys_id: String(n).repeat(32),
      sys_created_on: `2026-11-24 07:00:0${n}`,
    });
    now.incidents.push(copy(1), copy(2));
    await desk.happens({ ...drift, summary: 'It differs still.' });
    expect(now.incidents.map(({ work_notes }) => work_notes !== undefined)).toEqual([true, false, false]);
    await desk.happens(cleared);
    expect(now.incidents.map(({ state }) => state)).toEqual(['6', '6', '6']);
    expect(desk.detailOf(2)).toBe('3 tickets were resolved');
  });

  it('one of whose tickets may not be resolved has the others resolved, and says so', async () => {
    await desk.make(webhook());
    await desk.happens(drift);
    now.incidents.push({ ...now.incidents[0], sys_id: '1'.repeat(32) });
    now.denied.add('1'.repeat(32));
    const { id } = desk.record(cleared);
    await eventually(() => desk.practice.deliveries(desk.id)[0]?.status === 403);
    expect(now.incidents.map(({ state }) => state)).toEqual(['6', '1']);
    now.denied.clear();
    await eventually(() => desk.hasSent(desk.id, id));
    expect(now.incidents.map(({ state }) => state)).toEqual(['6', '6']);
  });

  it('in which the ticket was deleted in the meantime gets a new one', async () => {
    await desk.make(webhook());
    await desk.happens(drift);
    now.meanwhile = ({ method }) => {
      if (method === 'PATCH') now.incidents.length = 0;
    };
    await desk.happens({ ...drift, summary: 'It differs still.' });
    expect(now.incidents).toMatchObject([
      { state: '1', short_description: expect.stringContaining('It differs still.') },
    ]);
    await desk.happens(cleared);
    expect(desk.detailOf(2)).toContain('no ticket was found, though ');
    expect(desk.practice.deliveries(desk.id).map(({ attempts }) => attempts)).toEqual([1, 1, 1]);
  });

  it('takes texts that are long, or hold what no text should', async () => {
    await desk.make(webhook());
    await desk.happens({
      ...drift,
      summary: `\ud800 ${'\u{1f600}'.repeat(149)}`,
      data: { changes: Array.from({ length: 400 }, () => ({ from: 'a"\\\n', to: 'ü'.repeat(20) })) },
    });
    const [incident] = now.incidents;
    expect(incident?.short_description).toMatch(/^\[DC01\] [^\p{Cs}]+…$/u);
    expect(incident?.description).toContain('Event id: 20261124T06');
  });

  it('stands in faithfully: a term of a query that it does not know is dropped, as is a column', async () => {
    await desk.make(webhook());
    await desk.happens(drift);
    const headers = {
      accept: 'application/json',
      authorization: `Basic ${Buffer.from(`${serviceNowUser.user}:${serviceNowUser.secret}`).toString('base64')}`,
    };
    const ask = async (query: string) =>
      (
        (await (await fetch(`${now.url}/api/now/table/incident?${query}`, { headers })).json()) as {
          result: readonly Incident[];
        }
      ).result;
    expect(await ask('sysparm_query=u_key=none&sysparm_fields=number,u_key')).toEqual([
      { number: 'INC0000001' },
    ]);
    expect(await ask('sysparm_query=correlation_id=none')).toEqual([]);
  });

  it('of a version that answers 404 where nothing is found gets a ticket', async () => {
    await desk.make(webhook());
    const error = { message: 'No Record found', detail: 'Records matching query not found.' };
    now.next.push({ status: 404, body: { error, status: 'failure' } });
    await desk.happens(drift);
    expect(now.incidents).toHaveLength(1);
    now.next.push({ status: 404, body: '<h1>Not Found</h1>' });
    expect(await desk.practice.webhooks.test(desk.id)).toMatchObject({ delivered: false });
  });

  it('that is busy is left alone for as long as it says', async () => {
    await desk.make(webhook());
    now.next.push({ status: 429, headers: { 'retry-after': '3600' } }, { status: 503 });
    const before = Date.parse(desk.practice.time.clock.now());
    await desk.happens(drift);
    expect(Date.parse(desk.practice.time.clock.now()) - before).toBeGreaterThanOrEqual(3_600_000);
    expect(now.incidents).toHaveLength(1);
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
