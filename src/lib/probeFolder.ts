import { randomBytes } from 'node:crypto';
import { open, rm } from 'node:fs/promises';
import path from 'node:path';

/** More than what a file system keeps beside a file's name, so that a full disk is seen. */
const PROBE_BYTES = 4096;

/**
 * Makes a small file in `folder`, has it written to the disk, and removes it. Rejects with the system's error (`ENOSPC`,
 * `EACCES`, …). What a killed process leaves of it, `removeUnfinishedWrites` removes.
 */
export async function probeFolder(folder: string): Promise<void> {
  const file = path.join(folder, `probe.${randomBytes(6).toString('hex')}.tmp`);
  try {
    const handle = await open(file, 'wx', 0o600);
    try {
      // Not zeros: a file system may keep those without room for them.
      await handle.writeFile(randomBytes(PROBE_BYTES));
      await handle.datasync();
    } finally {
      await handle.close();
    }
  } finally {
    await rm(file, { force: true });
  }
}
