/** PAC files on a real web server, fetched and run, and the proxies that they name: nginx, squid and Dante. */
import { closedPort } from '../support/scriptedServer';
import {
  checkWith,
  type HealthyEndpoint,
  startHealthyEndpoint,
  staticProxy,
  statuses,
  stoppedAt,
} from './checks';
import { ADDRESS, createLab } from './processes';
import { startDante, startNginx } from './servers';
import { startSquid } from './squid';

jest.setTimeout(60_000);

const PASSED = ['pass', 'pass', 'pass', 'pass', 'pass', 'pass'];
const DIRECT = ['pass', 'pass', 'pass', 'skipped', 'pass', 'pass'];
const warned = (phases: readonly string[]) => ['warn', ...phases.slice(1)];
const lab = createLab();
let endpoint: HealthyEndpoint;
let webPort: number;
let squidPort: number;

beforeAll(async () => {
  endpoint = await startHealthyEndpoint();
  ({ port: squidPort } = await startSquid(lab, 'squid', ['http_access allow all']));
  ({ port: webPort } = await startNginx(lab, 'web', [
    `root ${lab.folder}/pac;`,
    'types { application/x-ns-proxy-autoconfig pac; text/html html; }',
    'location /moved.pac { return 302 /squid.pac; }',
    'location /busy.pac { return 503; }',
  ]));
});
afterAll(async () => {
  await (endpoint as HealthyEndpoint | undefined)?.server.close();
  await lab.close();
});

/** Puts a file on the web server and gives its address. */
function served(name: string, text: string): string {
  lab.write(`pac/${name}`, text);
  return address(name);
}

function address(name: string): string {
  return `http://${ADDRESS}:${webPort}/${name}`;
}

/** A PAC file that gives one answer. */
function answering(answer: string): string {
  return served('answer.pac', `function FindProxyForURL(url, host) { return ${JSON.stringify(answer)}; }`);
}

describe('a PAC file on nginx', () => {
  it('that names squid leads through it, and every phase passes', async () => {
    const check = await checkWith(
      { autoConfigUrl: answering(`PROXY ${ADDRESS}:${squidPort}; DIRECT`) },
      endpoint,
    );
    expect(check).toMatchObject({
      status: 'healthy',
      failure: null,
      warnings: [],
      route: {
        via: 'pac',
        proxy: `${ADDRESS}:${squidPort}`,
        candidates: [`PROXY ${ADDRESS}:${squidPort}`, 'DIRECT'],
      },
    });
    expect(statuses(check)).toEqual(PASSED);
  });

  it('that looks at the host and its address decides by them', async () => {
    const script = `function FindProxyForURL(url, host) {
      if (isInNet(dnsResolve(host), "127.0.0.0", "255.0.0.0") && shExpMatch(url, "https://*")) return "DIRECT";
      return "PROXY ${ADDRESS}:${squidPort}";
    }`;
    const check = await checkWith({ autoConfigUrl: served('rules.pac', script) }, endpoint);
    expect(check).toMatchObject({ status: 'healthy', route: { via: 'pac', proxy: null } });
    expect(statuses(check)).toEqual(DIRECT);
  });

  it('that was moved is followed', async () => {
    served('squid.pac', `function FindProxyForURL() { return "PROXY ${ADDRESS}:${squidPort}"; }`);
    const check = await checkWith({ autoConfigUrl: address('moved.pac') }, endpoint);
    expect(check).toMatchObject({ status: 'healthy', route: { proxy: `${ADDRESS}:${squidPort}` } });
  });

  it('whose first proxy is down leads through the second, and shows the first', async () => {
    const down = await closedPort();
    const answer = `PROXY ${ADDRESS}:${down}; PROXY ${ADDRESS}:${squidPort}; DIRECT`;
    const check = await checkWith({ autoConfigUrl: answering(answer) }, endpoint);
    expect(check).toMatchObject({
      status: 'degraded',
      failure: null,
      warnings: [{ code: 'route-failover' }],
      failedOver: [{ way: `PROXY ${ADDRESS}:${down}`, failure: { code: 'proxy-connect-refused' } }],
      route: { proxy: `${ADDRESS}:${squidPort}` },
    });
    expect(check.failedOver[0]?.phases.map(({ status }) => status)).toEqual(
      stoppedAt('connect', 'proxied').slice(1),
    );
    expect(statuses(check)).toEqual(warned(PASSED));
  });

  it('whose proxies are all down and that goes direct at last reaches the endpoint', async () => {
    const answer = `PROXY ${ADDRESS}:${await closedPort()}; DIRECT`;
    const check = await checkWith({ autoConfigUrl: answering(answer) }, endpoint);
    expect(check).toMatchObject({
      status: 'degraded',
      warnings: [{ code: 'route-failover' }],
      failedOver: [{ failure: { code: 'proxy-connect-refused' } }],
      route: { proxy: null },
    });
    expect(statuses(check)).toEqual(warned(DIRECT));
  });

  it('whose first proxy denies does not go on: what a proxy says is final', async () => {
    const { port } = await startSquid(lab, 'deny', ['http_access deny all']);
    const answer = `PROXY ${ADDRESS}:${port}; PROXY ${ADDRESS}:${squidPort}`;
    const check = await checkWith({ autoConfigUrl: answering(answer) }, endpoint);
    expect(check).toMatchObject({ failure: { code: 'proxy-forbidden' }, failedOver: [] });
  });

  it('that names Dante by SOCKS leads through it, with a warning', async () => {
    const { port } = await startDante(lab, 'dante', 'pass');
    const check = await checkWith({ autoConfigUrl: answering(`SOCKS ${ADDRESS}:${port}`) }, endpoint);
    expect(check).toMatchObject({ status: 'degraded', failure: null, warnings: [{ code: 'route-socks' }] });
    expect(statuses(check)).toEqual(warned(PASSED));
  });

  it('whose answer is partly garbage is used as far as it goes', async () => {
    const check = await checkWith({ autoConfigUrl: answering('GARBAGE x:1; DIRECT') }, endpoint);
    expect(check).toMatchObject({ status: 'degraded', warnings: [{ code: 'route-pac-answer-malformed' }] });
    expect(statuses(check)).toEqual(warned(DIRECT));
  });

  it.each([
    ['throws', 'route-pac-threw', 'function FindProxyForURL() { return nothing.at.all; }'],
    ['never ends', 'route-pac-limit', 'function FindProxyForURL() { for (;;) {} }'],
    [
      'takes all memory',
      'route-pac-limit',
      'function FindProxyForURL() { for (var a = [];;) a.push([a, a]); }',
    ],
  ])('that %s gives %s, and the way is direct', async (what, code, script) => {
    const proxied = staticProxy(`${ADDRESS}:${squidPort}`);
    const url = served(`${what.replaceAll(' ', '-')}.pac`, script);
    const check = await checkWith({ ...proxied, autoConfigUrl: url }, endpoint);
    expect(check).toMatchObject({
      status: 'degraded',
      failure: null,
      warnings: [{ code, phase: 'route' }],
      route: { via: 'pac', proxy: null },
    });
    expect(statuses(check)).toEqual(warned(DIRECT));
  });
});

