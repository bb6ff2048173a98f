import path from 'node:path';
import { JournalFolder } from '../journal/journalFolder';
import { DomainError, systemCodeOf } from '../lib/errors';
import type { Logger } from '../lib/logger';
import { Mutex } from '../lib/mutex';
import type { EventFeed, EventType, FeedPart, FeedPlace, ServiceEvent } from './event';
import { isEvent } from './newEvent';

/** The log's folder in the data folder. */
export const EVENTS_FOLDER = 'events';
/** With 4 MiB each, forty to sixty thousand events: a line has 600 to 800 bytes. */
const FULL_FILES_KEPT = 8;
const SCANNED_AT_A_TIME = 200;

/** Which events to give. */
export interface EventRequest {
  readonly limit: number;
  /** `next` of the last page. */
  readonly cursor?: string;
  /** Only events of these types; all unless stated. */
  readonly types?: readonly EventType[];
}

/** One page of events, newest first. */
export interface EventPage {
  readonly items: readonly ServiceEvent[];
  /** Pass as `cursor` for the next page; null on the last. */
  readonly next: string | null;
}

/** How the log is opened. */
export interface EventLogParts {
  readonly logger: Logger;
  /** Told of each event, when it is on the disk. */
  readonly counted?: (type: EventType) => void;
  /** Size from which a new file is begun; the journal's unless stated. */
  readonly segmentBytes?: number;
  /** How many full files are kept; 8 unless stated. */
  readonly fullFilesKept?: number;
}

/**
 * What has happened, on the disk: kept as the journal is kept, in a folder of its own, of which the oldest files go. A line
 * that cannot be used is logged and passed over. Readers see an event only after it is on the disk.
 */
export class EventLog implements EventFeed {
  private readonly lock = new Mutex();
  private readonly listeners = new Set<() => void>();

  private constructor(
    private readonly folder: JournalFolder<ServiceEvent>,
    private readonly parts: EventLogParts,
    private last: FeedPlace | null,
  ) {}

  /** Opens the log in the data folder, or makes it. Errors: `events-unusable`. */
  static async open(dataDir: string, parts: EventLogParts): Promise<EventLog> {
    const { segmentBytes, fullFilesKept = FULL_FILES_KEPT } = parts;
    const logger = quietLogger(parts.logger);
    const opening = JournalFolder.open(path.join(dataDir, EVENTS_FOLDER), {
      logger,
      isEntry: isEvent,
      segmentBytes,
      fullFilesKept,
    });
    const folder = await opening.catch((cause: unknown) => {
      const code = systemCodeOf(cause instanceof DomainError ? cause.cause : cause) ?? 'unknown reason';
      const detail = `the events cannot be opened (${code}). Check the rights on the folder events in the data folder.`;
      throw new DomainError('unavailable', 'events-unusable', detail, { cause });
    });
    const [newest] = (await folder.page({ limit: 1 })).items;
    const seq = newest && (await folder.numberOf(newest.id));
    return new EventLog(folder, parts, newest && seq ? { seq, id: newest.id } : null);
  }

  /**
   * Resolves when the event is on the disk; an event whose id is there already is not written twice. Rejects when it could
   * not be written.
   */
  append(event: ServiceEvent): Promise<void> {
    return this.lock.run(async () => {
      if ((await this.folder.find(event.id)) !== undefined) return;
      await this.folder.append(event);
      this.last = { seq: this.folder.kept.last, id: event.id };
      const { id, type, subject, problem, severity, summary } = event;
      this.parts.logger.info('event', { id, type, subject, problem, severity, summary });
      this.parts.counted?.(type);
      for (const listener of [...this.listeners]) listener();
    });
  }

  async after(place: FeedPlace | null, limit: number): Promise<FeedPart> {
    const from = place === null ? 0 : await this.numberOf(place);
    const found = await this.folder.after(from, limit);
    const last = found.at(-1);
    return {
      events: found.map(({ entry }) => entry),
      place: last === undefined ? place : { seq: last.seq, id: last.entry.id },
      missed: last === undefined ? 0 : last.seq - from - found.length,
    };
  }

  newest(): Promise<FeedPlace | null> {
    return Promise.resolve(this.last);
  }

  onRecorded(listener: () => void): () => void {
    this.listeners.add(listener);
    return () => {
      this.listeners.delete(listener);
    };
  }

  /**
   * Newest first. With `types`, a page may have fewer than `limit` though more follow: 5000 events are looked at. Errors:
   * `cursor-invalid`.
   */
  async page({ limit, cursor, types = [] }: EventRequest): Promise<EventPage> {
    if (types.length === 0) return this.folder.page({ limit, cursor });
    return this.folder.page({ limit, cursor, accepts: ({ type }) => types.includes(type) });
  }

  /** All that are kept. */
  async *newestFirst(): AsyncGenerator<ServiceEvent> {
    let cursor: string | null | undefined;
    while (cursor !== null) {
      const page: EventPage = await this.folder.page({ limit: SCANNED_AT_A_TIME, cursor });
      yield* page.items;
      cursor = page.next;
    }
  }

  /** Closes the files, once what is being written is on the disk. */
  close(): Promise<void> {
    return this.lock.run(() => this.folder.close());
  }

  /** The number behind which a place is now. */
  private async numberOf({ seq, id }: FeedPlace): Promise<number> {
    const found = await this.folder.numberOf(id);
    if (found !== undefined) return found;
    const { first, last } = this.folder.kept;
    // It went with its file, or its line is damaged.
    if (seq < first) return seq;
    if (seq <= last && (await this.folder.after(seq - 1, 1))[0]?.seq !== seq) return seq;
    // The folder was replaced by another: ids begin with the time.
    for await (const event of this.newestFirst()) {
      if (event.id < id) return (await this.folder.numberOf(event.id)) ?? 0;
    }
    return 0;
  }
}

/** The journal's messages, marked as being of this folder. Its lines prove nothing, so that their hashes are not logged. */
function quietLogger(logger: Logger): Logger {
  return {
    debug: logger.debug,
    info: () => undefined,
    warn: (message, fields) => {
      logger.warn(message, { ...fields, folder: EVENTS_FOLDER });
    },
    error: (message, fields) => {
      logger.error(message, { ...fields, folder: EVENTS_FOLDER });
    },
  };
}
