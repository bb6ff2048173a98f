import type { NewWebhook } from '../../../src/webhooks/model';
import { type JiraStandIn, jiraUser, startJira } from '../../support/jiraStandIn';
import { memoryWebhookFiles } from '../../support/memoryWebhookFiles';
import { webhookActor } from '../../support/practiceWebhooks';
import { eventually } from '../../support/receiver';
import { TicketDesk, cleared, drift } from '../../support/ticketDesk';

const desk = new TicketDesk();
let system: { close(): Promise<void> };

afterEach(async () => {
  await desk.close();
  await system.close();
});

describe('Jira', () => {
  let jira: JiraStandIn;
  const webhook = (): Partial<NewWebhook> => ({
    url: jira.url,
    preset: 'jira',
    credentials: jiraUser,
    jira: { project: 'OPS' },
  });

  beforeEach(async () => {
    system = jira = await startJira();
  });

  it('gets one issue for a problem, with comments while it lasts, done on recovery', async () => {
    await desk.make(webhook());
    await desk.happens(drift);
    await desk.happens({ ...drift, summary: 'It differs still.' });
    await desk.happens(cleared);
    expect(jira.issues).toHaveLength(1);
    expect(jira.issues[0]).toMatchObject({
      status: 'Done',
      fields: {
        summary: '[DC01] The proxy of LocalService differs from the user’s.',
        labels: ['sensorproxy', expect.stringMatching(/^sensorproxy-[0-9a-f]{32}$/)],
      },
    });
    expect(jira.issues[0]?.comments).toEqual([
      expect.stringContaining('It differs still.'),
      expect.stringContaining('The proxy is as it should be.'),
    ]);
    await desk.happens(drift);
    expect(jira.issues.map(({ status }) => status)).toEqual(['Done', 'To Do']);
  });

  it('that has not indexed the new issue yet still gets no second one', async () => {
    await desk.make(webhook());
    jira.indexesAtOnce = false;
    await desk.happens(drift);
    await desk.happens(drift);
    await desk.happens(cleared);
    expect(jira.issues.map(({ status }) => status)).toEqual(['Done']);
  });

  it('gets a minute to index after an attempt whose end the service did not live to see', async () => {
    const files = memoryWebhookFiles();
    let killed = false;
    jira.indexesAtOnce = false;
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
    const { time } = desk.practice;
    await desk.reopen({
      files,
      time: {
        clock: time.clock,
        pause: (ms, signal) => {
          for (const issue of jira.issues) issue.indexed = ms >= 59_000 ? issue.status : null;
          return time.pause(ms, signal);
        },
      },
    });
    await eventually(() => desk.practice.deliveries(desk.id)[0]?.state === 'delivered');
    expect(desk.detailOf(0)).toBe('the issue tells of it already');
    expect(jira.issues.map(({ comments }) => comments)).toEqual([[]]);
  });

  it('gets each comment once, though the answer to it was lost', async () => {
    await desk.make(webhook());
    jira.loseNextAnswer('issue');
    await desk.happens(drift);
    jira.loseNextAnswer('comment');
    await desk.happens({ ...drift, summary: 'It differs still.' });
    jira.loseNextAnswer('comment');
    await desk.happens(cleared);
    expect(jira.issues).toMatchObject([{ status: 'Done' }]);
    expect(jira.issues[0]?.comments).toEqual([
      expect.stringContaining('It differs still.'),
      expect.stringContaining('The proxy is as it should be.'),
    ]);
  });

  it('gets one issue, and each comment once, of two webhooks, though it indexes late', async () => {
    jira.indexesAtOnce = false;
    await desk.make(webhook());
    await desk.practice.create(webhook());
    await desk.happens(drift);
    expect(jira.issues).toHaveLength(1);
    await desk.happens({ ...drift, summary: 'It differs still.' });
    await desk.happens(cleared);
    expect(jira.issues).toMatchObject([{ status: 'Done' }]);
    expect(jira.issues[0]?.comments).toHaveLength(2);
  });

  it('gets no second issue of a webhook that comes once all is over', async () => {
    await desk.make(webhook());
    const { id } = await desk.practice.create(webhook());
    await desk.practice.webhooks.patch(id, { paused: true }, webhookActor);
    await desk.happens(drift);
    await desk.happens({ ...drift, summary: 'It differs still.' });
    await desk.happens(cleared);
    await desk.practice.webhooks.patch(id, { paused: false }, webhookActor);
    await eventually(() => desk.practice.feed.events.every((event) => desk.hasSent(id, event.id)));
    expect(jira.issues).toMatchObject([{ status: 'Done' }]);
    expect(jira.issues[0]?.comments).toHaveLength(2);
  });

  it('gets a new issue when the problem comes again, though its search does not know that the last one is done', async () => {
    await desk.make(webhook());
    await desk.happens(drift);
    jira.indexesAtOnce = false;
    await desk.happens(cleared);
    await desk.happens(drift);
    expect(jira.issues.map(({ status }) => status)).toEqual(['Done', 'To Do']);
  });

  it('with several open issues of a problem has the oldest commented on, and all closed', async () => {
    await desk.make(webhook());
    await desk.happens(drift);
    const [first] = jira.issues;
    if (first === undefined) throw new Error('no issue was made');
    for (const id of ['20000', '20001']) jira.issues.push({ ...first, id, key: `OPS-${id}`, comments: [] });
    await desk.happens({ ...drift, summary: 'It differs still.' });
    expect(jira.issues.map(({ comments }) => comments.length)).toEqual([1, 0, 0]);
    await desk.happens(cleared);
    expect(jira.issues.map(({ status }) => status)).toEqual(['Done', 'Done', 'Done']);
    expect(desk.detailOf(2)).toBe('3 issues were closed');
  });

  it('answers with an issue that has not the label: it is not touched', async () => {
    await desk.make(webhook());
    const fields = { status: { name: 'To Do', statusCategory: { key: 'new' } }, labels: ['sensorproxy'] };
    jira.next.push({ status: 200, body: { issues: [{ id: '1', key: 'OPS-1', fields }], isLast: true } });
    await desk.happens(cleared);
    expect(desk.detailOf(0)).toBe('no issue was open');
    expect(jira.received).toHaveLength(1);
  });

  it('that has made an issue and does not show it is not asked for another', async () => {
    await desk.make(webhook());
    jira.next.push({ status: 200, body: { issues: [], isLast: true } }, { status: 201, body: 'made' });
    await desk.happens(drift);
    expect(desk.detailOf(0)).toBe('an issue was opened');
    expect(jira.received).toHaveLength(2);
  });

  it('that forbids to change one issue is still sent those of other problems', async () => {
    await desk.make(webhook());
    await desk.happens(drift);
    jira.denied.add(jira.issues[0]?.id ?? '');
    desk.record(drift);
    await eventually(() => desk.practice.deliveries(desk.id)[0]?.status === 403);
    const other = desk.record({ ...drift, problem: 'drift/LocalSystem' });
    await eventually(() => desk.hasSent(desk.id, other.id));
    expect(desk.practice.webhooks.get(desk.id)).toMatchObject({
      failing: { detail: expect.stringContaining('permission to comment') as string },
      pending: 1,
      retrying: 1,
    });
  });

  it('in which the issue was deleted, also in the meantime, gets a new one', async () => {
    await desk.make(webhook());
    await desk.happens(drift);
    jira.issues.length = 0;
    await desk.happens(drift);
    expect(desk.detailOf(1)).toBe('an issue was opened');
    jira.meanwhile = ({ path }) => {
      if (path.endsWith('/comment')) jira.issues.length = 0;
    };
    await desk.happens(drift);
    expect(desk.detailOf(2)).toBe('an issue was opened');
    expect(desk.practice.deliveries(desk.id).map(({ attempts }) => attempts)).toEqual([1, 1, 1]);
  });

  it('refuses what it refuses, and that is told by field', async () => {
    await desk.make({ ...webhook(), jira: { project: 'OPS', issueType: 'Epic' } });
    expect((await desk.practice.webhooks.test(desk.id)).steps).toMatchObject([
      { status: 400, detail: 'the receiver answered 400: issuetype: Specify a valid issue type' },
    ]);
  });

  it('without such a project, or with a wrong token, is sent nothing else, since all would fail', async () => {
    await desk.make({ ...webhook(), jira: { project: 'NONE' } });
    const stranger = await desk.practice.create({ ...webhook(), credentials: { user: 'x', secret: 'y' } });
    desk.record(drift);
    const failing = (id: string) => desk.practice.webhooks.get(id).failing?.detail;
    await eventually(() => failing(desk.id) !== undefined && failing(stranger.id) !== undefined);
    expect(failing(desk.id)).toContain("400: The value 'NONE' does not exist");
    expect(failing(stranger.id)).toContain('401');
  });

  it('takes texts that hold what no text should', async () => {
    await desk.make(webhook());
    await desk.happens({
      ...drift,
      summary: `\ud800\u0000 ${'\u{1f600}'.repeat(149)}`,
      subject: 'a\u0007\nb',
      data: { remedy: 'x\u0000\udfff' },
    });
    await desk.happens({ ...drift, summary: '' });
    expect(jira.issues).toHaveLength(1);
    expect(jira.issues[0]?.comments).toHaveLength(1);
  });

  it('stands in faithfully: the search that was removed answers 410', async () => {
    await desk.make(webhook());
    const headers = {
      authorization: `Basic ${Buffer.from(`${jiraUser.user}:${jiraUser.secret}`).toString('base64')}`,
    };
    expect((await fetch(`${jira.url}/rest/api/3/search`, { headers })).status).toBe(410);
  });
});
