import { RegistryType, type RegistryValue } from '../registry';
import { decodeAnsi, encodeAnsi, unitsOver, type Dialect } from './encoding';
import { DataForm, hexDigit, type RegFileScanner } from './scanner';

const BACKSLASH = 0x5c;
/** Columns of a line of hex data before its backslash, as regedit wraps: 2 blanks and 25 bytes. */
const HEX_LINE = 77;
const HEX_PAIRS: readonly string[] = Array.from({ length: 256 }, (_, byte) =>
  byte.toString(16).padStart(2, '0'),
);
/** The types whose hex data REGEDIT4 holds in the ANSI code page, and Windows converts on import. */
const ANSI_TYPES: readonly number[] = [
  RegistryType.string,
  RegistryType.expandString,
  RegistryType.multiString,
];

/** How entries are written into one file. */
export interface EntryStyle {
  readonly dialect: Dialect;
  readonly newline: '\r\n' | '\n';
}

/** The name of the entry that the scanner stands on; `''` for the default value. */
export function entryName(units: Uint16Array, entry: RegFileScanner): string {
  return entry.nameStart < 0 ? '' : asString(unescape(units, entry.nameStart, entry.nameEnd));
}

/** The value of the entry that the scanner stands on, or undefined when it is a deletion. */
export function entryValue(
  units: Uint16Array,
  entry: RegFileScanner,
  dialect: Dialect,
): RegistryValue | undefined {
  const { type } = entry;
  switch (entry.form) {
    case DataForm.deletion:
      return undefined;
    case DataForm.quoted: {
      const text = unescape(units, entry.dataStart, entry.dataEnd);
      const data = new Uint8Array(text.length * 2 + 2);
      data.set(bytesOf(text));
      return { type, data };
    }
    case DataForm.dword: {
      const data = new Uint8Array(4);
      new DataView(data.buffer).setUint32(0, hexNumber(units, entry.dataStart, entry.dataEnd), true);
      return { type, data };
    }
    case DataForm.hex: {
      const data = hexBytes(units, entry.dataStart, entry.dataEnd);
      if (dialect === 'version5' || !ANSI_TYPES.includes(type)) return { type, data };
      return { type, data: bytesOf(decodeAnsi(data)) };
    }
  }
}

/** `"name"=` or `@=`, escaped. The name is checked by the caller. */
export function formatEntryName(name: string): string {
  return name === '' ? '@=' : `"${escape(name)}"=`;
}

/**
 * The data as it stands behind the `=`: `-`, a quoted string, `dword:` or wrapped hex, as regedit writes them. A REG_SZ is
 * quoted only when that loses nothing.
 *
 * @param column how far to the right the data begins; decides where hex data is wrapped.
 * @returns undefined when the dialect cannot hold the value (text outside of the ANSI code page).
 */
export function formatData(
  value: RegistryValue | undefined,
  column: number,
  style: EntryStyle,
): string | undefined {
  if (value === undefined) return '-';
  const { type, data } = value;
  if (type === RegistryType.dword && data.length === 4) {
    const number = new DataView(data.buffer, data.byteOffset, 4).getUint32(0, true);
    return `dword:${number.toString(16).padStart(8, '0')}`;
  }
  const text = type === RegistryType.string ? quotable(data) : undefined;
  if (style.dialect === 'version5' || !ANSI_TYPES.includes(type)) {
    return text === undefined ? formatHex(type, data, column, style.newline) : `"${escape(text)}"`;
  }
  const ansi = data.length % 2 === 0 ? encodeAnsi(unitsOver(data)) : undefined;
  if (ansi === undefined) return undefined;
  return text === undefined ? formatHex(type, ansi, column, style.newline) : `"${escape(text)}"`;
}

/** The text of a REG_SZ that a quoted string gives back byte for byte: one NUL, at its end, and nothing that breaks a line. */
function quotable(data: Uint8Array): string | undefined {
  if (data.length < 2 || data.length % 2 !== 0) return undefined;
  const text = Buffer.from(data.buffer, data.byteOffset, data.byteLength).toString('utf16le');
  if (text.indexOf('\0') !== text.length - 1) return undefined;
  return /[\r\n]|\p{Cs}/u.test(text) ? undefined : text.slice(0, -1);
}

function formatHex(type: number, data: Uint8Array, from: number, newline: string): string {
  let text = type === RegistryType.binary ? 'hex:' : `hex(${type.toString(16)}):`;
  let column = from + text.length;
  for (let i = 0; i < data.length; i += 1) {
    text += HEX_PAIRS[data[i] ?? 0] ?? '';
    if (i === data.length - 1) break;
    text += ',';
    column += 3;
    if (column >= HEX_LINE) {
      text += `\\${newline}  `;
      column = 2;
    }
  }
  return text;
}

function escape(text: string): string {
  return text.replace(/[\\"]/g, '\\$&');
}

function unescape(units: Uint16Array, start: number, end: number): Uint16Array {
  const text = units.subarray(start, end);
  if (!text.includes(BACKSLASH)) return text;
  const plain = new Uint16Array(text.length);
  let length = 0;
  for (let i = 0; i < text.length; i += 1) {
    if (text[i] === BACKSLASH) i += 1;
    plain[length] = text[i] ?? 0;
    length += 1;
  }
  return plain.subarray(0, length);
}

function hexNumber(units: Uint16Array, start: number, end: number): number {
  let number = 0;
  for (let i = start; i < end; i += 1) number = number * 16 + hexDigit(units[i] ?? 0);
  return number;
}

/** The bytes of checked hex data; what is no digit (commas, continuations) only separates. */
function hexBytes(units: Uint16Array, start: number, end: number): Uint8Array {
  const bytes = new Uint8Array((end - start + 1) >> 1);
  let length = 0;
  for (let i = start; i < end; i += 1) {
    let byte = hexDigit(units[i] ?? 0);
    if (byte > 15) continue;
    const second = i + 1 < end ? hexDigit(units[i + 1] ?? 0) : 16;
    if (second < 16) {
      byte = byte * 16 + second;
      i += 1;
    }
    bytes[length] = byte;
    length += 1;
  }
  return bytes.slice(0, length);
}

function bytesOf(units: Uint16Array): Uint8Array {
  return new Uint8Array(units.buffer, units.byteOffset, units.byteLength);
}

function asString(units: Uint16Array): string {
  return Buffer.from(units.buffer, units.byteOffset, units.byteLength).toString('utf16le');
}
