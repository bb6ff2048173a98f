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
  /** One entry, or undefined. */
  find(id: string): Promise<Entry | undefined>;
  /**
   * Entries, newest first. `next` is null on the last page. With `accepts`, those alone that it is true of: a page may then
   * have fewer than `limit`, even none, and more may follow. Errors: `cursor-invalid`.
   */
  page(request: {
    readonly limit: number;
    readonly cursor?: string;
    readonly accepts?: (entry: Entry) => boolean;
  }): Promise<{
    readonly items: readonly Entry[];
    readonly next: string | null;
  }>;
}
