import vm from 'node:vm';
import fc from 'fast-check';
import { allowlistOf } from '../../../src/endpoints/allowlist/allowlist';
import { createAllowlist } from '../../../src/endpoints/allowlist/answer';
import { type Endpoint, PING_PATH } from '../../../src/endpoints/catalogue';
import type { ContextProxy } from '../../../src/endpoints/contextProxy';
import type { ProxyScripts } from '../../../src/endpoints/pac/proxyScripts';
import { createRoutes, type RoutesFor } from '../../../src/endpoints/routes';
import { systemClock } from '../../../src/lib/clock';
import type { RouteTarget, ScriptOutcome } from '../../../src/wininet/route';
import type { InForceSettings } from '../../../src/wininet/inForce';

const ENDPOINTS = [
  ...['contososensorapi.atp.azure.com', 'xn--bcher-kva.example', '192.0.2.1', '2001:db8::1'].map((host) =>
    at(host),
  ),
  at('xn--bcher-kva.example', 8443),
];

function at(host: string, port = 443): Endpoint {
  return { host, port, path: PING_PATH, region: 'Here', origin: 'file' };
}

function context(settings: Partial<InForceSettings>): ContextProxy {
  const none = { direct: true, autoDetect: false, autoConfigUrl: null, proxyServer: null, bypassList: null };
  return { id: 'LocalService', scope: 'account', state: 'configured', inForce: { ...none, ...settings } };
}

/** Scripts that say what a function says. */
function scriptsThat(say: (target: RouteTarget) => ScriptOutcome): ProxyScripts {
  return { ask: (_source, targets) => Promise.resolve(targets.map(say)) };
}

const noScripts = scriptsThat(() => {
  throw new Error('no script is set');
});

async function pacOf(account: ContextProxy, scripts = noScripts, endpoints = ENDPOINTS): Promise<string> {
  return pacBy(account, createRoutes(scripts, systemClock), endpoints);
}

async function pacBy(
  account: ContextProxy,
  routesFor: RoutesFor,
  endpoints: readonly Endpoint[],
): Promise<string> {
  const make = createAllowlist({
    endpoints: () => Promise.resolve(endpoints),
    proxyFor: (id) => Promise.resolve({ ...account, id }),
    routesFor,
  });
  const { document } = await make({ format: 'pac', context: account.id }, new AbortController().signal);
  expect(document).toMatchObject({
    mediaType: 'application/x-ns-proxy-autoconfig',
    fileName: 'sensorproxy-allowlist.pac',
  });
  return document?.text ?? '';
}

/** What a PAC file says, with nothing in reach but the language. */
function evaluate(pac: string): (url: string, host: string) => unknown {
  const sandbox = vm.createContext(Object.create(null) as object);
  vm.runInContext(pac, sandbox);
  return (url, host) =>
    vm.runInContext(`FindProxyForURL(${JSON.stringify(url)}, ${JSON.stringify(host)})`, sandbox) as unknown;
}

const viaProxy = context({
  proxyServer: 'http=web:80;https=proxy.contoso.com:8080',
  bypassList: '192.0.2.*',
});

