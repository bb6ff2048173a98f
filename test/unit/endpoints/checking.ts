import { Socket } from 'node:net';
import type { Endpoint } from '../../../src/endpoints/catalogue';
import type { ContextProxy } from '../../../src/endpoints/contextProxy';
import { createGate } from '../../../src/lib/gate';
import { createHealth, type Health, type HealthQuery } from '../../../src/endpoints/health';
import type { ProxyScripts } from '../../../src/endpoints/pac/proxyScripts';
import { type Network, systemNetwork } from '../../../src/endpoints/probe/network';
import { createProbe } from '../../../src/endpoints/probe/probe';
import { createTrustStore, type TrustStore } from '../../../src/endpoints/probe/trust';
import type { EndpointCheck, HealthReport } from '../../../src/endpoints/report';
import { createRoutes } from '../../../src/endpoints/routes';
import { systemClock } from '../../../src/lib/clock';
import { DomainError } from '../../../src/lib/errors';
import type { InForceSettings } from '../../../src/wininet/inForce';
import type { ScriptOutcome } from '../../../src/wininet/route';
import { type Authority, createAuthority, type KeyAndCertificate } from '../../support/certificates';

/** The endpoint's name in these tests; it never leaves the machine. */
export const HOST = 'contososensorapi.atp.azure.com';

/** An endpoint of the operator's on a port of loopback. */
export function endpointAt(port: number, host = HOST): Endpoint {
  return { host, port, path: '/tri/sensor/api/ping', region: 'Europe', origin: 'file' };
}

/** A network in which every name is this machine. */
export const loopbackNetwork: Network = {
  lookup: () => Promise.resolve(['127.0.0.1']),
  connect: (address, port) => systemNetwork.connect(address, port),
};

/** A network whose look-ups fail with a system error. */
export function lookupFails(code: string): Network {
  return { ...loopbackNetwork, lookup: () => Promise.reject(Object.assign(new Error(code), { code })) };
}

/** A network whose connections fail with a system error, or never come about. */
export function connectFails(code: string | null): Network {
  return {
    ...loopbackNetwork,
    connect: () => {
      const socket = new Socket();
      if (code !== null) setImmediate(() => socket.destroy(Object.assign(new Error(code), { code })));
      return socket;
    },
  };
}

/** An account's settings. */
export function context(id: string, settings: Partial<InForceSettings> = {}): ContextProxy {
  const none = { direct: true, autoDetect: false, autoConfigUrl: null, proxyServer: null, bypassList: null };
  return { id, scope: 'account', state: 'configured', inForce: { ...none, ...settings } };
}

/** A context whose static proxy is on a port of loopback. */
export function throughProxy(port: number, id = 'LocalService'): ContextProxy {
  return context(id, { proxyServer: `proxy.contoso.com:${port}`, bypassList: '<local>' });
}

/** A PAC file that says the same of every target. */
export function scriptSays(outcome: ScriptOutcome): ProxyScripts {
  return { ask: (_source, targets) => Promise.resolve(targets.map(() => outcome)) };
}

/** A PAC file that answers the same for every target. */
export function pacAnswers(answer: string): ProxyScripts {
  return scriptSays({ kind: 'answer', answer, from: 'http://pac.contoso.com/proxy.pac' });
}

const noScripts: ProxyScripts = {
  ask: () => Promise.reject(new Error('no script was expected to be asked')),
};

export interface CheckingOptions {
  readonly contexts: readonly ContextProxy[];
  readonly endpoints: readonly Endpoint[];
  readonly trust: TrustStore;
  readonly network?: Network;
  readonly scripts?: ProxyScripts;
}

/** The health check over these contexts and endpoints. */
export function healthOf(options: CheckingOptions): Health {
  const { contexts, endpoints, trust, network = loopbackNetwork, scripts = noScripts } = options;
  return createHealth({
    proxyFor: (id) => {
      const found = contexts.find((one) => one.id === id);
      if (found === undefined)
        return Promise.reject(new DomainError('notFound', 'context-not-found', 'no such context'));
      return Promise.resolve(found);
    },
    endpoints: () => Promise.resolve(endpoints),
    routesFor: createRoutes(scripts, systemClock),
    probe: createProbe({ network, trust, clock: systemClock }),
    clock: systemClock,
    gate: createGate(16),
    findings: () => [],
  });
}

/** Checks, for a caller that stays. */
export function checkAll(options: CheckingOptions, query: HealthQuery = {}): Promise<HealthReport> {
  return healthOf(options).check(query, new AbortController().signal);
}

/** Checks one endpoint for one context. */
export async function checkOne(
  one: Omit<CheckingOptions, 'contexts' | 'endpoints'> & {
    readonly context: ContextProxy;
    readonly endpoint: Endpoint;
  },
  timeoutMs = 5000,
  slowMs?: number,
): Promise<EndpointCheck> {
  const query = { contexts: [one.context.id], timeoutMs, slowMs };
  const { checks } = await checkAll({ ...one, contexts: [one.context], endpoints: [one.endpoint] }, query);
  const [check] = checks;
  if (check === undefined || checks.length !== 1) throw new Error('one check was expected');
  return check;
}

/** An authority, a store that trusts it as an operator's own root, and a certificate for {@link HOST}. */
export async function trustedAuthority(): Promise<{
  readonly authority: Authority;
  readonly trust: TrustStore;
  readonly certificate: KeyAndCertificate;
}> {
  const authority = await createAuthority('Contoso Test Root');
  const certificate = await authority.issue({ hosts: [HOST, '127.0.0.1'] });
  return { authority, trust: createTrustStore(authority.cert), certificate };
}

/** Ends everything that was started, last first. */
export class Closing {
  private readonly started: { close(): Promise<void> }[] = [];

  /** Remembers what a promise starts, and gives it back. */
  async add<T extends { close(): Promise<void> }>(starting: Promise<T>): Promise<T> {
    const one = await starting;
    this.started.push(one);
    return one;
  }

  async closeAll(): Promise<void> {
    for (const one of this.started.splice(0).reverse()) await one.close();
  }
}
