/**
 * The port to a Windows registry. Drivers: `advapi32/` (Windows' own functions), `regedit/` (Windows Script Host, where
 * native code cannot be loaded) and `regfile/` (an embedded registry in a `.reg` file). One contract suite
 * (`test/contract/registryContract.ts`) holds for all of them.
 *
 * Keys are full paths with long hive names and single backslashes (`HKEY_USERS\S-1-5-18\Software`), compared without
 * regard to case, as Windows does. "Not there" is a value (`undefined`), never an error.
 *
 * Errors (`DomainError`): `registry-name-invalid` (kind `invalid`), `registry-key-absent` (`notFound`, a write under a
 * missing key), `registry-hive-not-loaded` (`notFound`), `registry-access-denied` (`forbidden`),
 * `registry-value-unsupported` (`unprocessable`, a value that this driver cannot carry unchanged; nothing was written),
 * `registry-unavailable` (`unavailable`, everything else, with the cause's code in the detail).
 */
export interface Registry {
  /** Which driver this is, for `/readyz` and the log. */
  readonly driver: string;
  /** A value, or undefined when the key or the value is absent. The name `''` is the key's default value. */
  readValue(key: string, name: string): Promise<RegistryValue | undefined>;
  /** Writes a value durably: when it resolves, it survives a power cut. The key must exist. */
  writeValue(key: string, name: string, value: RegistryValue): Promise<void>;
  /** Deletes a value; absent already is no error. */
  deleteValue(key: string, name: string): Promise<void>;
  /** A key's values in stored order, or undefined when there is no such key. */
  listValues(key: string): Promise<readonly NamedRegistryValue[] | undefined>;
  /** The names (not paths) of a key's direct subkeys, or undefined when there is no such key. */
  listSubkeys(key: string): Promise<readonly string[] | undefined>;
  /** Makes a key with its missing parents; there already is no error. A hive (`HKEY_USERS\<SID>`) is never made. */
  createKey(key: string): Promise<void>;
  /** Lets go of files, locks and handles. */
  close(): Promise<void>;
  /**
   * An extra power: tells of changes to any of these keys, whoever makes them. Errors: `registry-name-invalid`,
   * `registry-unavailable`, thrown at once.
   */
  watch?(keys: readonly WatchedKey[]): RegistryWatch;
}

/**
 * A key to watch: its values and the coming and going of its subkeys; with `subtree`, what is below it too. The key need
 * not exist: its being made is a change, and so is its being deleted.
 */
export interface WatchedKey {
  readonly key: string;
  readonly scope: 'key' | 'subtree';
}

/** Keys that are watched, until {@link close}. */
export interface RegistryWatch {
  /**
   * Another number after each change, and maybe without one. Exact at the moment of asking, and cheap: while it stays,
   * everything that was read there still holds.
   */
  revision(): number;
  /** Calls back within about a second after changes, several at once as one. One listener; it does not keep the process alive. */
  onChange(listener: () => void): void;
  close(): void;
}

/**
 * A value as the registry holds it: a type number and bytes that nobody has interpreted. A driver may give the same object
 * out again while the value has not changed: do not write to the bytes.
 */
export interface RegistryValue {
  /** `REG_*` number; see {@link RegistryType}. Unknown numbers are kept. */
  readonly type: number;
  readonly data: Uint8Array;
}

export interface NamedRegistryValue extends RegistryValue {
  readonly name: string;
}

/** The registry's value types (winnt.h). */
export const RegistryType = {
  none: 0,
  string: 1,
  expandString: 2,
  binary: 3,
  dword: 4,
  dwordBigEndian: 5,
  link: 6,
  multiString: 7,
  resourceList: 8,
  fullResourceDescriptor: 9,
  resourceRequirementsList: 10,
  qword: 11,
} as const;

/** The text of a REG_SZ or REG_EXPAND_SZ (UTF-16LE, up to the first NUL), or undefined for any other type. */
export function stringValue(value: RegistryValue | undefined): string | undefined {
  if (value?.type !== RegistryType.string && value?.type !== RegistryType.expandString) return undefined;
  const text = Buffer.from(value.data.buffer, value.data.byteOffset, value.data.byteLength & ~1).toString(
    'utf16le',
  );
  const end = text.indexOf('\0');
  return end < 0 ? text : text.slice(0, end);
}

/** The number of a four-byte REG_DWORD, or undefined for anything else. */
export function dwordValue(value: RegistryValue | undefined): number | undefined {
  if (value?.type !== RegistryType.dword || value.data.byteLength !== 4) return undefined;
  return new DataView(value.data.buffer, value.data.byteOffset, 4).getUint32(0, true);
}
