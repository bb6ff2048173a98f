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

/** Requests a second and memory of the service over the native driver, each against bare express 5 on the same machine. */
export async function benchHttp(machine: BenchMachine): Promise<BenchRow[]> {
  const service = await machine.service();
  const bytes = await contextsOf(service);
  const bare = await machine.bare(bytes);
  if ((await contextsOf(bare)) !== bytes) throw new Error('the bare server sends something else');
  const idle = await memory(service, bare);
  const { contexts } = JSON.parse(bytes) as { readonly contexts: readonly unknown[] };
  const throughput = await requestsPerSecond(service, bare, contexts.length);
  await service.stop();
  await bare.stop();
  return [throughput, idle];
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
