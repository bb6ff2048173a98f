import autocannon from 'autocannon';
import { type RunningServer, benchServers } from './processes';
import { median } from './median';
import type { BenchRow } from './row';

const ROUNDS = 7;
const SECONDS = 3;
const STARTS = 11;
const REQUESTS = 10_000;

/** Requests a second, start and memory of the service, each against bare express 5 with swagger-ui-express. */
export async function benchHttp(): Promise<BenchRow[]> {
  const servers = await benchServers();
  try {
    const service = await servers.service();
    const { contexts } = await servers.learn(service);
    if (contexts.length !== 5) throw new Error(`the practice DC has ${contexts.length} contexts, not 5`);
    const bare = await servers.bare();
    let throughput: BenchRow;
    try {
      throughput = await requestsPerSecond(service, bare, contexts.length);
    } finally {
      await service.stop();
      await bare.stop();
    }
    return [throughput, await startTime(servers), await memory(servers)];
  } finally {
    await servers.remove();
  }
}

async function requestsPerSecond(
  service: RunningServer,
  bare: RunningServer,
  contexts: number,
): Promise<BenchRow> {
  for (const server of [service, bare]) await load(server, { duration: SECONDS });
  const rounds: { readonly rate: number; readonly ratio: number; readonly cpu: number }[] = [];
  for (let round = 0; round < ROUNDS; round += 1) {
    const ours = await load(service, { duration: SECONDS });
    const theirs = await load(bare, { duration: SECONDS });
    rounds.push({ rate: ours.rate, ratio: ours.rate / theirs.rate, cpu: ours.cpuMs / theirs.cpuMs });
  }
  const ratio = median(rounds.map((round) => round.ratio));
  const cpu = median(rounds.map((round) => round.cpu));
  return {
    measure: `requests/s of GET /proxy/contexts (${contexts} contexts)`,
    value: median(rounds.map((round) => round.rate)),
    against: 'a bare express 5 route sending the same bytes',
    ratio,
    reach: '0.7 or better',
    ok: ratio >= 0.7,
    note: `16 connections; processor time a request: ${cpu.toFixed(2)}×`,
  };
}

async function startTime(servers: Awaited<ReturnType<typeof benchServers>>): Promise<BenchRow> {
  const ours: number[] = [];
  const theirs: number[] = [];
  for (let run = 0; run < STARTS; run += 1) {
    for (const [make, times] of [
      [servers.service, ours],
      [servers.bare, theirs],
    ] as const) {
      const server = await make();
      times.push(server.startMs);
      await server.stop();
    }
  }
  const ratio = median(ours) / median(theirs);
  return {
    measure: 'start to first answer, ms',
    value: median(ours),
    against: `bare express 5 with swagger-ui-express: ${median(theirs).toFixed(0)} ms`,
    ratio,
    reach: '2 or less',
    ok: ratio <= 2,
    note: `median of ${STARTS} starts`,
  };
}

async function memory(servers: Awaited<ReturnType<typeof benchServers>>): Promise<BenchRow> {
  const after: number[] = [];
  for (const make of [servers.service, servers.bare]) {
    const server = await make();
    await load(server, { amount: REQUESTS });
    after.push(await server.memory());
    await server.stop();
  }
  const [ours = NaN, theirs = NaN] = after;
  const megabytes = (bytes: number) => bytes / 1024 / 1024;
  return {
    measure: `memory after ${REQUESTS} requests, MB`,
    value: megabytes(ours),
    against: `bare express 5 with swagger-ui-express: ${megabytes(theirs).toFixed(0)} MB`,
    ratio: ours / theirs,
    reach: '2 or less',
    ok: ours / theirs <= 2,
  };
}

async function load(
  server: RunningServer,
  size: { readonly duration: number } | { readonly amount: number },
) {
  const cpuBefore = await server.cpuMs();
  const result = await autocannon({
    url: `${server.url}/proxy/contexts`,
    headers: { ...server.headers },
    connections: 16,
    ...size,
  });
  if (result.non2xx > 0 || result.errors > 0)
    throw new Error(`${result.non2xx + result.errors} requests failed`);
  const requests = result.requests.total;
  return { rate: requests / result.duration, cpuMs: ((await server.cpuMs()) - cpuBefore) / requests };
}
