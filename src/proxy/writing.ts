/** One account's value, as it is written: never without a look at what is there, before and after. */
import { DomainError } from '../lib/errors';
import type { Registry, RegistryValue } from '../registry/registry';
import type { Account } from './accounts';
import { SETTINGS_VALUE, connectionsKey, sameValue } from './settingsValue';

/** Errors: the registry's, and `registry-changed` when the account has another value by now. */
export async function requireValue(
  registry: Registry,
  account: Account,
  expected: RegistryValue | undefined,
): Promise<void> {
  const now = await registry.readValue(connectionsKey(account.sid), SETTINGS_VALUE);
  if (sameValue(now, expected)) return;
  throw new DomainError(
    'conflict',
    'registry-changed',
    `Somebody else changed the settings of ${account.id} while this change was made.`,
  );
}

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
 * Gives an account again what it had, unless it has that already. `isOurs` tells what may be overwritten. Errors: those of
 * {@link writeAndCheck}, and `registry-changed` when somebody else's value is there: it stays.
 */
export async function putBack(
  registry: Registry,
  account: Pick<Account, 'id' | 'sid'>,
  before: RegistryValue | undefined,
  isOurs: (now: RegistryValue | undefined) => boolean,
): Promise<void> {
  const now = await registry.readValue(connectionsKey(account.sid), SETTINGS_VALUE);
  if (sameValue(now, before)) return;
  if (!isOurs(now)) {
    throw new DomainError(
      'conflict',
      'registry-changed',
      `Somebody changed the settings of ${account.id} since.`,
    );
  }
  await writeAndCheck(registry, account.sid, before);
}
