import { type Received, type Receiver, type ReceiverAnswer, startReceiver } from './receiver';

/**
 * Stands for Jira Cloud's REST API v3 (developer.atlassian.com/cloud/jira/platform/rest/v3): create issue 201, get issue 200,
 * search `POST /search/jql` 200, get comments 200, add comment 201, get transitions 200, do transition 204; 400 with `errors` by
 * field, 401, 403, 404, 429 with Retry-After. The old `/rest/api/3/search` answers 410, as it does since its removal. A search
 * sees an issue as it was when it was last indexed, but for those that `reconcileIssues` names, which must exist. A transition
 * takes the fields of its screen, and no others; they are told with `expand=transitions.fields` alone.
 */
export interface JiraStandIn extends Receiver {
  /** Oldest first. */
  readonly issues: Issue[];
  /** The next requests are answered so, before anything is looked at. */
  readonly next: ReceiverAnswer[];
  /** The ids of issues that the user may see, and not change. */
  readonly denied: Set<string>;
  /** All that there are. */
  readonly transitions: Transition[];
  /** Whether searches see at once what was done. */
  indexesAtOnce: boolean;
  /** Is called before a request is looked at: what others do in the meantime. */
  meanwhile: ((request: Received) => void) | null;
  /** After the next change at this kind of place has been made, the connection breaks before the answer. */
  loseNextAnswer(at: 'issue' | 'comment' | 'transitions'): void;
}

export interface Issue {
  readonly id: string;
  readonly key: string;
  readonly fields: Record<string, unknown>;
  readonly comments: string[];
  status: 'To Do' | 'In Progress' | 'Done';
  resolution: string | null;
  /** Its status as searches see it; null: they do not see the issue. */
  indexed: Issue['status'] | null;
}

export interface Transition {
  readonly id: string;
  readonly name: string;
  readonly to: { readonly name: string; readonly statusCategory: { readonly key: string } };
  /** The fields of its screen. */
  readonly fields?: Readonly<Record<string, ScreenField>>;
}

export interface ScreenField {
  readonly required: boolean;
  readonly name: string;
  readonly hasDefaultValue?: boolean;
  readonly allowedValues?: readonly { readonly id: string; readonly name: string }[];
}

export const jiraUser = { user: 'ops@contoso.com', secret: 'jira-api-token' };
/** What a workflow has whose transitions ask for nothing. */
export const plainTransitions: readonly Transition[] = [
  { id: '11', name: 'Start', to: { name: 'In Progress', statusCategory: { key: 'indeterminate' } } },
  { id: '31', name: 'Resolve', to: { name: 'Done', statusCategory: { key: 'done' } } },
];
const EXPECTED = `Basic ${Buffer.from(`${jiraUser.user}:${jiraUser.secret}`).toString('base64')}`;
const JQL = /^project = "([A-Z]+)" AND labels = "([a-z0-9-]+)" ORDER BY created DESC$/;
const INVALID = 'Invalid request payload. Refer to the REST API documentation and try again.';

type State = Pick<JiraStandIn, 'issues' | 'denied' | 'transitions'>;

export async function startJira(): Promise<JiraStandIn> {
  const state: State = { issues: [], denied: new Set(), transitions: [...plainTransitions] };
  const next: ReceiverAnswer[] = [];
  const settings: Pick<JiraStandIn, 'indexesAtOnce' | 'meanwhile'> = {
    indexesAtOnce: true,
    meanwhile: null,
  };
  let lose: string | null = null;
  const receiver = await startReceiver((request, response) => {
    settings.meanwhile?.(request);
    const said = next.shift() ?? answer(request, state);
    if (settings.indexesAtOnce) for (const issue of state.issues) issue.indexed = issue.status;
    if (lose === null || request.method !== 'POST' || !request.path.endsWith(`/${lose}`)) return said;
    lose = null;
    response.destroy();
    return null;
  });
  return Object.assign(settings, receiver, state, {
    next,
    loseNextAnswer: (at: string) => {
      lose = at;
    },
  });
}

