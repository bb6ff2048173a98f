import { open, realpath, stat } from 'node:fs/promises';
import path from 'node:path';
import { writeFileDurably } from '../../lib/durableFile';
import { DomainError, messageOf, systemCodeOf } from '../../lib/errors';
import { acquireFileLock, FileLockedError, type FileLock } from '../../lib/fileLock';
import { Mutex } from '../../lib/mutex';
import type { NamedRegistryValue, Registry, RegistryValue, RegistryWatch, WatchedKey } from '../registry';
import { withKey, withoutValue, withValue } from './edits';
import { encodeRegFile, type RegFileText } from './encoding';
import { checkValueName, foldName, keyComponents } from '../names';
import { RegFileDocument, type KeyValues } from './regFileDocument';

/** Parsed keys that are kept, and the bytes of data that they may hold together. */
const CACHED_KEYS = 512;
const CACHED_BYTES = 4 * 1024 * 1024;

/** What {@link openRegFile} does beside opening. */
export interface RegFileOptions {
  /** Makes the file with these bytes when there is none. Without it a missing file is an error. */
  readonly createFrom?: () => Uint8Array;
}

/**
 * Opens the embedded registry that lives in a .reg file, and holds the lock `<file>.lock` until it is closed. The file is
 * read once, here; every write replaces it durably, keeping what it does not change byte for byte.
 *
 * @throws DomainError `regfile-malformed` (invalid), `registry-locked` (conflict, with the holder's pid),
 *   `registry-access-denied` (forbidden), `registry-unavailable` (unavailable).
 */
export async function openRegFile(file: string, options: RegFileOptions = {}): Promise<Registry> {
  // A rename would replace a symbolic link, not the file behind it.
  const target = await realpath(file).catch(() => path.resolve(file));
  const lock = await lockOf(target);
  try {
    const bytes = await readAll(target).catch(async (error: unknown) => {
      if (systemCodeOf(error) !== 'ENOENT' || options.createFrom === undefined) throw error;
      const made = options.createFrom();
      await writeFileDurably(target, made);
      return made;
    });
    return new RegFileRegistry(target, lock, RegFileDocument.parse(bytes));
  } catch (error) {
    await lock.release();
    throw asDomainError(error);
  }
}

async function lockOf(file: string): Promise<FileLock> {
  try {
    return await acquireFileLock(file);
  } catch (error) {
    if (!(error instanceof FileLockedError)) throw asDomainError(error);
    const holder = error.pid === undefined ? 'Another process' : `Process ${error.pid}`;
    const detail = `${holder} has the registry file open. Stop it, or give this service a file of its own.`;
    throw new DomainError('conflict', 'registry-locked', detail, {
      cause: error,
      extensions: { pid: error.pid },
    });
  }
}

/** A key's values as they are given out again and again: nobody may write to them, as the port says. */
interface CachedValues {
  readonly byName: KeyValues;
  readonly list: readonly NamedRegistryValue[];
}

class RegFileRegistry implements Registry {
  readonly driver = 'regfile';
  private readonly writers = new Mutex();
  private cache = new Map<string, CachedValues | undefined>();
  private subkeys = new Map<string, readonly string[]>();
  private cachedBytes = 0;
  private closed = false;
  private revisions = 0;
  private readonly watchers = new Set<() => void>();

  constructor(
    private readonly file: string,
    private readonly lock: FileLock,
    private document: RegFileDocument,
  ) {}

  readValue(key: string, name: string): Promise<RegistryValue | undefined> {
    return settle(() => {
      checkValueName(name);
      return this.values(key)?.byName.get(foldName(name));
    });
  }

  listValues(key: string): Promise<readonly NamedRegistryValue[] | undefined> {
    return settle(() => {
      return this.values(key)?.list;
    });
  }

  listSubkeys(key: string): Promise<readonly string[] | undefined> {
    return settle(() => {
      this.refuseClosed();
      const known = this.subkeys.get(key);
      if (known !== undefined) return known;
      const names = this.document.subkeys(keyComponents(key));
      if (names !== undefined && this.subkeys.size < CACHED_KEYS) this.subkeys.set(key, names);
      return names;
    });
  }

  writeValue(key: string, name: string, value: RegistryValue): Promise<void> {
    // The caller may go on using its buffer.
    const wanted = { type: value.type, data: new Uint8Array(value.data) };
    return this.writers.run(async () => {
      checkValueName(name);
      const components = keyComponents(key);
      const values = this.values(key);
      if (values === undefined) {
        throw new DomainError(
          'notFound',
          'registry-key-absent',
          'There is no such key to write a value under.',
        );
      }
      const current = values.byName.get(foldName(name));
      if (current?.type === wanted.type && Buffer.from(current.data).equals(wanted.data)) return;
      await this.replace(withValue(this.document, components, name, wanted));
    });
  }

