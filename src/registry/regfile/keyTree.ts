import { unitsOf } from './encoding';
import { foldName, foldUnit, HIVES, longHiveName } from '../names';

const BACKSLASH = 0x5c;
const NONE = -1;
const ROOT = 0;
const USERS = 1 + HIVES.indexOf('HKEY_USERS');
const LOCAL_SYSTEM = 1 + HIVES.length;
const LOCAL_SYSTEM_SID = 'S-1-5-18';
/** `HKEY_USERS\.DEFAULT` is LocalSystem's hive by another name. */
const LOCAL_SYSTEM_ALIAS = '.DEFAULT';

/** A growing row of integers. Keys and sections are kept as such columns: hundreds of thousands make no objects. */
class Column {
  data = new Int32Array(256);

  set(index: number, value: number): void {
    if (index >= this.data.length) {
      const grown = new Int32Array(Math.max(index + 1, this.data.length * 2));
      grown.set(this.data);
      this.data = grown;
    }
    this.data[index] = value;
  }

  get(index: number): number {
    return this.data[index] ?? NONE;
  }
}

/**
 * The keys of a .reg file and where each one's values stand in the text. Names stay in the text; a key is a number,
 * found by a hash of its parent's number and its own folded name. A key is alive when an import of the file would
 * leave it there: named by a section or above one, and not deleted since.
 */
export class KeyTree {
  private nodes = 0;
  private readonly nameStart = new Column();
  private readonly nameEnd = new Column();
  private readonly hash = new Column();
  private readonly parent = new Column();
  private readonly firstChild = new Column();
  private readonly lastChild = new Column();
  private readonly nextSibling = new Column();
  private readonly firstSection = new Column();
  private readonly lastSection = new Column();
  private readonly alive = new Column();
  private sections = 0;
  private readonly bodyStart = new Column();
  private readonly bodyEnd = new Column();
  private readonly nextSection = new Column();
  private table = new Int32Array(1024);
  private hashed = 0;
  /** The path looked up last in the text and its keys, because neighbours in an export share most of their path. */
  private lastPath = 0;
  private readonly lastEnds: number[] = [];
  private readonly lastNodes: number[] = [];

  constructor(private readonly units: Uint16Array) {
    this.addNode(NONE, 0, 0);
    HIVES.forEach(() => {
      this.alive.set(this.addNode(ROOT, 0, 0), 1);
    });
    this.addNode(USERS, 0, 0);
  }

  /** Notes a section: its key exists, and its values stand in the text from `bodyStart` on. */
  addSection(keyStart: number, keyEnd: number, bodyStart: number): number {
    const node = this.nodeOfText(keyStart, keyEnd);
    for (let up = node; up > ROOT && this.alive.get(up) !== 1; up = this.parent.get(up))
      this.alive.set(up, 1);
    const section = this.sections;
    this.sections += 1;
    this.bodyStart.set(section, bodyStart);
    this.nextSection.set(section, NONE);
    const last = this.lastSection.get(node);
    if (last === NONE) this.firstSection.set(node, section);
    else this.nextSection.set(last, section);
    this.lastSection.set(node, section);
    return section;
  }

  /** Notes where a section's values end. */
  endSection(section: number, bodyEnd: number): void {
    this.bodyEnd.set(section, bodyEnd);
  }

  /** Notes a deletion: the key and all below it are gone. A hive itself stays. */
  deleteKey(keyStart: number, keyEnd: number): void {
    const pending = [this.nodeOfText(keyStart, keyEnd)];
    for (let node = pending.pop(); node !== undefined; node = pending.pop()) {
      if (node > HIVES.length) this.alive.set(node, 0);
      this.firstSection.set(node, NONE);
      this.lastSection.set(node, NONE);
      for (let c = this.firstChild.get(node); c !== NONE; c = this.nextSibling.get(c)) pending.push(c);
    }
  }

  /** The number of a key that exists, or undefined. The first component is a hive's long name. */
  find(components: readonly string[]): number | undefined {
    let node = 1 + HIVES.indexOf(components[0] ?? '');
    for (let i = 1; i < components.length; i += 1) {
      const name = unitsOf(components[i] ?? '');
      node = this.child(node, name, 0, name.length);
      if (node === NONE || this.alive.get(node) !== 1) return undefined;
    }
    return node === ROOT ? undefined : node;
  }

  /** The names of the existing keys right below one, in the order in which the file brings them. */
  childNames(node: number): string[] {
    const names: string[] = [];
    for (let c = this.firstChild.get(node); c !== NONE; c = this.nextSibling.get(c)) {
      if (this.alive.get(c) !== 1) continue;
      if (c === LOCAL_SYSTEM) names.push(LOCAL_SYSTEM_ALIAS, LOCAL_SYSTEM_SID);
      else names.push(this.text(this.nameStart.get(c), this.nameEnd.get(c)));
    }
    return names;
  }

