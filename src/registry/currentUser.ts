import { type Registry, stringValue } from './registry';

const SESSION = 'Volatile Environment';
const LOCAL_SYSTEM = 'S-1-5-18';

/**
 * The SID that this process runs as, told from the registry alone: the loaded hive whose session is that of
 * HKEY_CURRENT_USER. LocalSystem has no session, so it is LocalSystem when there is none. Where the process's token can be
 * read, that is the better source.
 */
export async function sidOfCurrentUser(registry: Registry): Promise<string> {
  const own = await sessionOf(registry, 'HKEY_CURRENT_USER');
  if (own === undefined) return LOCAL_SYSTEM;
  for (const sid of (await registry.listSubkeys('HKEY_USERS')) ?? []) {
    if (sid.startsWith('S-1-') && (await sessionOf(registry, `HKEY_USERS\\${sid}`)) === own) return sid;
  }
  return LOCAL_SYSTEM;
}

/** Who is signed in: domain and name; undefined without a session. */
async function sessionOf(registry: Registry, hive: string): Promise<string | undefined> {
  const key = `${hive}\\${SESSION}`;
  const name = stringValue(await registry.readValue(key, 'USERNAME'));
  if (!name) return undefined;
  return `${stringValue(await registry.readValue(key, 'USERDOMAIN')) ?? ''}\\${name}`.toUpperCase();
}
