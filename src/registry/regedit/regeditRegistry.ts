import path from 'node:path';
import { DomainError } from '../../lib/errors';
import { Mutex } from '../../lib/mutex';
import { foldName } from '../names';
import type { NamedRegistryValue, Registry, RegistryValue } from '../registry';
import {
  type KeyResult,
  type ReadKey,
  type ReadValue,
  keyIn,
  readKey,
  readKeys,
  shownValues,
} from './keyReader';
import { type ScriptKey, checkScriptValueName, scriptKey } from './paths';
import { type Script, type ScriptHost, runScript } from './scriptHost';
import { toScriptValue, unsupported } from './values';

/** Where Windows is, and what a run may take. */
export interface RegeditOptions {
  /** `%SystemRoot%`. */
  readonly systemRoot: string;
  /** For each run of a script; 30 s unless told otherwise. */
  readonly timeoutMs?: number;
  /** In place of `System32\cscript.exe` below the system root. */
  readonly cscript?: string;
  /** In place of the folder `vbs` of the package regedit. */
  readonly scripts?: string;
}

const TIMEOUT_MS = 30_000;
/** Always there, short, and needed later: the hives of the users. */
const USERS = 'HKU';

/**
 * Opens the registry of this machine through Windows Script Host and WMI, for where native code cannot be loaded. Each call
 * starts a process and takes some hundred milliseconds. Reads that are asked for at once share one.
 *
 * What the scripts do not carry unchanged is refused: values with `registry-value-unsupported`, names with
 * `registry-name-invalid` (`values.ts` and `paths.ts` say which). A value that they do not show as it is stored is
 * `registry-value-unsupported` when it is asked for by name, and is left out of lists. A default value that is alone in its
 * key is seen only when it is a string and not empty. A key that this process may not read is, for the scripts, not there; a
 * write to it is `registry-access-denied`. No script flushes: what is written survives a power cut only once Windows has
 * done so by itself, some seconds later.
 *
 * Errors: `registry-unavailable` when the script host or WMI does not answer.
 */
export async function openRegeditRegistry(options: RegeditOptions): Promise<Registry> {
  const host: ScriptHost = {
    cscript: options.cscript ?? path.join(options.systemRoot, 'System32', 'cscript.exe'),
    scripts: options.scripts ?? scriptsOfPackage(),
    timeoutMs: options.timeoutMs ?? TIMEOUT_MS,
  };
  if ((await readKey(host, USERS)) === undefined) throw unavailable('WMI does not show HKEY_USERS.');
  return new RegeditRegistry(host);
}

/** Also in the bundle, beside which the package stays in node_modules. */
function scriptsOfPackage(): string {
  try {
    return path.join(path.dirname(require.resolve('regedit/package.json')), 'vbs');
  } catch (cause) {
    throw unavailable('The package regedit is not installed beside the service.', cause);
  }
}

/** Keys that one run of the script will read. */
interface Batch {
  readonly paths: Set<string>;
  readonly results: Promise<ReadonlyMap<string, KeyResult>>;
}

class RegeditRegistry implements Registry {
  readonly driver = 'regedit';
  private readonly calls = new Mutex();
  /** Reads join it until it begins, or a write is asked for. */
  private batch: Batch | undefined;
  private closed = false;

  constructor(private readonly host: ScriptHost) {}

  async readValue(key: string, name: string): Promise<RegistryValue | undefined> {
    const found = valueNamed(await this.read(this.check(key, name)), name);
    if (found === undefined) return undefined;
    if (found.value === undefined) throw unsupported('the scripts do not show how it is stored');
    return found.value;
  }

  async listValues(key: string): Promise<readonly NamedRegistryValue[] | undefined> {
    const found = await this.read(this.check(key));
    return found && shownValues(found);
  }

  async listSubkeys(key: string): Promise<readonly string[] | undefined> {
    return (await this.read(this.check(key)))?.subkeys;
  }