function answer({ method, path, headers, body }: Received, state: State): ReceiverAnswer {
  if (headers.authorization !== EXPECTED)
    return { status: 401, body: 'Client must be authenticated to access this resource.' };
  const url = new URL(path, 'http://stand-in');
  const place = /^\/rest\/api\/3\/(.*)$/.exec(url.pathname)?.[1];
  if (place === 'search')
    return messages(
      410,
      'The requested API has been removed. Please migrate to the /rest/api/3/search/jql API.',
    );
  if (method === 'POST' && headers['content-type'] !== 'application/json')
    return { status: 415, body: 'Unsupported Media Type' };
  const sent = (method === 'POST' ? parse(body) : {}) as Record<string, unknown> | null;
  if (sent === null) return messages(400, INVALID);
  if (method === 'POST' && place === 'search/jql') return search(sent, state);
  if (method === 'POST' && place === 'issue') return create(sent, state);
  const [, id, part] = /^issue\/([^/]+)(?:\/(comment|transitions))?$/.exec(place ?? '') ?? [];
  if (id === undefined) return messages(404, 'no such resource');
  const issue = state.issues.find((one) => one.id === id || one.key === id);
  if (issue === undefined)
    return messages(404, 'Issue does not exist or you do not have permission to see it.');
  if (method === 'GET') return read(issue, { part, url, state });
  if (state.denied.has(issue.id))
    return messages(403, 'You do not have the permission to comment on this issue.');
  if (part === 'comment') {
    if (!isDocument(sent.body)) return refused({ comment: 'Comment body is not valid!' });
    issue.comments.push(textOf(sent.body));
    return { status: 201, body: { id: String(10_000 + issue.comments.length), body: sent.body } };
  }
  return part === 'transitions' ? move(issue, sent, state) : messages(405, 'Method not allowed');
}

function read(
  issue: Issue,
  { part, url, state }: { readonly part: string | undefined; readonly url: URL; readonly state: State },
): ReceiverAnswer {
  const { id, key } = issue;
  if (part === undefined) {
    const asked = (url.searchParams.get('fields') ?? '').split(',');
    const fields = Object.fromEntries(Object.entries(issue.fields).filter(([name]) => asked.includes(name)));
    return { status: 200, body: { id, key, fields } };
  }
  if (part === 'comment') {
    const inOrder = issue.comments.map((text, nth) => ({ id: String(10_001 + nth), body: documentOf(text) }));
    if (url.searchParams.get('orderBy') === '-created') inOrder.reverse();
    const maxResults = Number(url.searchParams.get('maxResults') ?? 5000);
    const comments = inOrder.slice(0, maxResults);
    return { status: 200, body: { startAt: 0, maxResults, total: inOrder.length, comments } };
  }
  const withFields = url.searchParams.get('expand') === 'transitions.fields';
  const transitions = offered(issue, state).map(({ fields = {}, ...transition }) => ({
    ...transition,
    hasScreen: Object.keys(fields).length > 0,
    ...(withFields ? { fields } : {}),
  }));
  return { status: 200, body: { expand: 'transitions', transitions } };
}

function offered({ status }: Issue, { transitions }: State): readonly Transition[] {
  return transitions.filter(({ to }) => to.name !== status);
}

function move(issue: Issue, sent: Record<string, unknown>, state: State): ReceiverAnswer {
  const wanted = (sent.transition as { id?: unknown } | undefined)?.id;
  const transition = offered(issue, state).find((one) => one.id === wanted);
  if (transition === undefined) return messages(400, 'Transition id is not valid for this issue.');
  const screen = transition.fields ?? {};
  const fields = (sent.fields ?? {}) as Record<string, { id?: unknown }>;
  const updates = (sent.update ?? {}) as Record<string, readonly { add?: { body?: unknown } }[]>;
  const errors: Record<string, string> = {};
  for (const name of [...Object.keys(fields), ...Object.keys(updates)]) {
    if (screen[name] === undefined)
      errors[name] = `Field '${name}' cannot be set. It is not on the appropriate screen, or unknown.`;
  }
  for (const [name, { required, hasDefaultValue = false, name: title }] of Object.entries(screen)) {
    if (required && !hasDefaultValue && fields[name] === undefined && updates[name] === undefined)
      errors[name] = `${title} is required.`;
  }
  const resolution = screen.resolution?.allowedValues?.find(({ id }) => id === fields.resolution?.id);
  if (fields.resolution !== undefined && resolution === undefined)
    errors.resolution = 'Resolution id is not valid.';
  const comments = (updates.comment ?? []).map(({ add }) => add?.body);
  if (comments.some((comment) => !isDocument(comment))) errors.comment = 'Comment body is not valid!';
  if (Object.keys(errors).length > 0) return refused(errors);
  issue.comments.push(...comments.map(textOf));
  issue.status = transition.to.name as Issue['status'];
  issue.resolution = resolution?.name ?? null;
  return { status: 204 };
}

