import { mkdir, readdir } from 'node:fs/promises';
import path from 'node:path';
import { decodeCursor, encodeCursor } from '../lib/cursor';
import { removeUnfinishedWrites, syncFolder } from '../lib/durableFile';
import { messageOf } from '../lib/errors';
import { Mutex } from '../lib/mutex';
import { type AnchorFile, anchored, openAnchorFile } from './anchor';
import { formatLine, GENESIS } from './chain';
import { FullFiles } from './fullFiles';
import type { Journal, JournalEntry } from './journal';
import { incomplete, unavailable, untold, unusable } from './journalErrors';
import { LineTable } from './lineTable';
import {
  entryWithId,
  newestBelow,
  type Numbered,
  oldestAbove,
  type Readable,
  type Reading,
  STALE,
} from './readLines';
import {
  type SealedSegment,
  sealedNote,
  segmentPath,
  segmentsAmong,
  writeSealedNotes,
} from './sealedSegments';
import { widened } from './segment';
import {
  type JournalParts,
  type OpenSegment,
  endsTorn,
  openForWriting,
  openSegment,
  sealedSegments,
  tellGaps,
  writeAt,
} from './segmentFiles';

/** The file that tells how far the journal goes. */
export const ANCHOR_NAME = 'anchor';

/** Of a page of chosen entries: nobody can have the whole journal read by one request. */
const LOOK_AT_MOST = 5_000;
/** Of a page: it is put together in memory. */
const PAGE_BYTES = 1024 * 1024;
const SEGMENT_BYTES = 4 * 1024 * 1024;

/** Nobody knows what is in that file. */
const UNREADABLE = Symbol('unreadable');

/** How far the journal goes. */
interface JournalState {
  /** The full files, oldest first. */
  sealed: readonly SealedSegment[];
  /** The file that is written. */
  current: OpenSegment;
  /** The last line that was written. */
  last: { readonly seq: number; readonly hash: string };
  /** How many lines could not be used in the file that was written at the start. */
  readonly damaged: number;
  /** Whether the file may have bytes behind its last line, of an append that failed. */
  unclean: boolean;
}

/**
 * A journal in a folder of JSON-lines files, each line chained to the one before by its hash. An entry, and the anchor that
 * says how far the journal goes, are on the disk before `append` resolves; an append that fails leaves no part of a line
 * behind. A start reads the newest file alone. Lines that cannot be used (torn by a crash, changed) are logged, left where
 * they are and passed over; the rest still serves.
 */
export class JournalFolder<Entry extends JournalEntry> implements Journal<Entry> {
  private readonly lock = new Mutex();
  private readonly full: FullFiles<Entry>;
  private readonly reading: Reading<Entry>;
  /** What was said, so that it is not said at each read: the lines that were changed, the files that cannot be read. */
  private readonly told = { changed: new Set<number>(), unreadable: new Set<number>() };
  private closed = false;

  private constructor(
    private readonly folder: string,
    private readonly parts: JournalParts<Entry>,
    private readonly anchor: AnchorFile,
    private readonly state: JournalState,
  ) {
    this.full = new FullFiles(folder, parts);
    this.reading = {
      isEntry: parts.isEntry,
      changed: (seq) => {
        this.tellChanged(seq);
      },
    };
  }

  /** Opens the journal in `folder`, or makes it. Errors: `journal-unusable`. */
  static async open<Entry extends JournalEntry>(
    folder: string,
    parts: JournalParts<Entry>,
  ): Promise<JournalFolder<Entry>> {
    const opened: { close(): Promise<void> }[] = [];
    try {
      await mkdir(folder, { recursive: true, mode: 0o700 });
      await removeUnfinishedWrites(folder);
      const anchor = await openAnchorFile(path.join(folder, ANCHOR_NAME));
      opened.push(anchor);
      const firsts = segmentsAmong(await readdir(folder));
      const sealed = await sealedSegments(folder, firsts.slice(0, -1), parts);
      const current = await openSegment(segmentPath(folder, firsts.at(-1) ?? 1), firsts.at(-1) ?? 1, parts);
      opened.push(current.segment.file);
      tellGaps(sealed, current.segment.firstSeq, parts.logger);
      await syncFolder(folder);
      const before = sealed.at(-1);
      const last = {
        seq: current.last?.seq ?? before?.lastSeq ?? 0,
        hash: current.last?.hash ?? before?.lastHash ?? GENESIS,
      };
      const end = await anchored(anchor, last, parts.logger);
      return new JournalFolder(folder, parts, anchor, {
        sealed,
        current: current.segment,
        last: end,
        damaged: current.damaged,
        unclean: false,
      });
    } catch (error) {
      for (const one of opened.reverse()) await one.close().catch(() => undefined);
      throw unusable(error);
    }
  }

