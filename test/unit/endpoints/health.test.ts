import { connect, Socket } from 'node:net';
import fc from 'fast-check';
import { overallStatus } from '../../../src/endpoints/checkReport';
import { createGate } from '../../../src/lib/gate';
import { createHealth, type HealthQuery } from '../../../src/endpoints/health';
import { createRoutes } from '../../../src/endpoints/routes';
import type { ProbeResult } from '../../../src/endpoints/probe/probe';
import type { TrustStore } from '../../../src/endpoints/probe/trust';
import type { HealthStatus } from '../../../src/endpoints/report';
import { systemClock } from '../../../src/lib/clock';
import { type Authority, createAuthority, type KeyAndCertificate } from '../../support/certificates';
import { startForwardProxy } from '../../support/forwardProxy';
import { startScriptedServer } from '../../support/scriptedServer';
import { startTlsEndpoint } from '../../support/tlsEndpoint';
import {
  checkAll,
  checkOne,
  Closing,
  context,
  endpointAt,
  HOST,
  pacAnswers,
  throughProxy,
  trustedAuthority,
} from './checking';

const closing = new Closing();
let authority: Authority;
let trust: TrustStore;
let certificate: KeyAndCertificate;

beforeAll(async () => {
  ({ authority, trust, certificate } = await trustedAuthority());
});
afterEach(() => closing.closeAll());

const realConnect = (address: string, port: number) => connect(port, address);

/** An endpoint, and a proxy that leads to it under the name HOST, port 443. */
async function endpointBehindProxy() {
  const server = await closing.add(startTlsEndpoint({ certificate }));
  const proxy = await closing.add(
    startForwardProxy({ map: { [`${HOST}:443`]: `127.0.0.1:${server.port}` } }),
  );
  return { server, proxy };
}

describe('a healthy endpoint', () => {
  it('is reached directly, and every phase is told', async () => {
    const server = await closing.add(startTlsEndpoint({ certificate }));
    const check = await checkOne({
      context: context('LocalSystem'),
      endpoint: endpointAt(server.port),
      trust,
    });
    expect(check).toMatchObject({
      context: 'LocalSystem',
      endpoint: { host: HOST, port: server.port, region: 'Europe', origin: 'file' },
      status: 'healthy',
      route: { via: 'direct', proxy: null, because: 'no proxy in force' },
      failure: null,
      http: { status: 200 },
    });
    expect(check.phases.map(({ name, status }) => `${name} ${status}`)).toEqual([
      'route pass',
      'resolve pass',
      'connect pass',
      'proxyConnect skipped',
      'tls pass',
      'request pass',
    ]);
    expect(server.requests).toEqual(['GET /tri/sensor/api/ping HTTP/1.1']);
  });

  it('is reached through the account’s proxy, which alone looks the name up', async () => {
    const { server, proxy } = await endpointBehindProxy();
    const check = await checkOne({ context: throughProxy(proxy.port), endpoint: endpointAt(443), trust });
    expect(check).toMatchObject({
      status: 'healthy',
      route: {
        via: 'proxy',
        proxy: `proxy.contoso.com:${proxy.port}`,
        because: `static proxy, entry proxy.contoso.com:${proxy.port}`,
      },
      http: { status: 200 },
    });
    expect(check.phases.every(({ status }) => status === 'pass')).toBe(true);
    expect(proxy.connects).toEqual([`${HOST}:443`]);
    expect(server.requests).toHaveLength(1);
  });

  it('may answer 503, as older workspaces do', async () => {
    const server = await closing.add(startTlsEndpoint({ certificate, status: 503 }));
    const check = await checkOne({ context: context('A'), endpoint: endpointAt(server.port), trust });
    expect(check).toMatchObject({ status: 'healthy', http: { status: 503 } });
  });

  it('may not answer 503 over a chain that nobody trusts: it is not even asked', async () => {
    const stranger = await createAuthority('Stranger');
    const server = await closing.add(
      startTlsEndpoint({ certificate: await stranger.issue({ hosts: [HOST] }), status: 503 }),
    );
    const check = await checkOne({ context: context('A'), endpoint: endpointAt(server.port), trust });
    expect(check).toMatchObject({ status: 'unhealthy', http: null, tls: { trust: 'untrusted' } });
    expect(server.requests).toEqual([]);
  });

  it('is found by its address as well, when its certificate names that', async () => {
    const server = await closing.add(startTlsEndpoint({ certificate }));
    const check = await checkOne({
      context: context('A', { proxyServer: 'p' }),
      endpoint: endpointAt(server.port, '127.0.0.1'),
      trust,
    });
    expect(check).toMatchObject({
      status: 'healthy',
      route: { via: 'direct', because: 'implicit bypass of 127.0.0.1' },
    });
  });

  it('is asked for in brackets when it is an IPv6 address', async () => {
    const address = '2001:db8::1';
    const server = await closing.add(
      startTlsEndpoint({ certificate: await authority.issue({ hosts: [address] }) }),
    );
    const map = { [`[${address}]:443`]: `127.0.0.1:${server.port}` };
    const proxy = await closing.add(startForwardProxy({ map }));
    const check = await checkOne({
      context: throughProxy(proxy.port),
      endpoint: endpointAt(443, address),
      trust,
    });
    expect(check).toMatchObject({ status: 'healthy', failure: null });
  });

  it('is reached at its second address when the first refuses', async () => {
    const server = await closing.add(startTlsEndpoint({ certificate }));
    const network = {
      lookup: () => Promise.resolve(['127.0.0.9', '127.0.0.1']),
      connect: realConnect,
    };
    const check = await checkOne({
      context: context('A'),
      endpoint: endpointAt(server.port),
      trust,
      network,
    });
    expect(check.status).toBe('healthy');
  });

  it('is reached at its second address when the first stays silent', async () => {
    const server = await closing.add(startTlsEndpoint({ certificate }));
    const network = {
      lookup: () => Promise.resolve(['192.0.2.1', '127.0.0.1']),
      connect: (address: string, port: number) =>
        address === '127.0.0.1' ? realConnect(address, port) : new Socket(),
    };
    const check = await checkOne(
      { context: context('A'), endpoint: endpointAt(server.port), trust, network },
      3000,
    );
    expect(check.status).toBe('healthy');
  });
});

