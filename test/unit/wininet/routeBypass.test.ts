import fc from 'fast-check';
import {
  compileBypassList,
  matchesWildcard,
  parseBypassList,
  type RouteTarget,
} from '../../../src/wininet/bypassList';

const target = (host: string, port = 443, scheme: RouteTarget['scheme'] = 'https'): RouteTarget => ({
  host,
  port,
  scheme,
});
const verdict = (list: string, host: string, port?: number, scheme?: RouteTarget['scheme']) =>
  compileBypassList(parseBypassList(list))(target(host, port, scheme));

describe('a bypass list', () => {
  it('is separated by semicolons and white space', () => {
    expect(parseBypassList('a;b c\td\r\ne;; <local>')).toEqual(['a', 'b', 'c', 'd', 'e', '<local>']);
    expect(parseBypassList('')).toEqual([]);
  });

  it.each([
    // Bare names and wildcards: measured on WinINET by proxy-watch; Microsoft KB 4551930.
    ['contoso.com', 'contoso.com', true],
    ['contoso.com', 'api.contoso.com', false],
    ['CONTOSO.com', 'contoso.com', true],
    ['*.contoso.com', 'api.contoso.com', true],
    ['*.contoso.com', 'a.b.contoso.com', true],
    ['*.contoso.com', 'contoso.com', false],
    ['*contoso.com', 'contoso.com', true],
    ['*contoso.com', 'notcontoso.com', true],
    ['api.*', 'api.contoso.com', true],
    ['api.*.com', 'api.contoso.com', true],
    ['api.*.net', 'api.contoso.com', false],
    ['*', 'api.contoso.com', true],
    ['*.*', 'api.contoso.com', true],
    ['*.*', 'api', false],
    ['a*a', 'a', false],
    ['contoso.com other.com', 'other.com', true],
    // A port, where there is one, must be the same.
    ['contoso.com:443', 'contoso.com', true],
    ['contoso.com:8443', 'contoso.com', false],
    ['*.contoso.com:443', 'api.contoso.com', true],
    ['contoso.com:*', 'contoso.com', true],
    ['contoso.com:', 'contoso.com', false],
    // An optional scheme.
    ['https://contoso.com', 'contoso.com', true],
    ['HTTPS://*.contoso.com:443', 'api.contoso.com', true],
    ['http://contoso.com', 'contoso.com', false],
    // Names without a dot.
    ['<local>', 'intranet', true],
    ['<LOCAL>', 'intranet', true],
    ['<local>', 'intranet.contoso.com', false],
    ['<local>', '10.0.0.1', false],
    ['<local>', '2001:db8::1', false],
    // Addresses compare as text.
    ['10.0.0.1', '10.0.0.1', true],
    ['010.0.0.1', '10.0.0.1', false],
    ['10.*', '10.1.2.3', true],
    ['10.*', '110.1.2.3', false],
    ['2001:db8::1', '2001:db8::1', true],
    ['[2001:db8::1]', '2001:db8::1', true],
    ['[2001:db8::1]:443', '2001:db8::1', true],
    ['[2001:db8::1]:80', '2001:db8::1', false],
    ['2001:db8:0::1', '2001:db8::1', false],
    // Loopback, listed or not.
    ['', 'localhost', true],
    ['', 'loopback', true],
    ['', '127.0.0.1', true],
    ['', '::1', true],
    ['', '127.0.0.2', false],
    ['', 'api.localhost', false],
    ['<-loopback>', 'localhost', false],
    ['<-loopback>', '127.0.0.1', false],
    ['<-loopback>;127.0.0.1', '127.0.0.1', true],
    ['<-loopback>;<local>', 'localhost', true],
    // Commas do not separate.
    ['a.com,b.com', 'b.com', false],
    // A leading dot: the list is refused as a whole.
    ['.contoso.com', 'api.contoso.com', false],
    ['.contoso.com;*.fabrikam.com', 'api.fabrikam.com', false],
    ['.contoso.com', 'localhost', true],
    // A slash sends everything direct.
    ['10.0.0.0/8', 'api.contoso.com', true],
    ['contoso.com/', 'api.fabrikam.com', true],
    ['contoso.com:443/x', 'api.fabrikam.com', true],
    ['https://contoso.com/path', 'api.fabrikam.com', true],
    ['.contoso.com;10.0.0.0/8', 'api.fabrikam.com', true],
  ])('%j and %s: bypassed %s', (list, host, bypassed) => {
    expect(verdict(list, host).bypassed).toBe(bypassed);
  });

  it.each([
    ['a.com;*.contoso.com', 'api.contoso.com', 'bypass list entry *.contoso.com'],
    ['<local>', 'intranet', 'bypass list entry <local>'],
    ['', 'localhost', 'implicit bypass of localhost'],
    ['x;10.0.0.0/8', 'a.com', 'bypass list entry 10.0.0.0/8: a slash sends every destination direct'],
    [
      '.a.com',
      'b.a.com',
      'the bypass list is refused as a whole, because its entry .a.com begins with a dot',
    ],
    ['other.com', 'a.com', null],
  ])('%j and %s: because %s', (list, host, because) => {
    expect(verdict(list, host).because).toBe(because);
  });

  it('shows no credentials, control characters or quotes of an entry, and no more than a line', () => {
    const { because } = verdict(`https://user:hunter2@h/\u0001"'<x>${'y'.repeat(500)}`, 'a.com');
    expect(because).toMatch(/^[ -~…]+$/);
    expect(because).not.toMatch(/hunter2|"|'/);
    expect(because?.length).toBeLessThan(200);
  });

  it('is matched in linear time, 64 KiB of hostile patterns included', () => {
    const host = `${'a'.repeat(60)}.${'a'.repeat(60)}.${'a'.repeat(60)}.com`;
    const started = performance.now();
    for (const piece of ['*a', 'a*', '*', '*aaaa*b', ';*a*a*a*b', '<-loopback>;']) {
      const list = piece.repeat(Math.ceil(65536 / piece.length)).slice(0, 65536);
      verdict(list, host);
    }
    expect(performance.now() - started).toBeLessThan(10_000);
  });
});

describe('a wildcard', () => {
  it('matches as a backtracking regular expression would', () => {
    const alphabet = fc
      .array(fc.constantFrom('a', 'b', '*', '.'), { maxLength: 8 })
      .map((letters) => letters.join(''));
    const text = fc
      .array(fc.constantFrom('a', 'b', '.'), { maxLength: 8 })
      .map((letters) => letters.join(''));
    fc.assert(
      fc.property(alphabet, text, (pattern, subject) => {
        const source = pattern.replaceAll('.', '\\.').replaceAll('*', '.*');
        expect(matchesWildcard(pattern, subject)).toBe(new RegExp(`^${source}$`).test(subject));
      }),
      { numRuns: 2000 },
    );
  });
});