  append(entry: Entry): Promise<void> {
    return this.lock.run(async () => {
      try {
        // A whole line may be left that was not answered: nothing is written behind it.
        if (this.state.unclean) await this.cutOff();
        if (this.state.current.size >= (this.parts.segmentBytes ?? SEGMENT_BYTES)) await this.beginSegment();
        await this.appendLine(entry);
      } catch (cause) {
        throw unavailable(cause);
      }
    });
  }

  async find(id: string): Promise<Entry | undefined> {
    return (await this.locate(id))?.entry;
  }

  /** The number of an entry's line, or undefined. Errors: `journal-unavailable` when it cannot be told. */
  async numberOf(id: string): Promise<number | undefined> {
    return (await this.locate(id))?.seq;
  }

  /** At most `limit` entries whose numbers are larger than `last`, oldest first. */
  async after(last: number, limit: number): Promise<readonly Numbered<Entry>[]> {
    const entries: Numbered<Entry>[] = [];
    for (const segment of [...this.state.sealed, this.state.current]) {
      if (entries.length >= limit) break;
      if ('sizeBytes' in segment && segment.lastSeq <= last) continue;
      const asked = { last, wanted: limit - entries.length };
      const found = await this.readFrom(segment, (readable) => oldestAbove(readable, asked, this.reading));
      if (found !== undefined && found !== UNREADABLE) entries.push(...found);
    }
    return entries;
  }

  async page(request: Parameters<Journal<Entry>['page']>[0]) {
    const { limit, cursor, accepts, whole = false } = request;
    let look = accepts === undefined ? Infinity : (this.parts.lookAtMost ?? LOOK_AT_MOST);
    let next = cursor === undefined ? this.state.last.seq + 1 : this.positionIn(cursor);
    let bytes = this.parts.pageBytes ?? PAGE_BYTES;
    const items: Entry[] = [];
    for (const segment of [...this.state.sealed, this.state.current].reverse()) {
      if (segment.firstSeq >= next) continue;
      const asked = { next, wanted: limit - items.length, accepts, look, bytes, have: items.length };
      const part = await this.readFrom(segment, (readable) => newestBelow(readable, asked, this.reading));
      const lacking = part === undefined || part === UNREADABLE || part.lacking;
      if (whole && lacking) {
        if (items.length < limit) throw incomplete();
        return { items, next: encodeCursor(String(next)) };
      }
      if (part === undefined || part === UNREADABLE) continue;
      items.push(...part.entries);
      ({ next } = part);
      look -= part.looked;
      bytes -= part.bytes;
      if (part.more) return { items, next: encodeCursor(String(next)) };
    }
    if (whole && next > 1 && items.length < limit) throw incomplete();
    return { items, next: null };
  }

  /** Closes the files. */
  close(): Promise<void> {
    return this.lock.run(async () => {
      this.closed = true;
      await this.full.close();
      await this.state.current.file.close();
      await this.anchor.close();
    });
  }

  /** The numbers of the first line that is kept and of the last; the last is smaller when there is none. */
  get kept(): { readonly first: number; readonly last: number } {
    const { sealed, current, last } = this.state;
    return { first: (sealed[0] ?? current).firstSeq, last: last.seq };
  }

