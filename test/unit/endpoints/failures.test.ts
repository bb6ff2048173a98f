import { constants } from 'node:crypto';
import type { ContextProxy } from '../../../src/endpoints/contextProxy';
import { FAILURES, type FailureCode } from '../../../src/endpoints/failures';
import type { Network } from '../../../src/endpoints/probe/network';
import type { TrustStore } from '../../../src/endpoints/probe/trust';
import {
  type Authority,
  createAuthority,
  daysFromNow,
  type KeyAndCertificate,
  type LeafOptions,
} from '../../support/certificates';
import { startForwardProxy } from '../../support/forwardProxy';
import { closedPort, type Script, startScriptedServer } from '../../support/scriptedServer';
import { startTlsEndpoint, type TlsEndpointOptions } from '../../support/tlsEndpoint';
import {
  checkOne,
  Closing,
  connectFails,
  context,
  endpointAt,
  HOST,
  lookupFails,
  loopbackNetwork,
  throughProxy,
  trustedAuthority,
} from './checking';

const PHASES = ['route', 'resolve', 'connect', 'proxyConnect', 'tls', 'request'];
const closing = new Closing();
const direct = context('LocalSystem');
const silentLookup: Network = { ...loopbackNetwork, lookup: () => new Promise(() => undefined) };
let authority: Authority;
let trust: TrustStore;
let certificate: KeyAndCertificate;

beforeAll(async () => {
  ({ authority, trust, certificate } = await trustedAuthority());
});
afterEach(() => closing.closeAll());

/** What a scenario leads to, besides its code. */
interface Expected {
  readonly phase: string;
  readonly detail?: RegExp;
  readonly remedy?: RegExp;
}

type Scenario = Expected & { readonly run: () => ReturnType<typeof checkOne> };

const SHORT_MS = 300;

const onWay = (account: ContextProxy, network: Network, timeoutMs?: number) =>
  checkOne({ context: account, endpoint: endpointAt(443), trust, network }, timeoutMs);

const proxyNamed = throughProxy(3128);

async function proxyThat(script: Script, timeoutMs?: number) {
  const proxy = await closing.add(startScriptedServer(script));
  return checkOne({ context: throughProxy(proxy.port), endpoint: endpointAt(443), trust }, timeoutMs);
}

const proxySays = (status: string) => proxyThat({ says: `HTTP/1.1 ${status}\r\nContent-Length: 0\r\n\r\n` });

async function endpointThat(script: Script, timeoutMs?: number) {
  const server = await closing.add(startScriptedServer(script));
  return checkOne({ context: direct, endpoint: endpointAt(server.port), trust }, timeoutMs);
}

async function endpointWith(options: Partial<TlsEndpointOptions>, timeoutMs?: number) {
  const server = await closing.add(startTlsEndpoint({ certificate, ...options }));
  return checkOne({ context: direct, endpoint: endpointAt(server.port), trust }, timeoutMs);
}

const withLeaf = async (options: Partial<LeafOptions>, issuer = authority) =>
  endpointWith({ certificate: await issuer.issue({ hosts: [HOST], ...options }) });

const unknownRoute = (account: ContextProxy) =>
  checkOne({ context: account, endpoint: endpointAt(443), trust });

