import { randomUUID } from 'node:crypto';
import { constants } from 'node:fs';
import { copyFile, link, readFile, rename, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { systemCodeOf } from './errors';

/** Somebody else holds the lock. `pid` is theirs, or undefined when the lock file does not say. */
export class FileLockedError extends Error {
  override readonly name = 'FileLockedError';

  constructor(readonly pid: number | undefined) {
    super(pid === undefined ? 'locked by another process' : `locked by process ${pid}`);
  }
}

/** A lock that is held. Releasing twice is no error. */
export interface FileLock {
  release(): Promise<void>;
}

interface Holder {
  readonly pid: number;
  /** Linux: clock ticks since boot at which the process began, so that a reused pid is not taken for the holder. */
  readonly startTime: string | undefined;
  /** Makes two lock files of the same process differ. */
  readonly id: string;
}

const ATTEMPTS = 5;
const SETTLE_MS = 25;

/** The ids of the locks that this process holds, by lock file. */
const held = new Map<string, string>();

/**
 * Takes the lock `<file>.lock`; `file` itself need not exist, its folder must. Holds between processes of one machine
 * that see each other's pids, and within a process. A lock whose process is gone (killed, or the machine went down) is
 * taken over. Between containers that share a volume but not their pids it cannot tell a live holder from a dead one.
 *
 * @throws FileLockedError when a living process, or this one, holds it; a system error when the file cannot be made.
 */
export async function acquireFileLock(file: string): Promise<FileLock> {
  const lockFile = path.resolve(`${file}.lock`);
  if (held.has(lockFile)) throw new FileLockedError(process.pid);
  const me: Holder = {
    pid: process.pid,
    startTime: (await processStat(process.pid))?.startTime,
    id: randomUUID(),
  };
  // Another call of this process may have come in between.
  if (held.has(lockFile)) throw new FileLockedError(process.pid);
  held.set(lockFile, me.id);
  try {
    await take(lockFile, me);
  } catch (error) {
    held.delete(lockFile);
    throw error;
  }
  return {
    release: async () => {
      if (held.get(lockFile) !== me.id) return;
      try {
        if (parseHolder(await readIfThere(lockFile))?.id === me.id) await rm(lockFile, { force: true });
      } finally {
        held.delete(lockFile);
      }
    },
  };
}

async function take(lockFile: string, me: Holder): Promise<void> {
  let tookOver = false;
  for (let attempt = 0; attempt < ATTEMPTS; attempt += 1) {
    if (await createExclusively(lockFile, me)) {
      if (!tookOver || (await stillOurs(lockFile, me))) return;
      continue;
    }
    const text = await readIfThere(lockFile);
    if (text === undefined) continue; // released in between
    const holder = parseHolder(text);
    if (holder === undefined && attempt === 0) {
      await pause(SETTLE_MS); // maybe half-written, on a file system without hard links
      continue;
    }
    if (holder !== undefined && (await isAlive(holder))) throw new FileLockedError(holder.pid);
    await clearAway(lockFile, text);
    tookOver = true;
  }
  throw new FileLockedError(parseHolder(await readIfThere(lockFile))?.pid);
}

/** Makes the lock file with its content already in it, or returns false when there is one. */
async function createExclusively(lockFile: string, me: Holder): Promise<boolean> {
  const draft = `${lockFile}.${me.id}`;
  try {
    await writeFile(draft, JSON.stringify(me), { flag: 'wx', mode: 0o600 });
    await link(draft, lockFile).catch(async (error: unknown) => {
      if (systemCodeOf(error) === 'EEXIST') throw error;
      await copyFile(draft, lockFile, constants.COPYFILE_EXCL); // no hard links here (exFAT, some network shares)
    });
    return true;
  } catch (error) {
    if (systemCodeOf(error) === 'EEXIST') return false;
    throw error;
  } finally {
    await rm(draft, { force: true });
  }
}

/**
 * Moves a dead process's lock out of the way. Another starter may have done so first and hold the lock by now: what was
 * moved is then not the dead one, and goes back.
 */
async function clearAway(lockFile: string, stale: string): Promise<void> {
  const aside = `${lockFile}.${randomUUID()}.stale`;
  try {
    await rename(lockFile, aside);
  } catch (error) {
    if (systemCodeOf(error) === 'ENOENT') return;
    throw error;
  }
  try {
    if ((await readFile(aside, 'utf8')) !== stale) await link(aside, lockFile).catch(() => undefined);
  } finally {
    await rm(aside, { force: true });
  }
}

/** After a take-over: a slower starter may still move our lock aside for a moment, so look once more. */
async function stillOurs(lockFile: string, me: Holder): Promise<boolean> {
  await pause(SETTLE_MS);
  return parseHolder(await readIfThere(lockFile))?.id === me.id;
}

/** Whether the process that wrote the lock still runs. Our own pid without our knowing of it is a former pid 1's lock. */
async function isAlive(holder: Holder): Promise<boolean> {
  if (holder.pid === process.pid) return false;
  if (process.platform === 'linux') {
    const stat = await processStat(holder.pid);
    if (stat === undefined || 'ZX'.includes(stat.state)) return false;
    return holder.startTime === undefined || holder.startTime === stat.startTime;
  }
  try {
    process.kill(holder.pid, 0);
    return true;
  } catch (error) {
    return systemCodeOf(error) === 'EPERM';
  }
}

/** State and start time from `/proc/<pid>/stat` (proc(5), fields 3 and 22), or undefined where there is none. */
async function processStat(pid: number): Promise<{ state: string; startTime: string } | undefined> {
  const text = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => undefined);
  if (text === undefined) return undefined;
  // The second field is the program's name in parentheses and may hold spaces and parentheses itself.
  const [state, ...rest] = text.slice(text.lastIndexOf(')') + 2).split(' ');
  const startTime = rest[18];
  return state === undefined || startTime === undefined ? undefined : { state, startTime };
}

async function readIfThere(file: string): Promise<string | undefined> {
  try {
    return await readFile(file, 'utf8');
  } catch (error) {
    if (systemCodeOf(error) === 'ENOENT') return undefined;
    throw error;
  }
}

function parseHolder(text: string | undefined): Holder | undefined {
  try {
    const value: unknown = JSON.parse(text ?? '');
    if (typeof value !== 'object' || value === null || !('pid' in value) || !('id' in value))
      return undefined;
    const { pid, id } = value;
    if (typeof pid !== 'number' || !Number.isInteger(pid) || pid <= 0 || typeof id !== 'string')
      return undefined;
    const startTime =
      'startTime' in value && typeof value.startTime === 'string' ? value.startTime : undefined;
    return { pid, id, startTime };
  } catch {
    return undefined; // cut short by a power failure
  }
}