describe('as a PAC file', () => {
  it('gives each listed host the account’s own route', async () => {
    const find = evaluate(await pacOf(viaProxy));
    expect(find('https://contososensorapi.atp.azure.com/', 'contososensorapi.atp.azure.com')).toBe(
      'PROXY proxy.contoso.com:8080',
    );
    expect(find('https://192.0.2.1/', '192.0.2.1')).toBe('DIRECT');
    expect(find('https://[2001:db8::1]/', '2001:db8::1')).toBe('PROXY proxy.contoso.com:8080');
    expect(find('https://[2001:db8::1]/', '[2001:db8::1]')).toBe('PROXY proxy.contoso.com:8080');
    expect(find('http://crl.microsoft.com/pki/crl/x.crl', 'crl.microsoft.com')).toBe('PROXY web:80');
  });

  it.each([
    ['in capitals', 'HTTPS://CONTOSOSENSORAPI.ATP.AZURE.COM/', 'CONTOSOSENSORAPI.ATP.AZURE.COM'],
    ['with its port', 'https://contososensorapi.atp.azure.com:443/x', 'contososensorapi.atp.azure.com'],
    ['with a port of its own', 'https://xn--bcher-kva.example:8443', 'xn--bcher-kva.example'],
    ['with credentials', 'https://a:b@contososensorapi.atp.azure.com/', 'contososensorapi.atp.azure.com'],
    ['with a query alone', 'https://contososensorapi.atp.azure.com?x=1', 'contososensorapi.atp.azure.com'],
  ])('knows a listed host %s', async (_name, url, host) => {
    expect(evaluate(await pacOf(viaProxy))(url, host)).toBe('PROXY proxy.contoso.com:8080');
  });

  it.each([
    ['another host', 'https://example.com/', 'example.com'],
    [
      'a host below a listed one',
      'https://a.contososensorapi.atp.azure.com/',
      'a.contososensorapi.atp.azure.com',
    ],
    [
      'a host that ends like one',
      'https://xcontososensorapi.atp.azure.com/',
      'xcontososensorapi.atp.azure.com',
    ],
    ['another port', 'https://contososensorapi.atp.azure.com:444/', 'contososensorapi.atp.azure.com'],
    ['another scheme', 'http://contososensorapi.atp.azure.com/', 'contososensorapi.atp.azure.com'],
    ['a certificate service over TLS', 'https://crl.microsoft.com/', 'crl.microsoft.com'],
    ['a name that every object has', 'https://constructor/', 'constructor'],
    ['the name __proto__', 'https://__proto__/', '__proto__'],
    ['no URL', '', ''],
    ['a listed host in the path', 'https://example.com/@contososensorapi.atp.azure.com', 'example.com'],
  ])('sends %s direct', async (_name, url, host) => {
    expect(evaluate(await pacOf(viaProxy))(url, host)).toBe('DIRECT');
  });

  it('keeps all that a script answered, in its order', async () => {
    const account = context({ autoConfigUrl: 'http://pac.contoso.com/proxy.pac' });
    const scripts = scriptsThat(({ scheme }) => ({
      kind: 'answer',
      answer: scheme === 'https' ? 'PROXY a:8080; SOCKS b:1080; HTTPS [2001:db8::2]:443; DIRECT' : 'DIRECT',
      from: 'pac.contoso.com',
    }));
    const find = evaluate(await pacOf(account, scripts));
    expect(find('https://192.0.2.1/', '192.0.2.1')).toBe(
      'PROXY a:8080; SOCKS b:1080; HTTPS [2001:db8::2]:443; DIRECT',
    );
    expect(find('http://www.microsoft.com/pki/x', 'www.microsoft.com')).toBe('DIRECT');
  });

  it('names the account, and what is in doubt', async () => {
    const account = context({ autoConfigUrl: 'http://pac.contoso.com/proxy.pac' });
    const seen = 'pac.contoso.com refuses connections';
    const pac = await pacOf(
      account,
      scriptsThat(() => ({ kind: 'unavailable', reason: 'pac-unreachable', seen })),
    );
    expect(pac).toMatch(/^\/\/ The routes of LocalService to /);
    expect(pac).toContain('// In doubt: route-pac-unreachable (see GET /endpoints/health).\n');
    expect(await pacOf(viaProxy)).not.toContain('In doubt');
    expect(evaluate(pac)('https://192.0.2.1/', '192.0.2.1')).toBe('DIRECT');
  });

  it('is refused when the account’s settings cannot be decoded', async () => {
    const account = { ...context({}), state: 'malformed' as const, inForce: null };
    await expect(pacOf(account)).rejects.toMatchObject({
      kind: 'unprocessable',
      code: 'route-unknown',
      detail: expect.stringContaining('PUT /proxy/contexts/{id}') as unknown,
    });
  });

  it('is refused when an entry of the proxy list cannot be read', async () => {
    await expect(pacOf(context({ proxyServer: 'a:b:c' }))).rejects.toMatchObject({
      code: 'route-unknown',
      detail: expect.stringContaining('an entry') as unknown,
    });
  });

  it('is ECMAScript 3 in ASCII', async () => {
    const pac = await pacOf(viaProxy);
    expect(pac).toMatch(/^[\n -~]*$/);
    const code = pac.replace(/^\/\/.*$/gm, '');
    expect(code).not.toMatch(/\b(?:let|const|class|import|export)\b|=>|`|\.\.\.|,\s*[}\])]|\bstartsWith\b/);
  });

  it('says for each listed host what the routes say, whatever hosts and routes there are', async () => {
    const label = fc.stringMatching(/^[a-z0-9_-]{1,12}$/);
    const host = fc.oneof(
      fc.array(label, { minLength: 1, maxLength: 4 }).map((labels) => labels.join('.')),
      fc.ipV4(),
      fc.constantFrom('::1', 'fe80::1', '__proto__', 'constructor', 'hasownproperty'),
    );
    const place = fc.tuple(host, fc.constantFrom(443, 80, 8443)).map(([name, port]) => at(name, port));
    await fc.assert(
      fc.asyncProperty(fc.array(place, { maxLength: 8 }), async (endpoints) => {
        const proxyOf = (target: { host: string; port: number }) =>
          `p${Buffer.from(`${target.host}${target.port}`).reduce((sum, byte) => sum + byte, 0)}`;
        const scripts = scriptsThat((target) => ({
          kind: 'answer',
          answer: `PROXY ${proxyOf(target)}:3128; DIRECT`,
          from: 'here',
        }));
        const account = context({ autoDetect: true });
        const find = evaluate(await pacBy(account, createRoutes(scripts, systemClock), endpoints));
        for (const item of allowlistOf(endpoints).items) {
          const scheme = item.purpose === 'sensor' ? 'https' : 'http';
          const inUrl = item.host.includes(':') ? `[${item.host}]` : item.host;
          expect(find(`${scheme}://${inUrl}:${item.port}/`, item.host)).toBe(
            `PROXY ${proxyOf(item)}:3128; DIRECT`,
          );
        }
        expect(find('https://elsewhere.invalid/', 'elsewhere.invalid')).toBe('DIRECT');
      }),
      { numRuns: 60 },
    );
  });
});
