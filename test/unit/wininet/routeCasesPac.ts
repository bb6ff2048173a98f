/** Rows about what a PAC file answers. A table: its length is its number of rows. */
import { answer, row, type RouteCase, type Source } from './routeCases';

const PAC = 'http://pac.contoso.com/proxy.pac';
const SAID = `the PAC file at ${PAC} answered`;
const NOTHING = `${SAID} nothing that can be used, and WinINET then goes direct`;
const ANSWERS = 'domain facts, section 4: PAC answers';
const malformed: RouteCase['doubts'] = ['pac-answer-malformed'];

/** Name, answer, hops, what `because` says behind the address, source, doubts. */
type Answered = readonly [string, string, string, string, Source, RouteCase['doubts']?];

const ANSWERED: readonly Answered[] = [
  ['DIRECT is direct, by the PAC file.', 'DIRECT', 'DIRECT', 'DIRECT', ANSWERS],
  ['PROXY names an HTTP proxy.', 'PROXY p:8080', 'PROXY p:8080', 'PROXY p:8080', ANSWERS],
  ['PROXY without a port takes 80.', 'PROXY p', 'PROXY p:80', 'PROXY p:80', 'inferred'],
  ['HTTP says the same as PROXY.', 'HTTP p:8080', 'PROXY p:8080', 'PROXY p:8080', ANSWERS],
  [
    'HTTPS names a proxy over TLS, with a doubt.',
    'HTTPS p:8443',
    'HTTPS p:8443',
    'HTTPS p:8443',
    ANSWERS,
    ['https-proxy'],
  ],
  ['HTTPS without a port takes 443.', 'HTTPS p', 'HTTPS p:443', 'HTTPS p:443', 'inferred', ['https-proxy']],
  [
    'SOCKS names a SOCKS proxy, with a doubt.',
    'SOCKS s:1081',
    'SOCKS s:1081',
    'SOCKS s:1081',
    ANSWERS,
    ['socks'],
  ],
  ['SOCKS without a port takes 1080.', 'SOCKS s', 'SOCKS s:1080', 'SOCKS s:1080', 'inferred', ['socks']],
  [
    'SOCKS4 and SOCKS5 are SOCKS.',
    'SOCKS4 s:1; SOCKS5 s:2',
    'SOCKS s:1; SOCKS s:2',
    'SOCKS s:1, the first of 2',
    ANSWERS,
    ['socks'],
  ],
  [
    'Alternatives are tried in order.',
    'PROXY a:1; PROXY b:2; DIRECT',
    'PROXY a:1; PROXY b:2; DIRECT',
    'PROXY a:1, the first of 3',
    ANSWERS,
  ],
  ['DIRECT may come first.', 'DIRECT; PROXY a:1', 'DIRECT; PROXY a:1', 'DIRECT, the first of 2', ANSWERS],
  [
    'One kind behind another keeps its doubt.',
    'PROXY a:1; SOCKS s:2',
    'PROXY a:1; SOCKS s:2',
    'PROXY a:1, the first of 2',
    ANSWERS,
    ['socks'],
  ],
  [
    'Blanks around entries are passed over.',
    '  PROXY   a:1  ;\tDIRECT ',
    'PROXY a:1; DIRECT',
    'PROXY a:1, the first of 2',
    'inferred',
  ],
  ['Empty entries of an answer are passed over.', ';;PROXY a:1;;', 'PROXY a:1', 'PROXY a:1', 'inferred'],
  ['A keyword counts in lower case.', 'proxy a:1', 'PROXY a:1', 'PROXY a:1', 'inferred'],
  [
    'An entry that is there twice is tried once.',
    'PROXY a:1; PROXY A:1; DIRECT',
    'PROXY a:1; DIRECT',
    'PROXY a:1, the first of 2',
    'inferred',
  ],
  [
    'An IPv6 address in brackets is read.',
    'PROXY [2001:DB8::1]:8080',
    'PROXY [2001:db8::1]:8080',
    'PROXY [2001:db8::1]:8080',
    'RFC 3986',
  ],
  [
    'An IDN of an answer becomes its A-label.',
    'PROXY bücher.example:1',
    'PROXY xn--bcher-kva.example:1',
    'PROXY xn--bcher-kva.example:1',
    'RFC 5891',
  ],
  [
    'The ninth alternative is not tried, and said to be left out.',
    [1, 2, 3, 4, 5, 6, 7, 8, 9].map((port) => `PROXY a:${port}`).join(';'),
    [1, 2, 3, 4, 5, 6, 7, 8].map((port) => `PROXY a:${port}`).join('; '),
    'PROXY a:1, the first of 8',
    'inferred',
    malformed,
  ],
  [
    'A malformed alternative is passed over with a doubt.',
    'PROXY a:x; PROXY b:2',
    'PROXY b:2',
    'PROXY b:2',
    'inferred',
    malformed,
  ],
  [
    'Credentials in an answer are not taken.',
    'PROXY u:hunter2@a:1; DIRECT',
    'DIRECT',
    'DIRECT',
    'inferred',
    malformed,
  ],
  ['An unknown keyword is passed over.', 'QUIC a:1; DIRECT', 'DIRECT', 'DIRECT', 'inferred', malformed],
];

/** Name, answer, source: nothing of it can be used. */
const UNUSABLE: readonly (readonly [string, string, Source])[] = [
  ['An empty answer is direct, with a doubt.', '', 'inferred'],
  ['An answer of separators is direct, with a doubt.', ' ; ; ', 'inferred'],
  ['An answer of one unknown keyword is direct, with a doubt.', 'p:8080', 'inferred'],
  ['A CR and LF in a host make an answer unusable.', 'PROXY a:1\r\nX-Injected: 1', 'RFC 3986'],
  ['A NUL in a host makes an answer unusable.', 'PROXY a\0b:1', 'RFC 3986'],
  ['Port 0 makes an answer unusable.', 'PROXY a:0', 'RFC 3986'],
  ['An IPv6 address without brackets makes an answer unusable.', 'PROXY 2001:db8::1', 'RFC 3986'],
  ['Something behind DIRECT makes an answer unusable.', 'DIRECT a:1', 'inferred'],
  ['Two proxies without a semicolon make an answer unusable.', 'PROXY a:1 PROXY b:2', 'inferred'],
  ['An answer of more than 16 KiB is not read.', 'DIRECT;'.repeat(3000), 'inferred'],
];

// A static proxy stands behind the PAC file in all of them, and none of them leads to it.
const settings = { flags: 7, proxy: 'p:8080', pac: PAC };

export const PAC_CASES: readonly RouteCase[] = [
  ...ANSWERED.map(([name, text, hops, said, source, doubts = []]) =>
    row({ name, settings, pac: answer(text), via: 'pac', hops, because: `${SAID} ${said}`, doubts, source }),
  ),
  ...UNUSABLE.map(([name, text, source]) =>
    row({
      name,
      settings,
      pac: answer(text),
      via: 'pac',
      hops: 'DIRECT',
      because: NOTHING,
      doubts: malformed,
      source,
    }),
  ),
];
