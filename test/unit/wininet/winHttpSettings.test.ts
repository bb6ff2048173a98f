import fc from 'fast-check';
import { decodeWinHttpSettings, winHttpUsesProxy } from '../../../src/wininet/winHttpSettings';
import { vectors } from '../../support/vectors';

const winHttpVectors = vectors.filter(({ value }) => value === 'WinHttpSettings');

describe('WinHttpSettings', () => {
  it.each(winHttpVectors.map((vector) => [vector.id, vector] as const))(
    'reads %s as its source says',
    (_id, vector) => {
      const decoded = decodeWinHttpSettings(Buffer.from(vector.hex, 'hex'));
      expect(decoded).toEqual({
        ok: true,
        settings: {
          version: vector.expected?.version,
          counter: vector.expected?.counter,
          flags: vector.expected?.flags,
          proxyServer: vector.expected?.proxy,
          bypassList: vector.expected?.bypass,
        },
      });
    },
  );

  it('uses a proxy with flags 3 and not with flags 1', () => {
    const uses = winHttpVectors.map(({ hex }) => {
      const decoded = decodeWinHttpSettings(Buffer.from(hex, 'hex'));
      return decoded.ok && winHttpUsesProxy(decoded.settings);
    });
    expect(uses).toEqual([false, false, true]);
  });

  it('tells the offset of a length that runs past the end', () => {
    const bytes = Buffer.from('28000000000000000300000004000000613a34', 'hex');
    expect(decodeWinHttpSettings(bytes)).toEqual({
      ok: false,
      error: { offset: 12, reason: 'the proxy list does not fit into the value' },
    });
  });

  it('never throws, whatever the bytes', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 80 }), (bytes) => {
        const decoded = decodeWinHttpSettings(bytes);
        if (!decoded.ok) expect(decoded.error.offset).toBeLessThanOrEqual(bytes.length);
      }),
      { numRuns: 1000 },
    );
  });
});
