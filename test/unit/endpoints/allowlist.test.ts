import fc from 'fast-check';
import { type AllowlistItem, allowlistOf } from '../../../src/endpoints/allowlist/allowlist';
import { createAllowlist } from '../../../src/endpoints/allowlist/answer';
import { asCsv } from '../../../src/endpoints/allowlist/csv';
import { asSquid } from '../../../src/endpoints/allowlist/squid';
import { asText } from '../../../src/endpoints/allowlist/text';
import { type Endpoint, PING_PATH } from '../../../src/endpoints/catalogue';
import { anyText } from '../../support/damage';

function endpoint(host: string, fields: Partial<Endpoint> = {}): Endpoint {
  return { host, port: 443, path: PING_PATH, region: 'Here', origin: 'file', ...fields };
}

const CERTIFICATES = ['crl.microsoft.com:80', 'ctldl.windowsupdate.com:80', 'www.microsoft.com:80'];
const keys = (items: readonly AllowlistItem[]) => items.map(({ host, port }) => `${host}:${port}`);

describe('the list', () => {
  it('has each endpoint and the certificate services, sorted, and the service tag', () => {
    const { serviceTag, items } = allowlistOf([
      endpoint('z.example', { origin: 'sensor' }),
      endpoint('a.example'),
    ]);
    expect(serviceTag).toBe('AzureAdvancedThreatProtection');
    expect(keys(items)).toEqual(['a.example:443', ...CERTIFICATES, 'z.example:443']);
    expect(items[4]).toEqual({
      host: 'z.example',
      port: 443,
      protocol: 'tcp',
      purpose: 'sensor',
      paths: null,
      region: 'Here',
      origin: 'sensor',
    });
    expect(items[3]).toEqual({
      host: 'www.microsoft.com',
      port: 80,
      protocol: 'tcp',
      purpose: 'certificates',
      paths: ['/pki/*', '/pkiops/*'],
      region: null,
      origin: null,
    });
  });

  it('sorts ports as numbers', () => {
    const { items } = allowlistOf([
      endpoint('a.example', { port: 8443 }),
      endpoint('a.example', { port: 443 }),
    ]);
    expect(keys(items).slice(0, 2)).toEqual(['a.example:443', 'a.example:8443']);
  });

  it('has a host and port once, as the first endpoint says', () => {
    const { items } = allowlistOf([
      endpoint('a.example', { region: 'first' }),
      endpoint('a.example', { region: 'second', path: '/other' }),
    ]);
    expect(items).toHaveLength(4);
    expect(items[0]).toMatchObject({ region: 'first' });
  });

  it('keeps a certificate service what it is, whatever an endpoints file says of its port 80', () => {
    const { items } = allowlistOf([
      endpoint('crl.microsoft.com', { port: 80 }),
      endpoint('crl.microsoft.com', { port: 443 }),
    ]);
    expect(items.filter(({ host }) => host === 'crl.microsoft.com')).toMatchObject([
      { port: 80, purpose: 'certificates' },
      { port: 443, purpose: 'sensor' },
    ]);
  });

  it('does not depend on the order of the endpoints', () => {
    const hosts = fc.uniqueArray(
      fc.constantFrom('a.example', 'b.example', 'a-b.example', '::1', '192.0.2.1'),
    );
    fc.assert(
      fc.property(hosts, (some) => {
        const list = some.map((host) => endpoint(host));
        expect(allowlistOf([...list].reverse())).toEqual(allowlistOf(list));
      }),
    );
  });
});

describe('as text', () => {
  it('is host:port, one a line, with IPv6 in brackets', () => {
    const { items } = allowlistOf([endpoint('a.example'), endpoint('2001:db8::1', { port: 8443 })]);
    expect(asText(items)).toBe(
      '[2001:db8::1]:8443\na.example:443\ncrl.microsoft.com:80\nctldl.windowsupdate.com:80\nwww.microsoft.com:80\n',
    );
  });

  it('is empty for nothing', () => {
    expect(asText([])).toBe('');
  });
});

