/** SOCKS, proxies that are spoken to over TLS, and services that are taken for a proxy. */
import { createAuthority } from '../support/certificates';
import { closedPort, startScriptedServer } from '../support/scriptedServer';
import { HOST } from '../unit/endpoints/checking';
import {
  checkThrough,
  checkThroughAnswer,
  type HealthyEndpoint,
  startHealthyEndpoint,
  statuses,
  stoppedAt,
} from './checks';
import { ADDRESS, createLab } from './processes';
import {
  startDante,
  startDnsmasq,
  startMailServer,
  startNginx,
  startOpenssl,
  writeCertificate,
} from './servers';
import { startSquid, startTlsSquid } from './squid';

jest.setTimeout(60_000);

const SILENCE_MS = 1000;
const PROXIED = stoppedAt('proxyConnect', 'proxied');
const WARNED = ['warn', 'pass', 'pass', 'pass', 'pass', 'pass'];
const lab = createLab();
let endpoint: HealthyEndpoint;

beforeAll(async () => {
  endpoint = await startHealthyEndpoint();
});
afterAll(async () => {
  await (endpoint as HealthyEndpoint | undefined)?.server.close();
  await lab.close();
});

/** A certificate that the account trusts for its proxy, or one that it does not. */
async function certificateOf(authority: 'Contoso Test Root' | 'Stranger') {
  const issuer = authority === 'Stranger' ? await createAuthority(authority) : endpoint.authority;
  return writeCertificate(
    lab,
    authority.replaceAll(' ', '-'),
    await issuer.issue({ hosts: [HOST, ADDRESS] }),
  );
}

describe('through Dante, a SOCKS proxy', () => {
  it('that lets everything pass, the endpoint is reached, and the check warns of SOCKS', async () => {
    const { port } = await startDante(lab, 'dante-open', 'pass');
    const check = await checkThrough(`socks=${ADDRESS}:${port}`, endpoint);
    expect(check).toMatchObject({
      status: 'degraded',
      failure: null,
      warnings: [{ code: 'route-socks' }],
      http: { status: 200 },
    });
    expect(statuses(check)).toEqual(WARNED);
  });

  it('that denies, the refusal is named', async () => {
    const { port } = await startDante(lab, 'dante-deny', 'block');
    const check = await checkThrough(`socks=${ADDRESS}:${port}`, endpoint);
    expect(check).toMatchObject({ status: 'unhealthy', failure: { code: 'proxy-socks-refused' } });
    expect(check.failure?.detail).toContain('91');
    expect(statuses(check)).toEqual(['warn', ...PROXIED.slice(1)]);
  });

  it('that is named as an HTTP proxy, the end of the connection is named', async () => {
    const { port } = await startDante(lab, 'dante-http', 'pass');
    const check = await checkThrough(port, endpoint);
    expect(check.failure).toMatchObject({ code: 'proxy-closed' });
    expect(statuses(check)).toEqual(PROXIED);
  });

  it('that cannot reach the endpoint, the refusal is named', async () => {
    const { port } = await startDante(lab, 'dante-nobody', 'pass');
    const check = await checkThrough(`socks=${ADDRESS}:${port}`, { ...endpoint, port: await closedPort() });
    expect(check.failure).toMatchObject({ code: 'proxy-socks-refused' });
  });
});

describe('through squid that is spoken to over TLS', () => {
  it('named by the HTTPS keyword, the endpoint is reached, and the check warns of the keyword', async () => {
    const { port } = await startTlsSquid(lab, 'tls-squid', await certificateOf('Contoso Test Root'));
    const check = await checkThroughAnswer(`HTTPS ${ADDRESS}:${port}`, endpoint);
    expect(check).toMatchObject({
      status: 'degraded',
      failure: null,
      warnings: [{ code: 'route-https-proxy' }],
      route: { via: 'pac', candidates: [`HTTPS ${ADDRESS}:${port}`] },
    });
    expect(statuses(check)).toEqual(WARNED);
  });

  it('named as a plain proxy, the verdict says that it wants TLS', async () => {
    const { port } = await startTlsSquid(lab, 'tls-squid2', await certificateOf('Contoso Test Root'));
    const check = await checkThrough(port, endpoint);
    expect(check).toMatchObject({ status: 'unhealthy', failure: { code: 'proxy-tls-expected' } });
    expect(statuses(check)).toEqual(PROXIED);
  });

  it('whose certificate nobody vouches for, that is the proxy’s fault', async () => {
    const { port } = await startTlsSquid(lab, 'tls-squid3', await certificateOf('Stranger'));
    const check = await checkThroughAnswer(`HTTPS ${ADDRESS}:${port}`, endpoint);
    expect(check).toMatchObject({ status: 'unhealthy', failure: { code: 'proxy-tls-untrusted' } });
    expect(statuses(check)).toEqual(['warn', ...PROXIED.slice(1)]);
  });

  it('a plain squid that the HTTPS keyword names, the handshake with it fails', async () => {
    const { port } = await startSquid(lab, 'plain', ['http_access allow all']);
    const check = await checkThroughAnswer(`HTTPS ${ADDRESS}:${port}`, endpoint);
    expect(check).toMatchObject({ status: 'unhealthy', failure: { code: 'proxy-tls-failed' } });
  });

  it('an OpenSSL server that is taken for a plain proxy, the verdict says that it wants TLS', async () => {
    const { port } = await startOpenssl(lab, await certificateOf('Stranger'), ['-quiet']);
    const check = await checkThrough(port, endpoint);
    expect(check.failure).toMatchObject({ code: 'proxy-tls-expected' });
  });
});

describe('a service that is taken for a proxy', () => {
  it('is no proxy when it is nginx, a web server', async () => {
    const { port } = await startNginx(lab, 'web', ['return 200 "It works";']);
    const check = await checkThrough(port, endpoint);
    expect(check).toMatchObject({ status: 'unhealthy', failure: { code: 'proxy-not-a-proxy' } });
    expect(statuses(check)).toEqual(PROXIED);
  });

  it('is no SOCKS proxy when it is nginx', async () => {
    const { port } = await startNginx(lab, 'web-socks', ['return 200 "It works";']);
    const check = await checkThrough(`socks=${ADDRESS}:${port}`, endpoint);
    expect(check.failure).toMatchObject({ code: 'proxy-not-socks' });
  });

  it('does not speak HTTP when it is a mail server', async () => {
    const { port } = await startMailServer(lab);
    const check = await checkThrough(port, endpoint);
    expect(check.failure).toMatchObject({ code: 'proxy-not-http' });
    expect(statuses(check)).toEqual(PROXIED);
  });

  it('does not speak HTTP when it is a shell server (scripted)', async () => {
    const server = await startScriptedServer({ says: 'SSH-2.0-OpenSSH_9.2p1 Debian-2\r\n' });
    const check = await checkThrough(server.port, endpoint);
    await server.close();
    expect(check.failure).toMatchObject({ code: 'proxy-not-http' });
  });

  it('does not answer when it is dnsmasq, which waits for a longer question', async () => {
    const { port } = await startDnsmasq(lab, 'dns');
    const check = await checkThrough(port, endpoint, SILENCE_MS);
    expect(check.failure).toMatchObject({ code: 'proxy-timeout' });
    expect(statuses(check)).toEqual(PROXIED);
  });

  it('refuses the connection when nothing listens', async () => {
    const check = await checkThrough(await closedPort(), endpoint);
    expect(check.failure).toMatchObject({ code: 'proxy-connect-refused' });
    expect(statuses(check)).toEqual(stoppedAt('connect', 'proxied'));
  });
});
