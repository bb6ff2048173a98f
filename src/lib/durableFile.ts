import { open, readdir, rename, rm } from 'node:fs/promises';
import { randomBytes } from 'node:crypto';
import path from 'node:path';

/**
 * Replaces (or makes) a file so that after a crash at any moment it holds either all of the old bytes or all of the new:
 * a temporary file beside it, fsync, rename, fsync of the folder. When it resolves, the bytes are on the disk.
 * On any error the temporary file is removed and the old file stands as it was.
 *
 * @param mode permission bits of the file, where the system has them.
 */
export async function writeFileDurably(
  file: string,
  bytes: Uint8Array | string,
  mode = 0o600,
): Promise<void> {
  const temporary = `${file}.${randomBytes(6).toString('hex')}.tmp`;
  try {
    const handle = await open(temporary, 'wx', mode);
    try {
      await handle.writeFile(bytes);
      await handle.sync();
    } finally {
      await handle.close();
    }
    await rename(temporary, file);
  } catch (error) {
    await rm(temporary, { force: true }).catch(() => undefined);
    throw error;
  }
  await syncFolder(path.dirname(file));
}

/** Removes what {@link writeFileDurably} leaves in `folder` when its process is killed: drafts that never took their name. */
export async function removeUnfinishedWrites(folder: string): Promise<void> {
  for (const name of await readdir(folder)) {
    if (/\.[0-9a-f]{12}\.tmp$/.test(name)) await rm(path.join(folder, name), { force: true });
  }
}

/** Makes a rename, a creation or a removal in `folder` durable. Windows has no fsync of a folder: NTFS journals these. */
export async function syncFolder(folder: string): Promise<void> {
  if (process.platform === 'win32') return;
  const handle = await open(folder, 'r');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}
