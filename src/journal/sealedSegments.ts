/** The journal's files that are full: what each holds is noted once, so that a start need not read them. */
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { writeFileDurably } from '../lib/durableFile';
import { GENESIS } from './chain';
import { firstSeqOf, type SegmentIndex, segmentName } from './segment';

/** What is noted of a full file. */
export interface SealedSegment {
  readonly firstSeq: number;
  readonly lastSeq: number;
  /** The smallest and the largest id: ids begin with the time, which may have been set back. */
  readonly minId: string;
  readonly maxId: string;
  /** The hash of its last line. */
  readonly lastHash: string;
  readonly sizeBytes: number;
}

const NOTES = 'sealed.json';

/** The notes of `folder`, by the number of the file's first line. What does not read is left out, and made again. */
export async function readSealedNotes(folder: string): Promise<Map<number, SealedSegment>> {
  try {
    const value: unknown = JSON.parse(await readFile(path.join(folder, NOTES), 'utf8'));
    return new Map(Array.isArray(value) ? value.filter(isSealed).map((one) => [one.firstSeq, one]) : []);
  } catch {
    return new Map();
  }
}

/** Writes the notes durably. Rejects with the system's error. */
export function writeSealedNotes(folder: string, segments: readonly SealedSegment[]): Promise<void> {
  return writeFileDurably(path.join(folder, NOTES), JSON.stringify(segments, null, 1) + '\n');
}

/** The note of a file that has been indexed. */
export function sealedNote(
  firstSeq: number,
  { minId, maxId, last }: Pick<SegmentIndex, 'minId' | 'maxId' | 'last'>,
  sizeBytes: number,
): SealedSegment {
  return {
    firstSeq,
    lastSeq: last?.seq ?? firstSeq - 1,
    minId,
    maxId,
    lastHash: last?.hash ?? GENESIS,
    sizeBytes,
  };
}

/** The files of a journal's folder among other names, oldest first, by the number of their first lines. */
export function segmentsAmong(names: readonly string[]): readonly number[] {
  return names
    .map(firstSeqOf)
    .filter((seq) => seq !== undefined)
    .sort((a, b) => a - b);
}

/** The path of a file. */
export function segmentPath(folder: string, firstSeq: number): string {
  return path.join(folder, segmentName(firstSeq));
}

function isSealed(value: unknown): value is SealedSegment {
  if (typeof value !== 'object' || value === null) return false;
  const { firstSeq, lastSeq, minId, maxId, lastHash, sizeBytes } = value as Partial<
    Record<keyof SealedSegment, unknown>
  >;
  return (
    [firstSeq, lastSeq, sizeBytes].every((number) => Number.isSafeInteger(number)) &&
    [minId, maxId, lastHash].every((text) => typeof text === 'string')
  );
}
