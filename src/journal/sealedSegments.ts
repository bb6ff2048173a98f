/** The journal's files that are full: what each holds is noted once, so that a start need not read them. */
import { hash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { writeFileDurably } from '../lib/durableFile';
import { systemCodeOf } from '../lib/errors';
import type { Logger } from '../lib/logger';
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

/** Their file. */
export const NOTES = 'sealed.json';

/**
 * The notes of `folder`, by the number of the file's first line; undefined when there are none or they are not as they were
 * written: then they are made again.
 */
export async function readSealedNotes(folder: string): Promise<Map<number, SealedSegment> | undefined> {
  try {
    const { sha256, files } = JSON.parse(await readFile(path.join(folder, NOTES), 'utf8')) as {
      readonly sha256?: unknown;
      readonly files?: unknown;
    };
    if (!Array.isArray(files) || !files.every(isSealed) || sha256 !== hashOf(files)) return undefined;
    return new Map(files.map((one) => [one.firstSeq, one]));
  } catch {
    return undefined;
  }
}

/** Writes the notes durably. They can be made again, so that a failure is logged and is none. */
export async function writeSealedNotes(
  folder: string,
  files: readonly SealedSegment[],
  logger: Logger,
): Promise<void> {
  try {
    const text = JSON.stringify({ sha256: hashOf(files), files }, null, 1) + '\n';
    await writeFileDurably(path.join(folder, NOTES), text);
  } catch (error) {
    logger.warn('what the full files of the journal hold could not be noted; the next start reads them', {
      file: NOTES,
      reason: systemCodeOf(error) ?? 'unknown reason',
    });
  }
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

/** A note that was changed would have the journal go on with a wrong number, or pass over a file that has what is looked for. */
function hashOf(files: readonly SealedSegment[]): string {
  return hash('sha256', JSON.stringify(files), 'hex');
}
