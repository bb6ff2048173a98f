import fc from 'fast-check';
import { formatSid } from '../../../src/windows/ownSid';

/** A SID as Windows keeps it, put together byte by byte. */
function bytesOf(revision: number, authority: bigint, parts: readonly number[]): Buffer {
  const bytes = [revision, parts.length];
  for (let shift = 40n; shift >= 0n; shift -= 8n) bytes.push(Number((authority >> shift) & 0xffn));
  for (const part of parts) for (const shift of [0, 8, 16, 24]) bytes.push((part >>> shift) & 0xff);
  return Buffer.from(bytes);
}

describe('a SID', () => {
  it.each([
    ['Everyone', '010100000000000100000000', 'S-1-1-0'],
    ['LocalSystem', '010100000000000512000000', 'S-1-5-18'],
    ['LocalService', '010100000000000513000000', 'S-1-5-19'],
    ['Administrators', '01020000000000052000000020020000', 'S-1-5-32-544'],
    [
      'a person of a domain',
      '010500000000000515000000dcf4dc3b833d2b46828ba62850040000',
      'S-1-5-21-1004336348-1177238915-682003330-1104',
    ],
    ['high integrity', '010100000000001000300000', 'S-1-16-12288'],
    [
      'an account of Entra ID',
      '010500000000000c01000000ffffffff00000000010000000a000000',
      'S-1-12-1-4294967295-0-1-10',
    ],
  ])('of %s has its string form', (_who, hex, text) => {
    expect(formatSid(Buffer.from(hex, 'hex'))).toBe(text);
  });

  it('has its authority in decimal below 2^32, and from there on in hex with twelve digits', () => {
    expect(formatSid(bytesOf(1, 2n ** 32n - 1n, [7]))).toBe('S-1-4294967295-7');
    expect(formatSid(bytesOf(1, 2n ** 32n, [7]))).toBe('S-1-0x000100000000-7');
    expect(formatSid(bytesOf(1, 2n ** 48n - 1n, [7]))).toBe('S-1-0xFFFFFFFFFFFF-7');
  });

  it('ends where its count says, whatever follows in the buffer', () => {
    const followed = Buffer.concat([bytesOf(1, 5n, [18]), Buffer.alloc(40, 0xff)]);
    expect(formatSid(followed)).toBe('S-1-5-18');
  });

  it.each([0, 1, 7, 11])('that ends after %d bytes is refused', (length) => {
    const cut = bytesOf(1, 5n, [18]).subarray(0, length);
    expect(() => formatSid(cut)).toThrow(/out of range|outside buffer bounds/);
  });

  it('says all that its bytes say', () => {
    const parts = fc.array(fc.nat({ max: 0xffffffff }), { minLength: 1, maxLength: 15 });
    const authority = fc.oneof(fc.bigInt(0n, 2n ** 48n - 1n), fc.bigInt(0n, 20n));
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 255 }), authority, parts, (revision, wanted, subs) => {
        const [letter, first, second, ...rest] = formatSid(bytesOf(revision, wanted, subs)).split('-');
        expect([letter, first, ...rest]).toEqual(['S', String(revision), ...subs.map(String)]);
        expect(BigInt(second ?? '')).toBe(wanted);
        expect(second).toMatch(wanted < 2n ** 32n ? /^\d+$/ : /^0x[0-9A-F]{12}$/);
      }),
    );
  });
});
