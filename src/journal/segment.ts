/** One file of the journal, read and indexed. */
import type { FileHandle } from 'node:fs/promises';
import { type ChainedLine, type LineProblem, parseLine } from './chain';
import { LineTable } from './lineTable';

const NEWLINE = 0x0a;

/** A line that cannot be used; `line` is counted from 1. */
export interface DamagedLine {
  readonly line: number;
  readonly problem: LineProblem;
}

/** What a file holds. */
export interface SegmentIndex {
  readonly table: LineTable;
  /** The smallest and the largest id; empty without a line. */
  readonly minId: string;
  readonly maxId: string;
  /** The last line that can be used, in the order of the file; null without one. */
  readonly last: { readonly seq: number; readonly hash: string } | null;
  readonly damaged: readonly DamagedLine[];
}

/** The name of the file whose first line has this number. */
export function segmentName(firstSeq: number): string {
  return `${String(firstSeq).padStart(15, '0')}.jsonl`;
}

/** The number of the first line of a file of this name; undefined for another name. */
export function firstSeqOf(name: string): number | undefined {
  const digits = /^(\d{15})\.jsonl$/.exec(name)?.[1];
  return digits === undefined ? undefined : Number(digits);
}

/** Each line of a file with its number, counted from 1, and where it stands. Empty lines are left out. */
export function* linesOf(bytes: Buffer): Generator<{
  readonly number: number;
  readonly offset: number;
  readonly length: number;
  readonly parsed: ChainedLine | LineProblem;
}> {
  let number = 0;
  for (let offset = 0; offset < bytes.length;) {
    number += 1;
    const newline = bytes.indexOf(NEWLINE, offset);
    const end = newline < 0 ? bytes.length : newline;
    if (end > offset) {
      const parsed = parseLine(bytes.toString('utf8', offset, end));
      yield { number, offset, length: end - offset, parsed };
    }
    offset = end + 1;
  }
}

/** Indexes a file's bytes. A line whose entry `isEntry` does not take counts as changed. */
export function indexSegment(
  bytes: Buffer,
  isEntry: (value: unknown) => value is { id: string },
): SegmentIndex {
  const table = new LineTable();
  const damaged: DamagedLine[] = [];
  let ids: { readonly minId: string; readonly maxId: string } | undefined;
  let last: SegmentIndex['last'] = null;
  for (const { number, offset, length, parsed } of linesOf(bytes)) {
    if (typeof parsed === 'string') damaged.push({ line: number, problem: parsed });
    else if (!isEntry(parsed.entry)) damaged.push({ line: number, problem: 'changed' });
    else {
      const { id } = parsed.entry;
      table.add({ seq: parsed.seq, offset, length }, id);
      ids = widened(ids, id);
      last = { seq: parsed.seq, hash: parsed.hash };
    }
  }
  return { table, minId: ids?.minId ?? '', maxId: ids?.maxId ?? '', last, damaged };
}

/** The smallest and the largest id, with one more: ids begin with the time, which may have been set back. */
export function widened(
  ids: { readonly minId: string; readonly maxId: string } | undefined,
  id: string,
): { readonly minId: string; readonly maxId: string } {
  if (ids === undefined || ids.maxId === '') return { minId: id, maxId: id };
  return { minId: id < ids.minId ? id : ids.minId, maxId: id > ids.maxId ? id : ids.maxId };
}

/** Reads a whole file from its beginning, wherever its handle stands. */
export async function readWhole(file: FileHandle): Promise<Buffer> {
  const { size } = await file.stat();
  const bytes = Buffer.alloc(size);
  let at = 0;
  while (at < size) {
    const { bytesRead } = await file.read(bytes, at, size - at, at);
    if (bytesRead === 0) break;
    at += bytesRead;
  }
  return bytes.subarray(0, at);
}
