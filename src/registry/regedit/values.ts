import { DomainError } from '../../lib/errors';
import { RegistryType, type RegistryValue } from '../registry';
import type { ListedValue } from './listing';

/** A value as regPutValue.wsf takes it: its type's name, and one line of text. */
export interface ScriptValue {
  readonly type: 'REG_SZ' | 'REG_DEFAULT' | 'REG_BINARY' | 'REG_DWORD' | 'REG_QWORD' | 'REG_MULTI_SZ';
  readonly text: string;
}

/** More than this is not tried: the scripts handle text unit by unit, in a time that grows with its square. */
const MAX_BYTES = 64 * 1024;

/** A line break, and what its escape looks like: both come out of the scripts as a backslash and a letter. */
export const AMBIGUOUS = /[\r\n]|\\[rn]/;

/**
 * The line that makes regPutValue.wsf store exactly these bytes under `name`, such that regListStream.wsf shows them.
 *
 * @throws DomainError `registry-value-unsupported` for what the scripts would not store, or not show, as it is.
 */
export function toScriptValue(name: string, value: RegistryValue): ScriptValue {
  const data = Buffer.from(value.data.buffer, value.data.byteOffset, value.data.byteLength);
  if (data.length > MAX_BYTES) throw unsupported(`more than ${MAX_BYTES} bytes`);
  if (name === '') return defaultValue(value.type, data);
  switch (value.type) {
    case RegistryType.string:
      // The scripts take no empty line. A NUL ends the string, which is then empty.
      return { type: 'REG_SZ', text: textOf(data) || '\0' };
    case RegistryType.binary:
      if (data.length === 0) throw unsupported('a REG_BINARY without data');
      return { type: 'REG_BINARY', text: data.join(',') };
    case RegistryType.dword:
      if (data.length !== 4) throw unsupported('a REG_DWORD that has not four bytes');
      return { type: 'REG_DWORD', text: String(data.readUInt32LE()) };
    case RegistryType.qword:
      if (data.length !== 8) throw unsupported('a REG_QWORD that has not eight bytes');
      return { type: 'REG_QWORD', text: String(data.readBigUInt64LE()) };
    case RegistryType.multiString:
      return { type: 'REG_MULTI_SZ', text: stringsOf(data).join(',') };
    case RegistryType.expandString:
      throw unsupported('a REG_EXPAND_SZ, which the scripts show expanded');
    default:
      throw unsupported(`the type ${value.type}`);
  }
}

/** A default value that stands alone is shown only when it is a string and not empty. */
function defaultValue(type: number, data: Buffer): ScriptValue {
  if (type !== RegistryType.string) throw unsupported('a default value that is no REG_SZ');
  const text = textOf(data);
  if (text === '') throw unsupported('a default value that is empty');
  return { type: 'REG_DEFAULT', text };
}

/** The text of a string in its usual form: whole UTF-16 units, one NUL, at the end. */
function textOf(data: Buffer): string {
  const text = data.toString('utf16le');
  if (data.length % 2 !== 0) throw unsupported('a string of an odd length');
  if (text.indexOf('\0') !== text.length - 1 || text === '')
    throw unsupported('a string that does not end with its one NUL');
  const content = text.slice(0, -1);
  if (AMBIGUOUS.test(content)) throw unsupported('a string with a line break, or with \\n or \\r in it');
  return content;
}

function stringsOf(data: Buffer): readonly string[] {
  if (data.length % 2 !== 0) throw unsupported('a REG_MULTI_SZ of an odd length');
  const strings = data.toString('utf16le').split('\0');
  // Two NULs end the list: two empty strings after the last.
  if (strings.pop() !== '' || strings.pop() !== '')
    throw unsupported('a REG_MULTI_SZ that does not end with two NULs');
  if (strings.length === 0 || strings.includes(''))
    throw unsupported('a REG_MULTI_SZ that is empty or has an empty string');
  if (strings.some((string) => string.includes(','))) throw unsupported('a REG_MULTI_SZ with a comma');
  if (strings.some((string) => AMBIGUOUS.test(string)))
    throw unsupported('a REG_MULTI_SZ with a line break, or with \\n or \\r in it');
  return strings;
}

/**
 * The value that the script shows, or undefined where that does not tell what is stored: REG_NONE, types that it does not
 * know, an empty REG_MULTI_SZ, strings that may have had a line break, and a REG_EXPAND_SZ, unless `unexpanded` is its text.
 *
 * Strings come in their usual form, with one NUL at the end: the scripts do not show how a string ends.
 * A REG_BINARY without data is shown as such, although it could not be written back.
 */
export function fromListedValue(
  { type, value }: ListedValue,
  unexpanded?: string,
): RegistryValue | undefined {
  switch (type) {
    case 'REG_SZ':
      return stringOf(RegistryType.string, value);
    case 'REG_EXPAND_SZ':
      return stringOf(RegistryType.expandString, unexpanded);
    case 'REG_BINARY':
      return binaryOf(value);
    case 'REG_DWORD':
      return numberOf(RegistryType.dword, 4, value);
    case 'REG_QWORD':
      return numberOf(RegistryType.qword, 8, value);
    case 'REG_MULTI_SZ':
      return multiStringOf(value);
    default:
      return undefined;
  }
}

function stringOf(type: number, text: ListedValue['value']): RegistryValue | undefined {
  if (typeof text !== 'string' || AMBIGUOUS.test(text)) return undefined;
  return { type, data: Buffer.from(`${text}\0`, 'utf16le') };
}

function binaryOf(value: ListedValue['value']): RegistryValue | undefined {
  if (!Array.isArray(value)) return undefined;
  const bytes = value as readonly unknown[];
  const isByte = (byte: unknown): byte is number => typeof byte === 'number' && byte <= 0xff;
  return bytes.every(isByte) ? { type: RegistryType.binary, data: Buffer.from(bytes) } : undefined;
}

function numberOf(type: number, bytes: 4 | 8, value: ListedValue['value']): RegistryValue | undefined {
  if (typeof value !== 'bigint' || value !== BigInt.asUintN(bytes * 8, value)) return undefined;
  const data = Buffer.alloc(8);
  data.writeBigUInt64LE(value);
  return { type, data: data.subarray(0, bytes) };
}

function multiStringOf(value: ListedValue['value']): RegistryValue | undefined {
  if (!Array.isArray(value) || value.length === 0) return undefined;
  const strings = value as readonly unknown[];
  const isClear = (text: unknown): text is string =>
    typeof text === 'string' && text !== '' && !AMBIGUOUS.test(text);
  if (!strings.every(isClear)) return undefined;
  return { type: RegistryType.multiString, data: Buffer.from(`${strings.join('\0')}\0\0`, 'utf16le') };
}

/** The error for a value that the scripts cannot carry; `why` is what it is that they cannot. */
export function unsupported(why: string): DomainError {
  return new DomainError(
    'unprocessable',
    'registry-value-unsupported',
    `The driver regedit cannot carry this value unchanged: ${why}. The native driver (advapi32) can.`,
  );
}
