import { DomainError } from '../../lib/errors';
import { type Handle, callAsync } from '../../windows/systemLibrary';
import { checkValueName, keyComponents } from '../names';
import type { NamedRegistryValue, Registry, RegistryValue, RegistryWatch, WatchedKey } from '../registry';
import { type RegistryBindings, bindRegistry } from './bindings';
import { type KeyPath, keyPath, withKey } from './keyHandle';
import { watchKeys } from './keyWatch';
import { Win32, registryError, saysAbsent } from './win32Error';

/** Access rights (winnt.h). */
const KEY_READ = 0x20019;
const KEY_QUERY_VALUE = 0x1;
const KEY_SET_VALUE = 0x2;
const KEY_CREATE_SUB_KEY = 0x4;
/** The 64-bit view, also for a 32-bit process. */
const KEY_WOW64_64KEY = 0x100;

/** Bytes that most values fit into. */
const USUAL_BYTES = 4096;
/** A value larger than this is not read: Windows itself advises against more than 2 KiB. */
const MAX_BYTES = 64 * 1024 * 1024;
/**
 * What stands in memory behind a value that is written: RegSetValueExW takes a text's missing terminator from there when it
 * finds one, and would write more than it was given.
 */
const BEHIND = Buffer.from([0xff, 0xff]);
/** A value that grows each time it is asked for is given up after so many. */
const ATTEMPTS = 8;
/** UTF-16 units of a name and its terminator: 16,383 for a value, 255 for a key. */
const VALUE_NAME_UNITS = 16_384;
const KEY_NAME_UNITS = 256;

/**
 * Opens the registry of this machine through advapi32.dll. Reads are made at once, on the calling thread: each takes
 * microseconds. What waits for the disk, the flush after a write, is made on a thread of its own. Errors:
 * `native-code-unavailable`.
 */
export function openAdvapi32Registry(): Registry {
  return new Advapi32Registry(bindRegistry());
}

class Advapi32Registry implements Registry {
  readonly driver = 'advapi32';
  private readonly watches = new Set<RegistryWatch>();
  private readonly usual = Buffer.alloc(USUAL_BYTES);
  private closed = false;

  constructor(private readonly api: RegistryBindings) {}

  readValue(key: string, name: string): Promise<RegistryValue | undefined> {
    return settle(() => this.reading(this.check(key, name), (handle) => this.query(handle, name)));
  }

  async writeValue(key: string, name: string, value: RegistryValue): Promise<void> {
    const path = this.check(key, name);
    const size = value.data.byteLength;
    const data = Buffer.concat([value.data, BEHIND]);
    await this.writing(path, KEY_SET_VALUE | KEY_QUERY_VALUE, 'write the value', (handle) =>
      this.api.setValue(handle, name, 0, value.type, data, size),
    );
  }

  async deleteValue(key: string, name: string): Promise<void> {
    const path = this.check(key, name);
    try {
      await this.writing(path, KEY_SET_VALUE | KEY_QUERY_VALUE, 'delete the value', (handle) => {
        const code = this.api.deleteValue(handle, name);
        return saysAbsent(code) ? Win32.success : code;
      });
    } catch (error) {
      if (!(error instanceof DomainError) || error.code !== 'registry-key-absent') throw error;
    }
  }

  listValues(key: string): Promise<readonly NamedRegistryValue[] | undefined> {
    return settle(() => this.reading(this.check(key), (handle) => this.enumerateValues(handle)));
  }

  listSubkeys(key: string): Promise<readonly string[] | undefined> {
    return settle(() => this.reading(this.check(key), (handle) => this.enumerateKeys(handle)));
  }

  async createKey(key: string): Promise<void> {
    const path = this.check(key);
    this.requireHive(path);
    const { api } = this;
    const created: [Handle] = [0];
    const access = KEY_CREATE_SUB_KEY | KEY_QUERY_VALUE | KEY_WOW64_64KEY;
    const code = api.createKey(path.root, path.subkey, 0, null, 0, access, null, created, null);
    if (code !== Win32.success) throw registryError(code, 'make the key');
    try {
      await this.flush(created[0]);
    } finally {
      api.closeKey(created[0]);
    }
  }

  watch(keys: readonly WatchedKey[]): RegistryWatch {
    this.refuseClosed();
    const watch = watchKeys(
      this.api,
      keys.map(({ key, scope }) => ({ path: keyPath(keyComponents(key)), subtree: scope === 'subtree' })),
    );
    this.watches.add(watch);
    return {
      revision: () => watch.revision(),
      onChange: (listener) => {
        watch.onChange(listener);
      },
      close: () => {
        watch.close();
        this.watches.delete(watch);
      },
    };
  }

  close(): Promise<void> {
    this.closed = true;
    for (const watch of this.watches) watch.close();
    this.watches.clear();
    return Promise.resolve();
  }

