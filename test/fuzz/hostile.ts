/** What nobody means well with: texts, paths, headers, bodies. */
import fc, { type Arbitrary } from 'fast-check';

/** Stands in values that no problem document may repeat. It looks like no field's name, which a pointer may repeat. */
export const MARKER = 'zq7.marker.7qz';

const TEXTS: readonly string[] = [
  '',
  ' ',
  MARKER,
  `${MARKER}\r\nX-Injected: 1`,
  `${MARKER}\u0000`,
  `<script>${MARKER}</script>`,
  `'; DROP TABLE changes;--${MARKER}`,
  `\${jndi:ldap://${MARKER}.invalid/}`,
  `{{${MARKER}}}`,
  `%s%n${MARKER}`,
  `../../${MARKER}`,
  `..\\..\\${MARKER}`,
  `C:\\${MARKER}\\NUL`,
  '__proto__',
  'constructor',
  'toString',
  'hasOwnProperty',
  'null',
  'undefined',
  'NaN',
  'true',
  '-0',
  '1e400',
  '99999999999999999999999999',
  '0x7fffffff',
  '\ud800',
  '\udfff\ud800',
  '\ufeff',
  '\u202e\u2066',
  '\u0130\u0131\u017f\u212a',
  'e\u0301'.repeat(40),
  '\u{1f468}\u200d\u{1f469}\u200d\u{1f467}',
  '\u0000',
  '\u2028\u2029',
  'S-1-5-18',
  'S-1-5-',
  `S-1-${'5-'.repeat(100)}`,
  'S-1-5-21-99999999999999999999-0',
  '*',
  '"',
  'W/""',
  ',,,',
  'x'.repeat(300),
  'é'.repeat(9000),
];

/** Text that is meant to do harm, or is any Unicode at all. */
export const hostileText: Arbitrary<string> = fc.oneof(
  { weight: 3, arbitrary: fc.constantFrom(...TEXTS) },
  { weight: 2, arbitrary: fc.string({ unit: 'binary', maxLength: 40 }) },
  { weight: 1, arbitrary: fc.string({ unit: 'binary-ascii', maxLength: 40 }) },
);

/** Any JSON value, with names that mean something to JavaScript. */
export const hostileValue: Arbitrary<unknown> = fc.oneof(
  hostileText,
  fc.constantFrom<unknown>(
    null,
    true,
    false,
    0,
    -1,
    1.5,
    2 ** 53,
    -(2 ** 31) - 1,
    1e308,
    [],
    {},
    [[]],
    [null],
  ),
  fc.double(),
  fc.array(hostileText, { maxLength: 4 }),
  fc.dictionary(hostileText, fc.oneof(hostileText, fc.integer(), fc.constant(null)), { maxKeys: 4 }),
  fc.constant({ length: 3, 0: 'a' }),
);

/** A piece of a path as it goes on the wire. */
export const hostileSegment: Arbitrary<string> = fc.oneof(
  fc.constantFrom(
    '',
    '.',
    '..',
    '%2e%2e',
    '..%2f',
    '..%2f..%2f..%2fetc%2fpasswd',
    '..%252f..%252f',
    '..%5c..%5cadmin.token',
    '..%c0%af..%c0%af',
    '%00',
    `${MARKER}%00.reg`,
    '%0d%0aX-Injected:%201',
    '%',
    '%zz',
    '%ff%fe',
    '%ed%a0%80',
    '%e2%80%ae',
    '%25%32%66',
    ';v=1',
    'a;b=c',
    '//',
    '/LocalSystem',
    'LocalSystem/',
    'LocalSystem%2f',
    'LocalSystem%20',
    'localsystem',
    '__proto__',
    'constructor',
    'admin.token',
    '~',
    '*',
    '#fragment',
    '?',
    '\\',
    '|',
    '\xe9\xff',
    'x'.repeat(257),
    'x'.repeat(9000),
    '%41'.repeat(300),
  ),
  hostileText.map((text) => percentEncoded(text)),
  fc.string({ unit: 'grapheme-ascii', maxLength: 20 }).map((text) => text.replace(/ /g, '+')),
);