describe('what an account’s settings say', () => {
  it('never reaches a socket or the answer raw', async () => {
    const proxy = await closing.add(startScriptedServer({ hangs: true }));
    const proxyServer = `127.0.0.1:${proxy.port}\r\nX-Injected:1`;
    const account = context('A', { proxyServer, bypassList: '"quoted"\u0000;user:hunter2@x' });
    const check = await checkOne({ context: account, endpoint: endpointAt(443), trust });
    expect(check).toMatchObject({ status: 'unknown', route: { via: 'proxy', proxy: null } });
    expect(JSON.stringify(check)).not.toMatch(/Injected|\\r|\\u0000|hunter2/);
    expect(proxy.accepted()).toBe(0);
  });
});

describe('a report', () => {
  it('shares one probe between two accounts that take the same way', async () => {
    const { proxy, server } = await endpointBehindProxy();
    const contexts = [throughProxy(proxy.port, 'LocalSystem'), throughProxy(proxy.port, 'LocalService')];
    const report = await checkAll({ contexts, endpoints: [endpointAt(443)], trust });
    expect(report.status).toBe('healthy');
    expect(report.checks.map((check) => check.context)).toEqual(['LocalSystem', 'LocalService']);
    expect(proxy.connects).toHaveLength(1);
    expect(server.accepted()).toBe(1);
  });

  it('does not share a probe between different ways', async () => {
    const { proxy } = await endpointBehindProxy();
    const other = await closing.add(startForwardProxy({ map: {}, deny: true }));
    const contexts = [throughProxy(proxy.port, 'LocalSystem'), throughProxy(other.port, 'LocalService')];
    const report = await checkAll({ contexts, endpoints: [endpointAt(443)], trust });
    expect(report).toMatchObject({
      status: 'unhealthy',
      checks: [{ status: 'healthy' }, { status: 'unhealthy' }],
    });
  });

  it('lists the checks by context, then by endpoint, each context once', async () => {
    const contexts = ['B', 'A'].map((id) => context(id, { proxyServer: 'http://' }));
    const endpoints = [endpointAt(443, 'z.contoso.com'), endpointAt(443, 'a.contoso.com')];
    const report = await checkAll({ contexts, endpoints, trust }, { contexts: ['B', 'A', 'B'] });
    expect(report.checks.map((check) => `${check.context} ${check.endpoint.host[0] ?? ''}`)).toEqual([
      'B z',
      'B a',
      'A z',
      'A a',
    ]);
    expect(report).toMatchObject({ status: 'unknown', checkedAt: expect.stringMatching(/Z$/) as unknown });
  });

  it('keeps to the limit of probes at a time, together with other reports', async () => {
    let running = 0;
    let most = 0;
    const probed: ProbeResult = { phases: [], failure: null, warnings: [], tls: null, http: null };
    const health = createHealth({
      proxyFor: (id) => Promise.resolve(context(id)),
      endpoints: () =>
        Promise.resolve(Array.from({ length: 40 }, (_, i) => endpointAt(443, `e${i}.contoso.com`))),
      probe: async () => {
        most = Math.max(most, ++running);
        await new Promise((resolve) => setTimeout(resolve, 2));
        running -= 1;
        return probed;
      },
      routesFor: createRoutes(pacAnswers('DIRECT'), systemClock),
      findings: () => [],
      clock: systemClock,
      gate: createGate(7),
    });
    const stays = new AbortController().signal;
    const reports = await Promise.all(['A', 'B'].map((id) => health.check({ contexts: [id] }, stays)));
    expect(reports.flatMap(({ checks }) => checks)).toHaveLength(80);
    expect(most).toBe(7);
  });

  it('is refused for an account that there is not, and for a time-out out of bounds', async () => {
    const check = (query: HealthQuery) => checkAll({ contexts: [context('A')], endpoints: [], trust }, query);
    await expect(check({ contexts: ['nobody'] })).rejects.toMatchObject({ code: 'context-not-found' });
    for (const timeoutMs of [99, 60_001, Number.NaN]) {
      await expect(check({ contexts: ['A'], timeoutMs })).rejects.toMatchObject({
        code: 'timeout-out-of-range',
      });
    }
    expect(await check({ contexts: ['A'], timeoutMs: 100 })).toMatchObject({
      status: 'unknown',
      checks: [],
    });
  });

  it('takes the worst of its checks: unhealthy, unknown, degraded, healthy', () => {
    const order: HealthStatus[] = ['unhealthy', 'unknown', 'degraded', 'healthy'];
    fc.assert(
      fc.property(fc.array(fc.constantFrom(...order), { minLength: 1 }), (statuses) => {
        const worst = order[Math.min(...statuses.map((status) => order.indexOf(status)))];
        expect(overallStatus(statuses)).toBe(worst);
      }),
    );
  });
});
