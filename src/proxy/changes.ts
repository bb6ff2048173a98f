import type { Clock } from '../lib/clock';
import { messageOf } from '../lib/errors';
import type { Logger } from '../lib/logger';
import { newRecordId } from '../lib/recordId';
import type { Registry, RegistryValue } from '../registry/registry';
import type { Finding } from '../wininet/findings';
import type { Account } from './accounts';
import type { BackupStore } from './backups';
import { changeFailure, describeAttempt } from './failedChange';
import type { PendingChange } from './interrupted';
import type { Actor, Backup, Change, ChangeKind, ChangeOutcome, ChangeReason, ChangeSource } from './model';
import {
  SETTINGS_VALUE,
  connectionsKey,
  interpretValue,
  sameValue,
  toHex,
  toProxySettings,
} from './settingsValue';
import { putBack, requireValue, writeAndCheck } from './writing';

/** What one account has and shall have; `after` undefined: no value. Equal in force may still mean unequal bytes. */
export interface PlannedValue {
  readonly account: Account;
  readonly before: RegistryValue | undefined;
  readonly after: RegistryValue | undefined;
  /** False: it is as it should be, and is left alone. */
  readonly changes: boolean;
}

/** A change that has been decided. */
export interface ChangePlan {
  readonly kind: ChangeKind;
  readonly actor: Actor;
  readonly why: ChangeReason;
  readonly dryRun: boolean;
  readonly values: readonly PlannedValue[];
  readonly source: ChangeSource | null;
  /** What the values to write were copied from, if they were. */
  readonly copied: { readonly account: Account; readonly value: RegistryValue } | null;
  readonly restoredBackupId: string | null;
  readonly findings: readonly Finding[];
}

/** Where changes are recorded: `compose` joins it to the journal. Rejects when the record is not on the disk. */
export type ChangeSink = (change: Change) => Promise<void>;

/** Carries plans out: backup, note, write, read back, record; all or nothing. The caller holds the lock. */
export class ChangeWriter {
  constructor(
    private readonly parts: {
      readonly registry: Registry;
      readonly backups: BackupStore;
      readonly pending: PendingChange;
      readonly record: ChangeSink;
      readonly clock: Clock;
      readonly logger: Logger;
    },
  ) {}

  /**
   * Errors: `backup-failed` (nothing was touched), `registry-changed` (somebody else was quicker), `write-failed` and
   * `journal-unavailable` (what was written has been put back; the extensions `failed`, `restored` and `notRestored` name the
   * accounts).
   */
  async carryOut(plan: ChangePlan): Promise<ChangeOutcome> {
    const changing = plan.values.filter((value) => value.changes);
    if (plan.dryRun || changing.length === 0) return outcome(plan, null);
    await this.requireAsPlanned(plan, changing);
    const backup = await this.backUp(plan, changing);
    const change = describeChange(plan, changing, backup, this.parts.clock);
    try {
      await this.parts.pending.begin(change, changing);
    } catch (error) {
      await this.parts.backups.forget(backup.id);
      throw error;
    }
    const written: PlannedValue[] = [];
    for (const value of changing) {
      try {
        await requireValue(this.parts.registry, value.account, value.before);
        written.push(value);
        await writeAndCheck(this.parts.registry, value.account.sid, value.after);
      } catch (error) {
        await this.undo(written, change, { target: value.account, cause: error });
      }
    }
    try {
      await this.parts.record(change);
    } catch (error) {
      await this.undo(written, change, { target: null, cause: error });
    }
    await this.parts.pending.end();
    this.parts.logger.info('proxy settings changed', {
      changeId: change.id,
      kind: plan.kind,
      actor: plan.actor.name,
      requestId: plan.actor.requestId,
      backupId: backup.id,
      targets: changing.map(({ account }) => account.id),
    });
    return outcome(plan, change);
  }

  /** Before anything is on the disk or in the registry: in most cases it is noticed here. */
  private async requireAsPlanned(plan: ChangePlan, changing: readonly PlannedValue[]): Promise<void> {
    const { registry } = this.parts;
    if (plan.copied !== null) await requireValue(registry, plan.copied.account, plan.copied.value);
    for (const { account, before } of changing) await requireValue(registry, account, before);
  }

