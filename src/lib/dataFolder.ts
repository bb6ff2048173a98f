/** The folder that all of the service's files are in, for one instance at a time. */
import { constants } from 'node:fs';
import { access, mkdir } from 'node:fs/promises';
import path from 'node:path';
import { DomainError, systemCodeOf } from './errors';
import { FileLockedError, acquireFileLock } from './fileLock';

/** Makes the data folder where there is none. Errors: `data-dir-unusable`. */
export async function openDataDir(dataDir: string): Promise<void> {
  try {
    await makeFolder(dataDir);
    await access(dataDir, constants.W_OK);
  } catch (cause) {
    throw unusable(cause);
  }
}

/** Not mkdir's own `recursive`, which tries without end below /proc (Node 20). */
async function makeFolder(folder: string): Promise<void> {
  try {
    await mkdir(folder, { mode: 0o700 });
  } catch (error) {
    const code = systemCodeOf(error);
    if (code === 'EEXIST') return;
    if (code !== 'ENOENT' || path.dirname(folder) === folder) throw error;
    await makeFolder(path.dirname(folder));
    await mkdir(folder, { mode: 0o700 });
  }
}

/** Keeps other instances from it; the result lets them. Errors: `data-dir-locked`, `data-dir-unusable`. */
export async function lockDataDir(dataDir: string): Promise<() => Promise<void>> {
  try {
    const lock = await acquireFileLock(path.join(dataDir, 'service'));
    return () => lock.release();
  } catch (cause) {
    if (!(cause instanceof FileLockedError)) throw unusable(cause);
    const holder = cause.pid === undefined ? '' : ` (process ${cause.pid})`;
    const detail = `another instance${holder} uses this data folder. Stop it, or set SENSORPROXY_DATA_DIR.`;
    throw new DomainError('conflict', 'data-dir-locked', detail, { cause });
  }
}

function unusable(cause: unknown): DomainError {
  const reason = systemCodeOf(cause) ?? 'unknown reason';
  const detail = `the data folder cannot be written (${reason}). Make room and make it writable, or set SENSORPROXY_DATA_DIR.`;
  return new DomainError('unavailable', 'data-dir-unusable', detail, { cause });
}
