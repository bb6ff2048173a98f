/**
 * Tickets in ServiceNow by its Table API (`/api/now/table/<table>`), one for each problem, found again by `correlation_id`.
 * GET answers 200 with `{"result": […]}`, POST 201 with `{"result": {…}}`, PATCH 200; errors are `{"error": {"message", "detail"}}`.
 */
import { DeliveryFailure, type HttpAnswer } from '../exchange';
import type { Delivered, Message, Preset, PresetSettings, Send } from './preset';
import { authorization, below, jsonOf, member, problemKey, refusedWith } from './requests';
import { linesOf, titleOf } from './ticketText';

export const SERVICE_NOW_DEFAULTS = {
  table: 'incident',
  closeCode: 'Solution provided',
  resolvedState: 6,
} as const;

/** ServiceNow's 1 (high) to 3 (low), for impact and urgency. */
const LEVEL = { critical: '1', warning: '2', info: '3' } as const;
const SYS_ID = /^[0-9a-f]{32}$/;

export const serviceNowPreset: Preset = {
  takesAll: false,
  settleMs: 0,
  deliver: async (message, settings, send) => {
    const api = apiOf(settings, send);
    const key = problemKey(message.machine, message.event.problem ?? message.event.id);
    const found = await api.find(key);
    if (message.event.resolved) {
      if (found === null) return { status: 200, detail: 'no ticket was open', ticket: null };
      return api.resolve(found, message);
    }
    return found === null ? api.open(key, message) : api.note(found, message);
  },
};

function apiOf(settings: PresetSettings, send: Send) {
  const { url, credentials, serviceNow } = settings;
  const options = { ...SERVICE_NOW_DEFAULTS, ...serviceNow };
  const headers = {
    accept: 'application/json',
    'content-type': 'application/json',
    ...authorization(credentials),
  };
  const path = `/api/now/table/${options.table}`;
  const ask = async (
    method: 'GET' | 'POST' | 'PATCH',
    target: URL,
    { body, expected }: { readonly body: object | null; readonly expected: number },
  ): Promise<HttpAnswer> => {
    const answer = await send({ method, url: target, headers, body: body && JSON.stringify(body) });
    if (answer.status === expected) return answer;
    throw refusedWith(answer, credentials, (said) => {
      const error = member(said, 'error');
      return [member(error, 'message'), member(error, 'detail')];
    });
  };
  const change = async (sysId: string, body: object): Promise<number> => {
    const { status } = await ask('PATCH', below(url, `${path}/${sysId}`), { body, expected: 200 });
    return status;
  };
  return {
    /** The sys_id of the newest ticket that is neither closed nor resolved: a resolved one is still active. */
    find: async (key: string): Promise<string | null> => {
      const query = {
        sysparm_query: `correlation_id=${key}^active=true^state!=${options.resolvedState}^ORDERBYDESCsys_created_on`,
        sysparm_fields: 'sys_id,number,state',
        sysparm_limit: '1',
      };
      const answer = await ask('GET', below(url, path, query), { body: null, expected: 200 });
      const result = member(jsonOf(answer), 'result');
      if (!Array.isArray(result)) throw noApi(answer);
      return result.length === 0 ? null : sysIdOf(result[0], answer);
    },
    open: async (key: string, message: Message): Promise<Delivered> => {
      const { severity } = message.event;
      const body = {
        short_description: titleOf(message),
        description: linesOf(message).join('\n'),
        correlation_id: key,
        correlation_display: 'sensorproxy',
        impact: LEVEL[severity],
        urgency: LEVEL[severity],
        ...(options.callerId === undefined ? {} : { caller_id: options.callerId }),
        ...(options.assignmentGroup === undefined ? {} : { assignment_group: options.assignmentGroup }),
      };
      const answer = await ask('POST', below(url, path), { body, expected: 201 });
      const ticket = sysIdOf(member(jsonOf(answer), 'result'), answer);
      return { status: answer.status, detail: 'a ticket was opened', ticket };
    },
    note: async (sysId: string, message: Message): Promise<Delivered> => {
      const status = await change(sysId, { work_notes: linesOf(message).join('\n') });
      return { status, detail: 'the open ticket was updated', ticket: sysId };
    },
    resolve: async (sysId: string, message: Message): Promise<Delivered> => {
      const status = await change(sysId, {
        state: String(options.resolvedState),
        close_code: options.closeCode,
        close_notes: linesOf(message).join('\n'),
      });
      return { status, detail: 'the ticket was resolved', ticket: null };
    },
  };
}

function sysIdOf(record: unknown, answer: HttpAnswer): string {
  const sysId = member(record, 'sys_id');
  if (typeof sysId === 'string' && SYS_ID.test(sysId)) return sysId;
  throw noApi(answer);
}

function noApi({ status }: HttpAnswer): DeliveryFailure {
  return new DeliveryFailure('the answer is not one of the Table API', { status });
}
