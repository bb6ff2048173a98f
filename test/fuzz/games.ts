/** What only a raw socket sends: framing that two readers would read in two ways, and what is no HTTP at all. */
import fc, { type Arbitrary } from 'fast-check';
import { MARKER } from './hostile';

/** Bytes for one connection. */
export interface Game {
  /** In Latin-1, as {@link filledIn} takes it. */
  readonly text: string;
  /** How many answers there may be at most: more, and what was the body of one request was taken for another. */
  readonly answers: number;
}

const AUTH = 'Host: HOST\r\nAuthorization: Bearer TOKEN\r\n';
const JSON_TYPE = 'Content-Type: application/json\r\n';
const COPY = `POST /proxy/copy HTTP/1.1\r\n${AUTH}${JSON_TYPE}`;
const BODY = '{"dryRun":true}';
/** What a request smuggler hides in a body. */
const HIDDEN = `DELETE /proxy/contexts/LocalSystem HTTP/1.1\r\n${AUTH}If-Match: *\r\nX-Request-Id: smuggled\r\n\r\n`;

const one = (text: string): Game => ({ text, answers: 1 });
const copyWith = (headers: string, body = BODY) => one(`${COPY}${headers}\r\n\r\n${body}`);
const getWith = (headers: string) => one(`GET /proxy/contexts HTTP/1.1\r\n${AUTH}${headers}\r\n\r\n`);
const chunked = (body: string, header = 'Transfer-Encoding: chunked') => copyWith(header, body);
const line = (text: string) => one(`${text}\r\n${AUTH}\r\n`);

const LENGTHS: readonly Game[] = [
  copyWith(`Content-Length: 0\r\nTransfer-Encoding: chunked`, `0\r\n\r\n${HIDDEN}`),
  copyWith(`Transfer-Encoding: chunked\r\nContent-Length: 5`, `0\r\n\r\n${HIDDEN}`),
  copyWith(`Content-Length: ${BODY.length}\r\nContent-Length: 0`, `${BODY}${HIDDEN}`),
  copyWith('Content-Length: 15, 15'),
  copyWith('Content-Length: 15\r\nContent-Length: 15'),
  copyWith('Content-Length: -1'),
  copyWith('Content-Length: +15'),
  copyWith('Content-Length: 0x0f'),
  copyWith('Content-Length: 15.0'),
  copyWith('Content-Length: 1 5'),
  copyWith('Content-Length:'),
  copyWith('Content-Length: 99999999999999999999'),
  copyWith('Content-Length: 18446744073709551616'),
  copyWith('Content-Length : 15'),
  copyWith('Content-Length\r\n: 15'),
  copyWith(' Content-Length: 15'),
  copyWith('Content-Length: 500'),
  copyWith('Content-Length: 60000', `${BODY}${' '.repeat(100)}`),
];

