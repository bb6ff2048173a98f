import type { RegistryValue } from '../registry';
import { decodeRegFile, VERSION_5_HEADER } from './encoding';
import { entryName, entryValue, formatData, formatEntryName, type EntryStyle } from './entries';
import { checkValueName, keyComponents, longHiveName } from '../names';
import { RegFileScanner, Token } from './scanner';

/** One `[KEY]` or `[-KEY]` and what follows it. A deletion of a key has no values. */
export interface RegFileSection {
  /** The full path with the hive's long name. */
  readonly key: string;
  readonly deleteKey?: boolean;
  readonly values: readonly RegFileEntry[];
}

/** One line of a section: a value to set, or (undefined) to delete, as `"name"=-`. The name `''` is the default value. */
export interface RegFileEntry {
  readonly name: string;
  readonly value: RegistryValue | undefined;
}

const EXPORT_STYLE: EntryStyle = { dialect: 'version5', newline: '\r\n' };

/**
 * A .reg file as regedit exports it: version 5.00, UTF-16LE with a byte order mark, CRLF, hex data wrapped at 80 columns.
 * {@link parseRegFile} gives back the same sections, and `reg import` the same registry, byte for byte.
 *
 * @throws DomainError `registry-name-invalid`.
 */
export function formatRegFile(sections: readonly RegFileSection[]): Buffer {
  const parts = [`\ufeff${VERSION_5_HEADER}\r\n\r\n`];
  for (const { key, deleteKey = false, values } of sections) {
    keyComponents(key);
    if (deleteKey && values.length > 0) throw new TypeError('a section that deletes a key has no values');
    parts.push(deleteKey ? `[-${key}]\r\n` : `[${key}]\r\n`);
    for (const { name, value } of values) parts.push(formatEntry(name, value), '\r\n');
    parts.push('\r\n');
  }
  return Buffer.from(parts.join(''), 'utf16le');
}

/**
 * The sections of a .reg file in file order, nothing merged and no deletion applied. Reads what the driver reads: version
 * 5.00 in UTF-16LE or UTF-8, and REGEDIT4. Short hive names are given back as long ones.
 *
 * @throws DomainError `regfile-malformed`, with the line and the reason.
 */
export function parseRegFile(bytes: Uint8Array): RegFileSection[] {
  const { units, body, encoding } = decodeRegFile(bytes);
  const text = Buffer.from(units.buffer, units.byteOffset, units.byteLength);
  const scanner = new RegFileScanner(units, body, units.length, false);
  const sections: RegFileSection[] = [];
  let values: RegFileEntry[] = [];
  for (let token = scanner.next(); token !== Token.end; token = scanner.next()) {
    if (token === Token.section) {
      const key = withLongHive(text.toString('utf16le', scanner.keyStart * 2, scanner.keyEnd * 2));
      values = [];
      sections.push(scanner.deletesKey ? { key, deleteKey: true, values } : { key, values });
    } else {
      values.push({ name: entryName(units, scanner), value: entryValue(units, scanner, encoding.dialect) });
    }
  }
  return sections;
}

function formatEntry(name: string, value: RegistryValue | undefined): string {
  checkValueName(name);
  const start = formatEntryName(name);
  // Version 5.00 has a form for every value.
  return start + (formatData(value, start.length, EXPORT_STYLE) ?? '');
}

function withLongHive(key: string): string {
  const end = key.indexOf('\\');
  const hive = longHiveName(end < 0 ? key : key.slice(0, end));
  return hive === undefined ? key : hive + (end < 0 ? '' : key.slice(end));
}
