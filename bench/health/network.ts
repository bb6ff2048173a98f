import { createAuthority } from '../../test/support/certificates';
import { type Child, startChild } from './child';
import type { EndpointsReport } from './endpoints';
import { ONE_WAY_MS } from './floor';
import type { HopsReport, HopsSettings } from './hops';

const DOMAIN = 'endpoints.test';

/** What stands between the service and the cloud, on loopback, with every hop delayed. */
export interface DelayedNetwork {
  /** PEM of the root that the endpoints' certificates hang from. */
  readonly authority: string;
  /** `address:port` of two proxies that lead to the same endpoints. */
  readonly proxies: readonly [string, string];
  readonly hops: Child<HopsReport>;
  close(): Promise<void>;
}

/** So many names of endpoints. */
export function hostNames(count: number): readonly string[] {
  return Array.from({ length: count }, (_, index) => `e${index}.${DOMAIN}`);
}

/** Starts endpoints, proxies and relays, in two processes. */
export async function startDelayedNetwork(): Promise<DelayedNetwork> {
  const authority = await createAuthority('Sensorproxy bench root');
  const certificate = await authority.issue({ hosts: [`*.${DOMAIN}`] });
  const endpoints = await startChild<EndpointsReport>('endpoints.ts', certificate);
  try {
    const settings: HopsSettings = {
      endpointPort: (await endpoints.report()).port,
      oneWayMs: ONE_WAY_MS,
    };
    const hops = await startChild<HopsReport>('hops.ts', settings);
    const [first = 0, second = 0] = (await hops.report()).proxies;
    return {
      authority: authority.cert,
      proxies: [`127.0.0.1:${first}`, `127.0.0.1:${second}`],
      hops,
      close: async () => {
        await hops.stop();
        await endpoints.stop();
      },
    };
  } catch (error) {
    await endpoints.stop();
    throw error;
  }
}
