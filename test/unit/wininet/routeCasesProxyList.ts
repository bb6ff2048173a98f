/** Rows about the proxy list. A table: its length is its number of rows. */
import { row, type RouteCase, type Source } from './routeCases';

const SCHEMES = 'domain facts, section 4: proxy list';
const PORTS = 'domain facts, section 4: default ports';
const GRAMMAR = 'WINHTTP_PROXY_INFO';
const HTTP = 'http://contososensorapi.atp.azure.com:80';

/** Name, proxy list, the hop, the entry that is named, source, and the target where it is not the sensor's endpoint. */
type Used = readonly [string, string, string, string, Source, string?];

const USED: readonly Used[] = [
  ['A host and port serve every scheme.', 'p:8080', 'PROXY p:8080', 'p:8080', SCHEMES],
  ['A host and port serve http too.', 'p:8080', 'PROXY p:8080', 'p:8080', SCHEMES, HTTP],
  ['A proxy without a port listens on 80.', 'p', 'PROXY p:80', 'p:80', PORTS],
  [
    'A proxy for https without a port listens on 80 and not 443.',
    'https=p',
    'PROXY p:80',
    'https=p:80',
    PORTS,
  ],
  ['A proxy written https:// without a port listens on 80.', 'https://p', 'PROXY p:80', 'p:80', 'inferred'],
  [
    'An https target takes the https entry.',
    'http=a:1;https=b:2',
    'PROXY b:2',
    'https=b:2',
    'INTERNET_PROXY_INFO',
  ],
  [
    'An http target takes the http entry.',
    'http=a:1;https=b:2',
    'PROXY a:1',
    'http=a:1',
    'INTERNET_PROXY_INFO',
    HTTP,
  ],
  [
    'The whole list of four schemes is read.',
    'http=a:80;https=b:443;ftp=c:21;socks=d:1080',
    'PROXY b:443',
    'https=b:443',
    SCHEMES,
  ],
  [
    'The order of the schemes does not matter.',
    'socks=d;ftp=c;https=b:443;http=a',
    'PROXY b:443',
    'https=b:443',
    SCHEMES,
  ],
  [
    'The scheme’s own entry goes before a general one.',
    'c:8080;https=b:443',
    'PROXY b:443',
    'https=b:443',
    'inferred',
  ],
  [
    'The scheme’s own entry goes before a general one behind it.',
    'https=b:443;c:8080',
    'PROXY b:443',
    'https=b:443',
    'inferred',
  ],
  [
    'A general entry serves what has no entry of its own.',
    'http=a:80;c:8080',
    'PROXY c:8080',
    'c:8080',
    SCHEMES,
  ],
  ['Semicolons separate.', 'http=a:1;https=b:2;c:3', 'PROXY b:2', 'https=b:2', GRAMMAR],
  ['Blanks separate.', 'http=a:1 https=b:2 c:3', 'PROXY b:2', 'https=b:2', GRAMMAR],
  ['Tabs separate.', 'http=a:1\thttps=b:2', 'PROXY b:2', 'https=b:2', GRAMMAR],
  ['Empty entries are passed over.', ' ;; ;https=b:2; ;', 'PROXY b:2', 'https=b:2', 'inferred'],
  [
    'The first of two entries for the same scheme is used.',
    'https=b:1;https=c:2',
    'PROXY b:1',
    'https=b:1',
    'inferred',
  ],
  ['The first of two general entries is used.', 'a:1;b:2', 'PROXY a:1', 'a:1', 'inferred'],
  ['A repeated entry changes nothing.', 'a:1;a:1;a:1', 'PROXY a:1', 'a:1', 'inferred'],
  ['A scheme counts in upper case.', 'HTTPS=b:2', 'PROXY b:2', 'https=b:2', 'RFC 3986'],
  [
    'A host is shown in lower case.',
    'Proxy.CONTOSO.com:8080',
    'PROXY proxy.contoso.com:8080',
    'proxy.contoso.com:8080',
    'RFC 1035',
  ],
  ['http:// before the host is decoration.', 'http://p:3128', 'PROXY p:3128', 'p:3128', GRAMMAR],
  ['http:// may stand behind a scheme.', 'https=http://p:3128', 'PROXY p:3128', 'https=p:3128', GRAMMAR],
  ['https:// is no TLS to the proxy.', 'https=https://p:3128', 'PROXY p:3128', 'https=p:3128', 'inferred'],
  ['One slash behind the port is passed over.', 'http://p:3128/', 'PROXY p:3128', 'p:3128', 'inferred'],
  ['An IPv4 address is a proxy.', '10.0.0.1:8080', 'PROXY 10.0.0.1:8080', '10.0.0.1:8080', GRAMMAR],
  [
    'An IPv6 address stands in brackets.',
    '[2001:DB8::1]:8080',
    'PROXY [2001:db8::1]:8080',
    '[2001:db8::1]:8080',
    'RFC 3986',
  ],
  [
    'An IPv6 address in brackets without a port takes 80.',
    '[2001:db8::1]',
    'PROXY [2001:db8::1]:80',
    '[2001:db8::1]:80',
    PORTS,
  ],
  [
    'An IPv6 address without brackets has no port.',
    '2001:db8::1',
    'PROXY [2001:db8::1]:80',
    '[2001:db8::1]:80',
    'inferred',
  ],
  [
    'An IPv6 address behind a scheme is read.',
    'https=[::1]:3128',
    'PROXY [::1]:3128',
    'https=[::1]:3128',
    'RFC 3986',
  ],
  [
    'An IDN becomes its A-label.',
    'bücher.example:8080',
    'PROXY xn--bcher-kva.example:8080',
    'xn--bcher-kva.example:8080',
    'RFC 5891',
  ],
  ['An underscore is let through.', 'proxy_1:8080', 'PROXY proxy_1:8080', 'proxy_1:8080', 'inferred'],
  [
    'A trailing dot of a proxy stays.',
    'proxy.contoso.com.:8080',
    'PROXY proxy.contoso.com.:8080',
    'proxy.contoso.com.:8080',
    'RFC 1035',
  ],
  [
    'Another scheme’s malformed entry does not matter.',
    'http=u:hunter2@a:1;https=b:2',
    'PROXY b:2',
    'https=b:2',
    'inferred',
  ],
  ['The lowest port counts.', 'p:1', 'PROXY p:1', 'p:1', 'RFC 3986'],
  ['The highest port counts.', 'p:65535', 'PROXY p:65535', 'p:65535', 'RFC 3986'],
  ['Leading zeros of a port do not count.', 'p:08080', 'PROXY p:8080', 'p:8080', 'RFC 3986'],
];

