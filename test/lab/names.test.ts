/**
 * The whole product in a network namespace of its own, with the system's real resolver: what the DNS and the network do to
 * endpoints and to proxies. Needs root.
 */
import { statuses, stoppedAt } from './checks';
import { createNetwork, type LabNetwork } from './network';
import { createLab } from './processes';

jest.setTimeout(90_000);

const SILENCE_MS = 1500;
const ALL = ['pass', 'pass', 'pass', 'pass', 'pass', 'pass'];
const DIRECT = ['pass', 'pass', 'pass', 'skipped', 'pass', 'pass'];
const lab = createLab();
let network: LabNetwork;

beforeAll(async () => {
  network = await createNetwork(lab);
});
afterAll(async () => {
  try {
    await lab.close();
  } finally {
    await (network as LabNetwork | undefined)?.close();
  }
});

/** Sets LocalService's proxy and checks the endpoint of the region. */
async function checkWith(settings: Readonly<Record<string, unknown>>, region: string, timeoutMs?: number) {
  await network.product.set('LocalService', settings);
  return network.product.check('LocalService', region, timeoutMs);
}

const WAYS = [
  ['dns-not-found', 'resolve', 'nowhere', 'nowhere.contoso.test'],
  ['dns-failed', 'resolve', 'foreign', 'sensor.foreign.test'],
  ['dns-timeout', 'resolve', 'silent', 'sensor.silent.test'],
  ['connect-refused', 'connect', 'refused', 'refused.contoso.test'],
  ['connect-timeout', 'connect', 'dropped', 'dropped.contoso.test'],
  ['connect-unreachable', 'connect', 'unreachable', 'unreachable.contoso.test'],
  ['connect-failed', 'connect', 'prohibited', 'prohibited.contoso.test'],
] as const;

const PROXY_WAYS = [
  ['proxy-dns-not-found', 'resolve', 'nowhere.contoso.test'],
  ['proxy-dns-failed', 'resolve', 'sensor.foreign.test'],
  // Another name than the endpoint's: whoever asks for a name that is being looked up waits for that look-up.
  ['proxy-dns-timeout', 'resolve', 'proxy.silent.test'],
  ['proxy-connect-refused', 'connect', 'refused.contoso.test'],
  ['proxy-connect-timeout', 'connect', 'dropped.contoso.test'],
  ['proxy-connect-unreachable', 'connect', 'unreachable.contoso.test'],
  ['proxy-connect-failed', 'connect', 'prohibited.contoso.test'],
] as const;

describe('an account without a proxy', () => {
  it('reaches an endpoint that the DNS knows', async () => {
    const check = await checkWith({}, 'up');
    expect(check).toMatchObject({
      status: 'healthy',
      failure: null,
      endpoint: { host: 'up.contoso.test' },
      route: { via: 'direct' },
    });
    expect(statuses(check)).toEqual(DIRECT);
  });

  it.each(WAYS)('is told %s, in the phase %s, of the endpoint “%s”', async (code, phase, region, host) => {
    const check = await checkWith({}, region, SILENCE_MS);
    expect(check).toMatchObject({ status: 'unhealthy', endpoint: { host }, failure: { code, phase } });
    expect(statuses(check)).toEqual(stoppedAt(phase, 'direct'));
  });
});

describe('names on which the DNS stays silent', () => {
  it('keep no other name from being looked up, although nothing ends their look-ups', async () => {
    for (const name of ['a', 'b', 'c', 'd', 'e']) {
      const check = await checkWith({ proxyServer: `${name}.silent.test:8080` }, 'up', 200);
      expect(check.failure?.code).toBe('proxy-dns-timeout');
    }
    const check = await checkWith({}, 'up', 3000);
    expect(check).toMatchObject({ status: 'healthy', failure: null });
  });
});

describe('an account with a proxy', () => {
  it('reaches an endpoint whose name the proxy’s DNS alone knows', async () => {
    const check = await checkWith({ proxyServer: network.squid }, 'inner');
    expect(check).toMatchObject({ status: 'healthy', failure: null, route: { proxy: network.squid } });
    expect(statuses(check)).toEqual(ALL);
  });

  it.each(PROXY_WAYS)('is told %s, in the phase %s, of the proxy %s', async (code, phase, host) => {
    const check = await checkWith({ proxyServer: `${host}:3128` }, 'up', SILENCE_MS);
    expect(check).toMatchObject({
      status: 'unhealthy',
      failure: { code, phase },
      route: { proxy: `${host}:3128` },
    });
    expect(statuses(check)).toEqual(stoppedAt(phase, 'proxied'));
  });

  it.each(['nowhere', 'dropped', 'unreachable', 'refused'])(
    'is told of the proxy’s side when the proxy cannot reach the endpoint “%s”',
    async (region) => {
      const check = await checkWith({ proxyServer: network.squid }, region);
      expect(check).toMatchObject({ status: 'unhealthy', failure: { code: 'proxy-server-error' } });
      expect(statuses(check)).toEqual(stoppedAt('proxyConnect', 'proxied'));
    },
  );
});

