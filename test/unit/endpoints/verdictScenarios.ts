/* eslint-disable max-lines -- one table: a scenario for each row of the table of verdicts */
import { constants } from 'node:crypto';
import type { ContextProxy } from '../../../src/endpoints/contextProxy';
import type { Network } from '../../../src/endpoints/probe/network';
import { createTrustStore, type TrustStore } from '../../../src/endpoints/probe/trust';
import type { VERDICTS } from '../../../src/endpoints/verdicts/verdicts';
import type { ProxyScripts } from '../../../src/endpoints/pac/proxyScripts';
import type { ScriptFailed, ScriptUnavailable } from '../../../src/wininet/route';
import {
  type Authority,
  createAuthority,
  daysFromNow,
  type KeyAndCertificate,
  type LeafOptions,
} from '../../support/certificates';
import { startForwardProxy } from '../../support/forwardProxy';
import { closedPort, type Script, startScriptedServer } from '../../support/scriptedServer';
import { startSocksProxy } from '../../support/socksProxy';
import { startTlsEndpoint, type TlsEndpointOptions } from '../../support/tlsEndpoint';
import {
  checkOne,
  Closing,
  connectFails,
  context,
  endpointAt,
  HOST,
  lookupFails,
  pacAnswers,
  scriptSays,
  loopbackNetwork,
  throughProxy,
  trustedAuthority,
} from './checking';

const closing = new Closing();
const direct = context('LocalSystem');
const silentLookup: Network = { ...loopbackNetwork, lookup: () => new Promise(() => undefined) };
let authority: Authority;
let trust: TrustStore;
let certificate: KeyAndCertificate;

/** Makes the certificates that the scenarios use. */
export async function prepareScenarios(): Promise<void> {
  ({ authority, trust, certificate } = await trustedAuthority());
}

/** Ends what a scenario started. */
export function endScenario(): Promise<void> {
  return closing.closeAll();
}

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

type Code = (typeof VERDICTS)[number]['code'];

/** A PAC file for a proxy that works, and what came of asking it. */
async function behindPac(scripts: ProxyScripts, proxyServer: string | null = null) {
  const account = context('X', { autoConfigUrl: 'http://pac.contoso.com/proxy.pac', proxyServer });
  const server = await closing.add(startTlsEndpoint({ certificate }));
  return checkOne({ context: account, endpoint: endpointAt(server.port), trust, scripts });
}

const pacUnavailable = (reason: ScriptUnavailable) =>
  behindPac(scriptSays({ kind: 'unavailable', reason, seen: 'the PAC file was seen to fail' }));
const pacFailed = (reason: ScriptFailed) =>
  behindPac(scriptSays({ kind: 'failed', reason, seen: 'the script was seen to fail' }));

async function secondProxyOfPac() {
  const server = await closing.add(startTlsEndpoint({ certificate }));
  const map = { [`${HOST}:443`]: `127.0.0.1:${server.port}` };
  const proxy = await closing.add(startForwardProxy({ map }));
  const scripts = pacAnswers(`PROXY first:${await closedPort()}; PROXY second:${proxy.port}; DIRECT`);
  const account = context('X', { autoConfigUrl: 'http://pac.contoso.com/proxy.pac' });
  return checkOne({ context: account, endpoint: endpointAt(443), trust, scripts });
}

/** A SOCKS proxy that gives this answer, eight bytes of version 4. */
async function socksThat(says: Buffer) {
  const proxy = await closing.add(startScriptedServer({ says }));
  const account = context('X', { proxyServer: `socks=proxy:${proxy.port}` });
  return checkOne({ context: account, endpoint: endpointAt(443), trust });
}

/** A proxy of the HTTPS keyword: TLS with this certificate around what a PAC file names. */
async function httpsProxyThat(options: Partial<TlsEndpointOptions>) {
  const proxy = await closing.add(startTlsEndpoint({ certificate, ...options }));
  const account = context('X', { autoConfigUrl: 'http://pac.contoso.com/proxy.pac' });
  const scripts = pacAnswers(`HTTPS ${HOST}:${proxy.port}`);
  return checkOne({ context: account, endpoint: endpointAt(443), trust, scripts });
}

