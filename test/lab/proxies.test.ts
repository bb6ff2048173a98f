/**
 * The verdicts through Debian's own squid and tinyproxy. The proxies look names up themselves, so the endpoint goes by its
 * loopback address here; the rest is as in the field.
 */
import { closedPort } from '../support/scriptedServer';
import {
  ALL_PASS,
  checkThrough,
  type HealthyEndpoint,
  startHealthyEndpoint,
  statuses,
  stoppedAt,
} from './checks';
import { ADDRESS, createLab } from './processes';
import { squidHelper, startSquid, startTinyproxy } from './squid';

jest.setTimeout(60_000);

const lab = createLab();
let endpoint: HealthyEndpoint;
let nobody: Pick<HealthyEndpoint, 'port' | 'trust'>;

beforeAll(async () => {
  endpoint = await startHealthyEndpoint();
  nobody = { ...endpoint, port: await closedPort() };
});
afterAll(async () => {
  await (endpoint as HealthyEndpoint | undefined)?.server.close();
  await lab.close();
});

describe('through squid', () => {
  it('that is open, the endpoint is healthy and every phase passes', async () => {
    const { port } = await startSquid(lab, 'open', ['http_access allow all']);
    const check = await checkThrough(port, endpoint);
    expect(check).toMatchObject({
      status: 'healthy',
      failure: null,
      warnings: [],
      http: { status: 200 },
      route: { via: 'proxy', proxy: `proxy.contoso.com:${port}` },
    });
    expect(statuses(check)).toEqual(ALL_PASS);
  });

  it('that cannot reach the endpoint, the proxy’s side is named', async () => {
    const { port } = await startSquid(lab, 'open2', ['http_access allow all']);
    const check = await checkThrough(port, nobody);
    expect(check).toMatchObject({ status: 'unhealthy', failure: { code: 'proxy-server-error' } });
    expect(check.failure?.detail).toContain('503');
    expect(statuses(check)).toEqual(stoppedAt('proxyConnect', 'proxied'));
  });

  it('that denies, the refusal is named, with the computer account as a hint', async () => {
    const { port } = await startSquid(lab, 'deny', ['http_access deny all']);
    const check = await checkThrough(port, endpoint);
    expect(check).toMatchObject({ status: 'unhealthy', failure: { code: 'proxy-forbidden' } });
    expect(check.failure?.remedy).toContain('HOST$');
    expect(statuses(check)).toEqual(stoppedAt('proxyConnect', 'proxied'));
  });

  it('that sends whom it denies to a page, the answer is named', async () => {
    const { port } = await startSquid(lab, 'page', [
      'deny_info 302:http://lab.invalid/why all',
      'http_access deny all',
    ]);
    const check = await checkThrough(port, endpoint);
    expect(check.failure).toMatchObject({ code: 'proxy-refused-connect' });
    expect(check.failure?.detail).toContain('302');
  });

  it('that resets whom it denies, the end of the connection is named', async () => {
    const { port } = await startSquid(lab, 'reset', ['deny_info TCP_RESET all', 'http_access deny all']);
    const check = await checkThrough(port, endpoint);
    expect(check).toMatchObject({ status: 'unhealthy', failure: { code: 'proxy-closed' } });
    expect(statuses(check)).toEqual(stoppedAt('proxyConnect', 'proxied'));
  });
});

describe('through squid that asks who it is', () => {
  const users = lab.write('users', '');
  const basic = [
    `auth_param basic program ${squidHelper('basic_ncsa_auth')} ${users}`,
    'auth_param basic realm lab, with a comma',
  ];
  const digest = [
    `auth_param digest program ${squidHelper('digest_file_auth')} -c ${users}`,
    'auth_param digest realm lab, with a comma',
  ];
  const negotiate = [
    `auth_param negotiate program ${squidHelper('negotiate_kerberos_auth')} -s GSS_C_NO_NAME`,
  ];
  const ntlm = [`auth_param ntlm program ${squidHelper('ntlm_fake_auth')}`];
  const known = ['acl known proxy_auth REQUIRED', 'http_access allow known', 'http_access deny all'];

  it.each([
    ['Basic', basic],
    ['Digest', digest],
    ['Negotiate', negotiate],
    ['Negotiate, NTLM, Basic', [...negotiate, ...ntlm, ...basic]],
  ])('by %s, the schemes are named in its order', async (schemes, rules) => {
    const name = `auth-${schemes.replaceAll(', ', '-')}`;
    const { port } = await startSquid(lab, name, [...rules, ...known]);
    const check = await checkThrough(port, endpoint);
    expect(check).toMatchObject({ status: 'unhealthy', failure: { code: 'proxy-auth-required' } });
    expect(check.failure?.detail).toContain(`407 and offers ${schemes}.`);
    expect(statuses(check)).toEqual(stoppedAt('proxyConnect', 'proxied'));
  });
});

describe('through tinyproxy', () => {
  it('that is open, the endpoint is healthy and every phase passes', async () => {
    const { port } = await startTinyproxy(lab, 'tiny-open', [`Allow ${ADDRESS}`]);
    const check = await checkThrough(port, endpoint);
    expect(check).toMatchObject({ status: 'healthy', failure: null, http: { status: 200 } });
    expect(statuses(check)).toEqual(ALL_PASS);
  });

  it.each([
    ['that asks for Basic authentication', 'proxy-auth-required', ['BasicAuth user secret']],
    ['that denies this machine', 'proxy-forbidden', ['Allow 192.0.2.1']],
    [
      'that does not allow CONNECT to the endpoint’s port',
      'proxy-forbidden',
      [`Allow ${ADDRESS}`, 'ConnectPort 443'],
    ],
  ])('%s, the verdict is %s', async (what, code, rules) => {
    const { port } = await startTinyproxy(lab, `tiny-${what.length}`, rules);
    const check = await checkThrough(port, endpoint);
    expect(check).toMatchObject({ status: 'unhealthy', failure: { code } });
    expect(statuses(check)).toEqual(stoppedAt('proxyConnect', 'proxied'));
  });

  it('that cannot reach the endpoint, the proxy’s side is named', async () => {
    const { port } = await startTinyproxy(lab, 'tiny-open2', [`Allow ${ADDRESS}`]);
    expect(await checkThrough(port, nobody)).toMatchObject({ failure: { code: 'proxy-server-error' } });
  });
});
