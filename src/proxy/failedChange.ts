/** What the journal and the caller are told of a change that failed. */
import { DomainError } from '../lib/errors';
import type { Registry } from '../registry/registry';
import type { Account } from './accounts';
import type { Change } from './model';
import { SETTINGS_VALUE, connectionsKey, interpretValue, toHex, toProxySettings } from './settingsValue';

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

/**
 * The error of a change that failed and was undone: `registry-changed` when somebody else was quicker, `write-failed`
 * otherwise, and without a target `journal-unavailable`.
 */
export function changeFailure(failed: {
  readonly target: Account | null;
  readonly cause: unknown;
  readonly failure: string;
  readonly restored: readonly string[];
  readonly notRestored: readonly { readonly target: string; readonly detail: string }[];
  readonly backupId: string;
}): DomainError {
  const { target, cause, failure, restored, notRestored, backupId } = failed;
  const after =
    notRestored.length === 0
      ? 'Every account has again what it had before.'
      : `These could not be put back: ${notRestored.map((entry) => entry.target).join(', ')}. Restore the backup once the cause is mended.`;
  const reason = cause instanceof DomainError ? cause.code : 'unexpected';
  const options = {
    cause,
    extensions: {
      failed: { target: target?.id ?? null, code: reason, detail: failure },
      restored,
      notRestored,
      backupId,
    },
  };
  if (target === null) {
    const detail = `The change could not be recorded: ${failure} ${after}`;
    return new DomainError('unavailable', 'journal-unavailable', detail, options);
  }
  if (reason === 'registry-changed') {
    return new DomainError('conflict', 'registry-changed', `${failure} ${after}`, options);
  }
  return new DomainError(
    'unavailable',
    'write-failed',
    `Writing ${target.id} failed: ${failure} ${after}`,
    options,
  );
}
