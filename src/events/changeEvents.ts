/** Changes of settings that this service made become events: `proxy.changed`, `proxy.restored`. */
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { writeFileDurably } from '../lib/durableFile';
import { messageOf, systemCodeOf } from '../lib/errors';
import type { Logger } from '../lib/logger';
import type { ServiceEvent } from './event';
import { EVENTS_FOLDER } from './eventLog';
import { plainText } from './newEvent';

/** The journal's entry, as far as it is looked at: anything but an applied change of settings becomes no event. */
export interface JournalledEntry {
  readonly id: string;
  readonly at: string;
  readonly kind: string;
  readonly actor: string;
  readonly ticket: string | null;
  readonly outcome: string;
}

/** An applied change of settings. */
interface JournalledChange extends JournalledEntry {
  readonly backupId: string;
  readonly restoredBackupId: string | null;
  readonly contexts: readonly { readonly context: string }[];
}

/** What this stands on. */
export interface ChangeEventsParts {
  readonly dataDir: string;
  readonly journal: {
    /** Newest first. */
    page(request: { readonly limit: number; readonly cursor?: string }): Promise<{
      readonly items: readonly JournalledEntry[];
      readonly next: string | null;
    }>;
    /** Those with larger numbers, oldest first. */
    after(
      last: number,
      limit: number,
    ): Promise<readonly { readonly seq: number; readonly entry: JournalledEntry }[]>;
    numberOf(id: string): Promise<number | undefined>;
    readonly kept: { readonly last: number };
  };
  readonly log: {
    /** Resolves when the event is on the disk, or was there already. */
    append(event: ServiceEvent): Promise<void>;
    newestFirst(): AsyncIterable<ServiceEvent>;
  };
  readonly logger: Logger;
  /** Milliseconds until a failure is tried again; 30 s unless stated. */
  readonly retryMs?: number;
}

/** Up to which entry the journal has been gone through. */
interface Mark {
  /** Null: there was none. */
  readonly id: string | null;
  /** Null in a mark from before there were numbers in it. */
  readonly seq: number | null;
}

/** Beside the events. */
const MARK = 'journal.json';
/** Entries may have half a megabyte each. */
const AT_A_TIME = 50;
const CHANGE_KINDS: readonly string[] = ['copy', 'put', 'delete', 'restore'];
const RETRY_MS = 30_000;

/**
 * Goes through the journal's new entries, oldest first, at the start and whenever it is told that there is one. An event has
 * its change's id, and the mark is written behind it: whatever ends the process, no change is left out and none told twice.
 */
export class ChangeEvents {
  private running: Promise<void> | null = null;
  private again = false;
  private closed = false;
  private retry: NodeJS.Timeout | undefined;
  /** The number of the last entry that was gone through; undefined until the mark's is known. */
  private last: number | undefined;

  private constructor(
    private readonly parts: ChangeEventsParts,
    private readonly mark: Mark,
  ) {}

  /**
   * Begins where the last process ended. Without a mark, begins behind the last event of a change; without such an event,
   * as in a data folder from before there were events, at the journal's end.
   */
  static async open(parts: ChangeEventsParts): Promise<ChangeEvents> {
    let mark = await readMark(markFile(parts), parts.logger);
    if (mark === undefined) {
      const id = (await lastTold(parts)) ?? (await parts.journal.page({ limit: 1 })).items[0]?.id ?? null;
      mark = { id, seq: null };
      await writeMark(markFile(parts), mark).catch((error: unknown) => {
        parts.logger.error('the mark beside the events could not be written', { reason: messageOf(error) });
      });
    }
    const events = new ChangeEvents(parts, mark);
    await events.catchUp();
    return events;
  }

  /** Says that the journal may have new entries. Nobody waits for what follows. */
  changed(): void {
    void this.catchUp();
  }

  /** Resolves when nothing is under way. */
  async close(): Promise<void> {
    await this.catchUp();
    this.closed = true;
    clearTimeout(this.retry);
  }

  private catchUp(): Promise<void> {
    if (this.closed) return Promise.resolve();
    this.again = true;
    this.running ??= this.run();
    return this.running;
  }

  private async run(): Promise<void> {
    clearTimeout(this.retry);
    try {
      while (this.again) {
        this.again = false;
        await this.goThrough();
      }
    } catch (error) {
      this.parts.logger.error('a change could not become an event yet; it is tried again', {
        reason: messageOf(error),
      });
      this.retry = setTimeout(() => {
        this.changed();
      }, this.parts.retryMs ?? RETRY_MS).unref();
    } finally {
      this.running = null;
    }
  }

