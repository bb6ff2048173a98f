import { type FileHandle, open } from 'node:fs/promises';
import path from 'node:path';
import { decodeCursor, encodeCursor } from '../lib/cursor';
import { syncFolder } from '../lib/durableFile';
import { DomainError, systemCodeOf } from '../lib/errors';
import type { Logger } from '../lib/logger';
import { Mutex } from '../lib/mutex';
import type { Journal, JournalEntry } from './journal';

const NEWLINE = 0x0a;

/** Whether a parsed line is an entry of this journal. */
export type EntryGuard<Entry> = (value: unknown) => value is Entry;

/** Where a line stands in the file. */
interface Line {
  readonly offset: number;
  readonly length: number;
}

/**
 * A journal in one file of JSON lines. An entry is on the disk before `append` resolves; an append that fails leaves no
 * part of a line behind. Lines that cannot be read (torn by a crash, damaged) are logged, left where they are and passed
 * over; the rest still serves.
 */
export class JournalFile<Entry extends JournalEntry> implements Journal<Entry> {
  private readonly lines: Line[] = [];
  private readonly positions = new Map<string, number>();
  private readonly lock = new Mutex();

  private constructor(
    private readonly file: FileHandle,
    private size: number,
    private readonly logger: Logger,
    private readonly isEntry: EntryGuard<Entry>,
  ) {}

  /**
   * Opens (or makes) the file at `location` and indexes it. A line that `isEntry` does not take is one that cannot be read.
   * Errors: `journal-unusable`.
   */
  static async open<Entry extends JournalEntry>(
    location: string,
    logger: Logger,
    isEntry: EntryGuard<Entry>,
  ): Promise<JournalFile<Entry>> {
    const file = await open(location, 'a+', 0o600).catch((error: unknown) => {
      throw unusable(error);
    });
    try {
      await syncFolder(path.dirname(location));
      // A line that a killed process left may be read before it is on the disk, and others rely on what is found.
      await file.datasync();
      const bytes = await file.readFile();
      const journal = new JournalFile<Entry>(file, bytes.length, logger, isEntry);
      journal.index(bytes);
      return journal;
    } catch (error) {
      await file.close();
      throw unusable(error);
    }
  }

  append(entry: Entry): Promise<void> {
    return this.lock.run(async () => {
      const text = JSON.stringify(entry);
      // A torn last line stays as it is; the new entry begins a line of its own.
      const lead = (await this.endsTorn()) ? '\n' : '';
      const bytes = Buffer.from(`${lead}${text}\n`, 'utf8');
      try {
        await this.file.appendFile(bytes);
        await this.file.datasync();
      } catch (cause) {
        await this.file.truncate(this.size).catch(() => undefined);
        // Where even that failed, a torn line stays, and the next entry begins behind it.
        this.size = await this.file.stat().then(
          ({ size }) => size,
          () => this.size,
        );
        throw unavailable(cause);
      }
      this.add(entry.id, { offset: this.size + lead.length, length: bytes.length - lead.length - 1 });
      this.size += bytes.length;
    });
  }

  async find(id: string): Promise<Entry | undefined> {
    const position = this.positions.get(id);
    return position === undefined ? undefined : this.read(position);
  }

  async page({ limit, cursor }: { readonly limit: number; readonly cursor?: string }) {
    const end =
      cursor === undefined
        ? this.lines.length
        : Number(decodeCursor(cursor, (text) => this.isPosition(text)));
    const start = Math.max(0, end - limit);
    const newestFirst = Array.from({ length: end - start }, (_, index) => end - 1 - index);
    const entries = await Promise.all(newestFirst.map((position) => this.read(position)));
    return {
      items: entries.filter((entry) => entry !== undefined),
      next: start > 0 ? encodeCursor(String(start)) : null,
    };
  }

  /** Closes the file. */
  close(): Promise<void> {
    return this.lock.run(() => this.file.close());
  }

  private index(bytes: Buffer): void {
    let damaged = 0;
    for (let offset = 0; offset < bytes.length;) {
      const newline = bytes.indexOf(NEWLINE, offset);
      const end = newline < 0 ? bytes.length : newline;
      const entry = end > offset ? this.parse(bytes.toString('utf8', offset, end)) : undefined;
      if (entry) this.add(entry.id, { offset, length: end - offset });
      else if (end > offset) damaged += 1;
      offset = end + 1;
    }
    if (damaged > 0)
      this.logger.error('the journal has lines that cannot be read; they are passed over', { damaged });
  }

  private add(id: string, line: Line): void {
    this.positions.set(id, this.lines.push(line) - 1);
  }

  private isPosition(text: string): boolean {
    return /^[1-9]\d{0,9}$/.test(text) && Number(text) <= this.lines.length;
  }

  private async read(position: number): Promise<Entry | undefined> {
    const line = this.lines[position];
    if (!line) return undefined;
    const buffer = Buffer.alloc(line.length);
    await this.file.read(buffer, 0, line.length, line.offset);
    const entry = this.parse(buffer.toString('utf8'));
    if (!entry) this.logger.error('a journal entry cannot be read', { position });
    return entry;
  }

  private parse(text: string): Entry | undefined {
    try {
      const value: unknown = JSON.parse(text);
      return this.isEntry(value) ? value : undefined;
    } catch {
      return undefined;
    }
  }

  private async endsTorn(): Promise<boolean> {
    if (this.size === 0) return false;
    const last = Buffer.alloc(1);
    await this.file.read(last, 0, 1, this.size - 1);
    return last[0] !== NEWLINE;
  }
}

function unusable(cause: unknown): DomainError {
  const code = systemCodeOf(cause) ?? 'unknown reason';
  const detail = `the journal cannot be opened (${code}). Check the rights on journal.jsonl in the data folder.`;
  return new DomainError('unavailable', 'journal-unusable', detail, { cause });
}

function unavailable(cause: unknown): DomainError {
  return new DomainError(
    'unavailable',
    'journal-unavailable',
    `the journal could not be written (${systemCodeOf(cause) ?? 'unknown reason'}). Make room and check the rights on the data folder.`,
    { cause },
  );
}
