/** Reads a journal from its first line to its last and says where it is not as it was written. */
import { open, readdir } from 'node:fs/promises';
import path from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { systemCodeOf } from '../lib/errors';
import { type Anchor, readAnchor } from './anchor';
import { type ChainedLine, GENESIS } from './chain';
import { ANCHOR_NAME } from './journalFolder';
import { segmentPath, segmentsAmong } from './sealedSegments';
import { linesOf, readWhole, segmentName } from './segment';

/** Something that is not as it was written. */
export interface JournalFault {
  /** The file's name. */
  readonly file: string;
  /** Counted from 1; null for a fault of the file as a whole. */
  readonly line: number | null;
  readonly detail: string;
}

/** What came of reading it all. */
export interface JournalVerdict {
  /** Lines that are whole. */
  readonly entries: number;
  /** The hash of the last of them. */
  readonly lastHash: string;
  /** Empty: nothing was changed, taken out, put in or cut off. {@link MAX_FAULTS} at most. */
  readonly faults: readonly JournalFault[];
  /** Lines that a killed append left. The chain goes on behind them, so that nothing is missing. */
  readonly torn: readonly JournalFault[];
}

/** Takes an entry that is whole, in the order of the journal, and its text to the byte. */
export type OnEntry = (entry: unknown, text: string) => void;

/** How many faults are told: whoever finds these needs no more. */
export const MAX_FAULTS = 100;

/**
 * Verifies the journal in `folder`, also while a service writes it. Rejects with the system's error when the folder cannot
 * be read; a file that cannot be read is a fault.
 */
export async function verifyJournal(
  folder: string,
  onEntry: OnEntry = () => undefined,
): Promise<JournalVerdict> {
  // First, since the service may append meanwhile: then the lines are ahead of it, and never behind.
  const anchor = await readAnchor(path.join(folder, ANCHOR_NAME));
  const firsts = segmentsAmong(await readdir(folder));
  const walk = new Walk(onEntry, anchor);
  for (const firstSeq of firsts) {
    const name = segmentName(firstSeq);
    try {
      walk.file(name, firstSeq, await readFileWhole(segmentPath(folder, firstSeq)));
    } catch (error) {
      walk.fault(name, null, `the file cannot be read (${systemCodeOf(error) ?? 'unknown reason'})`);
    }
  }
  // Its very first entry stands in the file for a moment before there is an anchor.
  if (anchor === null) walk.late = await lateAnchor(path.join(folder, ANCHOR_NAME));
  return walk.end(firsts.length === 0 ? ANCHOR_NAME : segmentName(firsts.at(-1) ?? 1));
}

const LATE_MS = 200;

/** The state of the walk: how far the chain has been followed. */
class Walk {
  /** An anchor that has come meanwhile. */
  late: Anchor | null = null;
  private entries = 0;
  private seq = 0;
  private hash = GENESIS;
  private readonly faults: JournalFault[] = [];
  private torn: JournalFault[] = [];
  private readonly tornSafe: JournalFault[] = [];

  constructor(
    private readonly onEntry: OnEntry,
    private readonly anchor: Anchor | null,
  ) {}

  fault(file: string, line: number | null, detail: string): void {
    if (this.faults.length < MAX_FAULTS) this.faults.push({ file, line, detail });
  }

  file(name: string, firstSeq: number, bytes: Buffer): void {
    if (firstSeq !== this.seq + 1) {
      this.fault(name, null, `it begins with entry ${firstSeq}, and entry ${this.seq + 1} was expected`);
    }
    for (const { number, parsed } of linesOf(bytes)) {
      if (parsed === 'torn')
        this.torn.push({ file: name, line: number, detail: 'it is no line of the journal' });
      else if (parsed === 'changed')
        this.fault(name, number, 'it was changed: its hash does not fit what it says');
      else this.line(name, number, parsed);
    }
  }

  private line(file: string, number: number, line: ChainedLine): void {
    if (line.seq === this.seq + 1 && line.prev === this.hash) {
      this.tornSafe.push(...this.torn);
    } else {
      this.tornIsFault();
      this.fault(file, number, this.gap(line.seq));
    }
    this.torn = [];
    this.entries += 1;
    this.seq = line.seq;
    this.hash = line.hash;
    this.onEntry(line.entry, line.text);
  }

  /** Where an entry is missing, what is no line was one. */
  private tornIsFault(): void {
    for (const { file, line } of this.torn)
      this.fault(file, line, 'it was changed: it is no line of the journal any more');
    this.torn = [];
  }

  private gap(seq: number): string {
    if (seq === this.seq + 2) return `entry ${this.seq + 1} is missing before it`;
    if (seq > this.seq + 1) return `entries ${this.seq + 1} to ${seq - 1} are missing before it`;
    if (seq <= this.seq) return `entry ${seq} stands behind entry ${this.seq}: it was put in or moved`;
    return `the entry before it is not the one that it was written behind`;
  }

  end(lastFile: string): JournalVerdict {
    if (this.anchor !== null && this.anchor.seq > this.seq) {
      const [first, last] = [this.seq + 1, this.anchor.seq];
      const what = first === last ? `entry ${last} was` : `entries ${first} to ${last} were`;
      this.tornIsFault();
      this.fault(lastFile, null, `the end is missing: ${what} written`);
    } else if (this.anchor !== null && this.anchor.seq === this.seq && this.anchor.hash !== this.hash) {
      this.fault(lastFile, null, 'the last entry is not the one that was written last');
    } else if (this.anchor === null && this.late === null && this.entries > 1) {
      // The first line may have come before its anchor, when the process was killed there.
      this.fault(ANCHOR_NAME, null, 'it is missing or damaged, so that a missing end could not be told');
    }
    const torn = [...this.tornSafe, ...this.torn];
    return { entries: this.entries, lastHash: this.hash, faults: this.faults, torn };
  }
}

async function lateAnchor(location: string): Promise<Anchor | null> {
  const anchor = await readAnchor(location);
  if (anchor !== null) return anchor;
  await pause(LATE_MS);
  return readAnchor(location);
}

async function readFileWhole(location: string): Promise<Buffer> {
  const file = await open(location, 'r');
  try {
    return await readWhole(file);
  } finally {
    await file.close();
  }
}
