import type { TrustStore } from '../../../src/endpoints/probe/trust';
import type { KeyAndCertificate } from '../../support/certificates';
import { startForwardProxy } from '../../support/forwardProxy';
import { closedPort, startScriptedServer } from '../../support/scriptedServer';
import { startTlsEndpoint } from '../../support/tlsEndpoint';
import { checkOne, Closing, context, endpointAt, HOST, pacAnswers, trustedAuthority } from './checking';

const closing = new Closing();
let trust: TrustStore;
let certificate: KeyAndCertificate;

beforeAll(async () => {
  ({ trust, certificate } = await trustedAuthority());
});
afterEach(() => closing.closeAll());

const account = context('LocalService', { autoConfigUrl: 'http://pac.contoso.com/proxy.pac' });

function checkWith(answer: string, timeoutMs = 5000, port = 443) {
  return checkOne(
    { context: account, endpoint: endpointAt(port), trust, scripts: pacAnswers(answer) },
    timeoutMs,
  );
}

async function workingProxy() {
  const server = await closing.add(startTlsEndpoint({ certificate }));
  return closing.add(startForwardProxy({ map: { [`${HOST}:443`]: `127.0.0.1:${server.port}` } }));
}

describe('the ways that a PAC file names', () => {
  it('are taken in order, and the first that works is the only one', async () => {
    const [first, second] = [await workingProxy(), await workingProxy()];
    const check = await checkWith(`PROXY a:${first.port}; PROXY b:${second.port}`);
    expect(check).toMatchObject({
      status: 'healthy',
      failedOver: [],
      route: {
        via: 'pac',
        proxy: `a:${first.port}`,
        candidates: [`PROXY a:${first.port}`, `PROXY b:${second.port}`],
      },
    });
    expect(second.accepted()).toBe(0);
  });

  it('make place for the next when they cannot be connected to, and each try is shown', async () => {
    const [down, proxy] = [await closedPort(), await workingProxy()];
    const check = await checkWith(`PROXY a:${down}; PROXY b:${proxy.port}; DIRECT`);
    expect(check).toMatchObject({
      status: 'degraded',
      route: { via: 'pac', proxy: `b:${proxy.port}` },
      failedOver: [
        {
          way: `PROXY a:${down}`,
          failure: { code: 'proxy-connect-refused', phase: 'connect' },
          phases: [{ name: 'resolve' }, { name: 'connect', status: 'fail' }, {}, {}, {}],
        },
      ],
    });
    expect(check.phases).toHaveLength(6);
  });

  it('may end in DIRECT', async () => {
    const server = await closing.add(startTlsEndpoint({ certificate }));
    const check = await checkWith(`PROXY a:${await closedPort()}; DIRECT`, 5000, server.port);
    expect(check).toMatchObject({ status: 'degraded', failure: null, route: { via: 'pac', proxy: null } });
    expect(check.failedOver).toHaveLength(1);
  });

  it('do not make place when the proxy answers, whatever it says', async () => {
    const denying = await closing.add(startForwardProxy({ map: {}, deny: true }));
    const other = await workingProxy();
    const check = await checkWith(`PROXY a:${denying.port}; PROXY b:${other.port}`);
    expect(check).toMatchObject({
      status: 'unhealthy',
      failure: { code: 'proxy-forbidden' },
      failedOver: [],
    });
    expect(other.accepted()).toBe(0);
  });

  it('are all told when none works, and the last is the verdict', async () => {
    const check = await checkWith(`PROXY a:${await closedPort()}; PROXY b:${await closedPort()}`);
    expect(check).toMatchObject({ status: 'unhealthy', failure: { code: 'proxy-connect-refused' } });
    expect(check.failedOver).toHaveLength(1);
    expect(check.warnings.map(({ code }) => code)).toEqual(['route-failover']);
  });

  it('share the time, so that a silent proxy leaves some for the next', async () => {
    const hanging = await closing.add(startScriptedServer({ hangs: true }));
    const proxy = await workingProxy();
    const answer = `PROXY silent:${hanging.port}; PROXY b:${proxy.port}`;
    const started = performance.now();
    const check = await checkWith(answer, 4000);
    expect(performance.now() - started).toBeLessThan(10_000);
    // It took the connection: that it says nothing then is final.
    expect(check.failure?.code).toBe('proxy-timeout');
    expect(check.durationMs).toBeLessThan(3900);
  });
});
