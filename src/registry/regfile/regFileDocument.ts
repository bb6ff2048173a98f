import type { NamedRegistryValue } from '../registry';
import { decodeRegFile, type RegFileEncoding, type RegFileText } from './encoding';
import { entryName, entryValue, type EntryStyle } from './entries';
import { KeyTree } from './keyTree';
import { foldName } from '../names';
import { RegFileScanner, Token } from './scanner';

/** A value's line in the text: the whole line, and the part behind the `=`. */
export interface EntryPlace {
  readonly lineStart: number;
  readonly lineEnd: number;
  readonly valueStart: number;
  readonly valueEnd: number;
}

/** A key's values as an import would leave them; the map's keys are folded names, in stored order. */
export type KeyValues = ReadonlyMap<string, NamedRegistryValue>;

/**
 * One state of a .reg file: its text, checked as a whole, and an index of its keys. Never changes; an edit makes a new
 * text and reads it anew. Values are parsed when a key is asked for.
 */
export class RegFileDocument {
  readonly units: Uint16Array;
  readonly encoding: RegFileEncoding;
  readonly style: EntryStyle;
  private readonly tree: KeyTree;

  /** @throws DomainError `regfile-malformed`. */
  constructor({ units, encoding, body }: RegFileText) {
    this.units = units;
    this.encoding = encoding;
    this.style = {
      dialect: encoding.dialect,
      newline: units[units.indexOf(0x0a) - 1] === 0x0d ? '\r\n' : '\n',
    };
    this.tree = new KeyTree(units);
    const scanner = new RegFileScanner(units, body, units.length, false);
    let open = -1;
    for (let token = scanner.next(); token !== Token.end; token = scanner.next()) {
      if (token !== Token.section) continue;
      if (open >= 0) this.tree.endSection(open, scanner.lineStart);
      open = -1;
      if (scanner.deletesKey) this.tree.deleteKey(scanner.keyStart, scanner.keyEnd);
      else open = this.tree.addSection(scanner.keyStart, scanner.keyEnd, scanner.at);
    }
    if (open >= 0) this.tree.endSection(open, units.length);
  }

  /** @throws DomainError `regfile-malformed`. */
  static parse(bytes: Uint8Array): RegFileDocument {
    return new RegFileDocument(decodeRegFile(bytes));
  }

  /** Whether a key is there. */
  has(components: readonly string[]): boolean {
    return this.tree.find(components) !== undefined;
  }

  /** The names of a key's direct subkeys, or undefined when there is no such key. */
  subkeys(components: readonly string[]): string[] | undefined {
    const node = this.tree.find(components);
    return node === undefined ? undefined : this.tree.childNames(node);
  }

  /** A key's values, or undefined when there is no such key. */
  values(components: readonly string[]): KeyValues | undefined {
    const node = this.tree.find(components);
    if (node === undefined) return undefined;
    const values = new Map<string, NamedRegistryValue>();
    for (const entry of this.entries(node)) {
      const name = entryName(this.units, entry);
      const folded = foldName(name);
      const value = entryValue(this.units, entry, this.encoding.dialect);
      if (value === undefined) values.delete(folded);
      // As in Windows, writing over a value keeps the name as it was first written.
      else values.set(folded, { name: values.get(folded)?.name ?? name, ...value });
    }
    return values;
  }

  /** Every line that sets or deletes a value, in file order. The last one counts. */
  places(components: readonly string[], name: string): EntryPlace[] {
    const node = this.tree.find(components);
    const places: EntryPlace[] = [];
    if (node === undefined) return places;
    const wanted = foldName(name);
    for (const entry of this.entries(node)) {
      if (foldName(entryName(this.units, entry)) !== wanted) continue;
      const { lineStart, at: lineEnd, valueStart, valueEnd } = entry;
      places.push({ lineStart, lineEnd, valueStart, valueEnd });
    }
    return places;
  }

  /** Where a further value of the key goes: behind the last one of its last section. Undefined when it has no section. */
  insertionPoint(components: readonly string[]): number | undefined {
    const node = this.tree.find(components);
    const last = node === undefined ? undefined : this.tree.bodies(node).at(-1);
    if (last === undefined) return undefined;
    const scanner = new RegFileScanner(this.units, ...last, true);
    let point = scanner.at;
    while (scanner.next() !== Token.end) point = scanner.at;
    return point;
  }

  /** The scanner, standing on each of a key's entries in turn. */
  private *entries(node: number): Generator<RegFileScanner> {
    for (const body of this.tree.bodies(node)) {
      const scanner = new RegFileScanner(this.units, ...body, true);
      while (scanner.next() !== Token.end) yield scanner;
    }
  }
}
