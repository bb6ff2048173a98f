/** What every entry of a journal has; the rest is the feature's own. */
export interface JournalEntry {
  readonly id: string;
  /** RFC 3339 UTC. */
  readonly at: string;
}

/** An append-only record of changes. */
export interface Journal<Entry extends JournalEntry> {
  /** Resolves when the entry is on the disk. Errors: `journal-unavailable`. */
  append(entry: Entry): Promise<void>;
  /** One entry, or undefined. Errors: `journal-unavailable` when it cannot be told. */
  find(id: string): Promise<Entry | undefined>;
  /**
   * Entries, newest first. `next` is null on the last page. A page may have fewer than `limit` and more may follow: it has a
   * megabyte of lines at most, and with `accepts` those alone that it is true of, maybe none. With `whole` no entry is
   * passed over: where one is missing or cannot be used among those that were looked at, the page is refused. Errors:
   * `cursor-invalid`; with `whole`, `journal-unavailable`.
   */
  page(request: {
    readonly limit: number;
    readonly cursor?: string;
    readonly accepts?: (entry: Entry) => boolean;
    readonly whole?: boolean;
  }): Promise<{
    readonly items: readonly Entry[];
    readonly next: string | null;
  }>;
}