const CHUNKS: readonly Game[] = [
  chunked(`f\r\n${BODY}\r\n0\r\n\r\n`),
  chunked(`F;a=b;c="d"\r\n${BODY}\r\n0\r\nTrailer: ${MARKER}\r\n\r\n`),
  chunked(`0x0f\r\n${BODY}\r\n0\r\n\r\n`),
  chunked(`-1\r\n${BODY}\r\n0\r\n\r\n`),
  chunked(`ffffffffffffffff\r\n${BODY}`),
  chunked(`fffffffffffffffff\r\n${BODY}`),
  chunked(`f\n${BODY}\n0\n\n`),
  chunked(`f\r\n${BODY}`),
  chunked(`f\r\n${BODY}\r\n`),
  chunked(`f\r\n${BODY}X\r\n0\r\n\r\n`),
  chunked(`\r\n${BODY}`),
  chunked(`f;${'x'.repeat(20_000)}\r\n${BODY}\r\n0\r\n\r\n`),
  chunked(`f\r\n${BODY}\r\n0\r\n${`T: ${'y'.repeat(1000)}\r\n`.repeat(30)}\r\n`),
  chunked(`${'1\r\n \r\n'.repeat(5000)}f\r\n${BODY}\r\n0\r\n\r\n`),
  chunked(`${'fff\r\n'.concat('x'.repeat(4095), '\r\n').repeat(20)}0\r\n\r\n`),
  chunked(`f\r\n${BODY}\r\n0\r\n\r\n`, 'Transfer-Encoding: identity'),
  chunked(`f\r\n${BODY}\r\n0\r\n\r\n`, 'Transfer-Encoding: chunked, identity'),
  chunked(`f\r\n${BODY}\r\n0\r\n\r\n`, 'Transfer-Encoding: gzip, chunked'),
  chunked(`f\r\n${BODY}\r\n0\r\n\r\n`, 'Transfer-Encoding: xchunked'),
  chunked(`f\r\n${BODY}\r\n0\r\n\r\n`, 'Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked'),
  chunked(`f\r\n${BODY}\r\n0\r\n\r\n`, 'Transfer-Encoding:\x0bchunked'),
  chunked(`f\r\n${BODY}\r\n0\r\n\r\n`, 'Transfer-Encoding : chunked'),
  chunked(`f\r\n${BODY}\r\n0\r\n\r\n`, 'X: y\r\n Transfer-Encoding: chunked'),
];

const HEADERS: readonly Game[] = [
  getWith(`X: a\r\n b`),
  getWith(`X: ${MARKER}\0`),
  getWith(`X: ${MARKER}\rY: z`),
  getWith(`X: ${MARKER}\nY: z`),
  getWith('no colon here'),
  getWith(': no name'),
  getWith('N ame: x'),
  getWith('N\xe4me: x'),
  getWith(`Host: ${MARKER}.invalid`),
  getWith('Host: HOST'),
  getWith('Authorization: Bearer TOKEN'),
  getWith(`Authorization: Bearer ${MARKER}`),
  getWith('Authorization: Basic YTpi'),
  getWith(Array.from({ length: 200 }, (_each, index) => `X-${index}: y`).join('\r\n')),
  getWith(Array.from({ length: 2500 }, () => 'a:').join('\r\n')),
  getWith(`X: ${'y'.repeat(20_000)}`),
  getWith(`${'X'.repeat(20_000)}: y`),
  getWith('Expect: 100-continue'),
  getWith(`Expect: ${MARKER}`),
  copyWith(`Expect: 100-continue\r\nContent-Length: ${BODY.length}`),
  getWith('Upgrade: h2c\r\nConnection: Upgrade, HTTP2-Settings\r\nHTTP2-Settings: AAMAAABkAAQAAP__'),
  getWith(
    'Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==',
  ),
  getWith('Connection: close, Authorization, Host'),
  getWith('Proxy-Connection: keep-alive\r\nProxy-Authorization: Basic YTpi'),
  one(`GET /livez HTTP/1.1\r\n\r\n`),
  one(`GET /livez HTTP/1.1\r\nHost:\r\n\r\n`),
  one(`GET /livez HTTP/1.1\r\nHost: a b\r\n\r\n`),
  one(`GET /livez HTTP/1.0\r\n\r\n`),
];

