import { randomBytes } from 'node:crypto';
import { type Received, type Receiver, type ReceiverAnswer, startReceiver } from './receiver';

/**
 * Stands for ServiceNow's Table API, table incident (docs.servicenow.com, "Table API": GET 200, POST 201 with Location,
 * PATCH 200, 400 for a bad body, 401 without a user, 404 "No Record found", 429 with Retry-After).
 * Its data policies are those of an instance that asks for a caller, and for code and notes on resolving, which answers
 * 403 "Data Policy Exception". A resolved ticket (state 6) stays active until it is closed (7), as in the real table.
 */
export interface ServiceNowStandIn extends Receiver {
  readonly incidents: Incident[];
  /** The next requests are answered so, before anything is looked at. */
  readonly next: ReceiverAnswer[];
  /** After the next ticket has been made, the connection breaks before the answer. */
  loseNextAnswer(): void;
}

export type Incident = Record<string, string>;

export const serviceNowUser = { user: 'sensorproxy', secret: 'now-Passw0rd' };
const EXPECTED = `Basic ${Buffer.from(`${serviceNowUser.user}:${serviceNowUser.secret}`).toString('base64')}`;
/** Columns that this preset may set; the real API ignores others, which would hide a misspelt one. */
const COLUMNS = new Set([
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
const CLOSE_CODES = new Set(['Solution provided', 'Workaround provided', 'Resolved by caller']);

export async function startServiceNow(): Promise<ServiceNowStandIn> {
  const incidents: Incident[] = [];
  const next: ReceiverAnswer[] = [];
  let lose = false;
  const receiver = await startReceiver((request, response) => {
    const said = next.shift() ?? answer(request, incidents);
    if (!lose || said.status !== 201) return said;
    lose = false;
    response.destroy();
    return null;
  });
  return {
    ...receiver,
    incidents,
    next,
    loseNextAnswer: () => {
      lose = true;
    },
  };
}

function answer({ method, path, headers, body }: Received, incidents: Incident[]): ReceiverAnswer {
  if (headers.authorization !== EXPECTED)
    return failure(401, 'User Not Authenticated', 'Required to provide Auth information');
  const url = new URL(path, 'http://stand-in');
  const [, table, sysId] = /^\/api\/now\/table\/([a-z_]+)(?:\/([^/]+))?$/.exec(url.pathname) ?? [];
  if (table !== 'incident') return failure(400, `Invalid table ${table ?? ''}`, null);
  if (!headers.accept?.includes('application/json'))
    return failure(406, 'Not Acceptable', 'The stand-in speaks JSON only');
  if (method === 'GET') return { status: 200, body: { result: query(url, incidents) } };
  if (headers['content-type'] !== 'application/json') return failure(415, 'Unsupported Media Type', null);
  const fields = parse(body);
  if (fields === null)
    return failure(400, 'Exception while reading request', 'The payload is not valid JSON');
  const unknown = Object.keys(fields).find((name) => !COLUMNS.has(name));
  if (unknown !== undefined) return failure(400, 'Invalid column', unknown);
  if (method === 'POST' && sysId === undefined) {
    const missing = ['short_description', 'caller_id'].filter((name) => !fields[name]);
    if (missing.length > 0) return dataPolicy(missing);
    const record: Incident = {
      sys_id: randomBytes(16).toString('hex'),
      number: `INC${String(incidents.length + 1).padStart(7, '0')}`,
      state: '1',
      active: 'true',
      ...fields,
    };
    incidents.push(record);
    const Location = `/api/now/table/incident/${record.sys_id ?? ''}`;
    return { status: 201, headers: { Location }, body: { result: record } };
  }
  const record = incidents.find((one) => one.sys_id === sysId);
  if (method !== 'PATCH') return failure(405, 'Method not supported', null);
  if (record === undefined)
    return failure(404, 'No Record found', 'Record doesn’t exist or ACL restricts it');
  const notes = [record.work_notes, fields.work_notes].filter(Boolean).join('\n\n');
  const after: Incident = { ...record, ...fields, work_notes: notes };
  if (after.state === '6' || after.state === '7') {
    const missing = ['close_code', 'close_notes'].filter((name) => !after[name]);
    if (missing.length > 0) return dataPolicy(missing);
    if (!CLOSE_CODES.has(after.close_code ?? '')) return dataPolicy(['close_code']);
  }
  Object.assign(record, after, { active: String(after.state !== '7') });
  return { status: 200, body: { result: record } };
}

/** An encoded query of `field=value` and `field!=value`, joined by ^ (and), with an order. */
function query(url: URL, incidents: readonly Incident[]): readonly Incident[] {
  const terms = (url.searchParams.get('sysparm_query') ?? '').split('^');
  const fields = (url.searchParams.get('sysparm_fields') ?? '').split(',');
  const found = [...incidents].reverse().filter((incident) =>
    terms.every((term) => {
      if (term.startsWith('ORDERBY')) return true;
      const [, name = '', operator, value] = /^([a-z_]+)(!?=)(.*)$/.exec(term) ?? [];
      return operator === '=' ? incident[name] === value : operator === '!=' && incident[name] !== value;
    }),
  );
  return found
    .slice(0, Number(url.searchParams.get('sysparm_limit') ?? 10_000))
    .map((incident) => Object.fromEntries(fields.map((name) => [name, incident[name] ?? ''])));
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
