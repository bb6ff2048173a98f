import { randomBytes } from 'node:crypto';
import { type Received, type Receiver, type ReceiverAnswer, startReceiver } from './receiver';

/**
 * Stands for ServiceNow's Table API, table incident (docs.servicenow.com, "Table API": GET 200, POST 201 with Location,
 * PATCH 200, 400 for a bad body, 401 without a user, 403 for what data policies and access rules forbid, 404 "No Record found",
 * 429 with Retry-After). Its data policies are those of an instance that asks for a caller, and for code and notes on
 * resolving. A resolved ticket (state 6) stays active until it is closed (7), as in the real table. As there
 * (`glide.invalid_query.returns_no_rows` is false unless set), a term of a query whose column is not known is dropped, and
 * columns that are not known, or that the user may not read or write, are left out without a word.
 */
export interface ServiceNowStandIn extends Receiver {
  /** Oldest first. */
  readonly incidents: Incident[];
  /** The next requests are answered so, before anything is looked at. */
  readonly next: ReceiverAnswer[];
  /** Columns that the table does not have. */
  readonly missing: Set<string>;
  /** Columns that the user may not write. */
  readonly readOnly: Set<string>;
  /** The sys_ids of tickets that the user may not change. */
  readonly denied: Set<string>;
  /** Is called before a request is looked at: what others do in the meantime. */
  meanwhile: ((request: Received) => void) | null;
  /** After the next change of this kind has been made, the connection breaks before the answer. */
  loseNextAnswer(to?: 'POST' | 'PATCH'): void;
}

export type Incident = Record<string, string>;

export const serviceNowUser = { user: 'sensorproxy', secret: 'now-Passw0rd' };
/** sys_ids that references may name. */
export const serviceNowCaller = '6816f79cc0a8016401c5a33be04be441';
export const serviceNowGroup = '287ebd7da9fe198100f92cc8d1d2154e';
const EXPECTED = `Basic ${Buffer.from(`${serviceNowUser.user}:${serviceNowUser.secret}`).toString('base64')}`;
/** Columns that this preset may set; the real API ignores others, which would hide a misspelt one. */
const WRITTEN = new Set([
  'short_description',
  'description',
  'correlation_id',
  'correlation_display',
  'impact',
  'urgency',
  'caller_id',
  'assignment_group',
  'state',
  'close_code',
  'close_notes',
  'work_notes',
]);
const COLUMNS = new Set([...WRITTEN, 'sys_id', 'sys_created_on', 'number', 'active']);
const REFERENCES: Readonly<Record<string, string>> = {
  caller_id: serviceNowCaller,
  assignment_group: serviceNowGroup,
};
const LONGEST: Readonly<Record<string, number>> = {
  short_description: 160,
  description: 4000,
  close_notes: 4000,
  correlation_id: 100,
  correlation_display: 100,
};

type State = Pick<ServiceNowStandIn, 'incidents' | 'missing' | 'readOnly' | 'denied'>;

export async function startServiceNow(): Promise<ServiceNowStandIn> {
  const state: State = { incidents: [], missing: new Set(), readOnly: new Set(), denied: new Set() };
  const next: ReceiverAnswer[] = [];
  const settings: Pick<ServiceNowStandIn, 'meanwhile'> = { meanwhile: null };
  let lose: string | null = null;
  const receiver = await startReceiver((request, response) => {
    settings.meanwhile?.(request);
    const said = next.shift() ?? answer(request, state);
    if (lose !== request.method || said.status >= 300) return said;
    lose = null;
    response.destroy();
    return null;
  });
  return Object.assign(settings, receiver, state, {
    next,
    loseNextAnswer: (to = 'POST') => {
      lose = to;
    },
  });
}

function answer({ method, path, headers, body }: Received, state: State): ReceiverAnswer {
  if (headers.authorization !== EXPECTED)
    return failure(401, 'User Not Authenticated', 'Required to provide Auth information');
  const url = new URL(path, 'http://stand-in');
  const [, table, sysId] = /^\/api\/now\/table\/([a-z_]+)(?:\/([^/]+))?$/.exec(url.pathname) ?? [];
  if (table !== 'incident') return failure(400, `Invalid table ${table ?? ''}`, null);
  if (!headers.accept?.includes('application/json'))
    return failure(406, 'Not Acceptable', 'The stand-in speaks JSON only');
  if (method === 'GET') return { status: 200, body: { result: query(url, state) } };
  if (headers['content-type'] !== 'application/json') return failure(415, 'Unsupported Media Type', null);
  const sent = parse(body);
  if (sent === null) return failure(400, 'Exception while reading request', 'The payload is not valid JSON');
  const unknown = Object.keys(sent).find((name) => !WRITTEN.has(name));
  if (unknown !== undefined) return failure(400, 'Invalid column', unknown);
  const fields = written(sent, state);
  if (method === 'POST' && sysId === undefined) return insert(fields, url, state);
  if (method !== 'PATCH') return failure(405, 'Method not supported', null);
  const record = state.incidents.find((one) => one.sys_id === sysId);
  if (record === undefined)
    return failure(404, 'No Record found', 'Record doesn’t exist or ACL restricts the record retrieval');
  if (state.denied.has(record.sys_id ?? ''))
    return failure(403, 'Operation Failed', 'ACL Exception Update Failed due to security constraints');
  return update(record, fields, url, state);
}

