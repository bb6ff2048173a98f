/** Entries read from where a table says that they stand. */
import type { FileHandle } from 'node:fs/promises';
import { parseLine } from './chain';
import type { JournalEntry } from './journal';
import type { LineTable } from './lineTable';
import type { EntryGuard } from './segmentFiles';

/** A file of the journal, open, and where its lines stand. */
export interface Readable {
  readonly file: FileHandle;
  readonly table: LineTable;
  /** Whether this process made the table from the file. Otherwise it may not fit. */
  readonly made: boolean;
}

/** What is read with. */
export interface Reading<Entry> {
  readonly isEntry: EntryGuard<Entry>;
  /** Told of each line that is not as it was when the table was made. */
  readonly changed: (seq: number) => void;
}

/** The table does not fit its file: it is to be made anew. */
export const STALE = Symbol('stale');

/** An entry with the number of its line. */
export interface Numbered<Entry> {
  readonly seq: number;
  readonly entry: Entry;
}

/** Some entries of one file. */
export interface PagePart<Entry> {
  /** Newest first. */
  readonly entries: readonly Entry[];
  /** The number of the last line that was looked at; what was asked for when there was none. */
  readonly next: number;
  /** Whether the file has older lines. */
  readonly more: boolean;
  /** How many lines were looked at. */
  readonly looked: number;
  /** How many bytes the lines of the entries have. */
  readonly bytes: number;
  /** Whether one is missing, or cannot be used, among those that were looked at. */
  readonly lacking: boolean;
}

/** Which entries are asked for. */
export interface Asked<Entry> {
  /** Those whose numbers are smaller. */
  readonly next: number;
  /** How many at most. */
  readonly wanted: number;
  /** Those that it is true of; all unless stated. */
  readonly accepts?: (entry: Entry) => boolean;
  /** How many lines to look at, at most. */
  readonly look: number;
  /** How many bytes of lines to give, at most, but for one entry where there is none yet. */
  readonly bytes: number;
  /** How many entries there are already. */
  readonly have: number;
}

/** Where entries are chosen. */
const READ_AT_ONCE = 64;
/** Of one read: lines may have half a megabyte each. */
const READ_BYTES = 1024 * 1024;

/** The newest entries of a file that are asked for. Rejects with the system's error. */
export async function newestBelow<Entry extends JournalEntry>(
  readable: Readable,
  asked: Asked<Entry>,
  reading: Reading<Entry>,
): Promise<PagePart<Entry> | typeof STALE> {
  const { table } = readable;
  const entries: Entry[] = [];
  let { next } = asked;
  let [looked, bytes] = [0, 0];
  let lacking = false;
  let end = table.countBelow(next);
  const isFull = (): boolean => entries.length >= asked.wanted || looked >= asked.look;
  while (end > 0 && !isFull()) {
    const begin = beginOfRange(
      table,
      end,
      asked.accepts === undefined ? asked.wanted - entries.length : READ_AT_ONCE,
    );
    const read = await readRange(readable, { begin, end }, reading);
    if (read === STALE) return STALE;
    for (; end > begin && !isFull(); end -= 1) {
      const entry = read[end - 1 - begin];
      const { seq, length } = table.at(end - 1);
      if (entry !== undefined && (asked.accepts?.(entry) ?? true)) {
        const isFirst = asked.have + entries.length === 0;
        if (!isFirst && bytes + length > asked.bytes)
          return { entries, next, more: true, looked, bytes, lacking };
        entries.push(entry);
        bytes += length;
      }
      lacking ||= entry === undefined || seq !== next - 1;
      next = seq;
      looked += 1;
    }
  }
  return { entries, next, more: end > 0, looked, bytes, lacking };
}

/** As many lines as are read in one go, one at least. */
function beginOfRange(table: LineTable, end: number, many: number): number {
  let begin = end - 1;
  for (let bytes = table.at(begin).length; begin > 0 && end - begin < many; begin -= 1) {
    bytes += table.at(begin - 1).length;
    if (bytes > READ_BYTES) break;
  }
  return begin;
}

/**
 * The oldest entries of a file whose numbers are larger than `last`, at most `wanted`, oldest first. Rejects with the
 * system's error.
 */
export async function oldestAbove<Entry extends JournalEntry>(
  readable: Readable,
  asked: { readonly last: number; readonly wanted: number },
  reading: Reading<Entry>,
): Promise<readonly Numbered<Entry>[] | typeof STALE> {
  const { table } = readable;
  const entries: Numbered<Entry>[] = [];
  for (let begin = table.countBelow(asked.last + 1); begin < table.size && entries.length < asked.wanted;) {
    const end = Math.min(table.size, begin + asked.wanted - entries.length);
    const read = await readRange(readable, { begin, end }, reading);
    if (read === STALE) return STALE;
    for (const [at, entry] of read.entries()) {
      if (entry !== undefined) entries.push({ seq: table.at(begin + at).seq, entry });
    }
    begin = end;
  }
  return entries;
}

/** The newest entry of a file that has this id, with its number. Rejects with the system's error. */
export async function entryWithId<Entry extends JournalEntry>(
  readable: Readable,
  id: string,
  reading: Reading<Entry>,
): Promise<Numbered<Entry> | undefined | typeof STALE> {
  for (const at of readable.table.withId(id)) {
    const read = await readRange(readable, { begin: at, end: at + 1 }, reading);
    if (read === STALE) return STALE;
    if (read[0]?.id === id) return { seq: readable.table.at(at).seq, entry: read[0] };
  }
  return undefined;
}

/** The entries of a range, read in one go; undefined, and told, for a line that has been changed. */
async function readRange<Entry extends JournalEntry>(
  { file, table, made }: Readable,
  { begin, end }: { readonly begin: number; readonly end: number },
  { isEntry, changed }: Reading<Entry>,
): Promise<readonly (Entry | undefined)[] | typeof STALE> {
  const places = Array.from({ length: end - begin }, (_, at) => table.at(begin + at));
  const from = places.reduce((least, { offset }) => Math.min(least, offset), Infinity);
  const to = places.reduce((most, { offset, length }) => Math.max(most, offset + length), 0);
  const bytes = Buffer.allocUnsafe(to - from);
  const { bytesRead } = await file.read(bytes, 0, bytes.length, from);
  const entries: (Entry | undefined)[] = [];
  for (const { seq, offset, length } of places) {
    const at = offset - from;
    const line = at + length > bytesRead ? 'torn' : parseLine(bytes.toString('utf8', at, at + length));
    const fits = typeof line !== 'string' && line.seq === seq && isEntry(line.entry);
    if (!fits && !made) return STALE;
    if (!fits) changed(seq);
    entries.push(fits ? line.entry : undefined);
  }
  return entries;
}
