import { createAuthority } from '../support/certificates';
import { type ForwardProxy, startForwardProxy } from '../support/forwardProxy';
import { type PacServer, startPacServer } from '../support/pacServer';
import { settingsBytes } from '../support/settingsBytes';
import { startTlsEndpoint, type TlsEndpoint } from '../support/tlsEndpoint';
import { type PackagedService, openPackagedService } from './servicePackage';
import { expectSuccess } from './wine';

/**
 * The health check of the packaged program on a Windows Node: routes from the registry, scripts in a worker thread, the
 * machine's search domains, TLS. The region Asia has one endpoint, and everything that is contacted is on loopback.
 */
const HOST = 'triprd1wcasse2sensorapi.atp.azure.com';
const LOCAL_SERVICE = 'S-1-5-19';
let service: PackagedService;
let window: { kill(): Promise<void> };
let endpoint: TlsEndpoint;
let proxy: ForwardProxy;
let pac: PacServer;

jest.setTimeout(60_000);

beforeAll(async () => {
  const authority = await createAuthority('Stranger');
  endpoint = await startTlsEndpoint({
    certificate: await authority.issue({ hosts: [HOST] }),
    tls: { requestCert: true, rejectUnauthorized: false },
  });
  proxy = await startForwardProxy({ map: { [`${HOST}:443`]: `127.0.0.1:${endpoint.port}` } });
  pac = await startPacServer();
  service = await openPackagedService();
  window = await service.serveInWindow();
}, 180_000);
afterAll(async () => {
  await window.kill();
  await service.close();
  for (const one of [endpoint, proxy, pac]) await one.close();
}, 60_000);

interface Check {
  readonly status: string;
  readonly route: { readonly via: string; readonly proxy: string | null; readonly because: string };
  readonly failure: { readonly code: string } | null;
  readonly warnings: readonly { readonly code: string }[];
  readonly tls: { readonly clientCertificateRequested: boolean | null } | null;
}

async function checkWith(fields: Parameters<typeof settingsBytes>[0]) {
  await service.regAdd(LOCAL_SERVICE, settingsBytes(fields).toString('hex'));
  const { status, body } = await service.call('GET', '/endpoints/health?context=LocalService&region=Asia');
  expect(status).toBe(200);
  const [check] = body.checks as Check[];
  if (check === undefined) throw new Error('there was no check');
  return { check, findings: body.findings as { readonly code: string }[] };
}

test('a PAC file is fetched, run in a worker thread, and its proxy is used', async () => {
  pac.serve(
    '/proxy.pac',
    `function FindProxyForURL(url, host) { return shExpMatch(host, '*.atp.azure.com') ? 'PROXY 127.0.0.1:${proxy.port}' : 'DIRECT'; }`,
  );
  const { check } = await checkWith({ flags: 5, pac: pac.url('/proxy.pac') });
  expect(check.route).toMatchObject({ via: 'pac', proxy: `127.0.0.1:${proxy.port}` });
  expect(check.failure?.code).toBe('tls-untrusted');
  expect(check.tls?.clientCertificateRequested).toBe(true);
  expect(proxy.connects).toEqual([`${HOST}:443`]);
});

test('a script that loops is stopped, in a native function too', async () => {
  pac.serve(
    '/loop.pac',
    `function FindProxyForURL() { var a = 'a'; while (a.length < 4e5) a += a; return a.indexOf(a.slice(1e5) + 'b') + ''; }`,
  );
  const { check } = await checkWith({ flags: 5, pac: pac.url('/loop.pac') });
  expect(check.warnings.map(({ code }) => code)).toContain('route-pac-limit');
  expect((await service.call('GET', '/livez')).status).toBe(200);
});

test('auto-detect asks for WPAD in the search domains that the registry holds', async () => {
  const key = 'HKLM\\SYSTEM\\CurrentControlSet\\Services\\Tcpip\\Parameters';
  await expectSuccess(
    service.wine.run(['reg', 'add', key, '/v', 'SearchList', '/d', 'eu.corp.contoso.invalid', '/f']),
  );
  const { check } = await checkWith({ flags: 11, proxy: `127.0.0.1:${proxy.port}` });
  expect(check.route).toMatchObject({ via: 'proxy', proxy: `127.0.0.1:${proxy.port}` });
  expect(check.route.because).toContain('wpad.eu.corp.contoso.invalid');
  expect(check.route.because).toContain('wpad.contoso.invalid');
});

test('the machine’s store is looked at for the root that the endpoint needs', async () => {
  const { findings } = await checkWith({ flags: 3, proxy: `127.0.0.1:${proxy.port}` });
  // Wine takes its roots from Debian's, which may or may not have this one: seen here is that the store is read.
  expect(findings.every(({ code }) => code === 'root-missing')).toBe(true);
});

test('the allow-list’s PAC file gives the account’s own route', async () => {
  const { status, bytes } = await service.call('GET', '/endpoints/allowlist?format=pac&context=LocalService');
  expect(status).toBe(200);
  expect(bytes.toString()).toContain(`PROXY 127.0.0.1:${proxy.port}`);
});
