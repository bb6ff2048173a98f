/** The endpoint's answer to the ping, as nginx and OpenSSL's server give it over TLS. */
import { HOST } from '../unit/endpoints/checking';
import { checkDirectly, type HealthyEndpoint, startHealthyEndpoint, statuses, stoppedAt } from './checks';
import { createLab } from './processes';
import { type CertificateFiles, startNginx, startOpenssl, writeCertificate } from './servers';

jest.setTimeout(60_000);

const SILENCE_MS = 1000;
const WORKS = ['pass', 'pass', 'pass', 'skipped', 'pass', 'pass'];
const lab = createLab();
let endpoint: HealthyEndpoint;
let tls: CertificateFiles;

beforeAll(async () => {
  endpoint = await startHealthyEndpoint();
  tls = writeCertificate(lab, 'good', await endpoint.authority.issue({ hosts: [HOST] }));
});
afterEach(() => lab.stopAll());
afterAll(async () => {
  await (endpoint as HealthyEndpoint | undefined)?.server.close();
  await lab.close();
});

interface Manner {
  readonly timeoutMs?: number;
  readonly slowMs?: number;
  readonly fakedTime?: string;
}

/** Checks nginx that has these rules. */
async function nginx(rules: readonly string[], { timeoutMs, slowMs, fakedTime }: Manner = {}) {
  const { port } = await startNginx(lab, 'nginx', rules, { tls, fakedTime });
  return checkDirectly({ ...endpoint, port }, timeoutMs, slowMs);
}

describe('nginx’s answer', () => {
  it.each([
    ['Ok', 200, ['default_type text/plain;', 'return 200 Ok;']],
    ['a version number', 200, ['default_type text/plain;', 'return 200 2.244.18711.4321;']],
    ['503, as older workspaces give it', 503, ['return 503;']],
  ])('%s is healthy', async (_what, status, rules) => {
    const check = await nginx(rules);
    expect(check).toMatchObject({ status: 'healthy', failure: null, warnings: [], http: { status } });
    expect(statuses(check)).toEqual(WORKS);
  });

  it.each([
    ['401', 'http-forbidden', ['return 401;']],
    ['402', 'http-forbidden', ['return 402;']],
    ['403', 'http-forbidden', ['deny all;']],
    ['a redirect', 'http-redirect', ['return 302 https://signin.lab.invalid/;']],
    ['a page', 'http-captive-page', ['default_type text/html;', 'return 200 "<html>Sign in</html>";']],
    ['a page without its type', 'http-captive-page', ['default_type "";', 'return 200 "<!DOCTYPE html>";']],
    ['404', 'http-unexpected-status', ['return 404;']],
    ['502 of a gateway', 'http-unexpected-status', ['location / { proxy_pass http://127.0.0.1:1; }']],
    ['nothing, then the end', 'http-closed', ['return 444;']],
  ])('%s gives %s', async (_what, code, rules) => {
    const check = await nginx(rules);
    expect(check).toMatchObject({ status: 'unhealthy', failure: { code } });
    expect(statuses(check)).toEqual(stoppedAt('request', 'direct'));
  });

  it('to whom shows no client certificate shows that it asked for one', async () => {
    const ca = lab.write('clients.crt', endpoint.authority.cert);
    const check = await nginx([`ssl_client_certificate ${ca};`, 'ssl_verify_client on;', 'return 200 Ok;']);
    expect(check).toMatchObject({ tls: { clientCertificateRequested: true }, http: { status: 400 } });
  });
});

describe('an answer that works, but', () => {
  it('comes from a clock that is wrong, is told of', async () => {
    const rules = ['default_type text/plain;', 'return 200 Ok;'];
    const check = await nginx(rules, { fakedTime: '+1h' });
    expect(check).toMatchObject({
      status: 'degraded',
      failure: null,
      warnings: [{ code: 'clock-offset', phase: 'request' }],
    });
    expect(Math.round((check.http?.clockOffsetMs ?? 0) / 60_000)).toBe(60);
    expect(check.warnings[0]?.detail).toContain('ahead of');
  });

  it('comes late, from a gateway whose server is silent, is told of', async () => {
    const silent = await startOpenssl(lab, tls, ['-quiet']);
    const gateway = [
      'location / {',
      `proxy_pass https://127.0.0.1:${silent.port};`,
      'proxy_read_timeout 1s;',
      'error_page 504 =503 @busy;',
      '}',
      'location @busy { return 503; }',
    ];
    const check = await nginx(gateway, { slowMs: 500 });
    expect(check).toMatchObject({
      status: 'degraded',
      failure: null,
      warnings: [{ code: 'slow', phase: 'request' }],
    });
  });
});

describe('OpenSSL’s server', () => {
  it.each([
    ['that never answers', 'http-timeout', ['-quiet'], SILENCE_MS],
    ['that says the request backwards', 'http-malformed', ['-rev'], undefined],
  ])('%s gives %s', async (_what, code, options, timeoutMs) => {
    const { port } = await startOpenssl(lab, tls, options);
    const check = await checkDirectly({ ...endpoint, port }, timeoutMs);
    expect(check).toMatchObject({ status: 'unhealthy', failure: { code } });
    expect(statuses(check)).toEqual(stoppedAt('request', 'direct'));
  });
});
