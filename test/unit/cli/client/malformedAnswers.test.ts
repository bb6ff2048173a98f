import { answersWith } from './answers';
import { answering, saying, type ScriptedService } from './scriptedService';
import { at, found, type } from './typing';

const answers = answersWith('some text');
const page = (item: object) => ({ items: [item], next: null });
const deletion = { ...answers.hookChange, kind: 'backupsDeleted', name: 0, action: 0, backups: [{}] };

/** What is typed, and what the service answers then. */
const COMMANDS: readonly (readonly [string, unknown])[] = [
  ['contexts', answers.contexts],
  ['contexts x', answers.context],
  ['copy', answers.outcome],
  ['restore x', answers.outcome],
  ['backups', page(answers.backup)],
  ['backups x', answers.backup],
  ['changes', page(answers.change)],
  ['changes x', answers.change],
  ['health', answers.report],
  ['sensor', answers.sensor],
  ['sensor restart', answers.restart],
];

/** The answer with each of its members and items in turn as something else, and without it. */
function damaged(value: unknown, at = 'answer'): readonly (readonly [string, unknown])[] {
  const own: [string, unknown][] = [7, 'x', true, null, {}, []].flatMap((other) =>
    sameType(value, other) ? [] : [[`${at} = ${JSON.stringify(other)}`, other]],
  );
  if (typeof value !== 'object' || value === null) return own;
  const inside = Object.entries(value).flatMap(([name, member]) => {
    const without = Object.fromEntries(Object.entries(value).filter(([other]) => other !== name));
    const gone: [string, unknown][] = Array.isArray(value) ? [] : [[`${at} without ${name}`, without]];
    return [
      ...gone,
      ...damaged(member, `${at}.${name}`).map(([what, other]): [string, unknown] => [
        what,
        Array.isArray(value) ? [other] : { ...value, [name]: other },
      ]),
    ];
  });
  return [...own, ...inside];
}

function sameType(a: unknown, b: unknown): boolean {
  // What is null may be a text.
  if (a === null && typeof b === 'string') return true;
  return typeof a === typeof b && (a === null) === (b === null) && Array.isArray(a) === Array.isArray(b);
}

/** One line on stderr, nothing on stdout, and 3. */
const NOT_THE_SERVICE =
  /^sensorproxy: What answers at \S+ is not sensorproxy, or another version of it: [^\n]+\n$/;

let body = '';
let mediaType = 'application/json';
let status = 200;
let service: ScriptedService;
beforeAll(async () => {
  service = await answering((_request, response) => {
    response.writeHead(status, { 'Content-Type': mediaType }).end(body);
  });
});
afterAll(() => service.close());
beforeEach(() => {
  status = 200;
  mediaType = 'application/json';
});

async function typed(line: string, answer: string) {
  body = answer;
  return type([...line.split(' '), '--json'], at(service.url));
}

describe.each(COMMANDS)('%s, when the answer is not the service’s', (line, answer) => {
  it('takes a whole answer', async () => {
    const { code, out } = await typed(line, JSON.stringify(answer));
    expect(code).toBeLessThan(2);
    expect(JSON.parse(out)).toEqual(answer);
  });

  it('ends with 3 and one line wherever a member is missing or has another form', async () => {
    let refused = 0;
    for (const [what, other] of damaged(answer)) {
      const { code, out, err } = await typed(line, JSON.stringify(other));
      // A member may be null, and a kind is not known to be wrong.
      if (code !== 3 && (what.endsWith('= null') || what.includes('.kind'))) continue;
      expect([what, code, out, err]).toEqual([what, 3, '', expect.stringMatching(NOT_THE_SERVICE)]);
      refused += 1;
    }
    expect(refused).toBeGreaterThan(10);
  });

  it.each([
    ['cut short', JSON.stringify(COMMANDS[0]?.[1]).slice(0, -9)],
    ['a page', '<!DOCTYPE html><title>Sign in</title>'],
    ['empty', ''],
    ['nested without end', '['.repeat(200_000)],
    ['nested too deeply', `{"a":${'['.repeat(100_000)}${']'.repeat(100_000)}}`],
  ])('ends with 3 and one line when it is %s', async (_how, text) => {
    expect(await typed(line, text)).toEqual({
      code: 3,
      out: '',
      err: expect.stringMatching(NOT_THE_SERVICE),
    });
  });

  it('ends with 3 and one line when a proxy answers in its place', async () => {
    mediaType = 'text/html';
    for (status of [200, 403, 407, 502]) {
      const run = await typed(line, '<h1>Access denied</h1>');
      expect(run).toEqual({ code: 3, out: '', err: expect.stringMatching(NOT_THE_SERVICE) });
    }
  });

  it('ends with 3 and one line when a refusal is none of the service’s', async () => {
    mediaType = 'application/problem+json';
    status = 400;
    const { problem } = answers;
    const odd = [
      { ...problem, code: 7 },
      { ...problem, errors: [null] },
      { ...problem, errors: [{ detail: {}, pointer: {} }] },
      { ...problem, errors: 'all' },
    ].map((one) => JSON.stringify(one));
    const deep = JSON.stringify(problem).replace(/}$/, `,"deep":${'['.repeat(99_999)}${']'.repeat(99_999)}}`);
    for (const text of [...odd, deep]) {
      expect(await typed(line, text)).toEqual({
        code: 3,
        out: '',
        err: expect.stringMatching(NOT_THE_SERVICE),
      });
    }
    expect((await typed(line, JSON.stringify(problem))).code).toBe(4);
  });
});

it('names the member that is not as it should be', async () => {
  const { err } = await typed('backups', JSON.stringify(page({ ...answers.backup, sizeBytes: '1' })));
  expect(found(/knows \((.*)\)/, err)).toBe('answer.items.0.sizeBytes');
});

it('reads lines of the health check as strictly', async () => {
  for (const line of [
    'null',
    '{}',
    '{"type":"check"}',
    '{"type":"summary","status":"healthy"}',
    '{"type":"check","check":{}}',
    `{"type":"later","x":${'['.repeat(99_999)}`,
  ]) {
    const other = await saying(`${line}\n`, { type: 'application/x-ndjson' });
    const { code, out, err } = await type(['health'], at(other.url));
    await other.close();
    expect([line, code, out, err]).toEqual([line, 3, '', expect.stringMatching(/is not sensorproxy.*\n$/)]);
  }
});

it('lists entries of the journal of kinds that it does not know', async () => {
  const later = { ...answers.change, kind: 'later', contexts: 'something else' };
  body = JSON.stringify({ items: [later, deletion], next: null });
  const { code, out } = await type(['changes'], at(service.url));
  expect([code, out]).toEqual([0, expect.stringMatching(/later .* -\n.*backupsDeleted .* 1 backup\n$/)]);
});