const SCENARIOS: Readonly<Record<FailureCode, Scenario>> = {
  'route-pac-not-supported': {
    phase: 'route',
    run: () => unknownRoute(context('X', { autoConfigUrl: 'http://pac/', proxyServer: 'proxy:1' })),
  },
  'route-auto-detect-not-supported': {
    phase: 'route',
    run: () => unknownRoute(context('X', { autoDetect: true })),
  },
  'route-settings-malformed': {
    phase: 'route',
    run: () => unknownRoute({ id: 'X', scope: 'account', state: 'malformed', inForce: null }),
  },
  'route-proxy-entry-malformed': {
    phase: 'route',
    detail: /entry 1 is malformed: it holds credentials/,
    run: () => unknownRoute(context('X', { proxyServer: 'user:hunter2@proxy:8080' })),
  },
  'route-socks-not-supported': {
    phase: 'route',
    run: () => unknownRoute(context('X', { proxyServer: 'socks=proxy' })),
  },
  'dns-not-found': { phase: 'resolve', run: () => onWay(direct, lookupFails('ENOTFOUND')) },
  'dns-failed': { phase: 'resolve', detail: /EAI_AGAIN/, run: () => onWay(direct, lookupFails('EAI_AGAIN')) },
  'dns-timeout': { phase: 'resolve', run: () => onWay(direct, silentLookup, SHORT_MS) },
  'proxy-dns-not-found': {
    phase: 'resolve',
    detail: /proxy\.contoso\.com:3128 \(ENOTFOUND\)/,
    remedy: /proxy’s name/,
    run: () => onWay(proxyNamed, lookupFails('ENOTFOUND')),
  },
  'proxy-dns-failed': { phase: 'resolve', run: () => onWay(proxyNamed, lookupFails('ESERVFAIL')) },
  'proxy-dns-timeout': { phase: 'resolve', run: () => onWay(proxyNamed, silentLookup, SHORT_MS) },
  'connect-refused': {
    phase: 'connect',
    remedy: /firewall/,
    run: async () => checkOne({ context: direct, endpoint: endpointAt(await closedPort()), trust }),
  },
  'connect-timeout': { phase: 'connect', run: () => onWay(direct, connectFails(null), SHORT_MS) },
  'connect-unreachable': { phase: 'connect', run: () => onWay(direct, connectFails('EHOSTUNREACH')) },
  'connect-reset': { phase: 'connect', run: () => onWay(direct, connectFails('ECONNRESET')) },
  'connect-failed': { phase: 'connect', detail: /EACCES/, run: () => onWay(direct, connectFails('EACCES')) },
  'proxy-connect-refused': {
    phase: 'connect',
    remedy: /the proxy runs/,
    run: async () =>
      checkOne({ context: throughProxy(await closedPort()), endpoint: endpointAt(443), trust }),
  },
  'proxy-connect-timeout': { phase: 'connect', run: () => onWay(proxyNamed, connectFails(null), SHORT_MS) },
  'proxy-connect-unreachable': {
    phase: 'connect',
    run: () => onWay(proxyNamed, connectFails('ENETUNREACH')),
  },
  'proxy-connect-reset': { phase: 'connect', run: () => onWay(proxyNamed, connectFails('ECONNRESET')) },
  'proxy-connect-failed': { phase: 'connect', run: () => onWay(proxyNamed, connectFails('EADDRNOTAVAIL')) },
  'proxy-auth-required': {
    phase: 'proxyConnect',
    detail: /407 and offers Basic/,
    remedy: /HOST\$/,
    run: async () => {
      const proxy = await closing.add(startForwardProxy({ map: {}, basicAuth: 'user:secret' }));
      return checkOne({ context: throughProxy(proxy.port), endpoint: endpointAt(443), trust });
    },
  },
  'proxy-forbidden': {
    phase: 'proxyConnect',
    remedy: /HOST\$/,
    run: async () => {
      const proxy = await closing.add(startForwardProxy({ map: {}, deny: true }));
      return checkOne({ context: throughProxy(proxy.port), endpoint: endpointAt(443), trust });
    },
  },
  'proxy-server-error': { phase: 'proxyConnect', detail: /502/, run: () => proxySays('502 Bad Gateway') },
  'proxy-refused-connect': {
    phase: 'proxyConnect',
    detail: /405/,
    run: () => proxySays('405 Method Not Allowed'),
  },
  'proxy-not-http': { phase: 'proxyConnect', run: () => proxyThat({ says: 'SSH-2.0-OpenSSH_9.2\r\n' }) },
  'proxy-closed': { phase: 'proxyConnect', run: () => proxyThat({ closes: 'when spoken to' }) },
  'proxy-timeout': { phase: 'proxyConnect', run: () => proxyThat({ hangs: true }, SHORT_MS) },
  'tls-untrusted': {
    phase: 'tls',
    detail: /issuer O=sensorproxy tests, CN=Some Inspector/,
    run: async () => withLeaf({}, await createAuthority('Some Inspector')),
  },
  'tls-name-mismatch': { phase: 'tls', run: () => withLeaf({ hosts: ['other.contoso.com'] }) },
  'tls-expired': {
    phase: 'tls',
    remedy: /clock/,
    run: () => withLeaf({ notBefore: daysFromNow(-9), notAfter: daysFromNow(-2) }),
  },
  'tls-not-yet-valid': { phase: 'tls', remedy: /clock/, run: () => withLeaf({ notBefore: daysFromNow(2) }) },
  'tls-protocol': {
    phase: 'tls',
    run: () =>
      endpointWith({
        tls: {
          minVersion: 'TLSv1',
          maxVersion: 'TLSv1.1',
          ciphers: 'DEFAULT@SECLEVEL=0',
          secureOptions: constants.SSL_OP_NO_TICKET,
        },
      }),
  },
  'tls-closed': { phase: 'tls', run: () => endpointThat({ closes: 'when spoken to' }) },
  'tls-timeout': { phase: 'tls', run: () => endpointThat({ hangs: true }, SHORT_MS) },
  'http-unexpected-status': { phase: 'request', detail: /404/, run: () => endpointWith({ status: 404 }) },
  'http-redirect': { phase: 'request', detail: /302/, run: () => endpointWith({ status: 302 }) },
  'http-client-certificate-required': {
    phase: 'request',
    run: () =>
      endpointWith({
        tls: { requestCert: true, rejectUnauthorized: true, ca: authority.cert, minVersion: 'TLSv1.3' },
      }),
  },
  'http-malformed': { phase: 'request', run: () => endpointWith({ says: '\u0000\u0001\u0002 no HTTP' }) },
  'http-closed': { phase: 'request', run: () => endpointWith({ afterRequest: 'closes' }) },
  'http-timeout': { phase: 'request', run: () => endpointWith({ afterRequest: 'hangs' }, SHORT_MS) },
};