  private backUp(plan: ChangePlan, changing: readonly PlannedValue[]): Promise<Backup> {
    return this.parts.backups.save(
      {
        id: newRecordId(this.parts.clock),
        createdAt: this.parts.clock.now(),
        kind: plan.kind,
        actor: plan.actor.name,
        ticket: plan.why.ticket ?? null,
        reason: plan.why.reason ?? null,
        values: changing.map(({ account, before }) => ({
          context: account.id,
          sid: account.sid,
          key: connectionsKey(account.sid),
          state: before === undefined ? 'absent' : 'present',
        })),
      },
      changing.map(({ account, before }) => ({
        key: connectionsKey(account.sid),
        values: [{ name: SETTINGS_VALUE, value: before }],
      })),
    );
  }

  /** Puts back what was written, last first, records the attempt, and always throws. */
  private async undo(
    written: readonly PlannedValue[],
    change: Change,
    failed: { readonly target: Account | null; readonly cause: unknown },
  ): Promise<never> {
    const restored: string[] = [];
    const notRestored: { target: string; detail: string }[] = [];
    for (const { account, before, after } of [...written].reverse()) {
      try {
        await putBack(this.parts.registry, account, before, (now) => sameValue(now, after));
        restored.push(account.id);
      } catch (error) {
        notRestored.push({ target: account.id, detail: messageOf(error) });
      }
    }
    const failure = messageOf(failed.cause);
    const attempt = await describeAttempt(this.parts.registry, change, failure, notRestored.length === 0);
    const end = notRestored.length === 0 ? 'was put back' : 'could not be put back';
    this.parts.logger.error(`a change failed and ${end}`, {
      changeId: change.id,
      failure,
      restored,
      notRestored: notRestored.map(({ target }) => target),
    });
    // Without a target it is the journal that failed.
    const recorded = failed.target !== null && (await this.recordAttempt(attempt));
    // What is neither put back nor recorded stays noted, to be tried again before the next change or at the next start.
    if (recorded || notRestored.length === 0) await this.parts.pending.end();
    throw changeFailure({ ...failed, failure, restored, notRestored, backupId: change.backupId });
  }

  private async recordAttempt(attempt: Change): Promise<boolean> {
    try {
      await this.parts.record(attempt);
      return true;
    } catch (error) {
      this.parts.logger.error('a failed change could not be recorded', {
        changeId: attempt.id,
        reason: messageOf(error),
      });
      return false;
    }
  }
}

function describeChange(
  plan: ChangePlan,
  changing: readonly PlannedValue[],
  backup: Backup,
  clock: Clock,
): Change {
  return {
    id: plan.actor.changeId ?? newRecordId(clock),
    at: clock.now(),
    kind: plan.kind,
    actor: plan.actor.name,
    requestId: plan.actor.requestId,
    ticket: plan.why.ticket ?? null,
    reason: plan.why.reason ?? null,
    source: plan.source,
    backupId: backup.id,
    outcome: 'applied',
    failure: null,
    restoredBackupId: plan.restoredBackupId,
    contexts: changing.map(({ account, before, after }) => ({
      context: account.id,
      sid: account.sid,
      account: account.name,
      beforeHex: toHex(before),
      afterHex: toHex(after),
      before: toProxySettings(interpretValue(before)),
      after: toProxySettings(interpretValue(after)),
    })),
  };
}

function outcome(plan: ChangePlan, change: Change | null): ChangeOutcome {
  const changed = plan.values.some((value) => value.changes);
  const sensorChanged = plan.values.some((value) => value.changes && value.account.usedBy.length > 0);
  return {
    changeId: change?.id ?? null,
    changed,
    dryRun: plan.dryRun,
    source: plan.source,
    backupId: change?.backupId ?? null,
    results: plan.values.map(({ account, before, after, changes }) => ({
      target: account.id,
      changed: changes,
      before: toProxySettings(interpretValue(before)),
      after: toProxySettings(interpretValue(changes ? after : before)),
    })),
    restartRecommended: sensorChanged,
    sensorRestart: null,
    findings: plan.findings,
  };
}
