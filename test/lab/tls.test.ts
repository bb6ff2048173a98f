/** TLS as OpenSSL's own server and others speak it: versions, client certificates, certificates that do not hold. */
import { createAuthority, daysFromNow, type LeafOptions } from '../support/certificates';
import { closedPort } from '../support/scriptedServer';
import { HOST } from '../unit/endpoints/checking';
import { checkDirectly, type HealthyEndpoint, startHealthyEndpoint, statuses, stoppedAt } from './checks';
import { createLab, run } from './processes';
import {
  type CertificateFiles,
  startDante,
  startDnsmasq,
  startNginx,
  startOpenssl,
  writeCertificate,
} from './servers';

jest.setTimeout(60_000);

const SILENCE_MS = 1000;
const WORKS = ['pass', 'pass', 'pass', 'skipped', 'pass', 'pass'];
const lab = createLab();
let endpoint: HealthyEndpoint;
let good: CertificateFiles;

beforeAll(async () => {
  endpoint = await startHealthyEndpoint();
  good = writeCertificate(lab, 'good', await endpoint.authority.issue({ hosts: [HOST] }));
  // What `openssl s_server -WWW` answers the ping with.
  lab.write('tri/sensor/api/ping', 'Ok');
});
afterEach(() => lab.stopAll());
afterAll(async () => {
  await (endpoint as HealthyEndpoint | undefined)?.server.close();
  await lab.close();
});

const checkAt = (port: number, timeoutMs?: number) => checkDirectly({ ...endpoint, port }, timeoutMs);

/** Checks OpenSSL's server with some options. */
async function openssl(options: readonly string[], certificate = good, timeoutMs?: number) {
  const { port } = await startOpenssl(lab, certificate, options);
  return checkAt(port, timeoutMs);
}

describe('the handshake with OpenSSL’s server', () => {
  it.each([
    ['1.2', 'TLSv1.2', '-tls1_2'],
    ['1.3', 'TLSv1.3', '-tls1_3'],
  ])('that speaks TLS %s alone holds', async (_version, protocol, option) => {
    const check = await openssl(['-WWW', option]);
    expect(check).toMatchObject({
      status: 'healthy',
      failure: null,
      tls: { protocol, trust: 'private', inspection: 'suspected', clientCertificateRequested: false },
      http: { status: 200 },
    });
    expect(statuses(check)).toEqual(WORKS);
  });

  it('that speaks TLS 1.1 alone fails for the version', async () => {
    const check = await openssl(['-tls1_1', '-cipher', 'DEFAULT@SECLEVEL=0']);
    expect(check).toMatchObject({ status: 'unhealthy', failure: { code: 'tls-protocol' }, tls: null });
    expect(statuses(check)).toEqual(stoppedAt('tls', 'direct'));
  });

  it('that has no cipher in common fails for the cipher', async () => {
    const check = await openssl(['-tls1_2', '-cipher', 'ECDHE-ECDSA-NULL-SHA:@SECLEVEL=0']);
    expect(check.failure).toMatchObject({ code: 'tls-protocol' });
  });

  it.each(['-tls1_2', '-tls1_3'])('that asks for a client certificate goes on (%s)', async (option) => {
    const check = await openssl(['-WWW', option, '-verify', '1']);
    expect(check).toMatchObject({ status: 'healthy', tls: { clientCertificateRequested: true } });
    expect(statuses(check)).toEqual(WORKS);
  });

  it('that demands one in TLS 1.2 ends there, and what the endpoint would say is unknown', async () => {
    const check = await openssl(['-WWW', '-tls1_2', '-Verify', '1']);
    expect(check).toMatchObject({
      status: 'unknown',
      failure: { code: 'tls-client-certificate-required' },
      http: null,
    });
    expect(statuses(check)).toEqual(stoppedAt('tls', 'direct'));
  });

  it('that demands one in TLS 1.3 passes, and the request gets no answer', async () => {
    const check = await openssl(['-WWW', '-tls1_3', '-Verify', '1']);
    expect(check).toMatchObject({
      status: 'unknown',
      failure: { code: 'http-client-certificate-required' },
      tls: { protocol: 'TLSv1.3', clientCertificateRequested: true },
    });
    expect(statuses(check)).toEqual(stoppedAt('request', 'direct'));
  });
});

