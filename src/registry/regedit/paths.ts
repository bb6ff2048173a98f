import { checkValueName, invalid, keyComponents } from '../names';

/** A key as the scripts name it. */
export interface ScriptKey {
  /** With the short name of its hive: `HKU\S-1-5-18\Software`. */
  readonly path: string;
  /** The user's hive that it is in or is, as `S-1-5-18`; undefined elsewhere than under HKEY_USERS. */
  readonly userHive: string | undefined;
}

/** The predefined keys that the scripts know, by their only names there. */
const SHORT_NAMES: Readonly<Record<string, string>> = {
  HKEY_CLASSES_ROOT: 'HKCR',
  HKEY_CURRENT_USER: 'HKCU',
  HKEY_LOCAL_MACHINE: 'HKLM',
  HKEY_USERS: 'HKU',
  HKEY_CURRENT_CONFIG: 'HKCC',
};

/**
 * A full key path as the scripts take it. They get it escaped and by stdin, so that any character is carried.
 *
 * @throws DomainError `registry-name-invalid`, also for the hives of performance data, which the scripts do not know.
 */
export function scriptKey(key: string): ScriptKey {
  const [hive = '', ...components] = keyComponents(key);
  const short = SHORT_NAMES[hive];
  if (short === undefined) throw invalid(`The driver regedit does not know ${hive}.`);
  return {
    path: [short, ...components].join('\\'),
    userHive: hive === 'HKEY_USERS' ? components[0] : undefined,
  };
}

/**
 * Refuses names that the scripts cannot carry: those with a backslash, where regDeleteValue.wsf would see a key.
 *
 * @throws DomainError `registry-name-invalid`
 */
export function checkScriptValueName(name: string): void {
  checkValueName(name);
  if (name.includes('\\')) {
    throw invalid(
      'The driver regedit cannot carry the name of a value with a backslash. The native driver (advapi32) can.',
    );
  }
}
