import fc from 'fast-check';
import type { InForceSettings } from '../../../src/wininet/inForce';
import { chooseRoute, type RouteSettings } from '../../../src/wininet/route';

const endpoint = { scheme: 'https', host: 'contososensorapi.atp.azure.com', port: 443 } as const;
const nothing: InForceSettings = {
  direct: true,
  autoDetect: false,
  autoConfigUrl: null,
  proxyServer: null,
  bypassList: null,
};

const settings = (inForce: Partial<InForceSettings>): RouteSettings => ({
  scope: 'account',
  state: 'configured',
  inForce: { ...nothing, ...inForce },
});
const route = (inForce: Partial<InForceSettings>) => chooseRoute(settings(inForce), endpoint);
const viaProxy = (proxyServer: string) => route({ proxyServer });

describe('the route of an account', () => {
  it.each([
    ['proxy:8080', 'proxy', 8080, 'static proxy, entry proxy:8080'],
    ['http=a:80;https=b:443;ftp=c:21', 'b', 443, 'static proxy, entry https=b:443'],
    ['http=a:80;c:8080', 'c', 8080, 'static proxy, entry c:8080'],
    ['c:8080;https=b:443', 'b', 443, 'static proxy, entry https=b:443'],
    ['https=b;https=c', 'b', 80, 'static proxy, entry https=b:80'],
    ['socks=s;https=b:443', 'b', 443, 'static proxy, entry https=b:443'],
    ['[2001:db8::1]:8080', '2001:db8::1', 8080, 'static proxy, entry [2001:db8::1]:8080'],
    ['http=u:p@a:80;https=b:443', 'b', 443, 'static proxy, entry https=b:443'],
  ])('with the proxy list %j leads through %s port %i', (list, host, port, because) => {
    expect(viaProxy(list)).toEqual({ kind: 'proxy', host, port, because, doubt: null });
  });

  it.each([
    ['http=a:80', 'the proxy list names no proxy for https'],
    ['http=a:80;ftp=b:21', 'the proxy list names no proxy for https'],
    [';;', 'the proxy list names no proxy for https'],
  ])('with the proxy list %j is direct', (list, because) => {
    expect(viaProxy(list)).toEqual({ kind: 'direct', because });
  });

  it.each([
    [
      'https=u:hunter2@b:443',
      'static proxy, entry 1 (https=) is malformed: it holds credentials, which WinINET does not take from a proxy list',
    ],
    ['http=a;b\r\nc:80', 'static proxy, entry 2 is malformed: its host is no host name'],
  ])('with the proxy list %j is unknown', (list, because) => {
    expect(viaProxy(list)).toMatchObject({
      kind: 'unknown',
      reason: 'proxy-entry-malformed',
      via: 'proxy',
      because,
    });
  });

  it.each(['socks=s:1080', 'socks5://s', 'http=a;socks=s'])(
    'with %j is unknown, because SOCKS is not spoken',
    (list) => {
      expect(viaProxy(list)).toMatchObject({
        kind: 'unknown',
        reason: 'socks-not-supported',
        via: 'proxy',
        proxy: 's:1080',
      });
    },
  );

  it('is direct without a proxy, and for what the bypass list names', () => {
    expect(route({})).toEqual({ kind: 'direct', because: 'no proxy in force' });
    expect(route({ proxyServer: 'p', bypassList: '*.azure.com' })).toEqual({
      kind: 'direct',
      because: 'bypass list entry *.azure.com',
    });
  });

  it('says that a bypass list is refused, and goes through the proxy', () => {
    expect(route({ proxyServer: 'p', bypassList: '.azure.com' })).toMatchObject({
      kind: 'proxy',
      because:
        'static proxy, entry p:80; the bypass list is refused as a whole, because its entry .azure.com begins with a dot',
    });
  });

  it('says that WinINET does not honour a proxy without the direct flag', () => {
    const doubt = 'the direct flag (1) is off, and WinINET does not honour a proxy without it';
    expect(route({ proxyServer: 'p:1', direct: false })).toEqual({
      kind: 'proxy',
      host: 'p',
      port: 1,
      because: `static proxy, entry p:1; ${doubt}`,
      doubt,
    });
  });

  it('is unknown with auto-detect, then with a PAC file, whatever else is set', () => {
    const both = { autoConfigUrl: 'http://user:hunter2@pac/', proxyServer: 'p' };
    expect(route({ autoDetect: true, ...both })).toMatchObject({
      reason: 'auto-detect-not-supported',
      via: 'autoDetect',
    });
    expect(route(both)).toMatchObject({ kind: 'unknown', reason: 'pac-not-supported', via: 'pac' });
    expect(JSON.stringify(route(both))).not.toContain('hunter2');
  });

  it('is direct without settings, and says what could still change that', () => {
    const absent = chooseRoute({ scope: 'account', state: 'absent', inForce: null }, endpoint);
    expect(absent).toMatchObject({ kind: 'direct', because: expect.stringContaining('WPAD') as unknown });
  });

  it('is unknown with settings that cannot be decoded', () => {
    const malformed = chooseRoute({ scope: 'account', state: 'malformed', inForce: null }, endpoint);
    expect(malformed).toMatchObject({ kind: 'unknown', reason: 'settings-malformed', via: 'unknown' });
  });

  it('names the machine-wide policy when that decides', () => {
    const machine = chooseRoute({ ...settings({ proxyServer: 'p' }), scope: 'machine' }, endpoint);
    expect(machine.because).toBe(
      'machine-wide settings (ProxySettingsPerUser is 0): static proxy, entry p:80',
    );
  });

  it('is chosen for any text at all, and says nothing raw of it', () => {
    const text = fc.string({ unit: 'binary', maxLength: 200 });
    fc.assert(
      fc.property(text, text, fc.boolean(), (proxyServer, bypassList, direct) => {
        const chosen = route({ proxyServer, bypassList, direct });
        expect(chosen.because).not.toMatch(/[\p{Cc}"'@]/u);
        if (chosen.kind === 'proxy') expect(chosen.host).toMatch(/^[a-z0-9._:-]+$/);
      }),
      { numRuns: 1000 },
    );
  });

  it('takes 64 KiB of either list in its stride', () => {
    const started = performance.now();
    for (const piece of ['a;', 'https=', 'https=a:80;', '@', '=', ':', '[', 'a.']) {
      const long = piece.repeat(65536 / piece.length);
      route({ proxyServer: long, bypassList: long });
    }
    expect(performance.now() - started).toBeLessThan(2000);
  });
});
