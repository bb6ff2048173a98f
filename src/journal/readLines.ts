/** Entries read from where a table says that they stand. */
import type { FileHandle } from 'node:fs/promises';
import type { Logger } from '../lib/logger';
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
  readonly logger: Logger;
}

/** The table does not fit its file: it is to be made anew. */
export const STALE = Symbol('stale');

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
}

/** Where entries are chosen. */
const READ_AT_ONCE = 64;

/** The newest entries of a file that are asked for. Rejects with the system's error. */
export async function newestBelow<Entry extends JournalEntry>(
  readable: Readable,
  asked: Asked<Entry>,
  reading: Reading<Entry>,
): Promise<PagePart<Entry> | typeof STALE> {
  const { table } = readable;
  const entries: Entry[] = [];
  let { next } = asked;
  let looked = 0;
  let end = table.countBelow(next);
  while (end > 0 && entries.length < asked.wanted && looked < asked.look) {
    const many = asked.accepts === undefined ? asked.wanted - entries.length : READ_AT_ONCE;
    const begin = Math.max(0, end - many);
    const read = await readRange(readable, { begin, end }, reading);
    if (read === STALE) return STALE;
    for (; end > begin && entries.length < asked.wanted && looked < asked.look; end -= 1) {
      const entry = read[end - 1 - begin];
      if (entry !== undefined && (asked.accepts?.(entry) ?? true)) entries.push(entry);
      next = table.at(end - 1).seq;
      looked += 1;
    }
  }
  return { entries, next, more: end > 0, looked };
}

/** The newest entry of a file that has this id. Rejects with the system's error. */
export async function entryWithId<Entry extends JournalEntry>(
  readable: Readable,
  id: string,
  reading: Reading<Entry>,
): Promise<Entry | undefined | typeof STALE> {
  for (const at of readable.table.withId(id)) {
    const read = await readRange(readable, { begin: at, end: at + 1 }, reading);
    if (read === STALE) return STALE;
    if (read[0]?.id === id) return read[0];
  }
  return undefined;
}

/** The entries of a range, read in one go; undefined, and logged, for a line that has been changed. */
async function readRange<Entry extends JournalEntry>(
  { file, table, made }: Readable,
  { begin, end }: { readonly begin: number; readonly end: number },
  { isEntry, logger }: Reading<Entry>,
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
    if (!fits) logger.error('a journal entry has been changed; it is passed over', { seq });
    entries.push(fits ? line.entry : undefined);
  }
  return entries;
}
