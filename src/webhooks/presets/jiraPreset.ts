/**
 * Issues in Jira Cloud by its REST API v3, one for each problem, found again by a label. The search is
 * `POST /rest/api/3/search/jql`: the older `/rest/api/3/search` was removed in 2025 and answers 410. It sees new issues some
 * seconds later, but for those that `reconcileIssues` names. Errors are `{"errorMessages": […], "errors": {…}}`.
 */
import { DeliveryFailure, type HttpAnswer } from '../exchange';
import type { Delivered, Message, Preset, PresetSettings, Send } from './preset';
import { authorization, below, jsonOf, member, problemKey, refusedWith } from './requests';
import { linesOf, titleOf } from './ticketText';

const ID = /^\d{1,15}$/;

export const jiraPreset: Preset = {
  takesAll: false,
  settleMs: 60_000,
  deliver: async (message, settings, send) => {
    const api = apiOf(settings, send);
    const label = problemKey(message.machine, message.event.problem ?? message.event.id);
    const found = await api.find(label, message.ticket);
    if (message.event.resolved) {
      if (found === null) return { status: 200, detail: 'no issue was open', ticket: null };
      return api.close(found, message);
    }
    return found === null ? api.open(label, message) : api.comment(found, message);
  },
};

function apiOf({ url, credentials, jira }: PresetSettings, send: Send) {
  const project = jira?.project ?? '';
  const headers = {
    accept: 'application/json',
    'content-type': 'application/json',
    ...authorization(credentials),
  };
  const ask = async (
    method: 'GET' | 'POST',
    path: string,
    { body, expected }: { readonly body: object | null; readonly expected: number },
  ): Promise<HttpAnswer> => {
    const target = below(url, `/rest/api/3/${path}`);
    const answer = await send({ method, url: target, headers, body: body && JSON.stringify(body) });
    if (answer.status === expected) return answer;
    throw refusedWith(answer, credentials, (said) => {
      const messages = member(said, 'errorMessages');
      const errors = member(said, 'errors');
      return [
        ...(Array.isArray(messages) ? (messages as unknown[]) : []),
        ...Object.entries(typeof errors === 'object' && errors !== null ? errors : {}).map(
          ([field, problem]) => `${field}: ${String(problem)}`,
        ),
      ];
    });
  };
  const say = (issue: string, lines: readonly string[]) =>
    ask('POST', `issue/${issue}/comment`, { body: { body: document(lines) }, expected: 201 });
  return {
    /** The id of the newest issue that is not done. */
    find: async (label: string, remembered: string | null): Promise<string | null> => {
      const body = {
        jql: `project = "${project}" AND labels = "${label}" AND statusCategory != Done ORDER BY created DESC`,
        fields: ['status'],
        maxResults: 1,
        ...(remembered !== null && ID.test(remembered) ? { reconcileIssues: [Number(remembered)] } : {}),
      };
      const answer = await ask('POST', 'search/jql', { body, expected: 200 });
      const issues = member(jsonOf(answer), 'issues');
      if (!Array.isArray(issues)) throw noApi(answer);
      return issues.length === 0 ? null : idOf(issues[0], answer);
    },
    open: async (label: string, message: Message): Promise<Delivered> => {
      const fields = {
        project: { key: project },
        issuetype: { name: jira?.issueType ?? 'Task' },
        summary: titleOf(message),
        description: document(linesOf(message)),
        labels: ['sensorproxy', label],
      };
      const answer = await ask('POST', 'issue', { body: { fields }, expected: 201 });
      return { status: answer.status, detail: 'an issue was opened', ticket: idOf(jsonOf(answer), answer) };
    },
    comment: async (issue: string, message: Message): Promise<Delivered> => {
      const { status } = await say(issue, linesOf(message));
      return { status, detail: 'the open issue was commented on', ticket: issue };
    },
    /** The comment first: once the issue is done, a repeated attempt does not find it any more. */
    close: async (issue: string, message: Message): Promise<Delivered> => {
      const offered = await ask('GET', `issue/${issue}/transitions`, { body: null, expected: 200 });
      const id = transitionOf(jsonOf(offered), jira?.doneTransition);
      if (id === null) {
        const how =
          'no transition of the issue leads to a status of the category Done; name one as doneTransition';
        throw new DeliveryFailure(how, { status: offered.status, ofTheEvent: true });
      }
      await say(issue, linesOf(message));
      const { status } = await ask('POST', `issue/${issue}/transitions`, {
        body: { transition: { id } },
        expected: 204,
      });
      return { status, detail: 'the issue was closed', ticket: null };
    },
  };
}

function transitionOf(offered: unknown, wanted: string | undefined): string | null {
  const transitions = member(offered, 'transitions');
  if (!Array.isArray(transitions)) return null;
  const found = (transitions as unknown[]).find((transition) =>
    wanted === undefined
      ? member(member(member(transition, 'to'), 'statusCategory'), 'key') === 'done'
      : member(transition, 'name') === wanted,
  );
  const id = member(found, 'id');
  return typeof id === 'string' ? id : null;
}

/** Atlassian Document Format: a paragraph a line. */
function document(lines: readonly string[]): object {
  const content = lines.map((text) => ({ type: 'paragraph', content: [{ type: 'text', text }] }));
  return { type: 'doc', version: 1, content };
}

function idOf(issue: unknown, answer: HttpAnswer): string {
  const id = member(issue, 'id');
  if (typeof id === 'string' && ID.test(id)) return id;
  throw noApi(answer);
}

function noApi({ status }: HttpAnswer): DeliveryFailure {
  return new DeliveryFailure('the answer is not one of Jira’s REST API', { status });
}
