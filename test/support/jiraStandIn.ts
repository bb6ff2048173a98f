import { type Received, type Receiver, type ReceiverAnswer, startReceiver } from './receiver';

/**
 * Stands for Jira Cloud's REST API v3 (developer.atlassian.com/cloud/jira/platform/rest/v3): create issue 201, search
 * `POST /search/jql` 200, add comment 201, get transitions 200, do transition 204; 400 with `errors` by field, 401, 404, 429
 * with Retry-After. The old `/rest/api/3/search` answers 410, as it does since its removal. A new issue is not found until it is
 * indexed, but for those that `reconcileIssues` names.
 */
export interface JiraStandIn extends Receiver {
  readonly issues: Issue[];
  /** The next requests are answered so, before anything is looked at. */
  readonly next: ReceiverAnswer[];
  /** Whether new issues are found at once. */
  indexesAtOnce: boolean;
}

export interface Issue {
  readonly id: string;
  readonly key: string;
  readonly fields: Record<string, unknown>;
  readonly comments: string[];
  status: 'To Do' | 'In Progress' | 'Done';
  indexed: boolean;
}

export const jiraUser = { user: 'ops@contoso.com', secret: 'jira-api-token' };
const EXPECTED = `Basic ${Buffer.from(`${jiraUser.user}:${jiraUser.secret}`).toString('base64')}`;
const TRANSITIONS = [
  { id: '11', name: 'Start', to: { name: 'In Progress', statusCategory: { key: 'indeterminate' } } },
  { id: '31', name: 'Resolve', to: { name: 'Done', statusCategory: { key: 'done' } } },
];
const JQL =
  /^project = "([A-Z]+)" AND labels = "([a-z0-9-]+)" AND statusCategory != Done ORDER BY created DESC$/;

export async function startJira(): Promise<JiraStandIn> {
  const issues: Issue[] = [];
  const next: ReceiverAnswer[] = [];
  const settings = { indexesAtOnce: true };
  const receiver = await startReceiver((request) => next.shift() ?? answer(request, issues, settings));
  return Object.assign(settings, receiver, { issues, next });
}

function answer(
  { method, path, headers, body }: Received,
  issues: Issue[],
  settings: { readonly indexesAtOnce: boolean },
): ReceiverAnswer {
  if (headers.authorization !== EXPECTED)
    return { status: 401, body: 'Client must be authenticated to access this resource.' };
  const place = /^\/rest\/api\/3\/(.*)$/.exec(path)?.[1];
  if (place === 'search')
    return messages(
      410,
      'The requested API has been removed. Please migrate to the /rest/api/3/search/jql API.',
    );
  if (method === 'POST' && headers['content-type'] !== 'application/json')
    return { status: 415, body: 'Unsupported Media Type' };
  const sent = (method === 'POST' ? parse(body) : {}) as Record<string, unknown> | null;
  if (sent === null)
    return messages(400, 'Invalid request payload. Refer to the REST API documentation and try again.');
  if (method === 'POST' && place === 'search/jql') return search(sent, issues);
  if (method === 'POST' && place === 'issue') return create(sent, issues, settings.indexesAtOnce);
  const [, id, part] = /^issue\/([^/]+)\/(comment|transitions)$/.exec(place ?? '') ?? [];
  if (part === undefined) return messages(404, 'no such resource');
  const issue = issues.find((one) => one.id === id || one.key === id);
  if (issue === undefined)
    return messages(404, 'Issue does not exist or you do not have permission to see it.');
  if (part === 'comment') {
    if (!isDocument(sent.body))
      return { status: 400, body: { errorMessages: [], errors: { comment: 'Comment body is not valid!' } } };
    issue.comments.push(textOf(sent.body));
    return { status: 201, body: { id: String(10_000 + issue.comments.length), body: sent.body } };
  }
  const offered = TRANSITIONS.filter(({ to }) => to.name !== issue.status);
  if (method === 'GET') return { status: 200, body: { expand: 'transitions', transitions: offered } };
  const wanted = (sent.transition as { id?: unknown } | undefined)?.id;
  const transition = offered.find((one) => one.id === wanted);
  if (transition === undefined) return messages(400, 'Transition id is not valid for this issue.');
  issue.status = transition.to.name as Issue['status'];
  return { status: 204 };
}

