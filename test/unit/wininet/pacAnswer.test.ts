import fc from 'fast-check';
import { hostName } from '../../../src/wininet/hostName';
import { type Hop, hopText, MAX_HOPS, parsePacAnswer } from '../../../src/wininet/pacAnswer';
import { anyText } from '../../support/damage';

const texts = (answer: string) => parsePacAnswer(answer).hops.map(hopText);

describe('a PAC file’s answer', () => {
  it('is taken apart into hops', () => {
    expect(parsePacAnswer('PROXY a:1; HTTPS b; SOCKS5 [::1]; DIRECT')).toEqual({
      hops: [
        { kind: 'proxy', protocol: 'http', host: 'a', port: 1 },
        { kind: 'proxy', protocol: 'https', host: 'b', port: 443 },
        { kind: 'proxy', protocol: 'socks', host: '::1', port: 1080 },
        { kind: 'direct' },
      ],
      problems: [],
    });
  });

  it.each([
    ['QUIC a:1', 'begins with no keyword that WinINET knows'],
    ['constructor a:1', 'begins with no keyword that WinINET knows'],
    ['__proto__ a:1', 'begins with no keyword that WinINET knows'],
    ['a:1', 'begins with no keyword that WinINET knows'],
    ['PROXYa:1', 'begins with no keyword that WinINET knows'],
    ['DIRECT a', 'has something behind DIRECT'],
    ['PROXY u:hunter2@a:1', 'holds credentials, which WinINET does not take from a PAC file'],
    ['PROXY', 'names no host that can be used'],
    ['PROXY :80', 'names no host that can be used'],
    ['PROXY a b', 'names no host that can be used'],
    ['PROXY a:1 b:2', 'names no host that can be used'],
    ['PROXY http://a:1', 'has a port that is no number from 1 to 65535'],
    ['PROXY a/b:1', 'names no host that can be used'],
    ['PROXY ::1', 'names no host that can be used'],
    ['PROXY [::1', 'names no host that can be used'],
    ['PROXY [a]:1', 'names no host that can be used'],
    ['PROXY [fe80::1%25eth0]:1', 'names no host that can be used'],
    ['PROXY a\r\nb:1', 'names no host that can be used'],
    ['PROXY a\0:1', 'names no host that can be used'],
    ['PROXY a:', 'has a port that is no number from 1 to 65535'],
    ['PROXY a:0', 'has a port that is no number from 1 to 65535'],
    ['PROXY a:65536', 'has a port that is no number from 1 to 65535'],
    ['PROXY a:80\0', 'has a port that is no number from 1 to 65535'],
    ['PROXY a:+80', 'has a port that is no number from 1 to 65535'],
  ])('%j is passed over, because it %s', (entry, problem) => {
    expect(parsePacAnswer(`${entry};DIRECT`)).toEqual({
      hops: [{ kind: 'direct' }],
      problems: [`entry 1 ${problem}`],
    });
  });

  it('counts the entries that are not empty', () => {
    expect(parsePacAnswer(';;DIRECT; ;PROXY a:x').problems).toEqual([
      'entry 2 has a port that is no number from 1 to 65535',
    ]);
  });

  it('names no more problems than hops, and is not read beyond 16 KiB', () => {
    expect(parsePacAnswer('x;'.repeat(100)).problems).toHaveLength(MAX_HOPS);
    expect(parsePacAnswer('DIRECT;'.repeat(2341))).toEqual({
      hops: [],
      problems: ['the answer is longer than 16384 characters'],
    });
  });
});

describe('any answer at all', () => {
  const label = fc.stringMatching(/^[a-z0-9_]([a-z0-9_-]{0,10}[a-z0-9_])?$/);
  const host = fc.oneof(
    fc.array(label, { minLength: 1, maxLength: 4 }).map((labels) => labels.join('.')),
    fc.ipV4(),
    fc.ipV6().map((address) => address.toLowerCase()),
  );
  const hop: fc.Arbitrary<Hop> = fc.oneof(
    fc.constant({ kind: 'direct' as const }),
    fc.record({
      kind: fc.constant('proxy' as const),
      protocol: fc.constantFrom('http' as const, 'https' as const, 'socks' as const),
      host,
      port: fc.integer({ min: 1, max: 65535 }),
    }),
  );
  const hostile = fc
    .array(
      fc.oneof(
        anyText(10),
        fc.constantFrom(
          ';',
          ' ',
          ':',
          '[',
          ']',
          '@',
          '\r\n',
          '\0',
          'PROXY ',
          'HTTPS ',
          'SOCKS ',
          'DIRECT',
          'a:1',
          '::1',
        ),
        fc.constantFrom('u:hunter2@a:1', 'PROXY u:hunter2@a;'),
      ),
      { maxLength: 16 },
    )
    .map((pieces) => pieces.join(''));

  it('comes back as it was written', () => {
    fc.assert(
      fc.property(fc.uniqueArray(hop, { maxLength: MAX_HOPS, selector: hopText }), (hops) => {
        expect(parsePacAnswer(hops.map(hopText).join('; '))).toEqual({ hops, problems: [] });
      }),
      { numRuns: 300 },
    );
  });

  it('says the same when what was understood is parsed once more', () => {
    fc.assert(
      fc.property(hostile, (answer) => {
        const once = texts(answer);
        expect(texts(once.join(';'))).toEqual(once);
      }),
      { numRuns: 300 },
    );
  });

  it('gives a few hops, each once, to hosts that are fit for a socket, and shows nothing of the text', () => {
    fc.assert(
      fc.property(hostile, (answer) => {
        const { hops, problems } = parsePacAnswer(answer);
        expect(hops.length).toBeLessThanOrEqual(MAX_HOPS);
        expect(problems.length).toBeLessThanOrEqual(MAX_HOPS);
        expect(new Set(hops.map(hopText)).size).toBe(hops.length);
        for (const one of hops) {
          if (one.kind === 'proxy') expect(hostName(one.host)).toBe(one.host);
          expect(hopText(one)).toMatch(/^[A-Z]+(?: [a-z0-9._:[\]-]+)?$/);
        }
        for (const problem of problems) expect(problem).toMatch(/^entry \d+ [A-Za-z0-9 ,]+$/);
        expect(JSON.stringify([hops, problems])).not.toContain('hunter2');
      }),
      { numRuns: 300 },
    );
  });
});
