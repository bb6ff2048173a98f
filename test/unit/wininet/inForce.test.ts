import fc from 'fast-check';
import { type ConnectionSettings, decodeConnectionSettings } from '../../../src/wininet/connectionSettings';
import { compareSettings, inForce } from '../../../src/wininet/inForce';
import { type Fields, settingsBytes } from '../../support/settingsBytes';
import { vectorBytes } from '../../support/vectors';

function decoded(bytes: Uint8Array): ConnectionSettings {
  const result = decodeConnectionSettings(bytes);
  if (!result.ok) throw new Error(result.error.reason);
  return result.settings;
}

const settings = (fields: Fields) => decoded(settingsBytes(fields));
const proxied: Fields = { flags: 3, proxy: 'proxy.contoso.com:8080', bypass: '*.contoso.com;<local>' };

describe('what is in force', () => {
  it('is decided by the flags: retained strings with flag 1 alone mean direct', () => {
    expect(inForce(decoded(vectorBytes('rs-ie8-retained')))).toEqual({
      direct: true,
      autoDetect: false,
      autoConfigUrl: null,
      proxyServer: null,
      bypassList: null,
    });
  });

  it('holds everything whose flag is on', () => {
    expect(inForce(decoded(vectorBytes('rs-ie8-all')))).toEqual({
      direct: true,
      autoDetect: true,
      autoConfigUrl: 'http://google.fr/',
      proxyServer: 'google.com:42',
      bypassList: 'Lol;<local>',
    });
  });

  it('holds no proxy when the flag is on but nothing is named', () => {
    expect(inForce(settings({ flags: 3, bypass: 'x' })).proxyServer).toBeNull();
  });
});

describe('comparing two accounts', () => {
  const base = settings(proxied);

  it.each<[string, Fields, 'identical' | 'equivalent' | 'different']>([
    ['the same bytes', proxied, 'identical'],
    ['another counter, which WinINET raises by itself', { ...proxied, counter: 60370 }, 'equivalent'],
    [
      'another trailer, which WinINET rewrites by itself',
      { ...proxied, trailer: Buffer.alloc(28, 7) },
      'equivalent',
    ],
    ['another version', { ...proxied, version: 0x3c }, 'equivalent'],
    ['a PAC URL whose flag is off', { ...proxied, pac: 'http://old/p.pac' }, 'equivalent'],
    ['other case in host names', { ...proxied, proxy: 'PROXY.contoso.com:8080' }, 'equivalent'],
    ['the bypass list in another order', { ...proxied, bypass: '<local>; *.contoso.com' }, 'equivalent'],
    ['another proxy', { ...proxied, proxy: 'proxy.contoso.com:8081' }, 'different'],
    ['one bypass entry less', { ...proxied, bypass: '*.contoso.com' }, 'different'],
    ['no direct flag', { ...proxied, flags: 2 }, 'different'],
    ['auto-detect as well', { ...proxied, flags: 11 }, 'different'],
    ['the proxy flag off', { ...proxied, flags: 1 }, 'different'],
  ])('%s', (_what, fields, expected) => {
    const other = settings(fields);
    expect(compareSettings(base, other)).toBe(expected);
    expect(compareSettings(other, base)).toBe(expected);
  });

  it('takes two PAC URLs that differ in case as different', () => {
    const a = settings({ flags: 5, pac: 'http://a/P.pac' });
    expect(compareSettings(a, settings({ flags: 5, pac: 'http://a/p.pac' }))).toBe('different');
  });

  it('does not confuse a Latin-1 byte with the UTF-8 text that looks the same', () => {
    const latin = settings({ flags: 3, proxy: Buffer.from('caf\xe9:80', 'latin1') });
    const utf8 = settings({ flags: 3, proxy: Buffer.from('café:80', 'utf8') });
    expect(compareSettings(latin, utf8)).toBe('different');
  });

  it('takes two proxy lists in another order as different, since the first that fits wins', () => {
    const a = settings({ flags: 3, proxy: 'a:1;b:2' });
    expect(compareSettings(a, settings({ flags: 3, proxy: 'b:2;a:1' }))).toBe('different');
  });

  it('is an equivalence: reflexive, and blind to all but what is in force', () => {
    const fields = fc.record({
      flags: fc.nat(15),
      proxy: fc.constantFrom('', 'a:1', 'b:2'),
      bypass: fc.constantFrom('', 'x', 'x;y'),
      pac: fc.constantFrom('', 'http://p/'),
      counter: fc.nat(5),
    });
    fc.assert(
      fc.property(fields, fields, (x, y) => {
        const a = settings(x);
        const b = settings(y);
        expect(compareSettings(a, a)).toBe('identical');
        const same = JSON.stringify(inForce(a)) === JSON.stringify(inForce(b));
        expect(compareSettings(a, b) !== 'different').toBe(same);
      }),
      { numRuns: 1000 },
    );
  });
});
