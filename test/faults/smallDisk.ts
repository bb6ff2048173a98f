/** A file system of a few megabytes (tmpfs), which can be filled. Needs root. */
import { execFile } from 'node:child_process';
import { mkdir, rm, statfs, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { promisify } from 'node:util';

const run = promisify(execFile);

/** A file system that is mounted at `folder` until it is removed. */
export interface SmallDisk {
  readonly folder: string;
  /** Leaves so many bytes free, or as few more as a page has. */
  leave(bytes: number): Promise<void>;
  /** Makes room again. */
  empty(): Promise<void>;
  remount(how: 'ro' | 'rw'): Promise<void>;
  remove(): Promise<void>;
}

/** What the suite says to somebody who is not root. */
export function requireRoot(): void {
  if (process.getuid?.() === 0) return;
  throw new Error(
    'the suite faults needs root: it mounts small file systems (tmpfs). Run it with sudo, or in a container',
  );
}

/** Mounts one of 8 MB at `folder`, which is made. */
export async function mountSmallDisk(folder: string): Promise<SmallDisk> {
  requireRoot();
  await mkdir(folder, { recursive: true });
  await run('mount', ['-t', 'tmpfs', '-o', 'size=8m,mode=0700', 'tmpfs', folder]);
  const ballast = path.join(folder, 'ballast');
  const empty = () => rm(ballast, { force: true });
  return {
    folder,
    empty,
    leave: async (bytes) => {
      await empty();
      const { bavail, bsize } = await statfs(folder);
      await writeFile(ballast, Buffer.alloc(Math.max(0, bavail * bsize - bytes)));
    },
    remount: async (how) => {
      await run('mount', ['-o', `remount,${how}`, folder]);
    },
    remove: async () => {
      await run('umount', ['-l', folder]);
    },
  };
}