describe('a PAC file that cannot be had leaves the static proxy, when', () => {
  it.each([
    [
      'nothing listens',
      'route-pac-unreachable',
      () => closedPort().then((port) => `http://${ADDRESS}:${port}/`),
    ],
    ['there is no such file', 'route-pac-http-status', () => address('none.pac')],
    ['the server is busy', 'route-pac-http-status', () => address('busy.pac')],
    ['it is larger than 1 MiB', 'route-pac-too-large', () => served('large.pac', `//${'x'.repeat(1 << 20)}`)],
    ['it is a page', 'route-pac-not-a-script', () => served('index.html', '<!DOCTYPE html><p>Sign in')],
    ['it defines no FindProxyForURL', 'route-pac-not-a-script', () => served('other.pac', 'var a = 1;')],
    ['it is a file', 'route-pac-url-not-supported', () => 'file:///C:/Windows/proxy.pac'],
  ])('%s: %s', async (_what, code, url) => {
    const proxied = staticProxy(`${ADDRESS}:${squidPort}`);
    const check = await checkWith({ ...proxied, autoConfigUrl: await url() }, endpoint);
    expect(check).toMatchObject({
      status: 'degraded',
      failure: null,
      warnings: [{ code, phase: 'route' }],
      route: { via: 'proxy', proxy: `${ADDRESS}:${squidPort}` },
    });
    expect(statuses(check)).toEqual(warned(PASSED));
  });
});

describe('settings that are not as they should be', () => {
  it('a static proxy without the direct flag is used, with a warning', async () => {
    const check = await checkWith({ ...staticProxy(`${ADDRESS}:${squidPort}`), direct: false }, endpoint);
    expect(check).toMatchObject({ status: 'degraded', warnings: [{ code: 'route-no-direct-flag' }] });
    expect(statuses(check)).toEqual(warned(PASSED));
  });

  it('a proxy list whose entry for https holds credentials gives no way', async () => {
    const check = await checkWith(staticProxy(`user:secret@${ADDRESS}:${squidPort}`), endpoint);
    expect(check).toMatchObject({ status: 'unknown', failure: { code: 'route-proxy-entry-malformed' } });
    expect(JSON.stringify(check)).not.toContain('secret');
    expect(statuses(check)).toEqual(['fail', ...Array<string>(5).fill('skipped')]);
  });
});
