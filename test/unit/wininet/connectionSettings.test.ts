import fc from 'fast-check';
import {
  decodeConnectionSettings,
  editConnectionSettings,
  encodeConnectionSettings,
  settingsText,
} from '../../../src/wininet/connectionSettings';
import { settingsBytes } from '../../support/settingsBytes';
import { vectors, vectorBytes } from '../../support/vectors';

const connectionVectors = vectors.filter(({ value }) => value !== 'WinHttpSettings');
const wellFormed = connectionVectors.filter(({ expected }) => expected !== null);

function decode(bytes: Uint8Array) {
  const decoded = decodeConnectionSettings(bytes);
  if (!decoded.ok) throw new Error(`malformed at ${decoded.error.offset}: ${decoded.error.reason}`);
  return decoded.settings;
}

function malformed(bytes: Uint8Array) {
  const decoded = decodeConnectionSettings(bytes);
  if (decoded.ok) throw new Error('it decodes');
  return decoded.error;
}

describe('decoding real registry values', () => {
  it.each(wellFormed.map((vector) => [vector.id, vector] as const))(
    'reads %s as its source says',
    (_id, vector) => {
      const bytes = Buffer.from(vector.hex, 'hex');
      const settings = decode(bytes);
      const text = settingsText(settings);
      expect(settings).toMatchObject({
        version: vector.expected?.version,
        counter: vector.expected?.counter,
        flags: vector.expected?.flags,
      });
      expect(text).toEqual({
        proxyServer: vector.expected?.proxy,
        bypassList: vector.expected?.bypass,
        autoConfigUrl: vector.expected?.pac,
      });
      if (vector.expected?.trailerOffset !== undefined) {
        expect(bytes.length - settings.trailer.length).toBe(vector.expected.trailerOffset);
        expect(settings.trailer.length).toBe(vector.expected.trailerLength);
      }
    },
  );

  it.each(wellFormed.map((vector) => [vector.id, vector] as const))(
    'gives %s back byte for byte',
    (_id, vector) => {
      const bytes = Buffer.from(vector.hex, 'hex');
      expect(Buffer.from(encodeConnectionSettings(decode(bytes))).toString('hex')).toBe(vector.hex);
    },
  );

  it('decodes all 25 vectors of this format but the five-byte one', () => {
    expect(connectionVectors).toHaveLength(wellFormed.length + 1);
  });
});

describe('a malformed value', () => {
  it('of five bytes (the "reset" idiom) is told at the offset where it ends', () => {
    expect(malformed(vectorBytes('trap-5byte'))).toEqual({
      offset: 5,
      reason: 'the value ends after 5 bytes; version, counter and flags alone take 12',
    });
  });

  it('with a length beyond the end names the field, the length and what is left', () => {
    const bytes = settingsBytes({ proxy: 'proxy:80', trailer: Buffer.alloc(0) });
    bytes.writeUInt32LE(0xffffffff, 12);
    expect(malformed(bytes)).toEqual({
      offset: 12,
      reason: 'the proxy list is said to be 4294967295 bytes long, but 16 are left',
    });
  });

  it.each([
    [14, 12, 'proxy list'],
    [22, 20, 'bypass list'],
    [25, 24, 'PAC URL'],
  ])(
    'cut to %i bytes is told at offset %i, where the length of the %s should stand',
    (size, offset, field) => {
      const bytes = settingsBytes({ proxy: 'a:80' }).subarray(0, size);
      const error = malformed(bytes);
      expect(error.offset).toBe(offset);
      expect(error.reason).toContain(`the length of the ${field}`);
    },
  );

  it('never throws, whatever the bytes, and the offset lies inside the value', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 300 }), (bytes) => {
        const decoded = decodeConnectionSettings(bytes);
        if (!decoded.ok) expect(decoded.error.offset).toBeLessThanOrEqual(bytes.length);
      }),
      { numRuns: 2000 },
    );
  });
});

