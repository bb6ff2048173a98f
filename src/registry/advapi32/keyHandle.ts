import { DomainError } from '../../lib/errors';
import type { Handle } from '../../windows/systemLibrary';
import type { RegistryBindings } from './bindings';
import { Win32 } from './win32Error';

/** A key as Windows opens it: a predefined key's handle, and the path below it. */
export interface KeyPath {
  readonly root: Handle;
  readonly subkey: string;
  /** Below HKEY_USERS: the key of the account's hive. */
  readonly hive?: KeyPath;
}

/** Predefined keys (winreg.h): 32-bit numbers, sign-extended to a pointer's size. */
const ROOTS: Readonly<Record<string, number>> = {
  HKEY_CLASSES_ROOT: 0x80000000,
  HKEY_CURRENT_USER: 0x80000001,
  HKEY_LOCAL_MACHINE: 0x80000002,
  HKEY_USERS: 0x80000003,
  HKEY_CURRENT_CONFIG: 0x80000005,
};

/**
 * The path for a key's components, as `keyComponents` gives them. Errors: `registry-name-invalid` for a hive that is no
 * part of the registry proper, such as HKEY_PERFORMANCE_DATA.
 */
export function keyPath([hive = '', ...below]: readonly string[]): KeyPath {
  const root = ROOTS[hive];
  if (root === undefined) {
    throw new DomainError('invalid', 'registry-name-invalid', 'This hive holds no settings.');
  }
  const [account] = below;
  const path: KeyPath = { root: root | 0, subkey: below.join('\\') };
  if (hive !== 'HKEY_USERS' || account === undefined) return path;
  return { ...path, hive: { root: root | 0, subkey: account } };
}

/** Runs `use` with the open key and closes it whatever happens. Gives the Win32 code instead when it cannot be opened. */
export function withKey<T>(
  api: RegistryBindings,
  { path, access }: { readonly path: KeyPath; readonly access: number },
  use: (handle: Handle) => T,
): T | number {
  const opened: [Handle] = [0];
  const code = api.openKey(path.root, path.subkey, 0, access, opened);
  if (code !== Win32.success) return code;
  try {
    return use(opened[0]);
  } finally {
    api.closeKey(opened[0]);
  }
}
