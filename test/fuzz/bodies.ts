/** Bodies that are meant to upset a JSON parser, or what walks its values. */
import fc, { type Arbitrary } from 'fast-check';
import { MARKER, hostileText, hostileValue } from './hostile';

const nested = (depth: number, open: string, close: string) => open.repeat(depth) + close.repeat(depth);

const TEXTS: readonly string[] = [
  '',
  ' ',
  '\n',
  'null',
  'true',
  '0',
  '[]',
  '""',
  '{',
  '}',
  '{}{}',
  '{} x',
  '{,}',
  "{'dryRun':true}",
  '{"dryRun":true,}',
  '{"dryRun":true}//',
  '{"dryRun":NaN}',
  '{"dryRun":true,"dryRun":false,"dryRun":"x"}',
  '{"ticket":"a","ticket":["b"],"dryRun":true}',
  '{"__proto__":{"dryRun":false}}',
  '{"constructor":{"prototype":{"polluted":true}}}',
  '{"toString":null,"valueOf":null}',
  '{"hasOwnProperty":1,"dryRun":true}',
  '{"\\u005f_proto__":{"x":1}}',
  '{"timeoutMs":1e400,"dryRun":true}',
  '{"timeoutMs":-1e400}',
  `{"timeoutMs":${'9'.repeat(5000)}}`,
  '{"timeoutMs":0.1e1}',
  '{"timeoutMs":1e-400}',
  '{"timeoutMs":00}',
  '{"dryRun":true,"ticket":"\\ud800"}',
  '{"dryRun":true,"reason":"\\udc00\\ud800"}',
  '{"dryRun":true,"reason":"\\u0000"}',
  '{"dryRun":true,"proxyServer":"\\u0000a:80"}',
  '{"dryRun":true,"proxyServer":"a:80\\r\\nb:80"}',
  '{"dryRun":true,"autoConfigUrl":"file:///c:/windows/win.ini"}',
  '{"dryRun":true,"autoConfigUrl":"javascript:alert(1)"}',
  `{"dryRun":true,"proxyServer":"${MARKER}@x:y@z:99999"}`,
  `{"dryRun":true,"bypassList":["${MARKER} ;${MARKER}"]}`,
  `{"source":"${MARKER}"}`,
  `{"targets":["${MARKER}"]}`,
  `{"${MARKER}":1}`.replace('{"', '{"\\u0000'),
  nested(30_000, '[', ']'),
  `{"a":${nested(16, '[', ']')}}`,
  nested(9_000, '{"a":', '').concat('1', '}'.repeat(9_000)),
  `{"targets":[${'"LocalSystem",'.repeat(4000)}"LocalSystem"]}`,
  `{"reason":"${'x'.repeat(70_000)}"}`,
  `{${Array.from({ length: 3000 }, (_each, index) => `"f${index}":0`).join(',')}}`,
  ' '.repeat(60_000),
];

const withBom = (bom: readonly number[], text: string) =>
  Buffer.concat([Buffer.from(bom), Buffer.from(text)]);

const BYTES: readonly Buffer[] = [
  withBom([0xef, 0xbb, 0xbf], '{"dryRun":true}'),
  withBom([0xff, 0xfe], '{"dryRun":true}'),
  Buffer.from('\ufeff{"dryRun":true}', 'utf16le'),
  Buffer.from('{"dryRun":true,"ticket":"\xe9"}', 'latin1'),
  Buffer.from('{"dryRun":true,"ticket":"\xed\xa0\x80"}', 'latin1'),
  Buffer.from('{"dryRun":true,"ticket":"\xc0\x80"}', 'latin1'),
  Buffer.from('{"dryRun":true,"ticket":"\xf4\x90\x80\x80"}', 'latin1'),
  Buffer.from('{"dryRun":true,"ticket":"\xf0\x9f\x98"}', 'latin1'),
  Buffer.from([0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 3]),
  Buffer.alloc(100),
];

/** Bodies, most of them JSON that is odd, some no JSON at all. */
export const hostileBody: Arbitrary<Buffer> = fc.oneof(
  fc.constantFrom(...TEXTS).map((text) => Buffer.from(text)),
  fc.constantFrom(...BYTES),
  fc.uint8Array({ maxLength: 60 }).map((bytes) => Buffer.from(bytes)),
  fc
    .dictionary(
      fc.oneof(
        fc.constantFrom(
          'source',
          'targets',
          'ticket',
          'reason',
          'proxyServer',
          'bypassList',
          'autoConfigUrl',
          'autoDetect',
          'timeoutMs',
        ),
        hostileText,
      ),
      hostileValue,
      { maxKeys: 5 },
    )
    // What fits by chance shall not count as a change: hostile names of hosts would stay in the registry.
    .map((value) => Buffer.from(JSON.stringify({ ...value, dryRun: true }))),
);
