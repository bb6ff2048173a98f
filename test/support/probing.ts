import type { Endpoint } from '../../src/endpoints/catalogue';
import { type Network, systemNetwork } from '../../src/endpoints/probe/network';
import { createProbe, type ProbeResult } from '../../src/endpoints/probe/probe';
import type { TrustStore } from '../../src/endpoints/probe/trust';
import { type Clock, systemClock } from '../../src/lib/clock';

/** The endpoint's name in these tests; it never leaves the machine. */
export const HOST = 'contososensorapi.atp.azure.com';

const loopback: Network = {
  lookup: () => Promise.resolve(['127.0.0.1']),
  connect: (address, port) => systemNetwork.connect(address, port),
};

export interface Probing {
  readonly trust: TrustStore;
  readonly host?: string;
  readonly clock?: Clock;
  readonly timeoutMs?: number;
  readonly signal?: AbortSignal;
}

/** Probes a port of loopback, on the direct way. */
export function probePort(
  port: number,
  {
    trust,
    host = HOST,
    clock = systemClock,
    timeoutMs = 5000,
    signal = new AbortController().signal,
  }: Probing,
): Promise<ProbeResult> {
  const probe = createProbe({ network: loopback, trust, clock });
  const endpoint: Endpoint = {
    host,
    port,
    path: '/tri/sensor/api/ping',
    region: 'Europe',
    origin: 'file',
  };
  return probe({ endpoint, way: { kind: 'direct' }, timeoutMs }, signal);
}

/** This machine's clock, put forward (or back) by so many days. */
export function clockOff(days: number): Clock {
  return {
    ...systemClock,
    now: () => new Date(Date.parse(systemClock.now()) + days * 24 * 60 * 60 * 1000).toISOString(),
  };
}
