import { DomainError } from '../lib/errors';
import type {
  NamedRegistryValue,
  Registry,
  RegistryValue,
  RegistryWatch,
  WatchedKey,
} from '../registry/registry';
import { stringValue } from '../registry/registry';
import { type Account, SERVICE_ACCOUNTS, isPersonSid, isSid } from './accounts';
import { SETTINGS_VALUE, connectionsKey, internetSettingsKey, sameValue } from './settingsValue';

const USERS = 'HKEY_USERS';
const PROFILE_LIST = 'HKEY_LOCAL_MACHINE\\SOFTWARE\\Microsoft\\Windows NT\\CurrentVersion\\ProfileList';
const POLICY =
  'HKEY_LOCAL_MACHINE\\SOFTWARE\\Policies\\Microsoft\\Windows\\CurrentVersion\\Internet Settings';
const MACHINE_CONNECTIONS =
  'HKEY_LOCAL_MACHINE\\SOFTWARE\\Microsoft\\Windows\\CurrentVersion\\Internet Settings\\Connections';

/** What the registry says about one account, read and not yet interpreted. */
export interface AccountSnapshot {
  readonly account: Account;
  /** Whether the account's hive is there, so that its settings can be read and written. */
  readonly loaded: boolean;
  /** `DefaultConnectionSettings`. */
  readonly value: RegistryValue | undefined;
  /** The values beside the `Connections` key. */
  readonly legacy: readonly NamedRegistryValue[];
}

/** What the registry says about proxies: everything that any decision here is made from. */
export interface Snapshot {
  /** Service accounts first, then the people whose profile is loaded, in the registry's order. */
  readonly accounts: readonly AccountSnapshot[];
  /** `ProxySettingsPerUser`. */
  readonly policy: RegistryValue | undefined;
  /** `WinHttpSettings`. */
  readonly winHttp: RegistryValue | undefined;
  /** HKLM's `DefaultConnectionSettings`. */
  readonly machineValue: RegistryValue | undefined;
}

/** Reads it all, each value once. Errors: the registry's. */
export async function readSnapshot(registry: Registry): Promise<Snapshot> {
  const hives = (await registry.listSubkeys(USERS)) ?? [];
  const loaded = new Set(
    hives.map((hive) => (hive.toUpperCase() === '.DEFAULT' ? 'S-1-5-18' : hive.toUpperCase())),
  );
  const services = SERVICE_ACCOUNTS.map((account) => readAccount(registry, account, loaded.has(account.sid)));
  const people = hives.filter(isPersonSid).map(async (sid) => {
    return readAccount(registry, await readPerson(registry, sid), true);
  });
  const [accounts, policy, winHttp, machineValue] = await Promise.all([
    Promise.all([...services, ...people]),
    registry.readValue(POLICY, 'ProxySettingsPerUser'),
    registry.readValue(MACHINE_CONNECTIONS, 'WinHttpSettings'),
    registry.readValue(MACHINE_CONNECTIONS, SETTINGS_VALUE),
  ]);
  return { accounts, policy, winHttp, machineValue };
}

/** Reads snapshots until it is closed. */
export interface SnapshotReader {
  /** {@link readSnapshot}, but reads nothing while the driver can tell that nothing has changed. Errors: the registry's. */
  read(): Promise<Snapshot>;
  /** Calls back soon after what was read may have changed, where the driver can tell. One listener. */
  onChange(listener: () => void): void;
  close(): void;
}

/** Makes a reader, which watches what it reads where the driver can. */
export function snapshotReader(registry: Registry): SnapshotReader {
  let watch: RegistryWatch | undefined;
  let watched = '';
  let listener: (() => void) | undefined;
  let last: { readonly revision: number; readonly snapshot: Snapshot } | null = null;
  return {
    read: async () => {
      const used = watch;
      const before = used?.revision();
      if (last !== null && last.revision === before) return last.snapshot;
      const snapshot = await readSnapshot(registry);
      const keys = watchedKeys(snapshot);
      const wanted = keys.map(({ key }) => key).join();
      if (wanted !== watched) {
        // What was not watched yet may have changed unseen: this snapshot is not kept.
        last = null;
        watch?.close();
        watch = registry.watch?.(keys);
        if (listener !== undefined) watch?.onChange(listener);
        watched = wanted;
      } else if (before !== undefined && used === watch) {
        // A change while it was read may have been seen in part. Another read may have begun a new watch, with a new count.
        last = used?.revision() === before ? { revision: before, snapshot } : null;
      }
      return snapshot;
    },
    onChange: (told) => {
      listener = told;
      watch?.onChange(told);
    },
    close: () => {
      watch?.close();
      watch = undefined;
      watched = '';
      last = null;
    },
  };
}