function insert(fields: Incident, url: URL, state: State): ReceiverAnswer {
  const lacking = ['short_description', 'caller_id'].filter((name) => !fields[name]);
  if (lacking.length > 0) return dataPolicy(lacking);
  const nth = state.incidents.length + 1;
  const record: Incident = {
    sys_id: randomBytes(16).toString('hex'),
    sys_created_on: new Date(Date.UTC(2026, 10, 24, 6, 0, nth)).toISOString().slice(0, 19).replace('T', ' '),
    number: `INC${String(nth).padStart(7, '0')}`,
    state: '1',
    active: 'true',
    ...fields,
  };
  state.incidents.push(record);
  const Location = `/api/now/table/incident/${record.sys_id ?? ''}`;
  return { status: 201, headers: { Location }, body: { result: shown(record, url, state) } };
}

function update(record: Incident, fields: Incident, url: URL, state: State): ReceiverAnswer {
  const notes = [record.work_notes, fields.work_notes].filter(Boolean).join('\n\n');
  const after: Incident = { ...record, ...fields, work_notes: notes };
  if (after.state === '6' || after.state === '7') {
    const lacking = ['close_code', 'close_notes'].filter((name) => !after[name]);
    if (lacking.length > 0) return dataPolicy(lacking);
  }
  Object.assign(record, after, { active: String(after.state !== '7') });
  return { status: 200, body: { result: shown(record, url, state) } };
}

/** What is kept of what was sent: texts are cut, references to nothing are empty. */
function written(sent: Incident, { missing, readOnly }: State): Incident {
  return Object.fromEntries(
    Object.entries(sent)
      .filter(([name]) => !missing.has(name) && !readOnly.has(name))
      .map(([name, value]) => [
        name,
        REFERENCES[name] !== undefined && REFERENCES[name] !== value
          ? ''
          : value.slice(0, LONGEST[name] ?? Infinity),
      ]),
  );
}

/** An encoded query of `field=value` and `field!=value`, joined by ^ (and), with an order. */
function query(url: URL, { incidents, missing, ...state }: State): readonly Incident[] {
  const terms = (url.searchParams.get('sysparm_query') ?? '').split('^');
  const newestFirst = terms.includes('ORDERBYDESCsys_created_on');
  const found = incidents.filter((incident) =>
    terms.every((term) => {
      const [, name = '', operator, value] = /^([a-z_]+)(!?=)(.*)$/.exec(term) ?? [];
      if (!COLUMNS.has(name) || missing.has(name)) return true;
      return operator === '=' ? incident[name] === value : incident[name] !== value;
    }),
  );
  return (newestFirst ? found.reverse() : found)
    .slice(0, Number(url.searchParams.get('sysparm_limit') ?? 10_000))
    .map((incident) => shown(incident, url, { incidents, missing, ...state }));
}

/** The columns that were asked for, all unless some were; a journal field is empty, as its values are not in the table. */
function shown(incident: Incident, url: URL, { missing }: State): Incident {
  const asked = url.searchParams.get('sysparm_fields')?.split(',') ?? [...COLUMNS];
  return Object.fromEntries(
    asked
      .filter((name) => COLUMNS.has(name) && !missing.has(name))
      .map((name) => [name, name === 'work_notes' ? '' : (incident[name] ?? '')]),
  );
}

function parse(body: string): Incident | null {
  try {
    const value: unknown = JSON.parse(body);
    return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Incident) : null;
  } catch {
    return null;
  }
}

function dataPolicy(fields: readonly string[]): ReceiverAnswer {
  const detail = `Data Policy Exception: The following fields are mandatory: ${fields.join(', ')}`;
  return failure(403, 'Operation Failed', detail);
}

function failure(status: number, message: string, detail: string | null): ReceiverAnswer {
  return { status, body: { error: { message, detail }, status: 'failure' } };
}
