/**
 * Issues in Jira Cloud by its REST API v3, one for each problem, found again by a label. The search is
 * `POST /rest/api/3/search/jql`: the older `/rest/api/3/search` was removed in 2025 and answers 410. It sees issues as they were
 * some seconds ago, but for those that `reconcileIssues` names. Errors are `{"errorMessages": […], "errors": {…}}`.
 * Which events an issue tells of is in its text: each description and comment names its event.
 */
import { DeliveryFailure, type HttpAnswer } from '../exchange';
import { type JiraTransition, bodyOf, documentOf, transitionOf } from './jiraTransition';
import type { Delivered, Message, Preset, PresetSettings, Send } from './preset';
import { authorization, below, jsonOf, jsonText, member, refusedWith, shownText } from './requests';
import { linesOf, titleOf } from './ticketText';
import { type Ticket, type TicketDesk, keyOf, seeTo } from './tickets';

const ID = /^\d{1,15}$/;
/** Issues of one problem that are looked at, newest first: more may not fit into an answer. */
const MOST = 30;
/** Comments among which a repeated one is looked for, newest first. */
const COMMENTS = 20;
/** Problems whose issue is remembered, and issues of each. */
const MOST_REMEMBERED = 500;
const MOST_OF_EACH = 10;

interface Issue extends Ticket {
  readonly labels: readonly unknown[];
}

/** Issues that any webhook has lately made or changed, by target and key: the search may not see them as they are. */
const lately = new Map<string, readonly string[]>();

export const jiraPreset: Preset = {
  takesAll: false,
  settleMs: 60_000,
  deliver: (message, settings, { send, signal }) => {
    const target = below(settings.url, '').href;
    return seeTo(deskOf(message, settings, { send, target }), message, { target, signal });
  },
};

function deskOf(
  message: Message,
  settings: PresetSettings,
  { send, target }: { readonly send: Send; readonly target: string },
): TicketDesk<Issue> {
  const { jira } = settings;
  const project = jira?.project ?? '';
  const label = keyOf(message);
  const ask = asker(settings, send);
  const search = async (reconcileIssues: readonly number[]): Promise<readonly Issue[]> => {
    const body = {
      jql: `project = "${project}" AND labels = "${label}" ORDER BY created DESC`,
      fields: ['status', 'labels'],
      maxResults: MOST,
      ...(reconcileIssues.length === 0 ? {} : { reconcileIssues }),
    };
    const answer = await ask('POST', 'search/jql', { body, expected: 200, ofOneTicket: false });
    const issues = member(jsonOf(answer), 'issues');
    if (!Array.isArray(issues)) throw noApi(answer);
    return (issues as readonly unknown[]).map((issue) => ({
      id: idOf(issue, answer),
      labels: labelsOf(issue),
      open: !isDone(issue),
    }));
  };
  const remembered = `${target}\n${label}`;
  const remember = (id: string): void => {
    const ids = new Set([...(lately.get(remembered) ?? []), id]);
    lately.delete(remembered);
    lately.set(remembered, [...ids].slice(-MOST_OF_EACH));
    const [oldest] = lately.keys();
    if (lately.size > MOST_REMEMBERED && oldest !== undefined) lately.delete(oldest);
  };
  const say = async (issue: string): Promise<number> => {
    const body = { body: documentOf(linesOf(message)) };
    const { status } = await ask('POST', `issue/${issue}/comment`, { body, expected: 201 });
    return status;
  };
  const tells = async ({ id }: Issue): Promise<boolean> => {
    const comments = { orderBy: '-created', maxResults: String(COMMENTS) };
    for (const [path, query] of [
      [`issue/${id}/comment`, comments],
      [`issue/${id}`, { fields: 'description' }],
    ] as const) {
      // As text: what was cut off is older.
      const { text } = await ask('GET', path, { body: null, expected: 200, query });
      if (text.includes(message.event.id)) return true;
    }
    return false;
  };
  return {
    noun: 'issue',
    closed: 'closed',
    find: async () => {
      const known = [...(lately.get(remembered) ?? []), message.ticket ?? ''].filter((id) => ID.test(id));
      const ids = [...new Set(known)].map(Number);
      const issues = await search(ids).catch((error: unknown) => {
        // All that are named must exist: one may have been deleted.
        if (ids.length === 0 || !(error instanceof DeliveryFailure)) throw error;
        if (error.facts.status !== 400 && error.facts.status !== 404) throw error;
        lately.delete(remembered);
        return search([]);
      });
      return issues.filter(({ labels }) => labels.includes(label));
    },
    tells,
    open: async (): Promise<Delivered> => {
      const fields = {
        project: { key: project },
        issuetype: { name: jira?.issueType ?? 'Task' },
        summary: titleOf(message),
        description: documentOf(linesOf(message)),
        labels: ['sensorproxy', label],
      };
      const answer = await ask('POST', 'issue', { body: { fields }, expected: 201 });
      // It is made, whatever the answer holds: as a failure it would be made again and again.
      const ticket = idIn(answer);
      if (ticket !== null) remember(ticket);
      return { status: answer.status, detail: 'an issue was opened', ticket };
    },
    update: async ({ id }): Promise<Delivered> => {
      const status = await say(id);
      return { status, detail: 'the open issue was commented on', ticket: id };
    },
    close: async (issue) => {
      const path = `issue/${issue.id}/transitions`;
      const query = { expand: 'transitions.fields' };
      const offered = await ask('GET', path, { body: null, expected: 200, query });
      // Screens may list more values than an answer holds. Without them, what one asks for is told by its refusal.
      const whole = offered.complete ? offered : await ask('GET', path, { body: null, expected: 200 });
      const transition = chosenOf(whole, settings);
      const told = await tells(issue);
      const within = transition.takesComment && (!told || transition.needsComment);
      // Before it: once the issue is done, a repeated attempt may not be offered the transition any more.
      if (!told && !within) await say(issue.id);
      const body = bodyOf(transition, within ? linesOf(message) : null);
      const { status } = await ask('POST', path, { body, expected: 204 });
      remember(issue.id);
      return status;
    },
  };
}

