import { Agent, request } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import { type RunningServer, benchServers } from './processes';
import { median } from './median';
import type { BenchRow } from './row';

const CALLERS = 64;
const SECONDS = 60;
const SETTLED_S = 10;
/** Callers come one after the other, as those of a fleet do. */
const ALL_THERE_MS = 2000;
/** One request in twenty writes. */
const WRITE_EVERY = 20;
const COPIES = 10_000;
const THOUSAND = 1000;
const MEGABYTE = 1024 * 1024;
const ANNA = 'S-1-5-21-1004336348-1177238915-682003330-1104';
const BEN = 'S-1-5-21-1004336348-1177238915-682003330-1105';
const READS = [
  '/proxy/contexts',
  '/proxy/contexts/LocalSystem',
  '/changes?limit=20',
  '/proxy/contexts',
  '/readyz',
];

/**
 * 10,000 copies in a row, and then the service under 64 callers who read and write for a minute. In this order since V8 lets a
 * new process go without a full collection for more than a minute: what it keeps is flat when there has been one.
 */
export async function benchLoad(): Promise<BenchRow[]> {
  const servers = await benchServers();
  try {
    const server = await servers.service();
    try {
      const ask = asking(server);
      return [await copies(ask), ...(await mixed(server, ask))];
    } finally {
      await server.stop();
    }
  } finally {
    await servers.remove();
  }
}

interface Answer {
  readonly status: number;
  readonly etag: string | undefined;
}

type Ask = (
  method: string,
  path: string,
  sent?: { readonly body?: object; readonly ifMatch?: string },
) => Promise<Answer>;

/** Over connections that stay open, one a caller. */
function asking(server: RunningServer): Ask {
  const agent = new Agent({ keepAlive: true, maxSockets: CALLERS });
  return (method, path, { body, ifMatch } = {}) =>
    new Promise((resolve, reject) => {
      const headers = {
        ...server.headers,
        ...(body && { 'content-type': 'application/json' }),
        ...(ifMatch !== undefined && { 'if-match': ifMatch }),
      };
      const sent = request(server.url + path, { method, agent, headers }, (response) => {
        response.resume();
        response.once('error', reject);
        response.once('end', () => {
          resolve({ status: response.statusCode ?? 0, etag: response.headers.etag });
        });
      });
      sent.once('error', reject);
      sent.end(body && JSON.stringify(body));
    });
}

async function mixed(server: RunningServer, ask: Ask): Promise<BenchRow[]> {
  const end = performance.now() + SECONDS * 1000;
  const reads: number[] = [];
  const writes: number[] = [];
  const errors = new Map<number, number>();
  let count = 0;
  const change = writer(ask);
  const caller = async (_: unknown, index: number): Promise<void> => {
    await sleep((index * ALL_THERE_MS) / CALLERS);
    while (performance.now() < end) {
      count += 1;
      const nth = count;
      const writing = nth % WRITE_EVERY === 0;
      const begin = performance.now();
      const status = await (writing
        ? change(nth)
        : ask('GET', READS[nth % READS.length] ?? '').then((a) => a.status));
      (writing ? writes : reads).push(performance.now() - begin);
      if (status !== 200) errors.set(status, (errors.get(status) ?? 0) + 1);
    }
  };
  const memory = watchMemory(server);
  await Promise.all(Array.from({ length: CALLERS }, caller));
  const { settled, last } = await memory();
  return mixedRows({ reads, writes, errors, settled, last });
}

/**
 * A PUT with the ETag that was just read, or a copy, in turns. Whoever writes an account waits for the one before, so that
 * each ETag is good; writers of different accounts, and copies, do not wait for each other.
 */
function writer(ask: Ask): (nth: number) => Promise<number> {
  let last: Promise<unknown> = Promise.resolve();
  const put = async (nth: number): Promise<number> => {
    const path = `/proxy/contexts/${BEN}`;
    const { etag } = await ask('GET', path);
    const body = { proxyServer: `load${nth}.contoso.com:8080` };
    return (await ask('PUT', path, { ifMatch: etag ?? '*', body })).status;
  };
  return (nth) => {
    if ((nth / WRITE_EVERY) % 2 === 0) return copyFrom(ask, (nth / WRITE_EVERY) % 4 === 0 ? ANNA : BEN);
    const done = last.then(() => put(nth));
    last = done.catch(() => undefined);
    return done;
  };
}

