import { connect } from 'node:net';
import type { TrustStore } from '../../../src/endpoints/probe/trust';
import type { Authority, KeyAndCertificate } from '../../support/certificates';
import { startForwardProxy } from '../../support/forwardProxy';
import { startScriptedServer } from '../../support/scriptedServer';
import { startTlsEndpoint } from '../../support/tlsEndpoint';
import {
  checkAll,
  checkOne,
  Closing,
  context,
  endpointAt,
  healthOf,
  HOST,
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

/** Waits until a server has no connection left; the test's own time limit bounds the wait. */
async function expectClosed(server: { open(): number }): Promise<void> {
  while (server.open() > 0) await new Promise((resolve) => setTimeout(resolve, 5));
}

describe('a check that takes too long', () => {
  it.each([
    ['a proxy that hangs', { hangs: true }],
    ['a proxy that never ends its answer', { says: 'HTTP/1.1 200 OK\r\nX: y' }],
  ] as const)('ends within its time: %s', async (_, script) => {
    const proxy = await closing.add(startScriptedServer(script));
    const started = performance.now();
    const check = await checkOne(
      { context: throughProxy(proxy.port), endpoint: endpointAt(443), trust },
      3000,
    );
    expect(performance.now() - started).toBeLessThan(10_000);
    expect(check.failure).toMatchObject({ code: 'proxy-timeout', phase: 'proxyConnect' });
    await expectClosed(proxy);
  });

  it('has one time limit for all its phases together', async () => {
    const server = await closing.add(startTlsEndpoint({ certificate, afterRequest: 'hangs' }));
    const network = {
      lookup: () => new Promise<string[]>((resolve) => setTimeout(resolve, 2000, ['127.0.0.1'])),
      connect: realConnect,
    };
    const started = performance.now();
    const check = await checkOne(
      { context: context('A'), endpoint: endpointAt(server.port), trust, network },
      4000,
    );
    expect(performance.now() - started).toBeLessThan(5900);
    expect(check.failure?.code).toBe('http-timeout');
    await expectClosed(server);
  });
});

describe('a caller that goes away', () => {
  it('ends the probes, and no socket is left', async () => {
    const proxy = await closing.add(startScriptedServer({ hangs: true }));
    const gone = new AbortController();
    const health = healthOf({ contexts: [throughProxy(proxy.port)], endpoints: [endpointAt(443)], trust });
    const report = health.check({ contexts: ['LocalService'] }, gone.signal);
    while (proxy.open() === 0) await new Promise((resolve) => setTimeout(resolve, 5));
    gone.abort(new Error('the client has gone'));
    await expect(report).rejects.toThrow('the client has gone');
    await expectClosed(proxy);
  });

  it('has nothing begun when it was gone before', async () => {
    const health = healthOf({ contexts: [context('A')], endpoints: [endpointAt(1)], trust });
    await expect(health.check({ contexts: ['A'] }, AbortSignal.abort(new Error('gone')))).rejects.toThrow(
      'gone',
    );
  });
});

describe('sockets', () => {
  it('are gone after every check, whether it went well or not', async () => {
    const server = await closing.add(startTlsEndpoint({ certificate }));
    const map = { [`${HOST}:443`]: `127.0.0.1:${server.port}` };
    const proxy = await closing.add(startForwardProxy({ map }));
    const bad = await closing.add(
      startTlsEndpoint({ certificate: await authority.issue({ hosts: ['other'] }) }),
    );
    const contexts = [throughProxy(proxy.port, 'A'), context('B')];
    await checkAll(
      { contexts, endpoints: [endpointAt(443), endpointAt(bad.port)], trust },
      { contexts: ['A', 'B'] },
    );
    for (const one of [proxy, server, bad]) await expectClosed(one);
  });
});