  private async goThrough(): Promise<void> {
    const { journal, log } = this.parts;
    for (;;) {
      this.last ??= await this.numberOfMark();
      const entries = await journal.after(this.last, AT_A_TIME);
      if (entries.length === 0) return;
      for (const { seq, entry } of entries) {
        if (isAppliedChange(entry)) {
          await log.append(changeEvent(entry));
          await writeMark(markFile(this.parts), { id: entry.id, seq });
        }
        this.last = seq;
      }
    }
  }

  /**
   * Its entry may not be there. Where the journal has a number but no line of it, the line is damaged: what follows has larger
   * numbers, since none is given twice. Otherwise it is another journal, or the mark has no number: ids begin with the time.
   */
  private async numberOfMark(): Promise<number> {
    const { journal, logger } = this.parts;
    const { id, seq } = this.mark;
    if (id === null) return 0;
    // A file that cannot be read holds up nothing: the number tells, or the time.
    const found = await journal.numberOf(id).catch(() => undefined);
    if (found !== undefined) return found;
    if (seq !== null && seq <= journal.kept.last && (await journal.after(seq - 1, 1))[0]?.seq !== seq)
      return seq;
    const before = await newestBefore(id, this.parts);
    const [lacks, behind] = [id, before.id];
    logger.warn('the journal lacks the entry up to which its changes are events', { lacks, behind });
    await writeMark(markFile(this.parts), before);
    return before.seq;
  }
}

/** The newest entry whose id is smaller. */
async function newestBefore(
  id: string,
  { journal }: ChangeEventsParts,
): Promise<Mark & { readonly seq: number }> {
  for (let cursor: string | null | undefined; cursor !== null;) {
    const page: Awaited<ReturnType<typeof journal.page>> = await journal.page({ limit: AT_A_TIME, cursor });
    const before = page.items.find((entry) => entry.id < id);
    if (before !== undefined) return { id: before.id, seq: (await journal.numberOf(before.id)) ?? 0 };
    cursor = page.next;
  }
  return { id: null, seq: 0 };
}

function isAppliedChange(entry: JournalledEntry): entry is JournalledChange {
  return CHANGE_KINDS.includes(entry.kind) && entry.outcome === 'applied' && 'contexts' in entry;
}

/** Settings themselves are not in it: they may hold credentials, and the journal has them under the same id. */
function changeEvent(change: JournalledChange): ServiceEvent {
  const restored = change.kind === 'restore';
  const contexts = change.contexts.map(({ context }) => context);
  const what = { copy: 'copied to', put: 'set for', delete: 'removed from', restore: 'restored for' };
  const actor = plainText(change.actor);
  return {
    id: change.id,
    at: change.at,
    type: restored ? 'proxy.restored' : 'proxy.changed',
    subject: contexts.join(','),
    problem: null,
    resolved: false,
    severity: 'info',
    summary: plainText(
      `Proxy settings were ${what[change.kind as keyof typeof what]} ${contexts.join(', ')} by ${actor}.`,
    ),
    data: {
      changeId: change.id,
      kind: change.kind,
      actor,
      ticket: change.ticket === null ? null : plainText(change.ticket),
      contexts,
      backupId: change.backupId,
      restoredBackupId: change.restoredBackupId,
    },
  };
}

function markFile({ dataDir }: ChangeEventsParts): string {
  return path.join(dataDir, EVENTS_FOLDER, MARK);
}

function writeMark(file: string, { id, seq }: Mark): Promise<void> {
  return writeFileDurably(file, `${JSON.stringify({ gone: id, seq: seq ?? undefined })}\n`);
}

async function lastTold({ log }: ChangeEventsParts): Promise<string | undefined> {
  for await (const { id, type } of log.newestFirst()) {
    if (type === 'proxy.changed' || type === 'proxy.restored') return id;
  }
  return undefined;
}

/** Undefined without a mark that can be used. */
async function readMark(file: string, logger: Logger): Promise<Mark | undefined> {
  try {
    const value: unknown = JSON.parse(await readFile(file, 'utf8'));
    if (typeof value === 'object' && value !== null && 'gone' in value) {
      const seq = 'seq' in value && Number.isSafeInteger(value.seq) ? Number(value.seq) : null;
      if (value.gone === null || typeof value.gone === 'string') return { id: value.gone, seq };
    }
  } catch (error) {
    if (systemCodeOf(error) === 'ENOENT') return undefined;
  }
  logger.error('the mark beside the events cannot be used; it is made again', { file: MARK });
  return undefined;
}
