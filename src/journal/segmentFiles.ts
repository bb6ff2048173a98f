/** The journal's files, opened and read. */
import { constants } from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';
import path from 'node:path';
import type { Logger } from '../lib/logger';
import type { JournalEntry } from './journal';
import type { LineTable } from './lineTable';
import {
  NOTES,
  readSealedNotes,
  type SealedSegment,
  sealedNote,
  segmentPath,
  writeSealedNotes,
} from './sealedSegments';
import { indexSegment, readWhole, type SegmentIndex, segmentName } from './segment';

/** Whether a parsed value is an entry of this journal. */
export type EntryGuard<Entry> = (value: unknown) => value is Entry;

/** What a journal needs besides its folder. */
export interface JournalParts<Entry> {
  readonly logger: Logger;
  readonly isEntry: EntryGuard<Entry>;
  /** Above it a new file is begun; 4 MiB unless stated. */
  readonly segmentBytes?: number;
  /** How many entries a page of chosen ones may look at; 5,000 unless stated. */
  readonly lookAtMost?: number;
  /** How many bytes of lines a page may have, unless it is of one entry; 1 MiB unless stated. */
  readonly pageBytes?: number;
  /** How many full files are kept beside the one that is written; all unless stated. */
  readonly fullFilesKept?: number;
}

/** The file that is written. */
export interface OpenSegment {
  readonly file: FileHandle;
  readonly firstSeq: number;
  readonly table: LineTable;
  /** The smallest and the largest id; undefined without a line. */
  ids: { readonly minId: string; readonly maxId: string } | undefined;
  size: number;
}

/** Opens a file to read and write, or makes it. Not to append: Windows lets nobody shorten such a file. */
export function openForWriting(location: string): Promise<FileHandle> {
  return open(location, constants.O_RDWR | constants.O_CREAT, 0o600);
}

/** Writes all bytes at a place. Rejects with the system's error, with any number of them written. */
export async function writeAt(file: FileHandle, bytes: Uint8Array, position: number): Promise<void> {
  for (let done = 0; done < bytes.length;) {
    done += (await file.write(bytes, done, bytes.length - done, position + done)).bytesWritten;
  }
}

/** Opens the file that is written, or makes it, and indexes it. Rejects with the system's error. */
export async function openSegment<Entry extends JournalEntry>(
  location: string,
  firstSeq: number,
  { logger, isEntry }: JournalParts<Entry>,
): Promise<{
  readonly segment: OpenSegment;
  readonly last: SegmentIndex['last'];
  /** How many lines cannot be used. */
  readonly damaged: number;
}> {
  const file = await openForWriting(location);
  try {
    // A line that a killed process left may be read before it is on the disk, and others rely on what is found.
    await file.datasync();
    const bytes = await readWhole(file);
    const { table, minId, maxId, last, damaged } = indexSegment(bytes, isEntry);
    if (damaged.length > 0) tellDamage(logger, location, damaged.length);
    const ids = last === null ? undefined : { minId, maxId };
    return { segment: { file, firstSeq, table, ids, size: bytes.length }, last, damaged: damaged.length };
  } catch (error) {
    await file.close();
    throw error;
  }
}

/** What is noted of the full files; a file without a note is read. Rejects with the system's error. */
export async function sealedSegments<Entry extends JournalEntry>(
  folder: string,
  firsts: readonly number[],
  parts: JournalParts<Entry>,
): Promise<readonly SealedSegment[]> {
  const noted = await readSealedNotes(folder);
  if (noted === undefined && firsts.length > 0) {
    parts.logger.warn(
      'the notes on the full files of the journal are missing or not as they were written; they are made again',
      {
        file: NOTES,
      },
    );
  }
  const notes = noted ?? new Map<number, SealedSegment>();
  const missing = firsts.filter((firstSeq) => !notes.has(firstSeq));
  for (const firstSeq of missing) {
    const { sizeBytes, ...index } = await readIndex(segmentPath(folder, firstSeq), parts);
    notes.set(firstSeq, sealedNote(firstSeq, index, sizeBytes));
  }
  const sealed = firsts.map((firstSeq) => notes.get(firstSeq)).filter((one) => one !== undefined);
  if (missing.length > 0) await writeSealedNotes(folder, sealed, parts.logger);
  return sealed;
}

/** Says where entries are missing between the files; `next` is the first line of the file that is written. */
export function tellGaps(sealed: readonly SealedSegment[], next: number, logger: Logger): void {
  for (const [at, { lastSeq }] of sealed.entries()) {
    const firstSeq = sealed[at + 1]?.firstSeq ?? next;
    if (firstSeq <= lastSeq + 1) continue;
    logger.error('the journal lacks entries before one of its files', {
      file: segmentName(firstSeq),
      from: lastSeq + 1,
      to: firstSeq - 1,
    });
  }
}

/** Reads and indexes a full file. Rejects with the system's error. */
export async function readIndex<Entry extends JournalEntry>(
  location: string,
  { logger, isEntry }: JournalParts<Entry>,
): Promise<SegmentIndex & { readonly sizeBytes: number }> {
  const file = await open(location, 'r');
  try {
    const bytes = await readWhole(file);
    const index = indexSegment(bytes, isEntry);
    if (index.damaged.length > 0) tellDamage(logger, location, index.damaged.length);
    return { ...index, sizeBytes: bytes.length };
  } finally {
    await file.close();
  }
}

function tellDamage(logger: Logger, location: string, damaged: number): void {
  logger.error('the journal has lines that cannot be used; they are passed over', {
    file: path.basename(location),
    damaged,
  });
}

/** Whether its last line has no end. Rejects with the system's error. */
export async function endsTorn({ file, size }: OpenSegment): Promise<boolean> {
  if (size === 0) return false;
  const last = Buffer.alloc(1);
  await file.read(last, 0, 1, size - 1);
  return last[0] !== 0x0a;
}
