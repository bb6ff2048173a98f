import type { NewWebhook } from '../../../src/webhooks/model';
import { type JiraStandIn, type Transition, jiraUser, startJira } from '../../support/jiraStandIn';
import { TicketDesk, cleared, drift } from '../../support/ticketDesk';

const desk = new TicketDesk();

describe('an issue in Jira', () => {
  let jira: JiraStandIn;
  const webhook = (): Partial<NewWebhook> => ({
    url: jira.url,
    preset: 'jira',
    credentials: jiraUser,
    jira: { project: 'OPS' },
  });

  beforeEach(async () => {
    jira = await startJira();
  });

  afterEach(async () => {
    await desk.close();
    await jira.close();
  });

  it('without a transition of the wanted name leaves the issue open, and says so', async () => {
    await desk.make({ ...webhook(), jira: { project: 'OPS', doneTransition: 'Close' } });
    expect((await desk.practice.webhooks.test(desk.id)).steps[1]).toMatchObject({
      action: 'close',
      delivered: false,
      detail: 'Jira offers this account no transition of the issue with the name that doneTransition gives',
    });
    expect(jira.issues.map(({ status, comments }) => [status, comments])).toEqual([['To Do', []]]);
  });

  it('that this account may not close stays open, and says so', async () => {
    jira.transitions.splice(1);
    await desk.make(webhook());
    expect((await desk.practice.webhooks.test(desk.id)).steps[1]?.detail).toBe(
      'Jira offers this account no transition of the issue to a status of the category Done; name one as doneTransition',
    );
  });

  it('is closed by the transition that is named', async () => {
    await desk.make({ ...webhook(), jira: { project: 'OPS', doneTransition: 'Resolve' } });
    expect(await desk.practice.webhooks.test(desk.id)).toMatchObject({ delivered: true });
    expect(jira.issues.map(({ status }) => status)).toEqual(['Done']);
  });

  describe('whose transitions have screens', () => {
    const to = { name: 'Done', statusCategory: { key: 'done' } };
    const resolution = {
      required: true,
      name: 'Resolution',
      allowedValues: [
        { id: '1', name: 'Won’t do' },
        { id: '2', name: 'Done' },
      ],
    };
    const comment = { required: false, name: 'Comment' };
    const offer = (...transitions: readonly Omit<Transition, 'to'>[]) => {
      jira.transitions.length = 0;
      jira.transitions.push(...transitions.map((one) => ({ ...one, to })));
    };
    const transitionsSent = () =>
      jira.received.flatMap(({ method, path, body }) =>
        method === 'POST' && path.endsWith('/transitions') ? [JSON.parse(body) as object] : [],
      );

    it('that ask for a resolution and a comment is given both, with the transition', async () => {
      offer({ id: '41', name: 'Close', fields: { resolution, comment: { ...comment, required: true } } });
      await desk.make(webhook());
      await desk.happens(drift);
      await desk.happens(cleared);
      expect(jira.issues).toMatchObject([
        {
          status: 'Done',
          resolution: 'Done',
          comments: [expect.stringContaining('The proxy is as it should be.')],
        },
      ]);
      expect(transitionsSent()).toEqual([
        {
          transition: { id: '41' },
          fields: { resolution: { id: '2' } },
          update: { comment: [{ add: { body: expect.objectContaining({ type: 'doc' }) as unknown } }] },
        },
      ]);
    });

    it('without either is given neither, and is commented on before', async () => {
      offer({ id: '41', name: 'Close', fields: {} });
      await desk.make(webhook());
      await desk.happens(drift);
      await desk.happens(cleared);
      expect(transitionsSent()).toEqual([{ transition: { id: '41' } }]);
      expect(jira.issues[0]?.comments).toHaveLength(1);
    });

    it('is commented on once, though the answer to the transition is lost', async () => {
      offer({ id: '41', name: 'Close', fields: { comment } });
      await desk.make(webhook());
      await desk.happens(drift);
      jira.loseNextAnswer('transitions');
      await desk.happens(cleared);
      expect(jira.issues).toMatchObject([{ status: 'Done' }]);
      expect(jira.issues[0]?.comments).toHaveLength(1);
    });

    it('goes by the transition that asks for nothing that is not known; without one it is told what is asked for', async () => {
      const cause = { required: true, name: `Root\ncause ${jiraUser.secret}` };
      const team = { required: true, name: 'Team', hasDefaultValue: true };
      offer({ id: '41', name: 'Close', fields: { cause } }, { id: '42', name: 'Resolve', fields: { team } });
      await desk.make(webhook());
      expect(await desk.practice.webhooks.test(desk.id)).toMatchObject({ delivered: true });
      expect(transitionsSent()).toEqual([{ transition: { id: '42' } }]);
      offer({ id: '41', name: 'Close', fields: { cause, resolution: { ...resolution, allowedValues: [] } } });
      expect((await desk.practice.webhooks.test(desk.id)).steps[1]?.detail).toBe(
        'no transition that closes the issue can be done, since its screen asks for: Root cause …, Resolution',
      );
      expect(jira.issues.map(({ status, comments }) => [status, comments.length])).toEqual([
        ['Done', 1],
        ['To Do', 0],
      ]);
    });

    it('that list more than an answer holds goes by the transition as it is', async () => {
      const allowedValues = Array.from({ length: 3000 }, (_, nth) => ({
        id: `${nth}`,
        name: `Version ${nth}`,
      }));
      offer({
        id: '41',
        name: 'Close',
        fields: { fix: { required: false, name: 'Fixed in', allowedValues } },
      });
      await desk.make(webhook());
      expect(await desk.practice.webhooks.test(desk.id)).toMatchObject({ delivered: true });
      expect(jira.issues).toMatchObject([{ status: 'Done' }]);
    });
  });
});