const SOCKS: readonly Used[] = [
  ['A lone socks= catches https.', 'socks=s:1081', 'SOCKS s:1081', 'socks=s:1081', SCHEMES],
  ['A lone socks= catches http.', 'socks=s:1081', 'SOCKS s:1081', 'socks=s:1081', SCHEMES, HTTP],
  ['socks= without a port takes 1080.', 'socks=s', 'SOCKS s:1080', 'socks=s:1080', PORTS],
  [
    'socks= catches what the other entries leave.',
    'http=a:80;socks=s',
    'SOCKS s:1080',
    'socks=s:1080',
    SCHEMES,
  ],
  ['socks:// without a port takes 1080.', 'socks://s', 'SOCKS s:1080', 'socks://s:1080', PORTS],
  [
    'socks5:// serves the scheme that it stands behind.',
    'https=socks5://s',
    'SOCKS s:1080',
    'https=socks://s:1080',
    'inferred',
  ],
  ['socks= stays SOCKS behind http://.', 'socks=http://s', 'SOCKS s:1080', 'socks=s:1080', 'inferred'],
];

const SOCKS_NOT_USED: readonly Used[] = [
  ['The scheme’s own entry goes before socks=.', 'socks=s;https=b:2', 'PROXY b:2', 'https=b:2', SCHEMES],
  ['A general entry goes before socks=.', 'socks=s;c:8080', 'PROXY c:8080', 'c:8080', 'inferred'],
];

/** Name, proxy list, what the entry names; the target is the sensor's endpoint. */
const DIRECT: readonly (readonly [string, string, Source])[] = [
  ['A list for http alone sends https direct.', 'http=a:80', SCHEMES],
  ['A list for http and ftp sends https direct.', 'http=a:80;ftp=b:21', SCHEMES],
  ['A list of nothing but separators sends https direct.', ' ;; ', 'inferred'],
  ['An entry for a scheme that nobody knows serves only that one.', 'gopher=g:70', SCHEMES],
];