  /** Runs `read` with the open key; undefined when the key is not there, or was deleted while it was read. */
  private reading<T>(path: KeyPath, read: (handle: Handle) => T | number): T | undefined {
    const result = withKey(this.api, { path, access: KEY_READ | KEY_WOW64_64KEY }, read);
    if (typeof result !== 'number') return result;
    if (saysAbsent(result)) return undefined;
    throw registryError(result, 'read the key');
  }

  /** Runs `write`, which gives a Win32 code, with the open key, and puts the change onto the disk. */
  private async writing(
    path: KeyPath,
    access: number,
    doing: string,
    write: (handle: Handle) => number,
  ): Promise<void> {
    const opened: [Handle] = [0];
    const code = this.api.openKey(path.root, path.subkey, 0, access | KEY_WOW64_64KEY, opened);
    if (saysAbsent(code)) this.requireHive(path);
    if (code !== Win32.success) throw registryError(code, doing);
    try {
      const written = write(opened[0]);
      if (written !== Win32.success) throw registryError(written, doing);
      await this.flush(opened[0]);
    } finally {
      this.api.closeKey(opened[0]);
    }
  }

  /** Writes the hive's log to the disk, as RegFlushKey does: only then does a change survive a power cut. */
  private async flush(handle: Handle): Promise<void> {
    const code = await callAsync(this.api.flushKey, handle);
    // Somebody deleted the key since: there is nothing left to keep.
    if (code !== Win32.success && !saysAbsent(code))
      throw registryError(code, 'put the change onto the disk');
  }

  private query(handle: Handle, name: string): RegistryValue | number {
    let buffer: Buffer = this.usual;
    for (let attempt = 0; attempt < ATTEMPTS; attempt += 1) {
      const type: [number] = [0];
      const size: [number] = [buffer.length];
      const code = this.api.queryValue(handle, name, null, type, buffer, size);
      if (code === Win32.success)
        return { type: type[0], data: Uint8Array.prototype.slice.call(buffer, 0, size[0]) };
      if (code !== Win32.moreData) return code;
      buffer = roomFor(size[0]);
    }
    return Win32.moreData;
  }

  private enumerateValues(handle: Handle): readonly NamedRegistryValue[] | number {
    const values: NamedRegistryValue[] = [];
    const name = Buffer.alloc(VALUE_NAME_UNITS * 2);
    let buffer: Buffer = this.usual;
    for (let attempt = 0; attempt < ATTEMPTS;) {
      const length: [number] = [VALUE_NAME_UNITS];
      const type: [number] = [0];
      const size: [number] = [buffer.length];
      const code = this.api.enumValue(handle, values.length, name, length, null, type, buffer, size);
      if (code === Win32.noMoreItems) return values;
      if (code === Win32.moreData) {
        buffer = roomFor(Math.max(size[0], buffer.length * 2));
        attempt += 1;
        continue;
      }
      if (code !== Win32.success) return code;
      const data = Uint8Array.prototype.slice.call(buffer, 0, size[0]);
      values.push({ name: name.toString('utf16le', 0, length[0] * 2), type: type[0], data });
    }
    return Win32.moreData;
  }

  private enumerateKeys(handle: Handle): readonly string[] | number {
    const names: string[] = [];
    const name = Buffer.alloc(KEY_NAME_UNITS * 2);
    for (;;) {
      const length: [number] = [KEY_NAME_UNITS];
      const code = this.api.enumKey(handle, names.length, name, length, null, null, null, null);
      if (code === Win32.noMoreItems) return names;
      if (code !== Win32.success) return code;
      names.push(name.toString('utf16le', 0, length[0] * 2));
    }
  }

  /** Refuses a key below a hive that is not loaded: some systems (Wine) would make the hive, Windows says error 87. */
  private requireHive({ hive }: KeyPath): void {
    if (hive === undefined) return;
    const found = withKey(
      this.api,
      { path: hive, access: KEY_QUERY_VALUE | KEY_WOW64_64KEY },
      () => Win32.success,
    );
    if (saysAbsent(found)) {
      throw new DomainError(
        'notFound',
        'registry-hive-not-loaded',
        "The account's hive is not loaded: it is signed out.",
      );
    }
    // Access denied here says that the hive is there; what is done next says whether it may be used.
  }

  /** Checks names before they reach Windows. Errors: `registry-name-invalid`. */
  private check(key: string, name = ''): KeyPath {
    this.refuseClosed();
    checkValueName(name);
    return keyPath(keyComponents(key));
  }

  private refuseClosed(): void {
    if (this.closed) throw new DomainError('unavailable', 'registry-unavailable', 'The registry is closed.');
  }
}

function roomFor(bytes: number): Buffer {
  if (bytes > MAX_BYTES) {
    const detail = `A value is larger than ${MAX_BYTES} bytes, which this service does not read.`;
    throw new DomainError('unavailable', 'registry-unavailable', detail);
  }
  return Buffer.alloc(bytes);
}

/** The outcome of `task` as a promise, so that a caller meets every error in one way. */
function settle<T>(task: () => T): Promise<T> {
  return new Promise((resolve) => {
    resolve(task());
  });
}
