import fc from 'fast-check';
import { ConfigError, readConfig } from '../../../src/config';
import { parseAllowedHost } from '../../../src/webhooks/allowedHosts';
import { UrlRefused, webhookUrl } from '../../../src/webhooks/webhookUrl';

const rules = (list: string, plaintext = false) => ({
  hosts: list.split(',').filter(Boolean).map(parseAllowedHost),
  plaintext,
});
const LIST =
  'hooks.contoso.com,*.example.net,api.contoso.com:8443,any.contoso.com:*,münchen.example,127.0.0.1:*,[::1]:9000';

function verdict(url: string, list = LIST, plaintext = false): string {
  try {
    return webhookUrl(url, rules(list, plaintext)).href;
  } catch (error) {
    if (!(error instanceof UrlRefused)) throw error;
    return error.because;
  }
}

it.each([
  ['https://hooks.contoso.com/x?y=1', 'https://hooks.contoso.com/x?y=1'],
  ['https://HOOKS.Contoso.COM', 'https://hooks.contoso.com/'],
  ['https://hooks.contoso.com./x', 'https://hooks.contoso.com/x'],
  ['https://hooks.contoso.com:443/x', 'https://hooks.contoso.com/x'],
  ['https://a.example.net/', 'https://a.example.net/'],
  ['https://a.b.example.net/', 'https://a.b.example.net/'],
  ['https://api.contoso.com:8443/', 'https://api.contoso.com:8443/'],
  ['https://any.contoso.com:12345/', 'https://any.contoso.com:12345/'],
  ['https://München.example/', 'https://xn--mnchen-3ya.example/'],
  ['http://127.0.0.1:8080/', 'http://127.0.0.1:8080/'],
  ['http://127.1:8080/', 'http://127.0.0.1:8080/'],
  ['http://0x7f000001:8080/', 'http://127.0.0.1:8080/'],
  ['http://[::1]:9000/', 'http://[::1]:9000/'],
  ['http://[0:0:0:0:0:0:0:1]:9000/', 'http://[::1]:9000/'],
])('%s may be sent to, as %s', (url, href) => {
  expect(verdict(url)).toBe(href);
});

it.each([
  ['another host', 'https://evil.example/'],
  ['a host that begins as a listed one', 'https://hooks.contoso.com.evil.example/'],
  ['a host that ends as a listed one', 'https://evilhooks.contoso.com/'],
  ['the suffix itself', 'https://example.net/'],
  ['a host that ends as the suffix, without a dot', 'https://evilexample.net/'],
  ['another port of a listed host', 'https://hooks.contoso.com:8443/'],
  ['the usual port where another is listed', 'https://api.contoso.com/'],
  ['an address that is not listed', 'https://10.0.0.1/'],
  ['the address of the cloud’s metadata', 'http://169.254.169.254/latest/meta-data'],
  ['the same as one number', 'http://2852039166/'],
  ['an IPv6 address that maps a listed IPv4 one', 'http://[::ffff:127.0.0.1]:8080/'],
  ['another port of a listed IPv6 address', 'http://[::1]:9001/'],
  ['letters of another script that look the same', 'https://hооks.contoso.com/'],
])('%s is refused, since it is not on the list', (_name, url) => {
  expect(verdict(url)).toBe('host');
});

it.each([
  ['a user name', 'https://user@hooks.contoso.com/'],
  ['a password', 'https://user:secret@hooks.contoso.com/'],
  ['an empty user name', 'https://@hooks.contoso.com/'],
  ['a host that is a user name', 'https://hooks.contoso.com@evil.example/'],
  ['ftp', 'ftp://hooks.contoso.com/'],
  ['file', 'file:///etc/passwd'],
  ['javascript', 'javascript:alert(1)'],
  ['no scheme', 'hooks.contoso.com/x'],
  ['no host', 'https:///x'],
  ['a scheme without slashes', 'https:hooks.contoso.com'],
  ['a backslash', 'https://hooks.contoso.com\\@evil.example/'],
  ['a line break', 'https://hooks.contoso.com/\r\nX: y'],
  ['a tab within the host', 'https://hooks.con\ttoso.com/'],
  ['a space before it', ' https://hooks.contoso.com/'],
  ['a fragment', 'https://hooks.contoso.com/#x'],
  ['port 0', 'https://hooks.contoso.com:0/'],
  ['a port that is none', 'https://hooks.contoso.com:99999/'],
  ['two trailing dots', 'https://hooks.contoso.com../'],
  ['an IPv6 zone', 'http://[fe80::1%25eth0]/'],
  ['http beyond this machine', 'http://hooks.contoso.com/'],
  ['more than 2048 characters', `https://hooks.contoso.com/${'x'.repeat(2048)}`],
])('%s is refused for its form', (_name, url) => {
  expect(verdict(url)).toBe('form');
});

it('http beyond this machine is allowed by a setting', () => {
  expect(verdict('http://hooks.contoso.com/', LIST, true)).toBe('http://hooks.contoso.com/');
});

it('without a list nothing may be sent to', () => {
  expect(verdict('https://hooks.contoso.com/', '')).toBe('host');
});

it('whatever is sent for an address, the answer is an address of the list or a refusal', () => {
  const part = fc.constantFrom(
    'https://',
    'http://',
    'hooks.contoso.com',
    '@',
    ':',
    '/',
    '.',
    '[::1]',
    '127.0.0.1',
    '%',
    '\\',
    '#',
    '?',
    'ⓗooks',
  );
  fc.assert(
    fc.property(
      fc.oneof(
        fc.string(),
        fc.array(part, { maxLength: 8 }).map((parts) => parts.join('')),
      ),
      (text) => {
        const result = verdict(text);
        if (result === 'form' || result === 'host') return;
        const { hostname, username, password } = new URL(result);
        expect([username, password]).toEqual(['', '']);
        expect(hostname).toMatch(
          /^(?:hooks\.contoso\.com|[a-z0-9.-]+\.example\.net|any\.contoso\.com|127\.0\.0\.1|\[::1\])$/,
        );
      },
    ),
  );
});

describe('SENSORPROXY_WEBHOOK_HOSTS', () => {
  const config = (text: string) => readConfig({ SENSORPROXY_WEBHOOK_HOSTS: text }).webhooks;

  it('is empty unless set, and http is for loopback', () => {
    expect(config('')).toEqual({ hosts: [], plaintext: false });
  });

  it('takes names, suffixes, addresses and ports', () => {
    expect(config('Hooks.Contoso.com, *.example.net:8443, [::1]:*').hosts).toEqual([
      { host: 'hooks.contoso.com', subdomains: false, port: null },
      { host: 'example.net', subdomains: true, port: 8443 },
      { host: '::1', subdomains: false, port: 'any' },
    ]);
  });

  it.each([
    'https://a.example',
    'a.example/x',
    'user@a.example',
    '*',
    '*.',
    'a.*',
    '*.127.0.0.1',
    'a:0',
    'a:99999',
    'a b',
    '::1',
  ])('%s stops the start', (text) => {
    expect(() => config(text)).toThrow(ConfigError);
    expect(() => config(text)).toThrow(/^SENSORPROXY_WEBHOOK_HOSTS: each must be /);
  });
});
