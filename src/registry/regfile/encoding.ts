import { DomainError } from '../../lib/errors';

/** `version5`: text and hex strings are UTF-16. `regedit4`: both are in the ANSI code page, as Windows 95 and NT 4 wrote. */
export type Dialect = 'version5' | 'regedit4';

/** How a file's text is stored; it stays so when the file is written. */
export interface RegFileEncoding {
  readonly dialect: Dialect;
  readonly charset: 'utf-16le' | 'utf-8' | 'windows-1252';
}

/** A .reg file's text as UTF-16 units, a byte order mark included, so that encoding gives back the same bytes. */
export interface RegFileText {
  readonly encoding: RegFileEncoding;
  readonly units: Uint16Array;
  /** Index behind the header line. */
  readonly body: number;
}

export const VERSION_5_HEADER = 'Windows Registry Editor Version 5.00';
const REGEDIT4_HEADER = 'REGEDIT4';
const BOM = 0xfeff;

/** Bytes 0x80 to 0x9F of windows-1252 (WHATWG Encoding); its five gaps map to the C1 controls, so nothing is lost. */
const ANSI_HIGH = '€\x81‚ƒ„…†‡ˆ‰Š‹Œ\x8dŽ\x8f\x90‘’“”•–—˜™š›œ\x9džŸ';
const ANSI_BYTES = new Map<number, number>(
  Array.from(ANSI_HIGH, (character, i): [number, number] => [character.charCodeAt(0), 0x80 + i]),
);

/** The error for a text that is no .reg file. */
export function malformed(line: number, reason: string): DomainError {
  return new DomainError(
    'invalid',
    'regfile-malformed',
    `The registry file does not parse. Line ${line}: ${reason}.`,
    {
      extensions: { line },
    },
  );
}

/** 1 for a position in the first line. */
export function lineAt(units: Uint16Array | Uint8Array, position: number): number {
  let line = 1;
  for (let i = 0; i < position; i += 1) if (units[i] === 0x0a) line += 1;
  return line;
}

/**
 * Finds out a file's encoding from its byte order mark and first line, and decodes it. UTF-16 is not copied: the
 * returned units lie over `bytes`.
 *
 * @throws DomainError `regfile-malformed`.
 */
export function decodeRegFile(bytes: Uint8Array): RegFileText {
  if (bytes[0] === 0xff && bytes[1] === 0xfe) {
    if (bytes.length % 2 !== 0)
      throw malformed(lineAt(bytes, bytes.length), 'the UTF-16 text ends in half a character');
    return withHeader(unitsOver(bytes), { charset: 'utf-16le', dialect: 'version5' });
  }
  if (bytes[0] === 0xfe && bytes[1] === 0xff) throw malformed(1, 'big-endian UTF-16 is not supported');
  if (Buffer.from(bytes.subarray(0, REGEDIT4_HEADER.length)).toString('latin1') === REGEDIT4_HEADER) {
    return withHeader(decodeAnsi(bytes), { charset: 'windows-1252', dialect: 'regedit4' });
  }
  return withHeader(decodeUtf8(bytes), { charset: 'utf-8', dialect: 'version5' });
}

/**
 * The file's bytes for a text, a mark at its beginning included.
 *
 * @returns undefined when the charset has no place for some character.
 */
export function encodeRegFile(units: Uint16Array, encoding: RegFileEncoding): Buffer | undefined {
  const utf16 = Buffer.from(units.buffer, units.byteOffset, units.byteLength);
  switch (encoding.charset) {
    case 'utf-16le':
      return utf16;
    case 'utf-8': {
      const text = utf16.toString('utf16le');
      return /\p{Cs}/u.test(text) ? undefined : Buffer.from(text, 'utf8');
    }
    case 'windows-1252':
      return encodeAnsi(units);
  }
}

/** Bytes of the ANSI code page as UTF-16 units. */
export function decodeAnsi(bytes: Uint8Array): Uint16Array {
  const units = new Uint16Array(bytes.length);
  for (let i = 0; i < bytes.length; i += 1) {
    const byte = bytes[i] ?? 0;
    units[i] = byte >= 0x80 && byte <= 0x9f ? ANSI_HIGH.charCodeAt(byte - 0x80) : byte;
  }
  return units;
}

/** UTF-16 units in the ANSI code page, or undefined when one has no place there. */
export function encodeAnsi(units: Uint16Array): Buffer | undefined {
  const bytes = Buffer.alloc(units.length);
  for (let i = 0; i < units.length; i += 1) {
    const unit = units[i] ?? 0;
    const byte = unit < 0x80 || (unit > 0x9f && unit <= 0xff) ? unit : ANSI_BYTES.get(unit);
    if (byte === undefined) return undefined;
    bytes[i] = byte;
  }
  return bytes;
}

/** The UTF-16 units of a string. */
export function unitsOf(text: string): Uint16Array {
  return unitsOver(Buffer.from(text, 'utf16le'));
}

/** UTF-16LE bytes as units, without a copy where the memory is aligned; half a unit at the end is left out. */
export function unitsOver(bytes: Uint8Array): Uint16Array {
  const aligned = bytes.byteOffset % 2 === 0 ? bytes : new Uint8Array(bytes);
  return new Uint16Array(aligned.buffer, aligned.byteOffset, aligned.byteLength >> 1);
}

function decodeUtf8(bytes: Uint8Array): Uint16Array {
  const text = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('utf8');
  const back = Buffer.from(text, 'utf8');
  if (!back.equals(bytes)) {
    let at = 0;
    while (at < back.length && back[at] === bytes[at]) at += 1;
    throw malformed(lineAt(bytes, at), 'the text is neither UTF-16LE with a byte order mark nor UTF-8');
  }
  return unitsOf(text);
}

function withHeader(units: Uint16Array, encoding: RegFileEncoding): RegFileText {
  const start = units[0] === BOM ? 1 : 0;
  const feed = units.indexOf(0x0a, start);
  const end = feed < 0 ? units.length : feed;
  // A line of another kind may be endless; the header is short.
  const line = String.fromCharCode(...units.subarray(start, Math.min(end, start + 100))).trimEnd();
  const wanted = encoding.dialect === 'regedit4' ? REGEDIT4_HEADER : VERSION_5_HEADER;
  if (line !== wanted) {
    throw malformed(
      1,
      `the first line must be "${VERSION_5_HEADER}" (UTF-16LE or UTF-8) or "${REGEDIT4_HEADER}" (ANSI)`,
    );
  }
  return { encoding, units, body: feed < 0 ? units.length : feed + 1 };
}