  async writeValue(key: string, name: string, value: RegistryValue): Promise<void> {
    const target = this.check(key, name);
    const { type, text } = toScriptValue(name, value);
    const wanted: RegistryValue = { type: value.type, data: Uint8Array.from(value.data) };
    // The scripts take no empty line: REG_DEFAULT says which value is meant, and the name does not count.
    const lines = [target.path, name || '(default)', text, type];
    await this.exclusively(async () => {
      const done = await this.runUnlessAbsent('regPutValue.wsf', lines);
      if (!done) throw await this.absent(target);
      const found = valueNamed(await readKey(this.host, target.path), name)?.value;
      if (!same(found, wanted)) throw notAsWritten();
    });
  }

  async deleteValue(key: string, name: string): Promise<void> {
    const target = this.check(key, name);
    await this.exclusively(async () => {
      await this.runUnlessAbsent('regDeleteValue.wsf', [`${target.path}\\${name}`]);
      if (valueNamed(await readKey(this.host, target.path), name) !== undefined) throw notAsWritten();
    });
  }

  async createKey(key: string): Promise<void> {
    const target = this.check(key);
    await this.exclusively(async () => {
      const before = await readKeys(this.host, [target.path, USERS]);
      if (keyIn(before, target.path) !== undefined) return;
      requireHive(target, keyIn(before, USERS));
      const made = await this.runUnlessAbsent('regCreateKey.wsf', [target.path]);
      if (!made || (await readKey(this.host, target.path)) === undefined) throw notAsWritten();
    });
  }

  async close(): Promise<void> {
    this.closed = true;
    await this.exclusively(() => Promise.resolve());
  }

  private async read({ path: keyPath }: ScriptKey): Promise<ReadKey | undefined> {
    this.batch ??= this.openBatch();
    this.batch.paths.add(keyPath);
    return keyIn(await this.batch.results, keyPath);
  }

  private openBatch(): Batch {
    const paths = new Set<string>();
    const results = this.calls.run(() => {
      if (this.batch?.paths === paths) this.batch = undefined;
      return readKeys(this.host, [...paths]);
    });
    return { paths, results };
  }

  /** Runs `task` after all that was asked for before, and before all that is asked for later. */
  private exclusively<T>(task: () => Promise<T>): Promise<T> {
    this.batch = undefined;
    return this.calls.run(task);
  }

  /** Runs a script; false when it says that the key or the value is not there. */
  private async runUnlessAbsent(script: Script, lines: readonly string[]): Promise<boolean> {
    try {
      await runScript(this.host, script, lines);
      return true;
    } catch (error) {
      if (error instanceof DomainError && error.code === 'registry-key-absent') return false;
      throw error;
    }
  }

  /** Why a key is not there: its hive is not loaded, or it was never made. */
  private async absent(target: ScriptKey): Promise<DomainError> {
    requireHive(target, await readKey(this.host, USERS));
    return new DomainError('notFound', 'registry-key-absent', 'There is no such key to write to.');
  }

  /** Checks names before anything is run. Errors: `registry-name-invalid`. */
  private check(key: string, name = ''): ScriptKey {
    if (this.closed) throw unavailable('The registry is closed.');
    checkScriptValueName(name);
    return scriptKey(key);
  }
}

/** Refuses a key in a user's hive that is not loaded: Windows answers the attempt to make it with the vague error 87. */
function requireHive({ userHive }: ScriptKey, users: ReadKey | undefined): void {
  if (userHive === undefined) return;
  if (users?.subkeys.some((hive) => foldName(hive) === foldName(userHive)) === true) return;
  throw new DomainError(
    'notFound',
    'registry-hive-not-loaded',
    "The account's hive is not loaded: it is signed out.",
  );
}

function valueNamed(key: ReadKey | undefined, name: string): ReadValue | undefined {
  return key?.values.find((value) => foldName(value.name) === foldName(name));
}

function same(found: RegistryValue | undefined, wanted: RegistryValue): boolean {
  return found?.type === wanted.type && Buffer.from(found.data).equals(wanted.data);
}

function notAsWritten(): DomainError {
  return unavailable('The script reports success, but what was read back is not what was written.');
}

function unavailable(detail: string, cause?: unknown): DomainError {
  return new DomainError('unavailable', 'registry-unavailable', detail, { cause });
}