describe('a connection that is ended on this machine while it is being made', () => {
  /** Ends it, as `ss --kill` and security software do, until the check is done. */
  async function whileKilled<T>(check: Promise<T>): Promise<T> {
    const stop = new AbortController();
    const killing = network.killConnections(stop.signal);
    try {
      return await check;
    } finally {
      stop.abort();
      await killing;
    }
  }

  it('to the endpoint gives connect-reset', async () => {
    const check = await whileKilled(checkWith({}, 'dropped'));
    expect(check).toMatchObject({ status: 'unhealthy', failure: { code: 'connect-reset' } });
    expect(check.failure?.detail).toContain('ECONNABORTED');
    expect(statuses(check)).toEqual(stoppedAt('connect', 'direct'));
  });

  it('to the proxy gives proxy-connect-reset', async () => {
    const check = await whileKilled(checkWith({ proxyServer: 'dropped.contoso.test:3128' }, 'up'));
    expect(check).toMatchObject({ status: 'unhealthy', failure: { code: 'proxy-connect-reset' } });
    expect(statuses(check)).toEqual(stoppedAt('connect', 'proxied'));
  });
});

describe('an account whose settings cannot be read', () => {
  it('has no way that could be told', async () => {
    const check = await network.product.check('NetworkService', 'up');
    expect(check).toMatchObject({ status: 'unknown', failure: { code: 'route-settings-malformed' } });
    expect(statuses(check)).toEqual(['fail', ...Array<string>(5).fill('skipped')]);
  });
});

describe('an account with a PAC file', () => {
  const script = (answer: string) => `function FindProxyForURL(url, host) { return "${answer}"; }`;

  it('goes on to the second proxy when packets to the first are dropped', async () => {
    lab.write('web/two.pac', script(`PROXY dropped.contoso.test:3128; PROXY ${network.squid}`));
    const check = await checkWith({ autoConfigUrl: `http://${network.web}/two.pac` }, 'up', 4000);
    expect(check).toMatchObject({
      status: 'degraded',
      warnings: [{ code: 'route-failover' }],
      failedOver: [{ failure: { code: 'proxy-connect-timeout' } }],
      route: { via: 'pac', proxy: network.squid },
    });
    expect(statuses(check)).toEqual(['warn', ...ALL.slice(1)]);
  });
});

describe('an account with auto-detect (WPAD)', () => {
  /** The names with `wpad` that the DNS was asked for, each once. */
  const askedFor = (log: string) => [
    ...new Set([...log.matchAll(/query\[A\] (wpad\.\S+)/g)].map(([, name = '']) => name)),
  ];
  const wpad = (address: string) => ({ 'wpad.corp.contoso.test': address });

  beforeAll(() => {
    lab.write('web/wpad.dat', `function FindProxyForURL() { return "PROXY squid.contoso.test:3128"; }`);
  });

  it('takes the proxy of the file that the domain above its own serves', async () => {
    const dns = await network.restartDns(wpad(network.web));
    const check = await checkWith({ autoDetect: true }, 'up');
    expect(check).toMatchObject({
      status: 'healthy',
      failure: null,
      warnings: [],
      route: { via: 'autoDetect', proxy: network.squid },
    });
    expect(check.route.because).toContain('http://wpad.corp.contoso.test/wpad.dat');
    expect(statuses(check)).toEqual(ALL);
    expect(askedFor(dns.output())).toContain('wpad.sub.corp.contoso.test');
  });

  it('goes direct when no domain up to the registrable one has a server, and asks for none above it', async () => {
    const dns = await network.restartDns({ 'wpad.test': network.web });
    const check = await checkWith({ autoDetect: true }, 'up');
    expect(check).toMatchObject({ status: 'healthy', warnings: [], route: { via: 'direct', proxy: null } });
    expect(check.route.because).toContain('no WPAD server was found');
    expect([...askedFor(dns.output())].sort()).toEqual([
      'wpad.contoso.test',
      'wpad.corp.contoso.test',
      'wpad.sub.corp.contoso.test',
    ]);
  });

  it('takes the static proxy when there is no server', async () => {
    await network.restartDns();
    const check = await checkWith({ autoDetect: true, proxyServer: network.squid }, 'up');
    expect(check).toMatchObject({ status: 'healthy', route: { via: 'proxy', proxy: network.squid } });
  });

  it('is told when the server that the DNS names does not listen, and takes the static proxy', async () => {
    await network.restartDns(wpad('10.77.0.30'));
    const check = await checkWith({ autoDetect: true, proxyServer: network.squid }, 'up');
    expect(check).toMatchObject({
      status: 'degraded',
      warnings: [{ code: 'route-pac-unreachable' }],
      route: { via: 'proxy', proxy: network.squid },
    });
    expect(statuses(check)).toEqual(['warn', ...ALL.slice(1)]);
  });
});
