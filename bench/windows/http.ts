import { setTimeout as pause } from 'node:timers/promises';
import autocannon from 'autocannon';
import { median } from '../median';
import type { BenchRow } from '../row';
import type { BenchMachine, WindowsServer } from './machine';

const ROUNDS = 7;
const SECONDS = 3;
const REACH = 0.5;
const IDLE_MS = 10_000;
const MEMORY_REACH = 2;
const OTHERS_REACH = 10;

/** Requests a second and memory of the service over the native driver, each against bare express 5 on the same machine. */
export async function benchHttp(machine: BenchMachine): Promise<BenchRow[]> {
  const service = await machine.service();
  const bytes = await contextsOf(service);
  const bare = await machine.bare(bytes);
  if ((await contextsOf(bare)) !== bytes) throw new Error('the bare server sends something else');
  const idle = await memory(service, bare);
  const { contexts } = JSON.parse(bytes) as { readonly contexts: readonly unknown[] };
  const throughput = await requestsPerSecond(service, bare, contexts.length);
  const others = await othersWhileWriting(service);
  await service.stop();
  await bare.stop();
  return [throughput, others, idle];
}

async function contextsOf(server: WindowsServer): Promise<string> {
  const response = await fetch(`${server.url}/proxy/contexts`, { headers: server.headers });
  const text = await response.text();
  if (!response.ok) throw new Error(`the server answered ${response.status}: ${text}`);
  return text;
}

async function memory(service: WindowsServer, bare: WindowsServer): Promise<BenchRow> {
  await pause(IDLE_MS);
  const [ours, theirs] = [await service.memory(), await bare.memory()];
  const megabytes = (size: number) => size / 1024 / 1024;
  return {
    measure: 'memory of the idle server, MB',
    value: megabytes(ours),
    against: `bare express 5 with swagger-ui-express: ${megabytes(theirs).toFixed(0)} MB`,
    ratio: ours / theirs,
    reach: `${MEMORY_REACH} or less`,
    ok: ours / theirs <= MEMORY_REACH,
    note: `resident, ${IDLE_MS / 1000} s after its first answer`,
  };
}

async function requestsPerSecond(
  service: WindowsServer,
  bare: WindowsServer,
  contexts: number,
): Promise<BenchRow> {
  for (const server of [service, bare]) await load(server);
  const rounds: { readonly rate: number; readonly ratio: number; readonly cpu: number }[] = [];
  for (let round = 0; round < ROUNDS; round += 1) {
    const ours = await load(service);
    const theirs = await load(bare);
    rounds.push({ rate: ours.rate, ratio: ours.rate / theirs.rate, cpu: ours.cpuMs / theirs.cpuMs });
  }
  const ratio = median(rounds.map((round) => round.ratio));
  const cpu = median(rounds.map((round) => round.cpu));
  return {
    measure: `requests/s of GET /proxy/contexts (${contexts} contexts) over advapi32`,
    value: median(rounds.map((round) => round.rate)),
    against: 'a bare express 5 route sending the same bytes',
    ratio,
    reach: `${REACH} or better`,
    ok: ratio >= REACH,
    note: `16 connections; processor time a request, Wine's server included: ${cpu.toFixed(2)}×`,
  };
}

/** What a caller who needs no registry feels of another who writes it, each write flushed, without a pause. */
async function othersWhileWriting(service: WindowsServer): Promise<BenchRow> {
  const rounds: { readonly alone: number; readonly beside: number }[] = [];
  let writes = 0;
  for (let round = 0; round < ROUNDS; round += 1) {
    const alone = await livenessP99(service);
    const stop = new AbortController();
    const writing = (async () => {
      while (!stop.signal.aborted) {
        await setProxy(service, `proxy${writes}.contoso.com:8080`);
        writes += 1;
      }
    })();
    const beside = await livenessP99(service);
    stop.abort();
    await writing;
    rounds.push({ alone, beside });
  }
  const ratio = median(rounds.map(({ alone, beside }) => beside / alone));
  return {
    measure: 'p99 of GET /livez while another caller sets a proxy without a pause, ms',
    value: median(rounds.map(({ beside }) => beside)),
    against: `nobody else: ${median(rounds.map(({ alone }) => alone)).toFixed(1)} ms`,
    ratio,
    reach: `${OTHERS_REACH} or less`,
    ok: ratio <= OTHERS_REACH,
    note: `${writes} changes, each with backup, flush, read back and journal`,
  };
}

async function livenessP99(service: WindowsServer): Promise<number> {
  const result = await autocannon({ url: `${service.url}/livez`, connections: 2, duration: SECONDS });
  if (result.non2xx > 0 || result.errors > 0) throw new Error('GET /livez failed');
  // A histogram of whole milliseconds.
  return Math.max(1, result.latency.p99);
}

async function setProxy(service: WindowsServer, proxyServer: string): Promise<void> {
  const url = `${service.url}/proxy/contexts/NetworkService`;
  const etag = (await fetch(url, { headers: service.headers })).headers.get('etag') ?? '';
  const response = await fetch(url, {
    method: 'PUT',
    headers: { ...service.headers, 'Content-Type': 'application/json', 'If-Match': etag },
    body: JSON.stringify({ proxyServer }),
  });
  if (!response.ok) throw new Error(`the change was refused: ${await response.text()}`);
}

async function load(server: WindowsServer) {
  const cpuBefore = await server.cpuMs();
  const result = await autocannon({
    url: `${server.url}/proxy/contexts`,
    headers: { ...server.headers },
    connections: 16,
    duration: SECONDS,
  });
  if (result.non2xx > 0 || result.errors > 0)
    throw new Error(`${result.non2xx + result.errors} requests failed`);
  const requests = result.requests.total;
  return { rate: requests / result.duration, cpuMs: ((await server.cpuMs()) - cpuBefore) / requests };
}
