/**
 * Tickets in ServiceNow by its Table API (`/api/now/table/<table>`), one for each problem, found again by `correlation_id`.
 * GET answers 200 with `{"result": […]}`, POST 201 with `{"result": {…}}`, PATCH 200; errors are `{"error": {"message", "detail"}}`.
 * Which events a ticket tells of is kept in its `correlation_display`, written together with the notes: those cannot be read
 * back from the table.
 *
 * The API drops without a word what it does not know, in queries (`glide.invalid_query.returns_no_rows` is false unless set) as
 * in records, and what this user may not read or write. So each answer is looked at.
 */
import { DeliveryFailure, type HttpAnswer } from '../exchange';
import type { Delivered, Message, Preset, PresetSettings, Send } from './preset';
import { authorization, below, jsonOf, jsonText, member, refusedWith, textOf } from './requests';
import { linesOf, titleOf } from './ticketText';
import { type Ticket, type TicketDesk, keyOf, seeTo } from './tickets';

export const SERVICE_NOW_DEFAULTS = {
  table: 'incident',
  closeCode: 'Solution provided',
  resolvedState: 6,
} as const;

/** ServiceNow's 1 (high) to 3 (low), for impact and urgency. */
const LEVEL = { critical: '1', warning: '2', info: '3' } as const;
const SYS_ID = /^[0-9a-f]{32}$/;
/** Tickets of one problem that are looked at, newest first. */
const MOST = 100;

interface Incident extends Ticket {
  /** The ids of the event that opened it and of the one that was told of last. */
  readonly toldOf: readonly string[];
}

export const serviceNowPreset: Preset = {
  takesAll: false,
  settleMs: 0,
  deliver: (message, settings, { send, signal }) => {
    const target = below(settings.url, '').href;
    return seeTo(deskOf(message, settings, send), message, { target, signal });
  },
};

function deskOf(message: Message, settings: PresetSettings, send: Send): TicketDesk<Incident> {
  const { event } = message;
  const key = keyOf(message);
  const options = { ...SERVICE_NOW_DEFAULTS, ...settings.serviceNow };
  const path = `/api/now/table/${options.table}`;
  const ask = asker(settings, send);
  const change = async ({ id }: Incident, body: object): Promise<HttpAnswer> => {
    const target = below(settings.url, `${path}/${id}`, { sysparm_fields: 'sys_id,state' });
    return ask('PATCH', target, { body, expected: 200 });
  };
  /** With whom the ticket is correlated, and of what it tells. */
  const telling = (...events: readonly string[]) => ({
    correlation_display: ['sensorproxy', ...events].join(' '),
  });
  return {
    noun: 'ticket',
    closed: 'resolved',
    /** A resolved ticket is still active, until it is closed. */
    find: async () => {
      const target = below(settings.url, path, {
        sysparm_query: `correlation_id=${key}^ORDERBYDESCsys_created_on`,
        sysparm_fields: 'sys_id,state,active,correlation_id,correlation_display',
        sysparm_limit: String(MOST),
      });
      const answer = await ask('GET', target, { body: null, expected: 200, orSo: findsNone });
      if (findsNone(answer)) return [];
      const result = member(jsonOf(answer), 'result');
      if (!Array.isArray(result)) throw noApi(answer);
      const records = result as readonly unknown[];
      if (!records.every((record) => isOf(record, key))) throw notOfThisProblem(answer);
      return records.map((record) => ({
        id: sysIdOf(record, answer),
        open:
          member(record, 'active') !== 'false' && member(record, 'state') !== String(options.resolvedState),
        toldOf: textOf(member(record, 'correlation_display')).split(' ').slice(1),
      }));
    },
    tells: ({ toldOf }) => Promise.resolve(toldOf.includes(event.id)),
    open: async (): Promise<Delivered> => {
      const body = {
        short_description: titleOf(message),
        description: linesOf(message).join('\n'),
        correlation_id: key,
        ...telling(event.id),
        impact: LEVEL[event.severity],
        urgency: LEVEL[event.severity],
        ...(options.callerId === undefined ? {} : { caller_id: options.callerId }),
        ...(options.assignmentGroup === undefined ? {} : { assignment_group: options.assignmentGroup }),
      };
      const target = below(settings.url, path, { sysparm_fields: 'sys_id,correlation_id' });
      const answer = await ask('POST', target, { body, expected: 201 });
      // It is made, whatever the answer holds: as a failure it would be made again and again.
      const record = resultIn(answer);
      const sysId = member(record, 'sys_id');
      const without =
        ', but without its correlation_id, by which it is found again: the table has no such field, or this user may not read and write it';
      const detail = `a ticket was opened${isOf(record, key) ? '' : without}`;
      const ticket = typeof sysId === 'string' && SYS_ID.test(sysId) ? sysId : null;
      return { status: answer.status, detail, ticket };
    },
    update: async (incident): Promise<Delivered> => {
      const { toldOf } = incident;
      const { status } = await change(incident, {
        work_notes: linesOf(message).join('\n'),
        ...telling(...toldOf.slice(0, 1), event.id),
      });
      return { status, detail: 'the open ticket was updated', ticket: incident.id };
    },
    close: async (incident) => {
      const wanted = String(options.resolvedState);
      const answer = await change(incident, {
        state: wanted,
        close_code: options.closeCode,
        close_notes: linesOf(message).join('\n'),
        ...telling(...incident.toldOf.slice(0, 1), event.id),
      });
      const state = member(member(jsonOf(answer), 'result'), 'state');
      if (state !== wanted) throw notResolved(answer, { state, wanted });
      return answer.status;
    },
  };
}

