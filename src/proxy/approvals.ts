/** Which settings of an account a person has approved: those that the last change by a person left there. */
import { DomainError } from '../lib/errors';
import { type RegistryValue, RegistryType } from '../registry/registry';
import { isChange } from './evidence';
import type { Change } from './model';

/** What the journal says of changes. */
export interface ChangeHistory {
  /** Entries, newest first; see `Journal.page`. */
  page(request: {
    readonly limit: number;
    readonly cursor?: string;
    readonly accepts?: (entry: unknown) => boolean;
    readonly whole?: boolean;
  }): Promise<{ readonly items: readonly { readonly id: string }[]; readonly next: string | null }>;
}

/** What a person has left in an account. */
export interface Approval {
  /** The change that did so. */
  readonly changeId: string;
  /** Undefined: no value, or one that is no settings. */
  readonly value: RegistryValue | undefined;
}

/**
 * By the accounts' SIDs. An account is not there when no person has changed it, and when it cannot be told who has: what is
 * missing in a damaged journal may be a person's last word, so that no older one counts.
 */
export type Approvals = ReadonlyMap<string, Approval>;

/** Looks for the approvals of these accounts in the journal, and reads it anew only when it has grown. */
export class ApprovalSearch {
  private last: { readonly newest: string; readonly approvals: Approvals } | null = null;

  constructor(
    private readonly history: ChangeHistory,
    private readonly sids: ReadonlySet<string>,
  ) {}

  /** What was approved, as far as it can be told. */
  async approvals(): Promise<Approvals> {
    const found = new Map<string, Approval>();
    try {
      const [newest] = (await this.history.page({ limit: 1, whole: true })).items;
      if (newest !== undefined && this.last?.newest === newest.id) return this.last.approvals;
      await this.search(found);
      this.last = newest === undefined ? null : { newest: newest.id, approvals: found };
    } catch (error) {
      if (!(error instanceof DomainError && error.code === 'journal-unavailable')) throw error;
      // What was found is newer than what is missing. It is not kept: a file may be readable again.
    }
    return found;
  }

  private async search(found: Map<string, Approval>): Promise<void> {
    const accepts = (entry: unknown) => isChange(entry) && this.approves(entry);
    let cursor: string | undefined;
    do {
      // One at a time: a page is refused as a whole.
      const { items, next } = await this.history.page({ limit: 1, cursor, accepts, whole: true });
      for (const change of items.filter(isChange)) {
        for (const { sid, after, afterHex } of change.contexts) {
          if (found.has(sid) || !this.sids.has(sid)) continue;
          found.set(sid, { changeId: change.id, value: after === null ? undefined : valueOf(afterHex) });
        }
      }
      cursor = next ?? undefined;
    } while (cursor !== undefined && [...this.sids].some((sid) => !found.has(sid)));
  }

  /** What this service does by itself has no request; an attempt that failed approves nothing. */
  private approves({ outcome, requestId, contexts }: Change): boolean {
    return outcome === 'applied' && requestId !== null && contexts.some(({ sid }) => this.sids.has(sid));
  }
}

/** The journal has no types; settings that are in force are always binary. */
function valueOf(hex: string | null): RegistryValue | undefined {
  if (hex === null || !/^(?:[0-9a-f]{2})*$/.test(hex)) return undefined;
  return { type: RegistryType.binary, data: Buffer.from(hex, 'hex') };
}