function search(
  { jql, fields, maxResults, reconcileIssues = [], ...others }: Record<string, unknown>,
  { issues }: State,
): ReceiverAnswer {
  const [, project, label] = JQL.exec(String(jql)) ?? [];
  const reconciled = reconcileIssues as readonly number[];
  if (Object.keys(others).length > 0 || !Array.isArray(fields) || typeof maxResults !== 'number')
    return messages(400, INVALID);
  if (reconciled.length > 50 || reconciled.some((id) => !issues.some((one) => Number(one.id) === id)))
    return messages(400, 'The reconcileIssues parameter names an issue that does not exist.');
  if (label === undefined) return messages(400, 'Error in the JQL Query.');
  if (project !== 'OPS')
    return messages(400, `The value '${project ?? ''}' does not exist for the field 'project'.`);
  const found = [...issues].reverse().flatMap((issue) => {
    const status = reconciled.includes(Number(issue.id)) ? issue.status : issue.indexed;
    if (status === null) return [];
    if (!(issue.fields.labels as readonly string[]).includes(label)) return [];
    const statusCategory = { key: status === 'Done' ? 'done' : 'new' };
    const all: Record<string, unknown> = { ...issue.fields, status: { name: status, statusCategory } };
    const asked = Object.fromEntries(fields.map((name: string) => [name, all[name] ?? null]));
    return [{ id: issue.id, key: issue.key, fields: asked }];
  });
  return { status: 200, body: { issues: found.slice(0, maxResults), isLast: found.length <= maxResults } };
}

function create({ fields, ...others }: Record<string, unknown>, { issues }: State): ReceiverAnswer {
  if (Object.keys(others).length > 0) return messages(400, INVALID);
  const { project, issuetype, summary, description, labels, ...more } = (fields ?? {}) as Record<
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
  for (const name of Object.keys(more))
    errors[name] = `Field '${name}' cannot be set. It is not on the appropriate screen, or unknown.`;
  if (Object.keys(errors).length > 0) return refused(errors);
  const id = String(10_000 + issues.length);
  const key = `OPS-${issues.length + 1}`;
  issues.push({
    id,
    key,
    fields: fields as Record<string, unknown>,
    comments: [],
    status: 'To Do',
    resolution: null,
    indexed: null,
  });
  return { status: 201, body: { id, key, self: `https://stand-in/rest/api/3/issue/${id}` } };
}

/** Atlassian Document Format, as far as paragraphs of text go: texts may not be empty, nor hold control characters. */
function isDocument(value: unknown): boolean {
  const document = value as { type?: unknown; version?: unknown; content?: unknown } | undefined;
  return (
    document?.type === 'doc' &&
    document.version === 1 &&
    Array.isArray(document.content) &&
    document.content.every(
      (block: { type?: unknown; content?: readonly { type?: unknown; text?: unknown }[] }) =>
        block.type === 'paragraph' &&
        block.content?.every(({ type, text }) => type === 'text' && isText(text)),
    )
  );
}

function isText(text: unknown): boolean {
  return typeof text === 'string' && text !== '' && !/\p{Cc}|\p{Cs}/u.test(text);
}

function documentOf(text: string): object {
  const content = text
    .split('\n')
    .map((line) => ({ type: 'paragraph', content: [{ type: 'text', text: line }] }));
  return { type: 'doc', version: 1, content };
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

function refused(errors: Readonly<Record<string, string>>): ReceiverAnswer {
  return { status: 400, body: { errorMessages: [], errors } };
}

function messages(status: number, message: string): ReceiverAnswer {
  return { status, body: { errorMessages: [message], errors: {} } };
}