describe('the table of failures', () => {
  it('has each code once, with a remedy that is a sentence', () => {
    const codes = FAILURES.map(({ code }) => code);
    expect(new Set(codes).size).toBe(codes.length);
    for (const { remedy, summary } of FAILURES) {
      expect(remedy).toMatch(/^[A-Z].*\.$/);
      expect(summary).toMatch(/^[a-z].*[^.]$/);
    }
  });

  it('is reached row by row by the scenarios below', () => {
    expect(Object.keys(SCENARIOS).sort()).toEqual(FAILURES.map(({ code }) => code as string).sort());
  });
});

describe('a check that fails', () => {
  it.each(Object.entries(SCENARIOS))('says %s', async (code, { run, phase, detail, remedy }) => {
    const check = await run();
    const { failure, phases } = check;
    expect(failure).toMatchObject({ code, phase });
    expect(failure?.detail).toMatch(detail ?? /./);
    expect(failure?.remedy).toMatch(remedy ?? /./);
    expect(check.status).toBe(phase === 'route' ? 'unknown' : 'unhealthy');
    expect(phases.map(({ name }) => name)).toEqual(PHASES);
    const at = PHASES.indexOf(phase);
    expect(phases[at]?.status).toBe('fail');
    expect(
      phases
        .slice(0, at)
        .filter(({ name }) => name !== 'proxyConnect')
        .every(({ status }) => status === 'pass'),
    ).toBe(true);
    expect(
      phases.slice(at + 1).every(({ status, durationMs }) => status === 'skipped' && durationMs === 0),
    ).toBe(true);
    expect(JSON.stringify(check)).not.toMatch(/hunter2|secret/);
  });
});