describe('decoding then encoding', () => {
  it('gives the same bytes for every input that decodes', () => {
    const anyValue = fc.oneof(
      fc.uint8Array({ maxLength: 200 }),
      fc
        .record({
          version: fc.oneof(fc.constantFrom(0x3c, 0x46), fc.nat(0xffffffff)),
          counter: fc.nat(0xffffffff),
          flags: fc.nat(0xffffffff),
          proxy: fc.uint8Array({ maxLength: 600 }).map((bytes) => Buffer.from(bytes)),
          bypass: fc.uint8Array({ maxLength: 600 }).map((bytes) => Buffer.from(bytes)),
          pac: fc.uint8Array({ maxLength: 600 }).map((bytes) => Buffer.from(bytes)),
          trailer: fc.uint8Array({ maxLength: 700 }).map((bytes) => Buffer.from(bytes)),
        })
        .map((fields) => new Uint8Array(settingsBytes(fields))),
    );
    let decodedOnes = 0;
    fc.assert(
      fc.property(anyValue, (bytes) => {
        const decoded = decodeConnectionSettings(bytes);
        if (!decoded.ok) return;
        decodedOnes += 1;
        expect(Buffer.from(encodeConnectionSettings(decoded.settings)).equals(Buffer.from(bytes))).toBe(true);
      }),
      { numRuns: 2000 },
    );
    expect(decodedOnes).toBeGreaterThan(500);
  });

  it('keeps a view that stands in the middle of a larger buffer', () => {
    const value = settingsBytes({ proxy: 'proxy:80', flags: 3 });
    const larger = Buffer.concat([Buffer.from('before'), value, Buffer.from('behind')]);
    const settings = decode(larger.subarray(6, 6 + value.length));
    expect(Buffer.from(encodeConnectionSettings(settings)).equals(value)).toBe(true);
  });

  it('shows bytes that are not UTF-8 as Latin-1, and UTF-8 as what it is', () => {
    const latin = decode(settingsBytes({ bypass: Buffer.from('caf\xe9', 'latin1') }));
    const utf8 = decode(settingsBytes({ bypass: Buffer.from('café', 'utf8') }));
    expect(settingsText(latin).bypassList).toBe('café');
    expect(settingsText(utf8).bypassList).toBe('café');
  });
});

describe('editing named settings', () => {
  const named = {
    proxyServer: 'proxy.contoso.com:8080',
    bypassList: ['*.contoso.com', '<local>'],
    autoConfigUrl: null,
    autoDetect: false,
  };

  it.each(wellFormed.map(({ id }) => id))(
    'keeps version, unknown flags and trailer of %s and raises the counter',
    (id) => {
      const before = decode(vectorBytes(id));
      const after = editConnectionSettings(before, named);
      expect(after.version).toBe(before.version);
      expect(after.counter).toBe(before.counter + 1);
      expect(Buffer.from(after.trailer).equals(Buffer.from(before.trailer))).toBe(true);
      expect(after.flags).toBe(((before.flags & ~15) | 3) >>> 0);
      expect(settingsText(after)).toEqual({
        proxyServer: 'proxy.contoso.com:8080',
        bypassList: '*.contoso.com;<local>',
        autoConfigUrl: '',
      });
    },
  );

  it('always sets the direct flag, without which WinINET does not honour a proxy', () => {
    const before = decode(settingsBytes({ flags: 2, proxy: 'a:1' }));
    expect(editConnectionSettings(before, named).flags & 1).toBe(1);
  });

  it('turns each field into its flag', () => {
    const flagsOf = (edit: Partial<typeof named> & { autoConfigUrl?: string | null }) =>
      editConnectionSettings(null, { ...named, ...edit }).flags;
    expect(flagsOf({})).toBe(3);
    expect(flagsOf({ autoDetect: true })).toBe(11);
    expect(
      editConnectionSettings(null, { ...named, proxyServer: null, autoConfigUrl: 'http://a/p' }).flags,
    ).toBe(5);
    expect(editConnectionSettings(null, { ...named, proxyServer: null }).flags).toBe(1);
  });

  it('keeps flag bits that it does not know', () => {
    const before = decode(settingsBytes({ flags: 0x80000011 }));
    expect(editConnectionSettings(before, named).flags).toBe(0x80000013);
  });

  it('makes a 0x46 value with counter 1 and the empty trailer where there was none', () => {
    const made = encodeConnectionSettings(
      editConnectionSettings(null, { ...named, proxyServer: null, bypassList: [] }),
    );
    expect(Buffer.from(made).toString('hex')).toBe(settingsBytes({ counter: 1, flags: 1 }).toString('hex'));
  });

  it('wraps the counter instead of leaving 32 bits', () => {
    const before = decode(settingsBytes({ counter: 0xffffffff }));
    expect(editConnectionSettings(before, named).counter).toBe(0);
  });
});
