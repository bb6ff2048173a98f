/** Checks for the lab's tests: the health check of the product, over real sockets, on loopback. */
import { createProxyScripts } from '../../src/endpoints/pac/createProxyScripts';
import type { ProxyScripts } from '../../src/endpoints/pac/proxyScripts';
import type { TrustStore } from '../../src/endpoints/probe/trust';
import { createTrustStore } from '../../src/endpoints/probe/trust';
import type { EndpointCheck, PhaseStatus } from '../../src/endpoints/report';
import { systemClock } from '../../src/lib/clock';
import type { InForceSettings } from '../../src/wininet/inForce';
import { type Authority, createAuthority } from '../support/certificates';
import { startTlsEndpoint, type TlsEndpoint } from '../support/tlsEndpoint';
import { checkOne, context, endpointAt, HOST, loopbackNetwork, pacAnswers } from '../unit/endpoints/checking';
import { ADDRESS } from './processes';

const TIMEOUT_MS = 10_000;
/** How long something takes is nobody's business here but that of the test for it: the machine may be busy. */
const NEVER_SLOW_MS = 60_000;

/** An endpoint that is healthy, and who is trusted for it. */
export interface HealthyEndpoint {
  readonly port: number;
  readonly authority: Authority;
  readonly trust: TrustStore;
  readonly server: TlsEndpoint;
}

/** The names that the lab's endpoints have: the proxies look names up themselves, so that most go by their address. */
export const ENDPOINT_NAMES = [HOST, 'localhost', ADDRESS];

/** Starts an endpoint that answers the ping as the cloud service does. */
export async function startHealthyEndpoint(): Promise<HealthyEndpoint> {
  const authority = await createAuthority('Contoso Test Root');
  const server = await startTlsEndpoint({ certificate: await authority.issue({ hosts: ENDPOINT_NAMES }) });
  return { port: server.port, authority, trust: createTrustStore(authority.cert), server };
}

/** What a check needs beside its way. */
export interface Target {
  readonly port: number;
  readonly trust: TrustStore;
}

/** Checks an endpoint of this machine's directly, by its name. */
export function checkDirectly(
  { port, trust }: Target,
  timeoutMs = TIMEOUT_MS,
  slowMs = NEVER_SLOW_MS,
): Promise<EndpointCheck> {
  const direct = { context: context('LocalService'), endpoint: endpointAt(port), trust };
  return checkOne(direct, timeoutMs, slowMs);
}

/** Checks an endpoint of this machine's with some settings, by its address. PAC files are fetched and run. */
export function checkWith(
  settings: Partial<InForceSettings>,
  { port, trust }: Target,
  timeoutMs = TIMEOUT_MS,
  scripts: ProxyScripts = createProxyScripts({
    network: loopbackNetwork,
    trust,
    clock: systemClock,
    searchDomains: () => Promise.resolve([]),
  }),
): Promise<EndpointCheck> {
  const account = context('LocalService', settings);
  const endpoint = endpointAt(port, ADDRESS);
  return checkOne({ context: account, endpoint, trust, scripts }, timeoutMs, NEVER_SLOW_MS);
}

/** The settings for a static proxy. Loopback must not be passed by. */
export function staticProxy(proxyServer: string): Partial<InForceSettings> {
  return { proxyServer, bypassList: '<-loopback>' };
}

/** Checks an endpoint of this machine's through a static proxy, by its address. */
export function checkThrough(
  proxyServer: string | number,
  target: Target,
  timeoutMs?: number,
): Promise<EndpointCheck> {
  const server = typeof proxyServer === 'number' ? `proxy.contoso.com:${proxyServer}` : proxyServer;
  return checkWith(staticProxy(server), target, timeoutMs);
}

/** Checks an endpoint of this machine's through what a PAC file answers, by its address. */
export function checkThroughAnswer(
  answer: string,
  target: Target,
  timeoutMs?: number,
): Promise<EndpointCheck> {
  const autoConfigUrl = 'http://pac.contoso.com/proxy.pac';
  return checkWith({ autoConfigUrl }, target, timeoutMs, pacAnswers(answer));
}

/** What became of the six phases, in their order. */
export function statuses({ phases }: EndpointCheck): readonly PhaseStatus[] {
  return phases.map(({ status }) => status);
}

/** The phases of a check that stopped at one: those before it passed (a direct way has no `proxyConnect`). */
export function stoppedAt(
  phase: 'resolve' | 'connect' | 'proxyConnect' | 'tls' | 'request',
  way: 'direct' | 'proxied',
): readonly PhaseStatus[] {
  const names = ['route', 'resolve', 'connect', 'proxyConnect', 'tls', 'request'];
  const at = names.indexOf(phase);
  return names.map((name, index) => {
    if (index === at) return 'fail';
    if (index > at || (name === 'proxyConnect' && way === 'direct')) return 'skipped';
    return 'pass';
  });
}

/** All phases of a check that works. */
export const ALL_PASS: readonly PhaseStatus[] = Array<PhaseStatus>(6).fill('pass');