  /** Where a key's values stand, as pairs of begin and end, in file order. */
  bodies(node: number): (readonly [start: number, end: number])[] {
    const found: [number, number][] = [];
    for (let s = this.firstSection.get(node); s !== NONE; s = this.nextSection.get(s)) {
      found.push([this.bodyStart.get(s), this.bodyEnd.get(s)]);
    }
    return found;
  }

  private nodeOfText(start: number, end: number): number {
    const { units, lastEnds, lastNodes } = this;
    let depth = 0;
    let from = start;
    // How many whole components does this path share with the one before?
    for (let i = start; depth < lastEnds.length; i += 1) {
      const ends = i === end || units[i] === BACKSLASH;
      if (i - start === lastEnds[depth]) {
        if (!ends) break;
        depth += 1;
        from = i + 1;
        if (i === end) break;
      } else if (ends) break;
      if (units[i] !== units[this.lastPath + i - start]) break;
    }
    let node = depth === 0 ? ROOT : (lastNodes[depth - 1] ?? ROOT);
    lastEnds.length = lastNodes.length = depth;
    while (from <= end) {
      let to = from;
      while (to < end && units[to] !== BACKSLASH) to += 1;
      let known = node === ROOT ? hiveNode(this.text(from, to)) : NONE;
      if (known === NONE) known = this.child(node, units, from, to);
      node = known === NONE ? this.addHashed(node, from, to) : known;
      lastEnds.push(to - start);
      lastNodes.push(node);
      from = to + 1;
    }
    this.lastPath = start;
    return node;
  }

  private child(parent: number, units: Uint16Array, start: number, end: number): number {
    if (parent === USERS && isLocalSystem(units.subarray(start, end))) return LOCAL_SYSTEM;
    const hash = hashOf(parent, units, start, end);
    const mask = this.table.length - 1;
    for (let slot = hash & mask; ; slot = (slot + 1) & mask) {
      const node = (this.table[slot] ?? 0) - 1;
      if (node === NONE) return NONE;
      if (this.hash.get(node) !== hash || this.parent.get(node) !== parent) continue;
      if (this.isNamed(node, units, start, end)) return node;
    }
  }

  /** Whether a key's own name is the one that stands in `units` from `start` to `end`. */
  private isNamed(node: number, units: Uint16Array, start: number, end: number): boolean {
    const at = this.nameStart.get(node);
    if (end - start !== this.nameEnd.get(node) - at) return false;
    for (let i = 0; i < end - start; i += 1) {
      const x = this.units[at + i] ?? 0;
      const y = units[start + i] ?? 0;
      if (x !== y && foldUnit(x) !== foldUnit(y)) return false;
    }
    return true;
  }

  private addHashed(parent: number, start: number, end: number): number {
    const node = this.addNode(parent, start, end);
    this.hash.set(node, hashOf(parent, this.units, start, end));
    this.hashed += 1;
    if (this.hashed * 2 > this.table.length) {
      this.table = new Int32Array(this.table.length * 2);
      for (let n = LOCAL_SYSTEM + 1; n < node; n += 1) this.insert(n);
    }
    this.insert(node);
    return node;
  }

  private insert(node: number): void {
    const mask = this.table.length - 1;
    let slot = this.hash.get(node) & mask;
    while (this.table[slot] !== 0) slot = (slot + 1) & mask;
    this.table[slot] = node + 1;
  }

  private addNode(parent: number, start: number, end: number): number {
    const node = this.nodes;
    this.nodes += 1;
    this.parent.set(node, parent);
    this.nameStart.set(node, start);
    this.nameEnd.set(node, end);
    for (const column of [
      this.firstChild,
      this.lastChild,
      this.nextSibling,
      this.firstSection,
      this.lastSection,
    ]) {
      column.set(node, NONE);
    }
    this.alive.set(node, 0);
    if (parent === NONE) return node;
    const last = this.lastChild.get(parent);
    if (last === NONE) this.firstChild.set(parent, node);
    else this.nextSibling.set(last, node);
    this.lastChild.set(parent, node);
    return node;
  }

  private text(start: number, end: number): string {
    const { buffer, byteOffset } = this.units;
    return Buffer.from(buffer, byteOffset + start * 2, (end - start) * 2).toString('utf16le');
  }
}

/** The node of a hive by its long or short name. A root that Windows does not know is kept in the text, but not read. */
function hiveNode(name: string): number {
  const hive = longHiveName(name);
  return hive === undefined ? NONE : 1 + HIVES.indexOf(hive);
}

function hashOf(parent: number, units: Uint16Array, start: number, end: number): number {
  let hash = Math.imul(parent + 1, 0x9e3779b1);
  for (let i = start; i < end; i += 1) hash = Math.imul(hash ^ foldUnit(units[i] ?? 0), 0x01000193);
  return hash ^ (hash >>> 15);
}

function isLocalSystem(name: Uint16Array): boolean {
  if (name.length !== LOCAL_SYSTEM_SID.length) return false;
  const folded = foldName(String.fromCharCode(...name));
  return folded === LOCAL_SYSTEM_SID || folded === LOCAL_SYSTEM_ALIAS;
}
