/** Which settings of an account a person has approved: those that the last change by a person left there. */
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
  }): Promise<{ readonly items: readonly { readonly id: string }[]; readonly next: string | null }>;
}

/** What a person has left in an account. */
export interface Approval {
  /** The change that did so. */
  readonly changeId: string;
  /** Undefined: no value. */
  readonly value: RegistryValue | undefined;
}

/** By the accounts' SIDs; an account that no person has changed is not there. */
export type Approvals = ReadonlyMap<string, Approval>;

const AT_A_TIME = 20;

/** Looks for the approvals of these accounts in the journal, and reads it anew only when it has grown. */
export class ApprovalSearch {
  private last: { readonly newest: string; readonly approvals: Approvals } | null = null;

  constructor(
    private readonly history: ChangeHistory,
    private readonly sids: ReadonlySet<string>,
  ) {}

  /** Rejects with the journal's errors. */
  async approvals(): Promise<Approvals> {
    const [newest] = (await this.history.page({ limit: 1 })).items;
    if (newest !== undefined && this.last?.newest === newest.id) return this.last.approvals;
    const approvals = await this.search();
    this.last = newest === undefined ? null : { newest: newest.id, approvals };
    return approvals;
  }

  private async search(): Promise<Approvals> {
    const found = new Map<string, Approval>();
    const accepts = (entry: unknown) => isChange(entry) && this.approves(entry);
    let cursor: string | undefined;
    do {
      const { items, next } = await this.history.page({ limit: AT_A_TIME, cursor, accepts });
      for (const change of items.filter(isChange)) {
        for (const { sid, afterHex } of change.contexts) {
          if (found.has(sid)) continue;
          found.set(sid, { changeId: change.id, value: valueOf(afterHex) });
        }
      }
      cursor = next ?? undefined;
    } while (cursor !== undefined && [...this.sids].some((sid) => !found.has(sid)));
    return found;
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