/** For each row of the table, something that leads to it. */
export const SCENARIOS: Readonly<Record<Code, Scenario>> = {
  'route-settings-malformed': {
    phase: 'route',
    run: () => unknownRoute({ id: 'X', scope: 'account', state: 'malformed', inForce: null }),
  },
  'route-proxy-entry-malformed': {
    phase: 'route',
    detail: /entry 1 is malformed: it holds credentials/,
    run: () => unknownRoute(context('X', { proxyServer: 'user:hunter2@proxy:8080' })),
  },
  'route-no-direct-flag': {
    phase: 'route',
    run: async () => {
      const server = await closing.add(startTlsEndpoint({ certificate }));
      const map = { [`${HOST}:443`]: `127.0.0.1:${server.port}` };
      const proxy = await closing.add(startForwardProxy({ map }));
      const account = context('X', { direct: false, proxyServer: `proxy:${proxy.port}` });
      return checkOne({ context: account, endpoint: endpointAt(443), trust });
    },
  },
  'route-pac-url-not-supported': { phase: 'route', run: () => pacUnavailable('pac-url-not-supported') },
  'route-pac-unreachable': {
    phase: 'route',
    detail: /was seen to fail/,
    run: () => pacUnavailable('pac-unreachable'),
  },
  'route-pac-http-status': { phase: 'route', run: () => pacUnavailable('pac-http-status') },
  'route-pac-too-large': { phase: 'route', run: () => pacUnavailable('pac-too-large') },
  'route-pac-not-a-script': { phase: 'route', run: () => pacUnavailable('pac-not-a-script') },
  'route-pac-threw': { phase: 'route', run: () => pacFailed('pac-threw') },
  'route-pac-limit': { phase: 'route', run: () => pacFailed('pac-limit') },
  'route-pac-answer-malformed': {
    phase: 'route',
    detail: /entry 1 begins with no keyword/,
    run: () => behindPac(pacAnswers('GO AWAY; DIRECT')),
  },
  'route-https-proxy': {
    phase: 'route',
    run: async () => {
      const server = await closing.add(startTlsEndpoint({ certificate }));
      return checkOne({
        context: context('X', { autoConfigUrl: 'http://pac.contoso.com/proxy.pac' }),
        endpoint: endpointAt(server.port),
        trust,
        scripts: pacAnswers('DIRECT; HTTPS proxy:443'),
      });
    },
  },
  'route-socks': {
    phase: 'route',
    run: async () => {
      const server = await closing.add(startTlsEndpoint({ certificate }));
      const proxy = await closing.add(startSocksProxy(server.port));
      const account = context('X', { proxyServer: `socks=proxy:${proxy.port}` });
      return checkOne({ context: account, endpoint: endpointAt(server.port), trust });
    },
  },
  'route-failover': {
    phase: 'route',
    detail: /PROXY first:\d+ \(proxy-connect-refused\); then PROXY second:\d+/,
    run: secondProxyOfPac,
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
    detail: /429/,
    run: () => proxySays('429 Too Many Requests'),
  },
  'proxy-not-a-proxy': {
    phase: 'proxyConnect',
    detail: /405/,
    run: () => proxySays('405 Method Not Allowed'),
  },
  'proxy-tls-expected': {
    phase: 'proxyConnect',
    remedy: /plain port/,
    run: async () => {
      const proxy = await closing.add(startTlsEndpoint({ certificate }));
      return checkOne({ context: throughProxy(proxy.port), endpoint: endpointAt(443), trust });
    },
  },
  'proxy-tls-failed': {
    phase: 'proxyConnect',
    run: async () => {
      const proxy = await closing.add(startForwardProxy({ map: {} }));
      return checkOne({
        context: context('X', { autoConfigUrl: 'http://pac.contoso.com/proxy.pac' }),
        endpoint: endpointAt(443),
        trust,
        scripts: pacAnswers(`HTTPS proxy:${proxy.port}`),
      });
    },
  },
  'proxy-tls-untrusted': {
    phase: 'proxyConnect',
    run: async () =>
      httpsProxyThat({ certificate: await (await createAuthority('Stranger')).issue({ hosts: [HOST] }) }),
  },
  'proxy-socks-refused': {
    phase: 'proxyConnect',
    detail: /91/,
    run: () => socksThat(Buffer.from([0, 91, 0, 0, 0, 0, 0, 0])),
  },
  'proxy-not-socks': { phase: 'proxyConnect', run: () => socksThat(Buffer.from('HTTP/1.1 400\r\n')) },
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
  'tls-not-tls': {
    phase: 'tls',
    run: () => endpointThat({ says: 'HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n' }),
  },
  'tls-inspection-suspected': {
    phase: 'tls',
    detail: /Contoso Test Root/,
    run: async () => {
      const server = await closing.add(startTlsEndpoint({ certificate }));
      const store = createTrustStore(null, { system: [authority.cert] });
      return checkOne({ context: direct, endpoint: endpointAt(server.port), trust: store });
    },
  },
  'tls-client-certificate-required': {
    phase: 'tls',
    run: () =>
      endpointWith({
        tls: { requestCert: true, rejectUnauthorized: true, ca: authority.cert, maxVersion: 'TLSv1.2' },
      }),
  },
  'tls-closed': { phase: 'tls', run: () => endpointThat({ closes: 'when spoken to' }) },
  'tls-timeout': { phase: 'tls', run: () => endpointThat({ hangs: true }, SHORT_MS) },
  'http-unexpected-status': { phase: 'request', detail: /404/, run: () => endpointWith({ status: 404 }) },
  'http-captive-page': {
    phase: 'request',
    run: () =>
      endpointWith({
        says: 'HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: 6\r\n\r\n<html>',
      }),
  },
  'http-forbidden': { phase: 'request', detail: /403/, run: () => endpointWith({ status: 403 }) },
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
  'clock-offset': {
    phase: 'request',
    detail: /ahead of this machine’s clock/,
    run: () =>
      endpointWith({
        says: `HTTP/1.1 200 OK\r\nDate: ${daysFromNow(1).toUTCString()}\r\nContent-Length: 2\r\n\r\nOk`,
      }),
  },
  slow: {
    phase: 'resolve',
    detail: /of them in resolve; the limit is 100/,
    run: async () => {
      const server = await closing.add(startTlsEndpoint({ certificate }));
      const network = {
        ...loopbackNetwork,
        lookup: () => new Promise<string[]>((resolve) => setTimeout(resolve, 600, ['127.0.0.1'])),
      };
      return checkOne({ context: direct, endpoint: endpointAt(server.port), trust, network }, 5000, 100);
    },
  },
};