function asker({ credentials }: PresetSettings, send: Send) {
  const headers = {
    accept: 'application/json',
    'content-type': 'application/json',
    ...authorization(credentials),
  };
  const said = (body: unknown) => {
    const error = member(body, 'error');
    return [member(error, 'message'), member(error, 'detail')];
  };
  return async (
    method: 'GET' | 'POST' | 'PATCH',
    url: URL,
    {
      body,
      expected,
      orSo = () => false,
    }: {
      readonly body: object | null;
      readonly expected: number;
      readonly orSo?: (answer: HttpAnswer) => boolean;
    },
  ): Promise<HttpAnswer> => {
    const answer = await send({ method, url, headers, body: body && jsonText(body) });
    if (answer.status === expected || orSo(answer)) return answer;
    throw refusedWith(answer, { credentials, said, ofOneTicket: method !== 'GET' });
  };
}

/** Version 1 of the API answers so to a query that finds nothing; where it is the latest, it is what is asked here. */
function findsNone({ status, text }: HttpAnswer): boolean {
  return status === 404 && /"message"\s*:\s*"No Record found"/i.test(text);
}

/** Undefined when the answer cannot be read. */
function resultIn(answer: HttpAnswer): unknown {
  try {
    return member(jsonOf(answer), 'result');
  } catch {
    return undefined;
  }
}

function isOf(record: unknown, key: string): boolean {
  return member(record, 'correlation_id') === key;
}

function sysIdOf(record: unknown, answer: HttpAnswer): string {
  const sysId = member(record, 'sys_id');
  if (typeof sysId === 'string' && SYS_ID.test(sysId)) return sysId;
  throw noApi(answer);
}

function noApi({ status }: HttpAnswer): DeliveryFailure {
  return new DeliveryFailure('the answer is not one of the Table API', { status });
}

function notOfThisProblem({ status }: HttpAnswer): DeliveryFailure {
  const what =
    'ServiceNow answered with tickets that are not of this problem: the table has no correlation_id, or this user may not read it. Nothing was changed';
  return new DeliveryFailure(what, { status });
}

function notResolved(
  { status }: HttpAnswer,
  { state, wanted }: { readonly state: unknown; readonly wanted: string },
): DeliveryFailure {
  const kept = typeof state === 'string' && /^-?\d{1,9}$/.test(state) ? state : 'it was in';
  const what = `ServiceNow left the ticket in the state ${kept} instead of ${wanted}: this user may not write the field state, or a rule of the table keeps it`;
  return new DeliveryFailure(what, { status, ofTheEvent: true });
}