  /** How much the journal takes, in bytes, and how many lines were written. */
  get size(): { readonly bytes: number; readonly entries: number } {
    const sealed = this.state.sealed.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0);
    return { bytes: sealed + this.state.current.size, entries: this.state.last.seq };
  }

  /** Whether it can be used and written, and how many lines cannot be used, as far as it has been read. */
  get condition(): { readonly open: boolean; readonly clean: boolean; readonly damaged: number } {
    const { damaged, unclean } = this.state;
    return { open: !this.closed, clean: !unclean, damaged: damaged + this.full.damaged };
  }

  private async locate(id: string): Promise<Numbered<Entry> | undefined> {
    const sealed = this.state.sealed.filter(({ minId, maxId }) => minId <= id && id <= maxId);
    for (const segment of [this.state.current, ...sealed.reverse()]) {
      const found = await this.readFrom(segment, (readable) => entryWithId(readable, id, this.reading));
      if (found === UNREADABLE) throw untold();
      if (found !== undefined) return found;
    }
    return undefined;
  }

  private async appendLine(entry: Entry): Promise<void> {
    const { current } = this.state;
    const seq = this.state.last.seq + 1;
    const { text, hash } = formatLine(seq, this.state.last.hash, entry);
    // A torn last line stays as it is; the new entry begins a line of its own.
    const lead = (await endsTorn(current)) ? '\n' : '';
    const bytes = Buffer.from(`${lead}${text}\n`, 'utf8');
    try {
      await writeAt(current.file, bytes, current.size);
      await current.file.datasync();
      await this.anchor.write({ seq, hash });
    } catch (error) {
      // Before the line goes: an anchor without its line would tell of a missing end.
      await this.anchor.withdraw(seq).catch(() => undefined);
      this.state.unclean = true;
      await this.cutOff().catch(() => undefined);
      throw error;
    }
    const length = bytes.length - lead.length - 1;
    current.table.add({ seq, offset: current.size + lead.length, length }, entry.id);
    current.ids = widened(current.ids, entry.id);
    current.size += bytes.length;
    this.state.last = { seq, hash };
    // Kept elsewhere, with the log, it proves the journal even against somebody who can write both file and anchor.
    this.parts.logger.info('journal entry', { seq, id: entry.id, hash });
  }

  /** Removes what a failed append has left. Rejects with the system's error; no entry is written before it has worked. */
  private async cutOff(): Promise<void> {
    const { file, size } = this.state.current;
    await file.truncate(size);
    this.state.unclean = false;
  }

  /** Notes what the full file holds, and begins the next. What is more than is kept goes once the notes are without it. */
  private async beginSegment(): Promise<void> {
    const { folder } = this;
    const { current } = this.state;
    const index = { minId: '', maxId: '', ...current.ids, last: this.state.last };
    const note = sealedNote(current.firstSeq, index, current.size);
    const all = [...this.state.sealed, note];
    const sealed = all.slice(-(this.parts.fullFilesKept ?? all.length));
    const firstSeq = this.state.last.seq + 1;
    const file = await openForWriting(segmentPath(folder, firstSeq));
    try {
      await syncFolder(folder);
    } catch (error) {
      await file.close();
      throw error;
    }
    await writeSealedNotes(folder, sealed, this.parts.logger);
    await this.full.take(note, current);
    this.state.sealed = sealed;
    this.state.current = { file, firstSeq, table: new LineTable(), ids: undefined, size: 0 };
    for (const old of all.slice(0, all.length - sealed.length)) await this.full.remove(old);
  }

  /** What `use` reads from a file; {@link UNREADABLE}, and logged once until it can, when the file cannot be read. */
  private async readFrom<T>(
    segment: SealedSegment | OpenSegment,
    use: (readable: Readable) => Promise<T | typeof STALE>,
  ): Promise<T | typeof UNREADABLE | undefined> {
    const { firstSeq } = segment;
    const { unreadable } = this.told;
    try {
      const found = await this.usingOne(segment, use);
      unreadable.delete(firstSeq);
      return found;
    } catch (error) {
      const reason = messageOf(error);
      if (!unreadable.has(firstSeq))
        this.parts.logger.error('a file of the journal cannot be read', { firstSeq, reason });
      unreadable.add(firstSeq);
      return UNREADABLE;
    }
  }

  private tellChanged(seq: number): void {
    const { changed } = this.told;
    if (!changed.has(seq))
      this.parts.logger.error('a journal entry has been changed; it is passed over', { seq });
    changed.add(seq);
  }

  private async usingOne<T>(
    segment: SealedSegment | OpenSegment,
    use: (readable: Readable) => Promise<T | typeof STALE>,
  ): Promise<T | undefined> {
    if (!('sizeBytes' in segment)) return knownToFit(await use({ ...segment, made: true }));
    const found = await this.usingFull(segment, use);
    return found === STALE ? knownToFit(await use(await this.full.renew(segment))) : found;
  }

  /** {@link STALE} also where it failed: the file is opened anew then. */
  private async usingFull<T>(
    segment: SealedSegment,
    use: (readable: Readable) => Promise<T | typeof STALE>,
  ): Promise<T | typeof STALE> {
    try {
      return await use(await this.full.get(segment));
    } catch {
      return STALE;
    }
  }

  private positionIn(cursor: string): number {
    const isPosition = (text: string) => /^[1-9]\d{0,14}$/.test(text) && Number(text) <= this.state.last.seq;
    return Number(decodeCursor(cursor, isPosition));
  }
}

/** A table that was made from its file is never stale. */
function knownToFit<T>(found: T | typeof STALE): T | undefined {
  return found === STALE ? undefined : found;
}
