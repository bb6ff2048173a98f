/**
 * Where the lines of one journal file stand, in twenty bytes a line, so that the tables of a million entries may stay in
 * memory, and one is read from the disk as it is.
 */
import { createHash } from 'node:crypto';

/** What of a line is kept. */
export interface LinePlace {
  readonly seq: number;
  readonly offset: number;
  readonly length: number;
}

const MAGIC = Buffer.from('spjidx2\n', 'latin1');
/** Where the SHA-256 of all but itself stands: a table with a wrong byte would not find a line that is there. */
const HASH_AT = 16;
const HEADER_BYTES = 48;
const LINE_BYTES = 20;
const FIRST_ROOM = 64;

/** The lines of a file by rising number. Lines are found by number, and by the hash of their entries' ids. */
export class LineTable {
  private seqs = new Float64Array(FIRST_ROOM);
  private offsets = new Uint32Array(FIRST_ROOM);
  private lengths = new Uint32Array(FIRST_ROOM);
  private idHashes = new Uint32Array(FIRST_ROOM);
  private count = 0;

  /** How many lines there are. */
  get size(): number {
    return this.count;
  }

  /** Adds a line, in its place: a line that was moved about has a number that does not rise. A number is taken once. */
  add(place: LinePlace, id: string): void {
    const at = this.countBelow(place.seq);
    if (at < this.count && this.seqs[at] === place.seq) return;
    this.makeRoom();
    if (at < this.count) this.shift(at);
    this.seqs[at] = place.seq;
    this.offsets[at] = place.offset;
    this.lengths[at] = place.length;
    this.idHashes[at] = hashOf(id);
    this.count += 1;
  }

  /** The line at a place in the table. */
  at(index: number): LinePlace {
    const seq = this.seqs[index];
    const offset = this.offsets[index];
    const length = this.lengths[index];
    if (index >= this.count || seq === undefined || offset === undefined || length === undefined) {
      throw new RangeError(`the table has ${this.count} lines, and no line ${index}`);
    }
    return { seq, offset, length };
  }

  /** How many lines have a smaller number. */
  countBelow(seq: number): number {
    let low = 0;
    let high = this.count;
    if (high > 0 && (this.seqs[high - 1] ?? 0) < seq) return high;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((this.seqs[middle] ?? 0) < seq) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  /** The lines whose entry may have this id, newest first. */
  *withId(id: string): Generator<number> {
    const hash = hashOf(id);
    for (let at = this.count; ;) {
      at = at === 0 ? -1 : this.idHashes.lastIndexOf(hash, at - 1);
      if (at < 0) return;
      yield at;
    }
  }

  /** As {@link LineTable.parse} takes it. `sizeBytes` is the size of the file that the table is of. */
  format(sizeBytes: number): Buffer {
    const header = Buffer.alloc(HEADER_BYTES);
    MAGIC.copy(header);
    header.writeUInt32LE(this.count, 8);
    header.writeUInt32LE(sizeBytes, 12);
    const columns = [this.seqs, this.offsets, this.lengths, this.idHashes].map((column) => {
      const { buffer, byteOffset } = column;
      return Buffer.from(buffer, byteOffset, this.count * column.BYTES_PER_ELEMENT);
    });
    const bytes = Buffer.concat([header, ...columns]);
    sha256(bytes).copy(bytes, HASH_AT);
    return bytes;
  }

  /** The table in these bytes; undefined when they are of a file of another size, or not as they were written. */
  static parse(bytes: Buffer, sizeBytes: number): LineTable | undefined {
    if (bytes.length < HEADER_BYTES || !bytes.subarray(0, 8).equals(MAGIC)) return undefined;
    const count = bytes.readUInt32LE(8);
    if (bytes.readUInt32LE(12) !== sizeBytes || bytes.length !== HEADER_BYTES + count * LINE_BYTES)
      return undefined;
    if (!bytes.subarray(HASH_AT, HEADER_BYTES).equals(sha256(bytes))) return undefined;
    // A copy, since a column must begin at a multiple of its elements' size.
    const { buffer } = new Uint8Array(bytes);
    const table = new LineTable();
    const columnAt = HEADER_BYTES + count * 8;
    table.seqs = new Float64Array(buffer, HEADER_BYTES, count);
    table.offsets = new Uint32Array(buffer, columnAt, count);
    table.lengths = new Uint32Array(buffer, columnAt + count * 4, count);
    table.idHashes = new Uint32Array(buffer, columnAt + count * 8, count);
    table.count = count;
    return table;
  }

  private makeRoom(): void {
    if (this.count < this.seqs.length) return;
    const room = Math.max(FIRST_ROOM, this.count * 2);
    this.seqs = grown(this.seqs, new Float64Array(room));
    this.offsets = grown(this.offsets, new Uint32Array(room));
    this.lengths = grown(this.lengths, new Uint32Array(room));
    this.idHashes = grown(this.idHashes, new Uint32Array(room));
  }

  private shift(at: number): void {
    for (const column of [this.seqs, this.offsets, this.lengths, this.idHashes]) {
      column.copyWithin(at + 1, at, this.count);
    }
  }
}

function sha256(bytes: Buffer): Buffer {
  return createHash('sha256')
    .update(bytes.subarray(0, HASH_AT))
    .update(bytes.subarray(HEADER_BYTES))
    .digest();
}

function grown<Column extends Float64Array | Uint32Array>(old: Column, wider: Column): Column {
  wider.set(old);
  return wider;
}

/** FNV-1a. Two ids of one hash cost a second look, no more. */
function hashOf(id: string): number {
  let hash = 0x811c9dc5;
  for (let at = 0; at < id.length; at += 1) hash = Math.imul(hash ^ id.charCodeAt(at), 0x01000193);
  return hash >>> 0;
}
