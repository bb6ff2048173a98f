import type { HealthBench } from '../health';
import { median } from '../median';
import type { BenchRow } from '../row';
import { curl, type CurlTimes, hasCurl } from './curl';
import { bareCheck, FLOOR_MS } from './floor';
import { hostNames } from './network';
import type { HealthService } from './service';

const ENDPOINTS = 6;
const ROUNDS = 7;

interface Rounds {
  readonly ours: readonly number[];
  /** None without curl. */
  readonly curls: readonly CurlTimes[];
}

/** Six endpoints for two accounts: against the round trips that the protocols need, and against curl. */
export async function benchSix(bench: HealthBench): Promise<BenchRow[]> {
  const { network, authorityFile } = bench;
  const [first, second] = network.proxies;
  const hosts = hostNames(ENDPOINTS);
  const bare: number[] = [];
  for (let round = 0; round < ROUNDS; round += 1) {
    bare.push(await bareCheck({ proxy: first, host: hosts[0] ?? '', authority: network.authority }));
  }
  const floor = `the round trips it needs: ${FLOOR_MS} ms (a bare client: ${median(bare).toFixed(0)} ms)`;

  const service = await bench.service(hosts);
  await service.setProxy('LocalSystem', first);
  await service.setProxy('LocalService', first);
  const firstRun = await service.check();
  // Each host twice, for two accounts: curl knows of no accounts.
  const list = (await hasCurl()) ? { proxy: first, hosts: [...hosts, ...hosts], authorityFile } : null;
  if (list === null)
    console.error('there is no curl with --parallel-immediate here: nothing is held against it');
  const measure = async (tunnels: number): Promise<Rounds> => {
    await expectTunnels(bench, service, tunnels);
    const ours: number[] = [];
    const curls: CurlTimes[] = [];
    // In turns, so that a slow moment of the machine falls on both alike.
    for (let round = 0; round < ROUNDS; round += 1) {
      ours.push(await service.check());
      if (list !== null) curls.push(await curl(list));
    }
    return { ours, curls };
  };
  const shared = await measure(ENDPOINTS);
  await service.setProxy('LocalService', second);
  const apart = await measure(2 * ENDPOINTS);
  await service.stop();

  const note = `median of ${ROUNDS}`;
  const what = `${ENDPOINTS} endpoints for 2 accounts, every hop 25 ms away`;
  return [
    floorRow(`health of ${what}, ms`, floor, shared, `${note}; the first run: ${firstRun.toFixed(0)} ms`),
    floorRow('the same through 2 proxies, nothing shared, ms', floor, apart, note),
    ...(list === null
      ? []
      : [curlRow(`health of ${what}, ms`, shared), curlRow('the same through 2 proxies, ms', apart)]),
  ];
}

function floorRow(measure: string, against: string, { ours }: Rounds, note: string): BenchRow {
  const ratio = median(ours) / FLOOR_MS;
  return { measure, value: median(ours), against, ratio, reach: '1.25 or less', ok: ratio <= 1.25, note };
}

/** The ratio is of what a caller waits: our request over HTTP, curl's process from start to end. */
function curlRow(measure: string, { ours, curls }: Rounds): BenchRow {
  const wall = median(curls.map((one) => one.wall)).toFixed(0);
  const slowest = median(curls.map((one) => one.slowest)).toFixed(0);
  const ratio = median(ours.map((time, round) => time / (curls[round]?.wall ?? NaN)));
  return {
    measure,
    value: median(ours),
    against: `\`curl --parallel\`, the same list: ${wall} ms (its slowest transfer: ${slowest} ms)`,
    ratio,
    reach: '1 or less',
    ok: ratio <= 1,
    note: `median of ${ROUNDS}, in turns`,
  };
}

/** A run asks for so many tunnels: nothing is answered from memory. */
async function expectTunnels(
  { network }: HealthBench,
  service: HealthService,
  expected: number,
): Promise<void> {
  const before = await network.hops.report();
  await service.check();
  const { tunnels } = await network.hops.report();
  const made = tunnels - before.tunnels;
  if (made !== expected) throw new Error(`${made} tunnels in place of ${expected}`);
}
