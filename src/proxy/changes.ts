import type { Clock } from '../lib/clock';
import { DomainError, messageOf } from '../lib/errors';
import type { Logger } from '../lib/logger';
import { newRecordId } from '../lib/recordId';
import type { Registry, RegistryValue } from '../registry/registry';
import type { Finding } from '../wininet/findings';
import type { Account } from './accounts';
import type { BackupStore } from './backups';
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
  readonly restoredBackupId: string | null;
  readonly findings: readonly Finding[];
}

/** Where changes are recorded: `compose` joins it to the journal. Rejects when the record is not on the disk. */
export type ChangeSink = (change: Change) => Promise<void>;

/**
 * Writes one account's value and reads it back; undefined: deletes it. Errors: the registry's, and `registry-unavailable`
 * when what comes back differs.
 */
export async function writeAndCheck(
  registry: Registry,
  sid: string,
  value: RegistryValue | undefined,
): Promise<void> {
  const key = connectionsKey(sid);
  if (value === undefined) {
    await registry.deleteValue(key, SETTINGS_VALUE);
  } else {
    await registry.createKey(key);
    await registry.writeValue(key, SETTINGS_VALUE, value);
  }
  if (!sameValue(await registry.readValue(key, SETTINGS_VALUE), value)) {
    throw new DomainError(
      'unavailable',
      'registry-unavailable',
      'What was read back is not what was written.',
    );
  }
}

/**
 * The journal's entry for a change that failed: `after` says what the registry holds now. Where that cannot be read,
 * `failure` says so, since a missing value would read as an absent one.
 */
export async function describeAttempt(
  registry: Registry,
  change: Change,
  failure: string,
  restored: boolean,
): Promise<Change> {
  const unread: string[] = [];
  const contexts = await Promise.all(
    change.contexts.map(async (context) => {
      try {
        const now = await registry.readValue(connectionsKey(context.sid), SETTINGS_VALUE);
        return { ...context, afterHex: toHex(now), after: toProxySettings(interpretValue(now)) };
      } catch {
        unread.push(context.context);
        return { ...context, afterHex: null, after: null };
      }
    }),
  );
  const unknown = unread.length === 0 ? '' : ` What these hold now could not be read: ${unread.join(', ')}.`;
  return {
    ...change,
    contexts,
    failure: failure + unknown,
    outcome: restored ? 'rolledBack' : 'rollbackFailed',
  };
}

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
   * Errors: `backup-failed` (nothing was touched), `write-failed` and `journal-unavailable` (what was written has been put
   * back; the extensions `failed`, `restored` and `notRestored` name the accounts).
   */
  async carryOut(plan: ChangePlan): Promise<ChangeOutcome> {
    const changing = plan.values.filter((value) => value.changes);
    if (plan.dryRun || changing.length === 0) return outcome(plan, null);
    const backup = await this.backUp(plan, changing);
    const change = describeChange(plan, changing, backup, this.parts.clock);
    await this.parts.pending.begin(change, changing);
    const written: PlannedValue[] = [];
    for (const value of changing) {
      written.push(value);
      try {
        await writeAndCheck(this.parts.registry, value.account.sid, value.after);
      } catch (error) {
        await this.undo(written, change, { code: 'write-failed', target: value.account, cause: error });
      }
    }
    try {
      await this.parts.record(change);
    } catch (error) {
      await this.undo(written, change, { code: 'journal-unavailable', target: null, cause: error });
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
    failed: {
      readonly code: 'write-failed' | 'journal-unavailable';
      readonly target: Account | null;
      readonly cause: unknown;
    },
  ): Promise<never> {
    const restored: string[] = [];
    const notRestored: { target: string; detail: string }[] = [];
    for (const { account, before } of [...written].reverse()) {
      try {
        await writeAndCheck(this.parts.registry, account.sid, before);
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
    const recorded = failed.code === 'write-failed' && (await this.recordAttempt(attempt));
    // What is neither put back nor recorded stays noted, to be tried again before the next change or at the next start.
    if (recorded || notRestored.length === 0) await this.parts.pending.end();
    throw failureOf({ ...failed, failure, restored, notRestored, backupId: change.backupId });
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

function failureOf(failed: {
  readonly code: 'write-failed' | 'journal-unavailable';
  readonly target: Account | null;
  readonly cause: unknown;
  readonly failure: string;
  readonly restored: readonly string[];
  readonly notRestored: readonly { readonly target: string; readonly detail: string }[];
  readonly backupId: string;
}): DomainError {
  const { code, target, cause, failure, restored, notRestored, backupId } = failed;
  const what = target
    ? `Writing ${target.id} failed: ${failure}`
    : `The change could not be recorded: ${failure}`;
  const after =
    notRestored.length === 0
      ? 'Every account has again what it had before.'
      : `These could not be put back: ${notRestored.map((entry) => entry.target).join(', ')}. Restore the backup once the cause is mended.`;
  const reason = cause instanceof DomainError ? cause.code : 'unexpected';
  return new DomainError('unavailable', code, `${what} ${after}`, {
    cause,
    extensions: {
      failed: { target: target?.id ?? null, code: reason, detail: failure },
      restored,
      notRestored,
      backupId,
    },
  });
}

function describeChange(
  plan: ChangePlan,
  changing: readonly PlannedValue[],
  backup: Backup,
  clock: Clock,
): Change {
  return {
    id: newRecordId(clock),
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
