import { once } from 'node:events';
import { connect, createServer, isIP, type Socket } from 'node:net';
import fc from 'fast-check';
import { hostOf, portOf, scriptUrl, shownUrl } from '../../../src/endpoints/pac/scriptUrl';
import { ScriptUnavailableError } from '../../../src/endpoints/pac/scriptUnavailable';
import { PhaseFailure } from '../../../src/endpoints/probe/phaseFailure';
import { socksConnect } from '../../../src/endpoints/probe/socks';
import { anyText, SEED } from '../../support/damage';
import { listenOnLoopback } from '../../support/scriptedServer';

const REPLY = 8;

it('of all that a SOCKS proxy may answer, a granted reply alone opens the way, and all else is told by its code', async () => {
  let answer: readonly Uint8Array[] = [];
  const server = createServer({ noDelay: true }, (socket) => {
    socket.once('data', () => {
      for (const chunk of answer) socket.write(chunk);
      socket.end();
    });
  });
  const proxy = await listenOnLoopback(server);
  const reply = fc
    .tuple(fc.constantFrom(0, 0, 0, 4, 5), fc.oneof(fc.constantFrom(89, 90, 90, 91, 92, 93, 94), fc.nat(255)))
    .chain(([version, code]) =>
      fc
        .uint8Array({ minLength: REPLY - 2, maxLength: REPLY - 2 })
        .map((rest) => Uint8Array.from([version, code, ...rest])),
    );
  const chunks = fc.oneof(
    reply.map((bytes) => [bytes]),
    fc.tuple(reply, fc.nat(REPLY)).map(([bytes, at]) => [bytes.subarray(0, at), bytes.subarray(at)]),
    fc.tuple(reply, fc.uint8Array({ maxLength: 4 })).map(([bytes, more]) => [bytes, more]),
    fc.tuple(reply, fc.nat(REPLY - 1)).map(([bytes, length]) => [bytes.subarray(0, length)]),
    fc.array(fc.uint8Array({ maxLength: 12 }), { maxLength: 3 }),
  );
  let granted = 0;
  try {
    await fc.assert(
      fc.asyncProperty(chunks, async (said) => {
        answer = said.filter((chunk) => chunk.length > 0);
        const bytes = Buffer.concat(answer);
        const isGrant = bytes.length >= REPLY && bytes[0] === 0 && bytes[1] === 90;
        const socket: Socket = connect({ port: proxy.port, host: '127.0.0.1', noDelay: true });
        try {
          await once(socket, 'connect');
          await socksConnect(socket, ['2001:db8::1', '192.0.2.1'], 443);
          expect(isGrant).toBe(true);
          granted += 1;
        } catch (error) {
          if (!(error instanceof PhaseFailure)) throw error;
          // More than a reply may come with it or behind it: that is none of version 4, or is not seen.
          expect(isGrant && bytes.length === REPLY).toBe(false);
          const isRefusal = error.code === 'proxy-socks-refused';
          expect(isRefusal || error.code === 'proxy-not-socks').toBe(true);
          if (isRefusal) expect([91, 92, 93]).toContain(bytes[1]);
        } finally {
          socket.destroy();
        }
      }),
      { seed: SEED, numRuns: 200 },
    );
  } finally {
    await proxy.close();
  }
  expect(granted).toBeGreaterThan(10);
});

it('the address of a proxy script is one that can be fetched, or is refused as such, whatever it is', () => {
  const piece = fc.constantFrom(
    ...[
      'http',
      'https',
      'file',
      'c',
      'ftp',
      '://',
      ':',
      '/',
      '//',
      '\\',
      '@',
      'svc',
      'secret',
      '[::1]',
      '[fe80::1%25e]',
    ],
    ...[
      'pac.contoso.com',
      '127.1',
      '0x7f.1',
      '.',
      '..',
      '80',
      '0',
      '65536',
      '?',
      '#',
      ' ',
      '\r',
      '\n',
      '\t',
      '\0',
      '%00',
    ],
    ...['ä', 'ß', '\u3002', '\u202e', '%2f', '*', '<', '"'],
  );
  const text = fc.oneof(
    fc.array(piece, { maxLength: 10 }).map((parts) => parts.join('')),
    fc.array(piece, { maxLength: 6 }).map((parts) => `http://${parts.join('')}`),
    fc.webUrl({ withQueryParameters: true, withFragments: true }),
    anyText(),
    fc.nat(3000).map((length) => `http://a/${'x'.repeat(length)}`),
  );
  const base = fc.option(fc.constant(new URL('https://pac.contoso.com/a/b.pac?q')), { nil: undefined });
  let taken = 0;
  fc.assert(
    fc.property(text, base, (address, from) => {
      let url: URL;
      try {
        url = scriptUrl(address, from);
      } catch (error) {
        if (!(error instanceof ScriptUnavailableError)) throw error;
        expect(error.reason).toBe('pac-url-not-supported');
        expect(error.seen).not.toMatch(/\p{Cc}|pass_word/u);
        return;
      }
      taken += 1;
      expect(url.protocol).toMatch(/^https?:$/);
      expect(`${url.username}${url.password}${url.hash}`).toBe('');
      const host = hostOf(url);
      expect(isIP(host) !== 0 || /^[a-z0-9_-]+(?:\.[a-z0-9_-]+)*\.?$/.test(host)).toBe(true);
      expect(portOf(url)).toBeGreaterThan(0);
      expect(portOf(url)).toBeLessThanOrEqual(65535);
      // It goes into a request line, and before a person.
      expect(url.pathname + url.search).toMatch(/^\/[\x21-\x7e]*$/);
      expect(shownUrl(url)).toMatch(/^https?:\/\/[^\p{Cc}@]+$/u);
      expect(shownUrl(url)).not.toContain('?q');
      // Taken once, it is taken again: a redirect to itself ends nowhere else.
      expect(scriptUrl(url.href).href).toBe(url.href);
    }),
    { seed: SEED, numRuns: 800 },
  );
  expect(taken).toBeGreaterThan(100);
});