/** The keys that a snapshot was read from. */
function watchedKeys({ accounts }: Snapshot): readonly WatchedKey[] {
  const keys = [USERS, POLICY, MACHINE_CONNECTIONS];
  for (const { account } of accounts) {
    keys.push(internetSettingsKey(account.sid), connectionsKey(account.sid));
    if (account.id === account.sid) keys.push(sessionKey(account.sid), `${PROFILE_LIST}\\${account.sid}`);
  }
  return keys.map((key) => ({ key, scope: 'key' }));
}

/**
 * The account that an id names; `CurrentUser` is not handled here, since it depends on the source rule. Errors:
 * `id-invalid` for a SID that is no SID, `context-not-found` for an account that is not there.
 */
export function findAccount(snapshot: Snapshot, id: string): AccountSnapshot {
  // HKU\\.DEFAULT is another name of LocalSystem's hive (domain facts, section 1).
  const wanted = id.toLowerCase() === '.default' ? 'localsystem' : id.toLowerCase();
  const found = snapshot.accounts.find(
    ({ account }) => account.id.toLowerCase() === wanted || account.sid.toLowerCase() === wanted,
  );
  if (found !== undefined) return found;
  if (wanted.startsWith('s-1-') && !isSid(id)) {
    throw new DomainError('invalid', 'id-invalid', 'This is not a security identifier (SID).');
  }
  throw new DomainError(
    'notFound',
    'context-not-found',
    'No such account is signed in, so its settings cannot be seen. Have it sign in, or name another: LocalSystem, LocalService, NetworkService, CurrentUser, or the SID of an account whose profile is loaded. GET /proxy/contexts lists them.',
  );
}

/** Whether two snapshots hold the same, so that whatever was made from one holds for the other. */
export function sameSnapshot(a: Snapshot, b: Snapshot): boolean {
  if (a === b) return true;
  return (
    a.accounts.length === b.accounts.length &&
    a.accounts.every((account, index) => sameAccount(account, b.accounts[index])) &&
    sameValue(a.policy, b.policy) &&
    sameValue(a.winHttp, b.winHttp) &&
    sameValue(a.machineValue, b.machineValue)
  );
}

async function readAccount(registry: Registry, account: Account, loaded: boolean): Promise<AccountSnapshot> {
  const [value, legacy] = await Promise.all([
    registry.readValue(connectionsKey(account.sid), SETTINGS_VALUE),
    registry.listValues(internetSettingsKey(account.sid)),
  ]);
  return { account, loaded, value, legacy: legacy ?? [] };
}

/** What Windows keeps about the session of a person who is signed in. */
function sessionKey(sid: string): string {
  return `${USERS}\\${sid}\\Volatile Environment`;
}

async function readPerson(registry: Registry, sid: string): Promise<Account> {
  const session = sessionKey(sid);
  const [user, domain, profile] = await Promise.all([
    readText(registry, session, 'USERNAME'),
    readText(registry, session, 'USERDOMAIN'),
    readText(registry, `${PROFILE_LIST}\\${sid}`, 'ProfileImagePath'),
  ]);
  const name = user ? (domain ? `${domain}\\${user}` : user) : (profile?.split('\\').at(-1) ?? sid);
  return { id: sid, sid, name, profilePath: profile ?? null, usedBy: [] };
}

/** A text for people to read: one that the driver cannot carry is left out, since it decides nothing. */
async function readText(registry: Registry, key: string, name: string): Promise<string | undefined> {
  try {
    return stringValue(await registry.readValue(key, name));
  } catch (error) {
    if (error instanceof DomainError && error.code === 'registry-value-unsupported') return undefined;
    throw error;
  }
}

function sameAccount(a: AccountSnapshot, b: AccountSnapshot | undefined): boolean {
  if (b === undefined) return false;
  return (
    a.account.sid === b.account.sid &&
    a.account.name === b.account.name &&
    a.account.profilePath === b.account.profilePath &&
    a.loaded === b.loaded &&
    sameValue(a.value, b.value) &&
    sameValues(a.legacy, b.legacy)
  );
}

function sameValues(a: readonly NamedRegistryValue[], b: readonly NamedRegistryValue[]): boolean {
  if (a === b) return true;
  return (
    a.length === b.length &&
    a.every((value, index) => value.name === b[index]?.name && sameValue(value, b[index]))
  );
}
