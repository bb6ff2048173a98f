import fc from 'fast-check';
import { DeliveryFailure, type HttpAnswer, type HttpRequest } from '../../../src/webhooks/exchange';
import type { Delivered, Message, PresetSettings } from '../../../src/webhooks/presets/preset';
import { PRESETS } from '../../../src/webhooks/presets/presets';
import { keyOf } from '../../../src/webhooks/presets/tickets';
import { SEED, anyText, damaged } from '../../support/damage';
import { MemoryFeed } from '../../support/memoryFeed';
import { cleared, drift } from '../../support/ticketDesk';

const SECRET = 'a-secret-of-ours';
const settings: PresetSettings = {
  url: 'https://tickets.contoso.com/',
  secret: null,
  credentials: { user: 'ops', secret: SECRET },
  template: null,
  closeTemplate: null,
  serviceNow: { callerId: 'a'.repeat(32) },
  jira: { project: 'OPS' },
};

const messageOf = (resolved: boolean, ticket: string | null): Message => ({
  id: 'msg_1',
  event: new MemoryFeed().record({ ...(resolved ? cleared : drift), id: 'event-7' }),
  at: '2026-11-24T08:00:00.000Z',
  machine: 'DC01',
  ticket,
});
const key = keyOf(messageOf(false, null));

/** What goes wrong when it is taken for a text, a list or a plain object; halves of characters and names of prototypes too. */
const bait = fc.constantFrom<unknown>(
  { toString: 1, valueOf: 1 },
  { toString: null, length: 1e9 },
  JSON.parse('{"__proto__": {"id": "1"}, "constructor": 1, "hasOwnProperty": 1}'),
  [[[]]],
  ['__proto__', null, { toString: {} }],
  'x'.repeat(60_000),
  `\ud800${SECRET}\udfff`,
  'constructor',
  1e308,
);

/** The value with one of its parts, chosen by number, replaced. */
function spoiled(value: unknown, by: unknown, nth: { left: number }): unknown {
  nth.left -= 1;
  if (nth.left < 0) return value;
  if (nth.left === 0) return by;
  if (Array.isArray(value)) return value.map((one) => spoiled(one, by, nth));
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([name, one]) => [name, spoiled(one, by, nth)]));
}

type Kind = 'find' | 'open' | 'say' | 'transitions' | 'transition' | 'issue' | 'change';

const errors = {
  errorMessages: ['It is broken.'],
  errors: { summary: 'It is too long.' },
  error: { message: 'Operation Failed', detail: 'It is broken.' },
};
const field = (name: string, required: boolean) => ({
  name,
  required,
  hasDefaultValue: false,
  allowedValues: [
    { id: '1', name: 'Wontfix' },
    { id: '2', name: 'Done' },
  ],
});
const transitions = [
  {
    id: '31',
    name: 'Resolve',
    to: { name: 'Done', statusCategory: { key: 'done' } },
    fields: { resolution: field('Resolution', true), comment: field('Comment', true) },
  },
  {
    id: '41',
    name: 'Resolve',
    to: { statusCategory: { key: 'done' } },
    fields: { cost: field('Cost', true) },
  },
];
const issue = (id: string, category: string) => ({
  id,
  fields: { labels: ['sensorproxy', key], status: { statusCategory: { key: category } } },
});
const incident = (id: string, state: string) => ({
  sys_id: id.repeat(32),
  state,
  active: 'true',
  correlation_id: key,
  correlation_display: 'sensorproxy event-7',
});

/** What a system answers when all goes well. */
const GOOD: Readonly<Record<'jira' | 'servicenow', Readonly<Partial<Record<Kind, [number, object]>>>>> = {
  jira: {
    find: [200, { issues: [issue('10001', 'new'), issue('10000', 'done')] }],
    open: [201, { id: '10002', key: 'OPS-3' }],
    say: [201, { id: '1' }],
    transitions: [200, { transitions }],
    transition: [204, {}],
    issue: [200, { fields: { description: 'event-7' }, comments: [{ body: 'event-7' }] }],
  },
  servicenow: {
    find: [200, { result: [incident('b', '1'), incident('a', '6')] }],
    open: [201, { result: { sys_id: 'c'.repeat(32), correlation_id: key } }],
    change: [200, { result: { sys_id: 'b'.repeat(32), state: '6' } }],
  },
};