  deleteValue(key: string, name: string): Promise<void> {
    return this.writers.run(async () => {
      checkValueName(name);
      const components = keyComponents(key);
      if (this.values(key)?.byName.has(foldName(name)) !== true) return;
      await this.replace(withoutValue(this.document, components, name));
    });
  }

  createKey(key: string): Promise<void> {
    return this.writers.run(async () => {
      this.refuseClosed();
      const components = keyComponents(key);
      if (this.document.has(components)) return;
      if (components[0] === 'HKEY_USERS' && !this.document.has(components.slice(0, 2))) {
        const detail = "The account's hive is not loaded, and a registry makes no hive.";
        throw new DomainError('notFound', 'registry-hive-not-loaded', detail);
      }
      await this.replace(withKey(this.document, components));
    });
  }

  /** Every change goes through here, so one count serves for all keys. */
  watch(keys: readonly WatchedKey[]): RegistryWatch {
    for (const { key } of keys) keyComponents(key);
    let listener: () => void = () => undefined;
    const notify = () => {
      listener();
    };
    this.watchers.add(notify);
    return {
      revision: () => {
        this.refuseClosed();
        return this.revisions;
      },
      onChange: (callback) => {
        listener = callback;
      },
      close: () => {
        this.watchers.delete(notify);
      },
    };
  }

  close(): Promise<void> {
    return this.writers.run(async () => {
      this.closed = true;
      this.watchers.clear();
      await this.lock.release();
    });
  }

  /** A key's values, parsed when first asked for. */
  private values(key: string): CachedValues | undefined {
    this.refuseClosed();
    const known = this.cache.get(key);
    if (known !== undefined || this.cache.has(key)) return known;
    const byName = this.document.values(keyComponents(key));
    const values = byName && { byName, list: [...byName.values()] };
    let bytes = key.length * 2;
    for (const value of values?.list ?? []) bytes += value.data.length + value.name.length * 2;
    if (this.cache.size >= CACHED_KEYS || this.cachedBytes + bytes > CACHED_BYTES) this.forget();
    if (bytes <= CACHED_BYTES) {
      this.cache.set(key, values);
      this.cachedBytes += bytes;
    }
    return values;
  }

  private forget(): void {
    this.cache = new Map();
    this.subkeys = new Map();
    this.cachedBytes = 0;
  }

  /** Puts a new text into the file, then into memory. It is read first, so nothing that does not parse is ever written. */
  private async replace(text: RegFileText): Promise<void> {
    const next = new RegFileDocument(text);
    const bytes = encodeRegFile(text.units, text.encoding);
    if (bytes === undefined) throw unavailable('The encoding of the registry file cannot hold the text.');
    try {
      const mode = (await stat(this.file)).mode & 0o777;
      await writeFileDurably(this.file, bytes, mode);
    } catch (error) {
      // The error may have come after the rename (the folder's fsync): memory follows what the file holds.
      const now = await readAll(this.file).catch(() => undefined);
      if (now !== undefined && bytes.equals(now)) this.adopt(next);
      throw asDomainError(error);
    }
    this.adopt(next);
  }

  private adopt(document: RegFileDocument): void {
    this.document = document;
    this.revisions += 1;
    this.forget();
    for (const notify of this.watchers) notify();
  }

  private refuseClosed(): void {
    if (this.closed) throw unavailable('The registry file is closed.');
  }
}

/** The outcome of `task` as a promise, so that a caller meets every error in one way. */
function settle<T>(task: () => T): Promise<T> {
  try {
    return Promise.resolve(task());
  } catch (error) {
    return Promise.reject(asDomainError(error));
  }
}

/** The whole file in one buffer of its size; `readFile` takes many small steps for a large one. */
async function readAll(file: string): Promise<Buffer> {
  // A pipe would be waited for without end.
  if (!(await stat(file)).isFile()) throw unavailable('The registry file is no ordinary file.');
  const handle = await open(file, 'r');
  try {
    const { size } = await handle.stat();
    const bytes = Buffer.allocUnsafeSlow(size);
    let length = 0;
    while (length < size) {
      const { bytesRead } = await handle.read(bytes, length, size - length, length);
      if (bytesRead === 0) break;
      length += bytesRead;
    }
    return bytes.subarray(0, length);
  } finally {
    await handle.close();
  }
}

function unavailable(detail: string, cause?: unknown): DomainError {
  return new DomainError('unavailable', 'registry-unavailable', detail, { cause });
}

function asDomainError(error: unknown): DomainError {
  if (error instanceof DomainError) return error;
  const code = systemCodeOf(error);
  if (code === 'EACCES' || code === 'EPERM' || code === 'EROFS') {
    const detail = `The operating system refuses access to the registry file (${code}).`;
    return new DomainError('forbidden', 'registry-access-denied', detail, { cause: error });
  }
  // Node's own messages hold the path.
  const what = `The registry file cannot be used (${code ?? messageOf(error)}).`;
  return unavailable(`${what} Check that SENSORPROXY_REGISTRY names a .reg file.`, error);
}
