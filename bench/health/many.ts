import { setTimeout as sleep } from 'node:timers/promises';
import type { HealthBench } from '../health';
import { median } from '../median';
import type { BenchRow } from '../row';
import { FLOOR_MS } from './floor';
import { hostNames } from './network';

const ENDPOINTS = 200;
/** How many probes the service lets run at a time (src/compose.ts). */
const AT_A_TIME = 32;
const RUNS = 10;
const MEMORY_MB = 150;
/** The last connections end on the delayed line after the answer is out. */
const SETTLE_MS = 3000;

/** Many endpoints: time by the limit of probes at a time, memory, and sockets that stay. */
export async function benchMany(bench: HealthBench): Promise<BenchRow[]> {
  const [proxy] = bench.network.proxies;
  const service = await bench.service(hostNames(ENDPOINTS));
  for (const context of ['LocalSystem', 'LocalService']) await service.setProxy(context, proxy);
  const settled = async (): Promise<number> => {
    const deadline = performance.now() + SETTLE_MS;
    while (performance.now() < deadline && (await bench.network.hops.report()).open > 0) await sleep(50);
    return service.sockets();
  };
  const before = await settled();
  const times: number[] = [];
  for (let run = 0; run < RUNS; run += 1) times.push(await service.check());
  const after = await settled();
  const { open } = await bench.network.hops.report();
  const peak = (await service.peakMemory()) / 1024 / 1024;
  await service.stop();

  const rounds = Math.ceil(ENDPOINTS / AT_A_TIME);
  const expected = rounds * FLOOR_MS;
  const ratio = median(times) / expected;
  return [
    {
      measure: `health of ${ENDPOINTS} endpoints, ms`,
      value: median(times),
      against: `${rounds} times the round trips of one, at ${AT_A_TIME} at a time: ${expected} ms`,
      ratio,
      reach: '1.25 or less',
      ok: ratio <= 1.25,
      note: `median of ${RUNS}; the first run: ${(times[0] ?? NaN).toFixed(0)} ms`,
    },
    {
      measure: `memory for ${ENDPOINTS} endpoints, MB at the peak`,
      value: peak,
      against: `${MEMORY_MB} MB`,
      ratio: peak / MEMORY_MB,
      reach: 'less than 1',
      ok: peak < MEMORY_MB,
      note: `the whole process, after ${RUNS} runs`,
    },
    {
      measure: `sockets of the service after ${RUNS} runs of ${ENDPOINTS} endpoints`,
      value: after,
      against: `before: ${before}; open at the proxies and endpoints: ${open}`,
      ratio: after / before,
      reach: '1 or less',
      ok: after <= before && open === 0,
    },
  ];
}