describe('as CSV', () => {
  it('has a header line, CRLF, and nothing for what is null', () => {
    const { items } = allowlistOf([endpoint('a.example', { region: 'US GCC High', origin: 'catalogue' })]);
    expect(asCsv(items)).toBe(
      [
        'host,port,protocol,purpose,paths,region,origin',
        'a.example,443,tcp,sensor,,US GCC High,catalogue',
        'crl.microsoft.com,80,tcp,certificates,,,',
        'ctldl.windowsupdate.com,80,tcp,certificates,,,',
        'www.microsoft.com,80,tcp,certificates,/pki/* /pkiops/*,,',
        '',
      ].join('\r\n'),
    );
  });

  it('quotes what needs it', () => {
    expect(regionCell('a, "b"\r\nc')).toBe('"a, ""b""\r\nc"');
  });

  it.each(['=1+1', '+1', '-1', '@SUM(A1)', '\t=1', '=cmd|"/c calc"!A1'])(
    'makes no formula of %j',
    (region) => {
      expect(regionCell(region)).toMatch(/^"?'/);
    },
  );

  it('never begins a cell as a formula does, and never breaks a row', () => {
    fc.assert(
      fc.property(anyText(), (region) => {
        const cell = regionCell(region);
        expect(cell).not.toMatch(/^"?[=+\-@\t\r]/);
        const inside = cell.startsWith('"') ? cell.slice(1, -1).replace(/""/g, '') : cell;
        expect(inside).not.toMatch(cell.startsWith('"') ? /"/ : /[",\r\n]/);
      }),
    );
  });

  function regionCell(region: string): string {
    const { items } = allowlistOf([endpoint('a.example', { region })]);
    const start = 'host,port,protocol,purpose,paths,region,origin\r\na.example,443,tcp,sensor,,';
    const text = asCsv(items.slice(0, 1));
    expect(text.startsWith(start)).toBe(true);
    return text.slice(start.length, -',file\r\n'.length);
  }
});

describe('as squid’s configuration', () => {
  const linesOf = (endpoints: readonly Endpoint[]) =>
    asSquid(allowlistOf(endpoints).items)
      .split('\n')
      .filter((line) => line !== '' && !line.startsWith('#'));

  it('allows CONNECT to names and addresses on their ports, and GET of what certificates need', () => {
    const endpoints = [
      endpoint('xn--bcher-kva.example'),
      endpoint('192.0.2.1', { port: 8443 }),
      endpoint('2001:db8::1', { port: 8443 }),
    ];
    expect(linesOf(endpoints)).toEqual([
      'acl sensorproxy_connect method CONNECT',
      'acl sensorproxy_port_443 port 443',
      'acl sensorproxy_endpoints_443 dstdomain -n -- xn--bcher-kva.example',
      'http_access allow sensorproxy_connect sensorproxy_port_443 sensorproxy_endpoints_443',
      'acl sensorproxy_port_8443 port 8443',
      'acl sensorproxy_addresses_8443 dst -n -- 192.0.2.1',
      'acl sensorproxy_addresses_8443 dst -n -- 2001:db8::1',
      'http_access allow sensorproxy_connect sensorproxy_port_8443 sensorproxy_addresses_8443',
      'acl sensorproxy_read method GET HEAD',
      'acl sensorproxy_http proto HTTP',
      'acl sensorproxy_certificates_1 dstdomain -n -- crl.microsoft.com',
      'acl sensorproxy_certificates_1_port port 80',
      'http_access allow sensorproxy_read sensorproxy_http sensorproxy_certificates_1 sensorproxy_certificates_1_port',
      'acl sensorproxy_certificates_2 dstdomain -n -- ctldl.windowsupdate.com',
      'acl sensorproxy_certificates_2_port port 80',
      'http_access allow sensorproxy_read sensorproxy_http sensorproxy_certificates_2 sensorproxy_certificates_2_port',
      'acl sensorproxy_certificates_3 dstdomain -n -- www.microsoft.com',
      'acl sensorproxy_certificates_3_port port 80',
      'acl sensorproxy_certificates_3_paths urlpath_regex ^/pki/.*$',
      'acl sensorproxy_certificates_3_paths urlpath_regex ^/pkiops/.*$',
      'http_access allow sensorproxy_read sensorproxy_http sensorproxy_certificates_3 sensorproxy_certificates_3_port sensorproxy_certificates_3_paths',
    ]);
  });

  it('says how to place it', () => {
    expect(asSquid(allowlistOf([]).items)).toMatch(/^# .*\n(?:#.*\n)*# How to place it: /);
  });
});

describe('the answer', () => {
  const made = createAllowlist({
    endpoints: () => Promise.resolve([endpoint('a.example')]),
    proxyFor: () => Promise.reject(new Error('accounts are for pac alone')),
    routesFor: () => Promise.reject(new Error('routes are for pac alone')),
  });
  const never = new AbortController().signal;

  it.each([
    ['text', 'text/plain; charset=utf-8', null],
    ['squid', 'text/plain; charset=utf-8', null],
    ['csv', 'text/csv; charset=utf-8; header=present', 'sensorproxy-allowlist.csv'],
  ] as const)('as %s has its media type', async (format, mediaType, fileName) => {
    const { document, list } = await made({ format }, never);
    expect(document).toMatchObject({ mediaType, fileName });
    expect(list.items).toHaveLength(4);
  });

  it('as JSON is the list itself', async () => {
    expect((await made({ format: 'json' }, never)).document).toBeNull();
  });
});
