import fc from 'fast-check';
import { contract } from '../http/contract';
import { judge } from './judge';
import { knownGood } from './knownGood';
import { type FuzzRequest, requestsFor } from './requests';
import { type Target, evidence, openTarget } from './target';
import { Wire, type WireAnswer } from './wire';

/** The same requests each time; another seed by FUZZ_SEED, more by FUZZ_RUNS, one again by FUZZ_PATH as a failure prints it. */
const SEED = Number(process.env.FUZZ_SEED ?? 20261124);
const LEAST = 20_000;

const operations = Object.entries(contract.paths).flatMap(([template, verbs]) =>
  Object.entries(verbs).map(([verb, operation]) => ({
    template,
    verb,
    operation,
    id: operation.operationId,
  })),
);
/** Requests that are under way at a time. */
const AT_A_TIME = 5;
const RUNS = Number(process.env.FUZZ_RUNS ?? Math.ceil(LEAST / operations.length / AT_A_TIME));

let target: Target;
let wires: readonly Wire[];
let sent = 0;
const statuses = new Map<string, number>();

beforeAll(async () => {
  process.stdout.write(
    `fuzz: seed ${SEED}, ${RUNS * AT_A_TIME} requests for each of ${operations.length} operations\n`,
  );
  target = await openTarget();
  wires = Array.from({ length: AT_A_TIME }, () => new Wire(target.server.address.port));
});

afterAll(async () => {
  for (const wire of wires) wire.close();
  await target.close();
});

/** The bytes of a request; its id tells whether the answer belongs to it. */
function bytesOf(request: FuzzRequest, id: string): Buffer {
  const { token } = target.service;
  const tokens = { right: [`Bearer ${token}`], wrong: [`Bearer ${token.slice(1)}x`], none: [] };
  const headers = [
    ['Host', `127.0.0.1:${target.server.address.port}`],
    ...(hasOwnId(request) ? [] : [['X-Request-Id', id]]),
    ...tokens[request.token].map((value) => ['Authorization', value]),
    ...request.headers.map(([name, value]) => [name, target.fill(value)]),
    ...(request.body === null ? [] : [['Content-Length', String(request.body.length)]]),
  ];
  const lines = headers.map(([name, value]) => `${name}: ${value}\r\n`).join('');
  const head = `${request.method} ${target.fill(request.target)} HTTP/1.1\r\n${lines}\r\n`;
  return Buffer.concat([Buffer.from(head, 'latin1'), request.body ?? Buffer.alloc(0)]);
}

function hasOwnId({ headers }: FuzzRequest): boolean {
  return headers.some(([name]) => name.toLowerCase() === 'x-request-id');
}

async function send(request: FuzzRequest, nth = 0): Promise<WireAnswer> {
  const wire = wires[nth];
  if (wire === undefined) throw new Error('there is no such wire');
  sent += 1;
  const id = `fuzz-${sent}`;
  const bytes = bytesOf(request, id);
  let answer: WireAnswer | undefined;
  try {
    answer = await wire.exchange(bytes, request.method);
    judge(target, { method: request.method, target: target.fill(request.target) }, answer);
    // A parser that refuses the request has not read its id.
    if (!hasOwnId(request) && answer.headers['x-request-id'] !== id && !isRefusedByParser(answer))
      throw new Error('the answer is another request’s');
    return answer;
  } catch (error) {
    wire.close();
    const shown = Array.from(bytes.toString('latin1').slice(0, 4000)).map(visible).join('');
    throw new Error(
      `${error instanceof Error ? error.message : String(error)}\n\nRequest (base64 ${bytes.length < 4000 ? bytes.toString('base64') : 'too long'}):\n${shown}\n\nAnswer: ${answer?.status ?? 'none'} ${answer?.body.toString('utf8').slice(0, 2000) ?? ''}`,
      { cause: error },
    );
  }
}

function visible(character: string): string {
  return /[\x20-\x7e\n]/.test(character)
    ? character
    : `\\x${character.charCodeAt(0).toString(16).padStart(2, '0')}`;
}

function isRefusedByParser({ status, headers }: WireAnswer): boolean {
  return headers.connection === 'close' && (status === 400 || status === 431);
}

describe('whatever is sent to an operation, it answers as the contract says', () => {
  it.each(operations)(
    '$id',
    async ({ template, verb, operation, id }) => {
      await target.learn();
      const known = knownGood(id, (text) => target.fill(text));
      if (known !== null)
        expect(await send(known)).toMatchObject({ status: id === 'createWebhook' ? 201 : 200 });
      const one = requestsFor(template, verb, operation);
      let runs = 0;
      const property = fc.asyncProperty(fc.tuple(one, one, one, one, one), async (requests) => {
        if (runs++ % 10 === 0) await target.learn();
        const answers = await Promise.allSettled(requests.map((request, nth) => send(request, nth)));
        for (const answer of answers) {
          if (answer.status === 'rejected') throw answer.reason;
          const key = `${id} ${answer.value.status}`;
          statuses.set(key, (statuses.get(key) ?? 0) + 1);
        }
      });
      await fc.assert(property, { seed: SEED, numRuns: RUNS, path: process.env.FUZZ_PATH });
      const alive = await send({ method: 'GET', target: '/livez', headers: [], body: null, token: 'none' });
      expect(alive.status).toBe(200);
    },
    600_000,
  );
});

describe('after all of that', () => {
  it('enough was asked, and what was made of the schemas was carried out too', () => {
    process.stdout.write(
      `fuzz: ${sent} requests; ${[...statuses].map(([key, count]) => `${key}: ${count}`).join(', ')}\n`,
    );
    if (process.env.FUZZ_RUNS !== undefined || process.env.FUZZ_PATH !== undefined) return;
    expect(sent).toBeGreaterThanOrEqual(LEAST);
    // Not by each: chance may leave an operation without a request that fits in every way.
    const without = operations.filter(({ id }) => !statuses.has(`${id} 200`) && !statuses.has(`${id} 201`));
    expect(without.length).toBeLessThan(operations.length / 5);
  });

  it('the journal verifies, and each value in the registry decodes', async () => {
    const { verdict, decoded } = await evidence(target);
    expect(verdict).toMatchObject({ faults: [], torn: [] });
    expect(verdict.entries).toBeGreaterThan(50);
    expect(new Set(decoded)).toEqual(new Set([true]));
  });

  it('it is ready, and nothing polluted the prototypes of the process', async () => {
    const ready = await send({ method: 'GET', target: '/readyz', headers: [], body: null, token: 'none' });
    expect(ready.status).toBe(200);
    expect(Object.keys(Object.prototype)).toEqual([]);
    expect(({} as Record<string, unknown>).polluted).toBeUndefined();
  });
});
