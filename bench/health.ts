import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { benchMany } from './health/many';
import { type DelayedNetwork, startDelayedNetwork } from './health/network';
import { benchSix } from './health/six';
import { type HealthService, startHealthService } from './health/service';
import type { BenchRow } from './row';

const TIME_LIMIT_MS = 90_000;

/** What the health benches work with. */
export interface HealthBench {
  readonly network: DelayedNetwork;
  /** The file with the root that the endpoints' certificates hang from. */
  readonly authorityFile: string;
  /** Starts the service for these hosts; `close` ends it. */
  service(hosts: readonly string[]): Promise<HealthService>;
}

/** The health check over a network whose hops are delayed: round trips, curl, many endpoints, memory, sockets. */
export async function benchHealth(): Promise<BenchRow[]> {
  const folder = await mkdtemp(path.join(tmpdir(), 'sensorproxy-bench-'));
  const started: { stop(): Promise<void> }[] = [];
  let timer: NodeJS.Timeout | undefined;
  try {
    const network = await startDelayedNetwork();
    started.push({ stop: () => network.close() });
    const authorityFile = path.join(folder, 'authority.pem');
    await writeFile(authorityFile, network.authority);
    const service = async (hosts: readonly string[]): Promise<HealthService> => {
      const own = path.join(folder, String(started.length));
      await mkdir(own);
      const one = await startHealthService({ folder: own, hosts, authorityFile });
      started.push(one);
      return one;
    };
    const tooLong = new Promise<never>((_resolve, reject) => {
      timer = setTimeout(() => {
        reject(new Error('the health bench took too long'));
      }, TIME_LIMIT_MS);
    });
    return await Promise.race([tooLong, measure({ network, authorityFile, service })]);
  } finally {
    clearTimeout(timer);
    for (const one of started.reverse()) await one.stop();
    await rm(folder, { recursive: true, force: true });
  }
}

async function measure(bench: HealthBench): Promise<BenchRow[]> {
  return [...(await benchSix(bench)), ...(await benchMany(bench))];
}
