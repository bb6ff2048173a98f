/** The journal's full files, open for reading, each with the table of its lines: from `<file>.index`, else made from it. */
import { open, readFile, rm } from 'node:fs/promises';
import { writeFileDurably } from '../lib/durableFile';
import type { JournalEntry } from './journal';
import { LineTable } from './lineTable';
import type { Readable } from './readLines';
import { type SealedSegment, segmentPath } from './sealedSegments';
import { type JournalParts, readIndex } from './segmentFiles';

/** A gigabyte of journal. */
const FILES_KEPT = 256;
/** At twenty bytes a line, their tables take up to 30 MB. */
const LINES_KEPT = 1_500_000;

/** The full files of one journal, the last ones used kept open. */
export class FullFiles<Entry extends JournalEntry> {
  private readonly kept = new Map<number, { readonly opened: Promise<Readable>; lines: number }>();

  /** How many lines cannot be used, by file, for those that this process has read whole. */
  private readonly damagedLines = new Map<number, number>();

  constructor(
    private readonly folder: string,
    private readonly parts: JournalParts<Entry>,
  ) {}

  /** How many lines cannot be used, as far as the files have been read. */
  get damaged(): number {
    return [...this.damagedLines.values()].reduce((sum, count) => sum + count, 0);
  }

  /** A file with its table. Rejects with the system's error. */
  get(segment: SealedSegment): Promise<Readable> {
    const known = this.kept.get(segment.firstSeq);
    if (known === undefined) return this.keep(segment, this.open(segment));
    // Now the last one used.
    this.kept.delete(segment.firstSeq);
    this.kept.set(segment.firstSeq, known);
    return known.opened;
  }

  /** As {@link get}, with a table that is made from the file. */
  renew(segment: SealedSegment): Promise<Readable> {
    this.forget(segment.firstSeq);
    return this.keep(segment, this.openAndMake(segment));
  }

  /** Takes over a file that is full now. */
  async take(segment: SealedSegment, { file, table }: Omit<Readable, 'made'>): Promise<void> {
    await this.store(segment, table);
    void this.keep(segment, Promise.resolve({ file, table, made: true }));
  }

  /** Deletes a file. One that cannot be deleted is found by the next start, and goes later. */
  async remove({ firstSeq }: SealedSegment): Promise<void> {
    this.forget(firstSeq);
    const files = [this.indexOf(firstSeq), segmentPath(this.folder, firstSeq)];
    for (const file of files) await rm(file, { force: true }).catch(() => undefined);
  }

  /** Closes the files. */
  async close(): Promise<void> {
    const opened = [...this.kept.values()].map((one) => one.opened);
    this.kept.clear();
    for (const one of opened) await one.then(({ file }) => file.close()).catch(() => undefined);
  }

  /** The table can be made again, so that a failure to write it is none. */
  private async store({ firstSeq, sizeBytes }: SealedSegment, table: LineTable): Promise<void> {
    await writeFileDurably(this.indexOf(firstSeq), table.format(sizeBytes)).catch(() => undefined);
  }

  private async open(segment: SealedSegment): Promise<Readable> {
    const bytes = await readFile(this.indexOf(segment.firstSeq)).catch(() => undefined);
    const table = bytes && LineTable.parse(bytes, segment.sizeBytes);
    if (table === undefined) return this.openAndMake(segment);
    return { file: await open(segmentPath(this.folder, segment.firstSeq), 'r'), table, made: false };
  }

  private async openAndMake(segment: SealedSegment): Promise<Readable> {
    const location = segmentPath(this.folder, segment.firstSeq);
    const { table, sizeBytes, damaged } = await readIndex(location, this.parts);
    this.damagedLines.set(segment.firstSeq, damaged.length);
    if (sizeBytes === segment.sizeBytes) await this.store(segment, table);
    return { file: await open(location, 'r'), table, made: true };
  }

  private keep({ firstSeq }: SealedSegment, opened: Promise<Readable>): Promise<Readable> {
    const one = { opened, lines: 0 };
    this.kept.set(firstSeq, one);
    opened.then(
      ({ table }) => {
        one.lines = table.size;
        this.makeRoom();
      },
      () => {
        if (this.kept.get(firstSeq) === one) this.kept.delete(firstSeq);
      },
    );
    return opened;
  }

  private makeRoom(): void {
    let lines = 0;
    for (const one of this.kept.values()) lines += one.lines;
    for (const [firstSeq, one] of this.kept) {
      if (this.kept.size <= FILES_KEPT && lines <= LINES_KEPT) return;
      lines -= one.lines;
      this.forget(firstSeq);
    }
  }

  /** Reads that are under way are finished before it is closed. */
  private forget(firstSeq: number): void {
    const one = this.kept.get(firstSeq);
    this.kept.delete(firstSeq);
    void one?.opened.then(({ file }) => file.close()).catch(() => undefined);
  }

  private indexOf(firstSeq: number): string {
    return segmentPath(this.folder, firstSeq).replace(/\.jsonl$/, '.index');
  }
}