/** How it ends well, each of which is to be come by. */
const WELL = {
  jira: [
    'an issue was opened',
    'the issue tells of it already',
    'the open issue was commented on',
    'the issue was closed',
    'no issue was open',
  ],
  servicenow: [
    'a ticket was opened',
    'the ticket tells of it already',
    'the open ticket was updated',
    'the ticket was resolved',
    'no ticket was open',
  ],
};

function kindOf({ method, url: { pathname } }: HttpRequest): Kind {
  if (pathname.endsWith('/search/jql') || (method === 'GET' && pathname.endsWith('/incident'))) return 'find';
  if (method === 'PATCH') return 'change';
  if (pathname.endsWith('/transitions')) return method === 'GET' ? 'transitions' : 'transition';
  if (method === 'POST') return pathname.endsWith('/comment') ? 'say' : 'open';
  return 'issue';
}

function answersTo([status, good]: [number, object]): fc.Arbitrary<HttpAnswer> {
  const edited = (from: object) =>
    fc.tuple(fc.nat(40), bait).map(([nth, by]) => JSON.stringify(spoiled(from, by, { left: nth + 1 })));
  const text = fc.oneof(
    { weight: 4, arbitrary: fc.constant(JSON.stringify(good)) },
    { weight: 4, arbitrary: edited(good) },
    { weight: 2, arbitrary: edited(errors) },
    { weight: 2, arbitrary: damaged(Buffer.from(JSON.stringify(good))).map((bytes) => bytes.toString()) },
    fc.json(),
    fc.constantFrom('', '['.repeat(64 * 1024), '{"errors":'.repeat(6000), `"${'\\u0000'.repeat(10_000)}"`),
  );
  return fc.record({
    status: fc.oneof(
      { weight: 5, arbitrary: fc.constant(status) },
      fc.constantFrom(200, 201, 204, 302, 400, 401, 403, 404, 409, 410, 413, 422, 429, 500, 503, 999, 0),
    ),
    retryAfter: fc.option(anyText(30), { nil: undefined, freq: 3 }),
    text,
    complete: fc.oneof({ weight: 9, arbitrary: fc.constant(true) }, fc.constant(false)),
  });
}

describe.each(['jira', 'servicenow'] as const)('whatever %s answers', (name) => {
  const script = fc.record(
    Object.fromEntries(
      Object.entries(GOOD[name]).map(([kind, good]) => [
        kind,
        fc.array(answersTo(good), { minLength: 1, maxLength: 3 }),
      ]),
    ),
  );

  it('a delivery is made, or fails for a reason that can be shown', async () => {
    const ends = new Map<string, number>();
    const property = fc.asyncProperty(
      script,
      fc.boolean(),
      fc.boolean(),
      fc.constantFrom(null, '10001', '../../x', '__proto__'),
      async (answers, found, resolved, ticket) => {
        const asked = new Map<Kind, number>();
        const send = (request: HttpRequest): Promise<HttpAnswer> => {
          const kind = kindOf(request);
          const nth = asked.get(kind) ?? 0;
          asked.set(kind, nth + 1);
          // What was to be opened is only where nothing is found.
          if (kind === 'find' && !found && nth === 0) {
            const text = JSON.stringify({ issues: [], result: [] });
            return Promise.resolve({ status: 200, retryAfter: undefined, text, complete: true });
          }
          const list = answers[kind] ?? [];
          const answer = list[nth % list.length];
          return answer === undefined
            ? Promise.reject(new DeliveryFailure(`nobody answers ${kind}`))
            : Promise.resolve(answer);
        };
        const { signal } = new AbortController();
        const end = await PRESETS[name]
          .deliver(messageOf(resolved, ticket), settings, { send, signal })
          .catch((error: unknown) => error);
        ends.set(shown(end), (ends.get(shown(end)) ?? 0) + 1);
      },
    );
    await fc.assert(property, { seed: SEED, numRuns: 3000 });
    expect([...ends.keys()]).toEqual(expect.arrayContaining(WELL[name]));
  });
});

/** What came of it, in few words; throws for what may not come of it. */
function shown(end: unknown): string {
  if (end instanceof DeliveryFailure) {
    expect(end.message.length).toBeLessThan(600);
    expect(end.message).not.toContain(SECRET);
    expect(end.message).not.toMatch(/[\p{Cc}\n]/u);
    return 'failed';
  }
  if (end instanceof Error) throw end;
  const { status, detail, ticket } = end as Delivered;
  expect([typeof status, typeof detail]).toEqual(['number', 'string']);
  if (ticket !== null) expect(ticket).toMatch(/^(?:\d{1,15}|[0-9a-f]{32})$/);
  return (detail ?? '').replace(/, but without.*/, '');
}
