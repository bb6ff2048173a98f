/** Puts the proxy that a person has approved back into accounts that drift, where the settings allow that. */
import { createHash } from 'node:crypto';
import type { Clock } from '../lib/clock';
import { DomainError, messageOf } from '../lib/errors';
import type { Logger } from '../lib/logger';
import type { Drift } from './driftWatch';
import { APART_MS, MOST_A_DAY, type Refusal, type RepairLimit } from './repairLimit';

/** Who the journal says has made the repair. */
export const REPAIR_ACTOR = 'drift-watch';

/** Who repairs. Both reject with what the API would answer. */
export interface Repairs {
  /** The accounts that may be repaired: the source has what the last change by a person has left in them. */
  repairable(): Promise<readonly string[]>;
  /** Puts that back into these accounts, and nothing else. */
  repair(
    request: { readonly accounts: readonly string[]; readonly ticket?: string },
    actor: { readonly name: string; readonly requestId: null },
  ): Promise<{ readonly changeId: string | null; readonly changed: boolean }>;
}

/** What this stands on. */
export interface SelfRepairParts {
  readonly repairs: Repairs;
  /** The ticket that repairs are made under; null: none. */
  readonly ticket: string | null;
  readonly limit: RepairLimit;
  readonly clock: Clock;
  readonly logger: Logger;
}

const REASONS: Readonly<Record<Refusal | 'not-approved' | 'not-noted', string>> = {
  'too-soon': `the last one was made less than ${APART_MS / 60_000} minutes ago, or the clock was set back since`,
  'daily-limit': `${MOST_A_DAY} were made in the last 24 hours; somebody sets the proxy again and again`,
  'failed-before': 'the last ones have failed in the same way, and nothing has changed since',
  'not-approved':
    'what the source has is not what the last change by a person has left there, or no person has changed it yet, or the journal is damaged and cannot tell: a person must approve it, by a copy from this source',
  'not-noted': 'the attempt cannot be written to self-repair.json, as each is before it is made',
};
/** Milliseconds in which the same is said once, however often it comes. */
const SAID_ANEW_MS = 3_600_000;

/** Repairs drift, at a limited rate. */
export class SelfRepair {
  /** When each was last said, by the monotonic clock. */
  private readonly saidAtMs = new Map<keyof typeof REASONS, number>();

  constructor(private readonly parts: SelfRepairParts) {}

  /**
   * Repairs where accounts drift, a person has approved what the source has, and the limits allow it. Rejects when it cannot
   * be told what was approved; otherwise what fails is logged.
   */
  async consider({ drifting, source, situation }: Drift): Promise<void> {
    if (drifting.length === 0) return;
    const repairable = await this.parts.repairs.repairable();
    const unapproved = drifting.filter((id) => !repairable.includes(id));
    if (unapproved.length > 0) this.refuse('not-approved', { accounts: unapproved, source });
    const accounts = drifting.filter((id) => repairable.includes(id));
    if (accounts.length === 0) return;
    const key = createHash('sha256').update(situation).digest('hex');
    const refusal = this.parts.limit.refusal(key);
    if (refusal === null) await this.repair(accounts, key);
    else this.refuse(refusal, { accounts });
  }

  private async repair(accounts: readonly string[], situation: string): Promise<void> {
    const { limit, logger } = this.parts;
    try {
      await limit.begin();
    } catch (error) {
      this.refuse('not-noted', { accounts, reason: messageOf(error) });
      return;
    }
    const failure = await this.repairNow(accounts);
    await limit.end(failure, situation).catch((error: unknown) => {
      logger.error('how a repair has ended could not be noted', { reason: messageOf(error) });
    });
  }

  /** The failure's code; null when it worked. */
  private async repairNow(accounts: readonly string[]): Promise<string | null> {
    const { repairs, ticket, logger } = this.parts;
    try {
      const actor = { name: REPAIR_ACTOR, requestId: null };
      const { changeId, changed } = await repairs.repair(
        { accounts, ...(ticket !== null && { ticket }) },
        actor,
      );
      const what = changed ? 'drift was repaired' : 'drift was gone before it was repaired';
      logger.warn(what, { accounts, changeId });
      return null;
    } catch (error) {
      const code = error instanceof DomainError ? error.code : 'internal-error';
      logger.error('drift could not be repaired', { accounts, code, reason: messageOf(error) });
      return code;
    }
  }

  private refuse(refusal: keyof typeof REASONS, facts: object): void {
    const nowMs = this.parts.clock.monotonicMs();
    const saidMs = this.saidAtMs.get(refusal);
    if (saidMs !== undefined && nowMs - saidMs < SAID_ANEW_MS) return;
    this.saidAtMs.set(refusal, nowMs);
    this.parts.logger.warn('drift is not repaired now', { refusal, because: REASONS[refusal], ...facts });
  }
}