/** A query as it goes on the wire, without the question mark. */
export const hostileQuery: Arbitrary<string> = fc.oneof(
  fc.constantFrom(
    '',
    '&',
    '&&&=',
    '=',
    '?',
    '%',
    '%00=%00',
    '%ff=%ff',
    `x=${MARKER}`,
    '__proto__=1',
    '__proto__[x]=1',
    'constructor.prototype=1',
    'limit[]=1',
    'limit[a]=1',
    'limit=1&limit=2',
    'limit=1;limit=2',
    'limit=%31',
    'limit=1e1',
    'limit=+5',
    'limit=0x5',
    'limit=٣',
    'cursor=..%2f..',
    'source=LocalSystem&source=LocalService',
    'toString=1&valueOf=1&hasOwnProperty=1',
    'a=1&'.repeat(1500),
    `q=${'x'.repeat(12_000)}`,
    'dryRun=TRUE',
    'strict=1',
  ),
  fc
    .array(fc.tuple(hostileText, hostileText), { maxLength: 5 })
    .map((pairs) =>
      pairs.map(([name, value]) => `${percentEncoded(name)}=${percentEncoded(value)}`).join('&'),
    ),
);

/** Further headers, as they go on the wire. */
export const hostileHeaders: Arbitrary<readonly (readonly [string, string])[]> = fc.array(
  fc.oneof(
    fc.constantFrom<readonly [string, string]>(
      ['Accept', '*/*;q=0'],
      ['Accept', 'text/markdown'],
      ['Accept', 'application/x-ndjson'],
      ['Accept', ',;q=;=,'],
      ['Accept', 'x/y,'.repeat(500)],
      ['Accept-Encoding', 'gzip;q=-1, *;q=0'],
      ['Accept-Language', '\xff\xfe'],
      ['Range', 'bytes=0-,-1,5-2'],
      ['If-Match', MARKER],
      ['If-Match', '"a", "b", W/"c", *'],
      ['If-None-Match', '*'],
      ['If-Modified-Since', 'Thu, 99 Foo 9999'],
      ['X-Request-Id', `${MARKER}\t${MARKER}`],
      ['X-Request-Id', 'x'.repeat(5000)],
      ['X-HTTP-Method-Override', 'DELETE'],
      ['X-Forwarded-For', `127.0.0.1, ${MARKER}`],
      ['X-Forwarded-Host', MARKER],
      ['Forwarded', `for="[::1]";host=${MARKER}`],
      ['Origin', `http://${MARKER}.invalid`],
      ['Origin', 'null'],
      ['Referer', `http://${MARKER}.invalid/`],
      ['Cookie', `${MARKER}=${'x'.repeat(3000)}`],
      ['Expect', '100-continue'],
      ['Expect', MARKER],
      ['Prefer', 'respond-async, wait=100'],
      ['Connection', 'keep-alive, X-Request-Id'],
      ['Keep-Alive', 'timeout=999999, max=0'],
      ['TE', 'trailers, deflate'],
      ['Idempotency-Key', MARKER],
      ['Idempotency-Key', '"\u00e9"'],
      ['Idempotency-Key', 'x'.repeat(2000)],
      ['__proto__', MARKER],
      ['constructor', MARKER],
      ['X-Long', 'y'.repeat(17_000)],
    ),
    fc.tuple(
      fc.constantFrom(
        'Accept',
        'If-Match',
        'If-None-Match',
        'X-Request-Id',
        'Content-Type',
        'Authorization',
        'X-Any',
      ),
      fc.string({
        unit: fc.integer({ min: 0x20, max: 0xff }).map((code) => String.fromCharCode(code)),
        maxLength: 60,
      }),
    ),
  ),
  { maxLength: 3 },
);

/** Percent-encodes all but unreserved characters; half a surrogate pair as its three bytes, which are no UTF-8. */
export function percentEncoded(text: string): string {
  return Array.from(text)
    .map((character) => {
      if (/[A-Za-z0-9._~-]/.test(character)) return character;
      const code = character.codePointAt(0) ?? 0;
      const lone = code >= 0xd800 && code <= 0xdfff;
      const bytes = lone
        ? [0xe0 | (code >> 12), 0x80 | ((code >> 6) & 63), 0x80 | (code & 63)]
        : [...Buffer.from(character)];
      return bytes.map((byte) => `%${byte.toString(16).padStart(2, '0')}`).join('');
    })
    .join('');
}
