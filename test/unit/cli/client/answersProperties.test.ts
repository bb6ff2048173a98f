import fc from 'fast-check';
import { parseJson } from '../../../../src/cli/client/json';
import * as shapes from '../../../../src/cli/client/answers';
import { SEED, anyText, damaged } from '../../../support/damage';
import { answersWith } from './answers';
import { answering, type ScriptedService } from './scriptedService';
import { at, type } from './typing';

const answers = answersWith('some text');
const page = (...items: object[]) => ({ items, next: null });

/** What is typed, and what the service answers when it is itself. */
const COMMANDS: readonly (readonly [string, unknown])[] = [
  ['contexts', answers.contexts],
  ['contexts x', answers.context],
  ['copy', answers.outcome],
  ['restore x', answers.outcome],
  ['backups', page(answers.backup, answers.backup)],
  ['backups x', answers.backup],
  ['changes', page(answers.change, answers.hookChange)],
  ['sensor', answers.sensor],
  ['sensor restart', answers.restart],
];

let body: string | Buffer = '';
let status = 200;
let mediaType = 'application/json';
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

/** What a terminal acts on, besides the end of a line. */
const ACTIVE = /(?!\n)\p{Cc}|[\u200b-\u200f\u2028-\u202e\u2066-\u2069\ufeff]/u;
/** One line, at the end with 3. */
const NOT_THE_SERVICE =
  /^sensorproxy: What answers at \S+ is not sensorproxy, or another version of it: [^\n]+\n$/;

describe.each(COMMANDS)('%s, whatever is answered', (line, answer) => {
  it.each([[200], [409]])(
    'with status %i, shows a whole answer, or ends with 3 or 4 and says why',
    async (code) => {
      status = code;
      mediaType = code === 200 ? 'application/json' : 'application/problem+json';
      const good = Buffer.from(JSON.stringify(code === 200 ? answer : answers.problem));
      const ends = new Set<number>();
      await fc.assert(
        fc.asyncProperty(fc.oneof(fc.constant(good), damaged(good)), fc.boolean(), async (bytes, json) => {
          body = bytes;
          const run = await type([...line.split(' '), ...(json ? ['--json'] : [])], at(service.url));
          ends.add(run.code);
          expect(run.out + run.err).not.toMatch(ACTIVE);
          if (run.code === 3)
            expect([run.out, run.err]).toEqual(['', expect.stringMatching(NOT_THE_SERVICE)]);
          else if (code === 200) expect(run.code).toBeLessThan(2);
          else expect([run.code, run.err]).toEqual([4, expect.stringMatching(/^sensorproxy: /)]);
          if (json && run.code < 2) expect(JSON.parse(run.out)).toEqual(JSON.parse(bytes.toString()));
        }),
        { seed: SEED, numRuns: 150 },
      );
      expect(ends.size).toBeGreaterThan(1);
      expect(ends).toContain(3);
    },
  );
});

it('health, whatever its lines are: shows a whole report, or ends with 3 or 4 and says why', async () => {
  mediaType = 'application/x-ndjson';
  const lines = answers.lines.map((one) => {
    const good = Buffer.from(JSON.stringify(one));
    return fc.oneof(fc.constant(good), damaged(good)).map((bytes) => bytes.toString('latin1'));
  });
  const ends = new Set<number>();
  await fc.assert(
    fc.asyncProperty(fc.tuple(...lines), fc.constantFrom('\n', '\r\n', '\n\n', ''), async (all, end) => {
      body = Buffer.from(all.map((one) => one + end).join(''), 'latin1');
      const run = await type(['health'], at(service.url));
      ends.add(run.code);
      expect(run.out + run.err).not.toMatch(ACTIVE);
      expect([0, 1, 3, 4]).toContain(run.code);
      if (run.code > 2) expect([run.out, run.err]).toEqual(['', expect.stringMatching(/sensorproxy: .*\n$/)]);
    }),
    { seed: SEED, numRuns: 300 },
  );
  expect(ends.size).toBeGreaterThan(1);
});

describe('JSON from outside', () => {
  const pairs = fc.constantFrom(['[', ']'], ['{"a":', '}'], ['[{"[":', '}]']);
  const nested = fc
    .tuple(fc.nat(130), pairs)
    .map(([depth, [open = '', close = '']]) => `${open.repeat(depth)}"\\"[["${close.repeat(depth)}`);

  it('is the value of the text, or is refused as none or as nested too deeply', () => {
    const ends = new Set<string>();
    const text = fc.oneof(
      anyText(20),
      fc.json(),
      nested,
      fc.json({ maxDepth: 3 }).map((one) => one.slice(1)),
    );
    fc.assert(
      fc.property(text, (one) => {
        const end = outcomeOf(() => parseJson(one));
        const plain = outcomeOf(() => JSON.parse(one) as unknown);
        if (end.message === 'is nested too deeply')
          expect(one.replace(/[^[{]/g, '').length).toBeGreaterThan(64);
        else if (plain.message === undefined) expect(end).toEqual(plain);
        else expect(end.message).toBe('is not JSON');
        if (end.message === undefined) expect(depthOf(end.value)).toBeLessThan(65);
        ends.add(end.message ?? 'read');
      }),
      { seed: SEED, numRuns: 2000 },
    );
    expect([...ends].sort()).toEqual(['is nested too deeply', 'is not JSON', 'read']);
  });

  it('of any form is told to have a shape, or where it has not', () => {
    const all = Object.entries(shapes).filter(([name]) => name.endsWith('Answer'));
    expect(all.length).toBeGreaterThan(9);
    for (const [, shape] of all) {
      if (typeof shape === 'function') continue;
      fc.assert(
        fc.property(fc.jsonValue({ maxDepth: 4 }), (value) => {
          expect(shape.fault(value, 'answer') ?? 'answer').toMatch(/^answer(?:\.\w+)*$/);
        }),
        { seed: SEED, numRuns: 200 },
      );
    }
  });
});

interface Outcome {
  readonly value?: unknown;
  readonly message?: string;
}

function outcomeOf(parse: () => unknown): Outcome {
  try {
    return { value: parse() };
  } catch (error) {
    return { message: error instanceof Error ? error.message : 'no error' };
  }
}

function depthOf(value: unknown): number {
  if (typeof value !== 'object' || value === null) return 0;
  return 1 + Math.max(0, ...Object.values(value).map(depthOf));
}