const LINES: readonly Game[] = [
  line('GET http://HOST/livez HTTP/1.1'),
  line(`GET http://${MARKER}.invalid/livez HTTP/1.1`),
  line('GET https://HOST/proxy/contexts HTTP/1.1'),
  line('GET //HOST/livez HTTP/1.1'),
  line('GET http:/livez HTTP/1.1'),
  line('GET javascript:alert(1) HTTP/1.1'),
  line('OPTIONS * HTTP/1.1'),
  line('GET * HTTP/1.1'),
  line('CONNECT 127.0.0.1:1 HTTP/1.1'),
  line('CONNECT / HTTP/1.1'),
  line('get /livez HTTP/1.1'),
  line('GETT /livez HTTP/1.1'),
  line('G\0T /livez HTTP/1.1'),
  line('GET  /livez  HTTP/1.1'),
  line('GET\t/livez\tHTTP/1.1'),
  line('GET /li vez HTTP/1.1'),
  line('GET /livez\0 HTTP/1.1'),
  line('GET /livez\x7f\xff HTTP/1.1'),
  line('GET /livez HTTP/1.2'),
  line('GET /livez HTTP/2.0'),
  line('GET /livez HTTP/11'),
  line('GET /livez HTTP/9999999999.1'),
  line('GET /livez http/1.1'),
  line('GET /livez ICE/1.0'),
  line('GET /livez'),
  line(`GET /${'x'.repeat(20_000)} HTTP/1.1`),
  line(`GET /livez?${'x'.repeat(9000)} HTTP/1.1`),
  line(`${'G'.repeat(20_000)} / HTTP/1.1`),
  line('\r\n\r\n\r\nGET /livez HTTP/1.1'),
  line('PRI * HTTP/2.0\r\n\r\nSM'),
  one('\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03'.padEnd(300, '\0')),
  one('\x05\x01\x00'),
  one('SSH-2.0-OpenSSH_9.0\r\n'),
  one('\0'.repeat(1000)),
  one(''),
];

const PIPES: readonly Game[] = [
  { text: `GET /livez HTTP/1.1\r\nHost: HOST\r\n\r\n`.repeat(20), answers: 20 },
  {
    text: `${COPY}Content-Length: ${BODY.length}\r\n\r\n${BODY}GET /livez HTTP/1.1\r\nHost: HOST\r\n\r\n`,
    answers: 2,
  },
  { text: `GET /livez HTTP/1.1\r\nHost: HOST\r\nContent-Length: 10\r\n\r\n${HIDDEN}`, answers: 2 },
  { text: `GET /proxy/contexts HTTP/1.1\r\nHost: HOST\r\nContent-Length: SIZE\r\n\r\n${HIDDEN}`, answers: 1 },
  {
    text: `POST /proxy/copy HTTP/1.1\r\nHost: HOST\r\n${JSON_TYPE}Content-Length: SIZE\r\n\r\n${HIDDEN}`,
    answers: 1,
  },
];

/** Puts the target's host and token, and the size that the hidden request then has, in the place of their names. */
export function filledIn(
  text: string,
  { host, token }: { readonly host: string; readonly token: string },
): string {
  const fill = (one: string) => one.replaceAll('HOST', host).replaceAll('TOKEN', token);
  return fill(text.replaceAll('SIZE', String(fill(HIDDEN).length)));
}

/** All of them as they stand. */
export const GAMES: readonly Game[] = [...LENGTHS, ...CHUNKS, ...HEADERS, ...LINES, ...PIPES];

/** One of them with a few of its bytes changed, doubled or taken out. How many answers that may have cannot be told. */
export const disturbed: Arbitrary<Game> = fc
  .tuple(
    fc.constantFrom(...GAMES.filter(({ text }) => text.length > 0 && text.length < 3000)),
    fc.array(
      fc.record({
        at: fc.double({ min: 0, max: 1, noNaN: true }),
        take: fc.nat({ max: 4 }),
        put: fc.oneof(
          fc.string({ unit: fc.nat({ max: 255 }).map((code) => String.fromCharCode(code)), maxLength: 3 }),
          fc.constantFrom('\r\n', '\n', '\r', '\0', ' ', '\t', ':', '%', '0', '\r\n\r\n'),
        ),
      }),
      { minLength: 1, maxLength: 4 },
    ),
  )
  .map(([{ text }, edits]) => ({
    text: edits.reduce((before, { at, take, put }) => {
      const index = Math.floor(at * before.length);
      return before.slice(0, index) + put + before.slice(index + take);
    }, text),
    answers: Infinity,
  }));
