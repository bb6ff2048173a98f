import type { NewWebhook } from '../../../src/webhooks/model';
import { type JiraStandIn, jiraUser, startJira } from '../../support/jiraStandIn';
import { memoryWebhookFiles } from '../../support/memoryWebhookFiles';
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
          for (const issue of jira.issues) issue.indexed = ms >= 59_000;
          return time.pause(ms, signal);
        },
      },
    });
    await eventually(() => desk.practice.deliveries(desk.id)[0]?.state === 'delivered');
    expect(desk.detailOf(0)).toBe('the open issue was commented on');
    expect(jira.issues).toHaveLength(1);
  });

  it('refuses what it refuses, and that is told by field', async () => {
    await desk.make({ ...webhook(), jira: { project: 'NONE', issueType: 'Epic' } });
    expect((await desk.practice.webhooks.test(desk.id)).steps).toMatchObject([
      {
        status: 400,
        detail:
          'the receiver answered 400: project: Specify a valid project ID or key; issuetype: Specify a valid issue type',
      },
    ]);
  });

  it('without a transition of the wanted name leaves the issue open, and says so', async () => {
    await desk.make({ ...webhook(), jira: { project: 'OPS', doneTransition: 'Close' } });
    expect((await desk.practice.webhooks.test(desk.id)).steps[1]).toMatchObject({
      action: 'close',
      delivered: false,
      detail: expect.stringContaining('no transition of the issue leads to'),
    });
    expect(jira.issues.map(({ status, comments }) => [status, comments])).toEqual([['To Do', []]]);
  });

  it('is closed by the transition that is named', async () => {
    await desk.make({ ...webhook(), jira: { project: 'OPS', doneTransition: 'Resolve' } });
    expect(await desk.practice.webhooks.test(desk.id)).toMatchObject({ delivered: true });
    expect(jira.issues.map(({ status }) => status)).toEqual(['Done']);
  });

  it('stands in faithfully: the search that was removed answers 410', async () => {
    await desk.make(webhook());
    const headers = {
      authorization: `Basic ${Buffer.from(`${jiraUser.user}:${jiraUser.secret}`).toString('base64')}`,
    };
    expect((await fetch(`${jira.url}/rest/api/3/search`, { headers })).status).toBe(410);
  });
});