/** Name, proxy list, the entry's label, what is wrong with it. */
const MALFORMED: readonly (readonly [string, string, string, string, Source])[] = [
  [
    'Credentials are not taken.',
    'u:hunter2@p:80',
    'entry 1',
    'it holds credentials, which WinINET does not take from a proxy list',
    'domain facts, section 4: proxy list',
  ],
  [
    'Credentials behind a scheme are not taken.',
    'https=http://u:hunter2@p',
    'entry 1 (https=)',
    'it holds credentials, which WinINET does not take from a proxy list',
    'domain facts, section 4: proxy list',
  ],
  ['A CR and LF do not end an entry.', 'http=a;b\r\nc:80', 'entry 2', 'its host is no host name', 'RFC 3986'],
  ['A NUL does not end an entry.', 'b\0c:80', 'entry 1', 'its host is no host name', 'RFC 3986'],
  ['Port 0 is none.', 'p:0', 'entry 1', 'its port is no number from 1 to 65535', 'RFC 3986'],
  ['Port 65536 is none.', 'p:65536', 'entry 1', 'its port is no number from 1 to 65535', 'RFC 3986'],
  ['A word is no port.', 'p:http', 'entry 1', 'its port is no number from 1 to 65535', 'RFC 3986'],
  [
    'A colon without a port is malformed.',
    'p:',
    'entry 1',
    'its port is no number from 1 to 65535',
    'inferred',
  ],
  ['An entry needs a host.', ':8080', 'entry 1', 'it names no host', 'WINHTTP_PROXY_INFO'],
  ['A scheme needs a host.', 'https=', 'entry 1 (https=)', 'it names no host', 'WINHTTP_PROXY_INFO'],
  [
    'The scheme’s own entry decides although it is malformed.',
    'c:8080;https=b:x',
    'entry 2 (https=)',
    'its port is no number from 1 to 65535',
    'inferred',
  ],
  [
    'An unknown kind of proxy is malformed.',
    'gopher://p',
    'entry 1',
    'what stands before :// is no kind of proxy',
    'inferred',
  ],
  [
    'A name that every object has is no kind of proxy.',
    'constructor://p:80',
    'entry 1',
    'what stands before :// is no kind of proxy',
    'inferred',
  ],
  ['An IPv6 zone is not taken.', '[fe80::1%eth0]:80', 'entry 1', 'its host is no host name', 'RFC 3986'],
  ['An open bracket is malformed.', '[::1:80', 'entry 1', 'its host is no host name', 'RFC 3986'],
  ['A path is malformed.', 'p/x:80', 'entry 1', 'its host is no host name', 'WINHTTP_PROXY_INFO'],
  ['An empty label is malformed.', 'a..b:80', 'entry 1', 'its host is no host name', 'RFC 1035'],
  [
    'A label of 64 characters is malformed.',
    `${'a'.repeat(64)}:80`,
    'entry 1',
    'its host is no host name',
    'RFC 1035',
  ],
];

const used =
  (doubts: RouteCase['doubts']) =>
  ([name, proxy, hops, entry, source, target]: Used): RouteCase => {
    const because = `static proxy, entry ${entry}`;
    return row({ name, settings: { flags: 3, proxy }, target, via: 'proxy', hops, because, doubts, source });
  };

export const PROXY_LIST_CASES: readonly RouteCase[] = [
  ...USED.map(used([])),
  ...SOCKS.map(used(['socks'])),
  ...SOCKS_NOT_USED.map(used([])),
  ...DIRECT.map(([name, proxy, source]) =>
    row({
      name,
      settings: { flags: 3, proxy },
      via: 'direct',
      hops: 'DIRECT',
      because: 'the proxy list names no proxy for https',
      source,
    }),
  ),
  ...MALFORMED.map(([name, proxy, entry, problem, source]) =>
    row({
      name,
      settings: { flags: 3, proxy },
      via: 'proxy-entry-malformed',
      hops: '',
      because: `static proxy, ${entry} is malformed: ${problem}`,
      source,
    }),
  ),
];
