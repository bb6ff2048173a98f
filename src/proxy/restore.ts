import { DomainError } from '../lib/errors';
import type { RegFileSection } from '../registry/regfile/format';
import type { RegistryValue } from '../registry/registry';
import type { ChangePlan, PlannedValue } from './changes';
import type { Backup, BackupValue, RestoreRequest } from './model';
import { type Situation, makePlan, requireLoaded } from './plan';
import { SETTINGS_VALUE, connectionsKey, sameValue } from './settingsValue';
import { findAccount } from './snapshot';

/** A backup that was read and whose hash fits. */
export interface ReadBackup {
  readonly manifest: Backup;
  readonly sections: readonly RegFileSection[];
}

/**
 * Decides a restore: exactly what was there, byte for byte, absence included; of the file's content only what the manifest
 * lists. Errors: `backup-damaged`, `context-not-found` when an account's profile is not loaded any more.
 */
export function planRestore(situation: Situation, request: RestoreRequest, backup: ReadBackup): ChangePlan {
  return makePlan(situation, {
    kind: 'restore',
    request,
    values: backup.manifest.values.map((saved) => planValue(situation, saved, backup.sections)),
    restoredBackupId: backup.manifest.id,
  });
}

function planValue(
  { snapshot }: Situation,
  saved: BackupValue,
  sections: readonly RegFileSection[],
): PlannedValue {
  const target = findAccount(snapshot, saved.sid);
  requireLoaded(target);
  const { account, value: before } = target;
  const entry = savedEntry(sections, account.sid);
  if (entry === undefined) {
    const detail = `The backup's file lacks the value of ${account.id}, which its manifest lists. Nothing was changed.`;
    throw new DomainError('unprocessable', 'backup-damaged', detail);
  }
  return { account, before, after: entry.value, changes: !sameValue(before, entry.value) };
}

/** What a backup's file says of one account: a value, or that it is deleted. Undefined: it says nothing. */
export function savedEntry(
  sections: readonly RegFileSection[],
  sid: string,
): { readonly value: RegistryValue | undefined } | undefined {
  const key = connectionsKey(sid).toLowerCase();
  const section = sections.find((candidate) => candidate.key.toLowerCase() === key);
  return section?.values.find(({ name }) => name === SETTINGS_VALUE);
}
