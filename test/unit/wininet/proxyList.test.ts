import fc from 'fast-check';
import { parseProxyList } from '../../../src/wininet/proxyList';
import { anyText } from '../../support/damage';

const server = (text: string) => {
  const [entry] = parseProxyList(text);
  if (entry === undefined || 'problem' in entry)
    throw new Error(`not a server: ${entry?.problem ?? 'nothing'}`);
  return entry;
};

describe('a proxy list', () => {
  it.each([
    ['proxy.contoso.com:8080', null, 'http', 'proxy.contoso.com', 8080],
    ['proxy', null, 'http', 'proxy', 80],
    ['https=b:443', 'https', 'http', 'b', 443],
    ['HTTPS=B:443', 'https', 'http', 'b', 443],
    ['http://proxy:3128', null, 'http', 'proxy', 3128],
    ['http://proxy:3128/', null, 'http', 'proxy', 3128],
    ['https=http://proxy', 'https', 'http', 'proxy', 80],
    ['https=https://proxy', 'https', 'http', 'proxy', 80],
    ['socks=d', 'socks', 'socks', 'd', 1080],
    ['socks=d:1081', 'socks', 'socks', 'd', 1081],
    ['socks5://d', null, 'socks', 'd', 1080],
    ['socks=http://d', 'socks', 'socks', 'd', 1080],
    ['[2001:DB8::1]:8080', null, 'http', '2001:db8::1', 8080],
    ['[::1]', null, 'http', '::1', 80],
    ['::1', null, 'http', '::1', 80],
    ['10.0.0.1:8080', null, 'http', '10.0.0.1', 8080],
    ['proxy_1.contoso.com:8080', null, 'http', 'proxy_1.contoso.com', 8080],
    ['bücher.example:8080', null, 'http', 'xn--bcher-kva.example', 8080],
  ])('%s is read', (text, scheme, kind, host, port) => {
    expect(server(text)).toMatchObject({ scheme, kind, host, port });
  });

  it.each([
    ['pro\rxy:80', 'host'],
    ['pro\nxy:80', 'host'],
    ['pro\0xy:80', 'host'],
    ['proxy:80\r\nX-Injected:1', 'host'],
    ['"proxy":80', 'host'],
    ["'proxy':80", 'host'],
    ['user:hunter2@proxy:80', 'credentials'],
    ['http://user:hunter2@proxy:80', 'credentials'],
    ['proxy:0', 'port'],
    ['proxy:65536', 'port'],
    ['proxy:http', 'port'],
    ['proxy:', 'port'],
    ['proxy:-1', 'port'],
    [':8080', 'no host'],
    ['https=', 'no host'],
    ['http://', 'no host'],
    ['a..b:80', 'host'],
    ['.proxy:80', 'host'],
    ['proxy/path:80', 'host'],
    ['[::1:80', 'host'],
    ['[fe80::1%eth0]:80', 'host'],
    ['gopher://proxy', 'kind of proxy'],
    ['socks=gopher://proxy', 'kind of proxy'],
    ['constructor://proxy:80', 'kind of proxy'],
    ['bad scheme'.replace(' ', '\0') + '=proxy:80', 'scheme'],
    [`${'a'.repeat(64)}.com:80`, 'host'],
    [`${'a.'.repeat(200)}com:80`, 'host'],
  ])('%j is kept as malformed, and nothing of it is shown', (text, word) => {
    const [entry] = parseProxyList(text);
    expect(entry).toMatchObject({ position: 1, problem: expect.stringContaining(word) as unknown });
    expect(JSON.stringify(entry)).not.toContain('hunter2');
  });

  it('is separated by semicolons and blanks, and counted from 1', () => {
    expect(parseProxyList(' http=a:80;https=b:443; ftp=c:21\tsocks=d ;;')).toMatchObject([
      { position: 1, text: 'http=a:80' },
      { position: 2, text: 'https=b:443' },
      { position: 3, text: 'ftp=c:21' },
      { position: 4, text: 'socks=d:1080' },
    ]);
    expect(parseProxyList('')).toEqual([]);
    expect(parseProxyList(' ; ;')).toEqual([]);
  });

  it('never gives a host that could break out of a request line', () => {
    const nasty = fc.array(
      fc.oneof(
        anyText(),
        fc.constantFrom('\r\n', '\0', '"', "'", ' ', ';', '@', '://', '=', ':', 'a', '1', '[', ']'),
      ),
    );
    fc.assert(
      fc.property(nasty, (parts) => {
        for (const entry of parseProxyList(parts.join(''))) {
          if ('problem' in entry) continue;
          expect(entry.host).toMatch(/^[a-z0-9._:-]+$/);
          expect(entry.text).toMatch(/^[a-z0-9._:=+/[\]-]+$/);
          expect(entry.port).toBeGreaterThan(0);
        }
      }),
      { numRuns: 500 },
    );
  });

  it('gives back what was put in, for every well-formed entry', () => {
    const label = fc.stringMatching(/^[a-z0-9]{1,12}$/);
    const host = fc.array(label, { minLength: 1, maxLength: 4 }).map((labels) => labels.join('.'));
    fc.assert(
      fc.property(
        fc.constantFrom(null, 'http', 'https', 'ftp'),
        host,
        fc.integer({ min: 1, max: 65535 }),
        (scheme, name, port) => {
          const text = `${scheme === null ? '' : `${scheme}=`}${name}:${port}`;
          expect(server(text)).toMatchObject({ scheme, host: name, port, text });
        },
      ),
    );
  });
});