function search(
  { jql, fields, maxResults, reconcileIssues, ...others }: Record<string, unknown>,
  issues: readonly Issue[],
): ReceiverAnswer {
  const [, project, label] = JQL.exec(String(jql)) ?? [];
  if (Object.keys(others).length > 0 || !Array.isArray(fields) || typeof maxResults !== 'number')
    return messages(400, 'Invalid request payload. Refer to the REST API documentation and try again.');
  if (label === undefined) return messages(400, 'Error in the JQL Query.');
  const reconciled = (reconcileIssues ?? []) as readonly number[];
  const found = [...issues]
    .reverse()
    .filter(
      (issue) =>
        (issue.indexed || reconciled.includes(Number(issue.id))) &&
        issue.status !== 'Done' &&
        (issue.fields.project as { key: string }).key === project &&
        (issue.fields.labels as readonly string[]).includes(label),
    )
    .slice(0, maxResults);
  return {
    status: 200,
    body: { issues: found.map(({ id, key }) => ({ id, key, fields: {} })), isLast: true },
  };
}

function create({ fields }: Record<string, unknown>, issues: Issue[], indexed: boolean): ReceiverAnswer {
  const { project, issuetype, summary, description, labels, ...others } = (fields ?? {}) as Record<
    string,
    unknown
  >;
  const errors: Record<string, string> = {};
  if ((project as { key?: unknown } | undefined)?.key !== 'OPS')
    errors.project = 'Specify a valid project ID or key';
  if ((issuetype as { name?: unknown } | undefined)?.name !== 'Task')
    errors.issuetype = 'Specify a valid issue type';
  if (typeof summary !== 'string' || summary.trim() === '')
    errors.summary = 'You must specify a summary of the issue.';
  else if (summary.length > 255) errors.summary = 'Summary must be less than 255 characters.';
  else if (/[\r\n]/.test(summary))
    errors.summary = 'The summary is invalid because it contains newline characters.';
  if (description !== undefined && !isDocument(description))
    errors.description = 'Operation value must be an Atlassian Document (see the Atlassian Document Format)';
  if (!Array.isArray(labels) || labels.some((label) => /\s/.test(String(label))))
    errors.labels = 'The label contains spaces which is invalid.';
  for (const name of Object.keys(others))
    errors[name] = `Field '${name}' cannot be set. It is not on the appropriate screen, or unknown.`;
  if (Object.keys(errors).length > 0) return { status: 400, body: { errorMessages: [], errors } };
  const id = String(10_000 + issues.length);
  const key = `OPS-${issues.length + 1}`;
  issues.push({ id, key, fields: fields as Record<string, unknown>, comments: [], status: 'To Do', indexed });
  return { status: 201, body: { id, key, self: `https://stand-in/rest/api/3/issue/${id}` } };
}

/** Atlassian Document Format, as far as paragraphs of text go: texts may not be empty. */
function isDocument(value: unknown): boolean {
  const document = value as { type?: unknown; version?: unknown; content?: unknown } | undefined;
  return (
    document?.type === 'doc' &&
    document.version === 1 &&
    Array.isArray(document.content) &&
    document.content.every(
      (block: { type?: unknown; content?: readonly { type?: unknown; text?: unknown }[] }) =>
        block.type === 'paragraph' &&
        block.content?.every(({ type, text }) => type === 'text' && typeof text === 'string' && text !== ''),
    )
  );
}

function textOf(value: unknown): string {
  const { content } = value as { content: readonly { content: readonly { text: string }[] }[] };
  return content.map((block) => block.content.map(({ text }) => text).join('')).join('\n');
}

function parse(body: string): unknown {
  try {
    return JSON.parse(body);
  } catch {
    return null;
  }
}

function messages(status: number, message: string): ReceiverAnswer {
  return { status, body: { errorMessages: [message], errors: {} } };
}