function asker({ url, credentials }: PresetSettings, send: Send) {
  const headers = {
    accept: 'application/json',
    'content-type': 'application/json',
    ...authorization(credentials),
  };
  const said = (body: unknown) => {
    const messages = member(body, 'errorMessages');
    const errors = member(body, 'errors');
    return [
      ...(Array.isArray(messages) ? (messages as unknown[]) : []),
      ...Object.entries(typeof errors === 'object' && errors !== null ? errors : {}).map(
        ([field, problem]: [string, unknown]) => typeof problem === 'string' && `${field}: ${problem}`,
      ),
    ];
  };
  return async (
    method: 'GET' | 'POST',
    path: string,
    {
      body,
      expected,
      query,
      ofOneTicket = true,
    }: {
      readonly body: object | null;
      readonly expected: number;
      readonly query?: Readonly<Record<string, string>>;
      readonly ofOneTicket?: boolean;
    },
  ): Promise<HttpAnswer> => {
    const target = below(url, `/rest/api/3/${path}`, query);
    const answer = await send({ method, url: target, headers, body: body && jsonText(body) });
    if (answer.status === expected) return answer;
    throw refusedWith(answer, { credentials, said, ofOneTicket });
  };
}

function chosenOf(offered: HttpAnswer, { jira, credentials }: PresetSettings): JiraTransition {
  const transition = transitionOf(jsonOf(offered), jira?.doneTransition);
  if (typeof transition !== 'string') return transition;
  const { status } = offered;
  throw new DeliveryFailure(shownText(transition, credentials), { status, ofTheEvent: true });
}

function labelsOf(issue: unknown): readonly unknown[] {
  const labels = member(member(issue, 'fields'), 'labels');
  return Array.isArray(labels) ? (labels as readonly unknown[]) : [];
}

function isDone(issue: unknown): boolean {
  const status = member(member(issue, 'fields'), 'status');
  return member(member(status, 'statusCategory'), 'key') === 'done';
}

/** Null when the answer cannot be read. */
function idIn(answer: HttpAnswer): string | null {
  try {
    return idOf(jsonOf(answer), answer);
  } catch {
    return null;
  }
}

function idOf(issue: unknown, answer: HttpAnswer): string {
  const id = member(issue, 'id');
  if (typeof id === 'string' && ID.test(id)) return id;
  throw noApi(answer);
}

function noApi({ status }: HttpAnswer): DeliveryFailure {
  return new DeliveryFailure('the answer is not one of Jira’s REST API', { status });
}