async function copyFrom(ask: Ask, source: string): Promise<number> {
  return (await ask('POST', '/proxy/copy', { body: { source } })).status;
}

/** Samples the resident set each second; gives the median of the first ten seconds after settling, and of the last ten. */
function watchMemory(server: RunningServer) {
  const samples: number[] = [];
  const timer = setInterval(() => {
    void server.memory().then((bytes) => samples.push(bytes));
  }, 1000);
  return async (): Promise<{ readonly settled: number; readonly last: number }> => {
    clearInterval(timer);
    samples.push(await server.memory());
    return {
      settled: median(samples.slice(SETTLED_S, 2 * SETTLED_S)),
      last: median(samples.slice(-SETTLED_S)),
    };
  };
}

function mixedRows(seen: {
  readonly reads: readonly number[];
  readonly writes: readonly number[];
  readonly errors: ReadonlyMap<number, number>;
  readonly settled: number;
  readonly last: number;
}): BenchRow[] {
  const { reads, writes, errors, settled, last } = seen;
  const failed = [...errors.values()].reduce((sum, one) => sum + one, 0);
  const total = reads.length + writes.length;
  const p50 = percentile(reads, 0.5);
  const p99 = percentile(reads, 0.99);
  const statuses = [...errors].map(([status, times]) => `${status}: ${times}`).join(', ');
  return [
    {
      measure: `errors under ${CALLERS} callers for ${SECONDS} s`,
      value: failed,
      against: `${total} requests, ${writes.length} of them changes`,
      ratio: failed / total,
      reach: '0',
      ok: failed === 0,
      note: statuses === '' ? 'every answer was 200' : statuses,
    },
    {
      measure: 'p99 of reads meanwhile, ms',
      value: p99,
      against: `p50: ${p50.toFixed(2)} ms`,
      ratio: p99 / p50,
      reach: 'less than 10',
      ok: p99 / p50 < 10,
      note: `changes: p50 ${percentile(writes, 0.5).toFixed(0)} ms, p99 ${percentile(writes, 0.99).toFixed(0)} ms`,
    },
    {
      measure: 'memory in the last 10 s of it, MB',
      value: last / MEGABYTE,
      against: `after the first ${SETTLED_S} s: ${(settled / MEGABYTE).toFixed(0)} MB`,
      ratio: last / settled,
      reach: 'less than 1.05',
      ok: last / settled < 1.05,
    },
  ];
}

async function copies(ask: Ask): Promise<BenchRow> {
  await ask('PUT', `/proxy/contexts/${BEN}`, { ifMatch: '*', body: { proxyServer: 'ben.contoso.com:8080' } });
  const times: number[] = [];
  for (let nth = 0; nth < COPIES; nth += 1) {
    const begin = performance.now();
    const status = await copyFrom(ask, nth % 2 === 0 ? ANNA : BEN);
    times.push(performance.now() - begin);
    if (status !== 200) throw new Error(`copy ${nth} was answered with ${status}`);
  }
  const sum = (some: readonly number[]) => some.reduce((total, one) => total + one, 0);
  const first = sum(times.slice(0, THOUSAND));
  const last = sum(times.slice(-THOUSAND));
  return {
    measure: `the last ${THOUSAND} of ${COPIES} copies in a row, s`,
    value: last / 1000,
    against: `the first ${THOUSAND}: ${(first / 1000).toFixed(1)} s`,
    ratio: last / first,
    reach: '1.2 or less',
    ok: last / first <= 1.2,
    note: 'each to two targets, with its backup',
  };
}

function percentile(values: readonly number[], part: number): number {
  return [...values].sort((a, b) => a - b)[Math.floor(values.length * part)] ?? NaN;
}