describe('a certificate', () => {
  const issued = async (options: Partial<LeafOptions>, authority = endpoint.authority) =>
    writeCertificate(lab, 'bad', await authority.issue({ hosts: [HOST], ...options }));

  it.each([
    ['that has expired', 'tls-expired', { notBefore: daysFromNow(-9), notAfter: daysFromNow(-2) }],
    ['that is not yet valid', 'tls-not-yet-valid', { notBefore: daysFromNow(2) }],
    ['for another name', 'tls-name-mismatch', { hosts: ['other.contoso.com'] }],
  ])('%s gives %s', async (_what, code, options) => {
    const check = await openssl(['-WWW'], await issued(options));
    expect(check).toMatchObject({ status: 'unhealthy', failure: { code }, tls: { trust: 'private' } });
    expect(statuses(check)).toEqual(stoppedAt('tls', 'direct'));
  });

  it('of an authority that nobody vouches for gives tls-untrusted, naming it', async () => {
    const check = await openssl(['-WWW'], await issued({}, await createAuthority('Stranger')));
    expect(check).toMatchObject({ failure: { code: 'tls-untrusted' }, tls: { trust: 'untrusted' } });
    expect(check.failure?.detail).toContain('Stranger');
  });

  it('that OpenSSL has signed with its own key gives tls-untrusted', async () => {
    const own = { cert: `${lab.folder}/own.crt`, key: `${lab.folder}/own.key` };
    const name = ['-subj', `/CN=${HOST}`, '-addext', `subjectAltName=DNS:${HOST}`];
    const kind = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-days', '2'];
    await run('/usr/bin/openssl', ['req', '-x509', ...kind, ...name, '-keyout', own.key, '-out', own.cert]);
    const check = await openssl(['-WWW'], own);
    expect(check).toMatchObject({ failure: { code: 'tls-untrusted' }, tls: { trust: 'untrusted' } });
    expect(statuses(check)).toEqual(stoppedAt('tls', 'direct'));
  });
});

describe('what answers in the endpoint’s place', () => {
  it('does not speak TLS when it is nginx on plain HTTP', async () => {
    const { port } = await startNginx(lab, 'plain', ['return 200 Ok;']);
    const check = await checkAt(port);
    expect(check).toMatchObject({ status: 'unhealthy', failure: { code: 'tls-not-tls' }, tls: null });
    expect(statuses(check)).toEqual(stoppedAt('tls', 'direct'));
  });

  it('closes during the handshake when it is Dante', async () => {
    const { port } = await startDante(lab, 'dante', 'pass');
    const check = await checkAt(port);
    expect(check).toMatchObject({ status: 'unhealthy', failure: { code: 'tls-closed' } });
    expect(statuses(check)).toEqual(stoppedAt('tls', 'direct'));
  });

  it('stays silent when it is dnsmasq, which waits for a longer question', async () => {
    const { port } = await startDnsmasq(lab, 'dns');
    const check = await checkAt(port, SILENCE_MS);
    expect(check).toMatchObject({ status: 'unhealthy', failure: { code: 'tls-timeout' } });
    expect(statuses(check)).toEqual(stoppedAt('tls', 'direct'));
  });

  it('refuses the connection when nothing listens', async () => {
    const check = await checkAt(await closedPort());
    expect(check).toMatchObject({ status: 'unhealthy', failure: { code: 'connect-refused' } });
    expect(statuses(check)).toEqual(stoppedAt('connect', 'direct'));
  });
});
