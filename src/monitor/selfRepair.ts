/** Copies the source's proxy over accounts that drift, as `POST /proxy/copy` does, where the settings allow that. */
import { createHash } from 'node:crypto';
import { DomainError, messageOf } from '../lib/errors';
import type { Logger } from '../lib/logger';
import type { Drift } from './driftWatch';
import { APART_MS, MOST_A_DAY, type Refusal, type RepairLimit } from './repairLimit';

/** Who the journal says has made the copy. */
export const REPAIR_ACTOR = 'drift-watch';

/** The copy. Rejects with what the API would answer. */
export type Copy = (
  request: { readonly reason: string },
  actor: { readonly name: string; readonly requestId: null },
) => Promise<{ readonly changeId: string | null; readonly changed: boolean }>;

/** What this stands on. */
export interface SelfRepairParts {
  readonly copy: Copy;
  readonly limit: RepairLimit;
  readonly logger: Logger;
}

const REFUSALS: Readonly<Record<Refusal, string>> = {
  'too-soon': `the last one was made less than ${APART_MS / 60_000} minutes ago`,
  'daily-limit': `${MOST_A_DAY} were made in the last 24 hours; somebody sets the proxy again and again`,
  'failed-before': 'the last ones have failed in the same way, and nothing has changed since',
};

/** Repairs drift, at a limited rate. */
export class SelfRepair {
  /** What was last said, so that it is said once. */
  private said = '';

  constructor(private readonly parts: SelfRepairParts) {}

  /** Makes a copy where accounts drift and the limits allow it. Never rejects: what fails is logged. */
  async consider({ drifting, situation }: Drift): Promise<void> {
    if (drifting.length === 0) {
      this.said = '';
      return;
    }
    const key = createHash('sha256').update(situation).digest('hex');
    const refusal = this.parts.limit.refusal(key);
    if (refusal === null) await this.repair(drifting, key);
    else this.sayOnce(refusal, key);
  }

  private async repair(drifting: readonly string[], situation: string): Promise<void> {
    const { limit, logger } = this.parts;
    try {
      await limit.begin();
      const failure = await this.copyNow(drifting);
      await limit.end(failure, situation);
    } catch (error) {
      logger.error('a repair could not be noted', { reason: messageOf(error) });
    }
  }

  /** The failure's code; null when it worked. */
  private async copyNow(drifting: readonly string[]): Promise<string | null> {
    const { copy, logger } = this.parts;
    const reason = `Drift watch: ${drifting.join(' and ')} had not the source’s proxy settings.`;
    try {
      const { changeId, changed } = await copy({ reason }, { name: REPAIR_ACTOR, requestId: null });
      logger.warn('drift was repaired', { accounts: drifting, changeId, changed });
      return null;
    } catch (error) {
      const code = error instanceof DomainError ? error.code : 'internal-error';
      logger.error('drift could not be repaired', { accounts: drifting, code, reason: messageOf(error) });
      return code;
    }
  }

  private sayOnce(refusal: Refusal, situation: string): void {
    const now = `${refusal} ${situation}`;
    if (this.said === now) return;
    this.said = now;
    this.parts.logger.warn('drift is not repaired now', { refusal, because: REFUSALS[refusal] });
  }
}
