/**
 * An inspecting proxy: mitmproxy, with a certificate authority of its own that it makes in the lab's folder. It opens the
 * TLS connection and shows the endpoint's name in a certificate that it has signed itself.
 */
import { readFile } from 'node:fs/promises';
import { createTrustStore, type TrustStore } from '../../src/endpoints/probe/trust';
import { closedPort } from '../support/scriptedServer';
import {
  ALL_PASS,
  checkThrough,
  type HealthyEndpoint,
  startHealthyEndpoint,
  statuses,
  stoppedAt,
} from './checks';
import { binary, createLab, run } from './processes';
import { startMitmproxy } from './servers';

jest.setTimeout(90_000);

const lab = createLab();
let endpoint: HealthyEndpoint;
let proxyPort: number;
let inspectorCa: string;

beforeAll(async () => {
  endpoint = await startHealthyEndpoint();
  const upstreamCa = lab.write('upstream.crt', endpoint.authority.cert);
  const inspector = await startMitmproxy(lab, ['--set', `ssl_verify_upstream_trusted_ca=${upstreamCa}`]);
  proxyPort = inspector.port;
  inspectorCa = await readFile(inspector.ca, 'utf8');
});
afterAll(async () => {
  await (endpoint as HealthyEndpoint | undefined)?.server.close();
  await lab.close();
});

const through = (trust: TrustStore, port = endpoint.port) => checkThrough(proxyPort, { port, trust });

describe('behind mitmproxy', () => {
  it('whose authority nobody trusts, the check fails and names the issuer', async () => {
    const check = await through(endpoint.trust);
    expect(check).toMatchObject({
      status: 'unhealthy',
      failure: { code: 'tls-untrusted', detail: expect.stringContaining('CN=mitmproxy') as unknown },
      tls: {
        issuer: expect.stringContaining('CN=mitmproxy') as unknown,
        trust: 'untrusted',
        inspection: 'suspected',
      },
      http: null,
    });
    expect(statuses(check)).toEqual(stoppedAt('tls', 'proxied'));
  });

  it('whose authority SENSORPROXY_EXTRA_CA names, the check is healthy, and still suspects inspection', async () => {
    const check = await through(createTrustStore(inspectorCa));
    expect(check).toMatchObject({
      status: 'healthy',
      failure: null,
      warnings: [],
      tls: {
        issuer: expect.stringContaining('CN=mitmproxy') as unknown,
        trust: 'private',
        inspection: 'suspected',
      },
      http: { status: 200 },
    });
    expect(statuses(check)).toEqual(ALL_PASS);
  });

  it('whose authority this machine’s own store has, the check warns of inspection', async () => {
    const check = await through(createTrustStore(null, { system: [inspectorCa] }));
    expect(check).toMatchObject({
      status: 'degraded',
      failure: null,
      warnings: [{ code: 'tls-inspection-suspected', phase: 'tls' }],
      tls: { trust: 'private', inspection: 'suspected' },
      http: { status: 200 },
    });
    expect(check.warnings[0]?.detail).toContain('CN=mitmproxy');
    expect(statuses(check)).toEqual(['pass', 'pass', 'pass', 'pass', 'warn', 'pass']);
  });

  it('that is let pass the endpoint unopened, the endpoint’s own certificate is seen', async () => {
    const { port } = await startMitmproxy(lab, ['--set', 'ignore_hosts=127\\.0\\.0\\.1']);
    const check = await checkThrough(port, endpoint);
    expect(check).toMatchObject({ status: 'healthy', tls: { trust: 'private' } });
    expect(check.tls?.issuer).toContain('Contoso Test Root');
  });

  it('that cannot reach the endpoint, something fails before the answer, and nothing is healthy', async () => {
    const check = await through(createTrustStore(inspectorCa), await closedPort());
    expect(check).toMatchObject({ status: 'unhealthy', failure: { code: 'proxy-server-error' } });
  });
});

it('curl agrees: it trusts the inspected endpoint only with mitmproxy’s authority', async () => {
  const curl = binary('/usr/bin/curl', 'curl');
  const url = `https://127.0.0.1:${endpoint.port}/tri/sensor/api/ping`;
  const args = ['-sS', '--max-time', '10', '--noproxy', '', '-x', `http://127.0.0.1:${proxyPort}`];
  expect(await run(curl, [...args, '--cacert', lab.write('inspector.crt', inspectorCa), url])).toBe('Ok');
  await expect(run(curl, [...args, url])).rejects.toThrow(/certificate/);
});
