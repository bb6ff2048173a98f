/** Packages for win32-x64, fetched with npm, checked against their pinned hash and unpacked. Works on any system. */
import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { access, mkdir, mkdtemp, readFile, readdir, rename, rm } from 'node:fs/promises';
import path from 'node:path';
import { promisify } from 'node:util';
import { extract } from 'tar';
import { NODE_WINDOWS, ROOT, lockedPart, type Part } from './parts';

const run = promisify(execFile);

/** Where tarballs and unpacked packages are kept from run to run. */
const CACHE = path.join(ROOT, 'node_modules', '.cache', 'sensorproxy-windows');

/** The path of a verified `node.exe`. The first call downloads some 34 MB. */
export async function windowsNode(): Promise<string> {
  return path.join(await unpacked(NODE_WINDOWS), 'bin', 'node.exe');
}

/** The folder of an unpacked package that the lock file pins, such as `@koromix/koffi-win32-x64`. */
export async function windowsPackage(name: string): Promise<string> {
  return unpacked(lockedPart(name));
}

/** Unpacks a verified package into `folder`, which is made; `only` takes paths within the package, all by default. */
export async function unpackPart(
  part: Part,
  folder: string,
  only: (file: string) => boolean = () => true,
): Promise<void> {
  const file = await tarball(part);
  await mkdir(folder, { recursive: true });
  await extract({
    file,
    cwd: folder,
    strip: 1,
    strict: true,
    filter: (name) => only(name.slice(name.indexOf('/') + 1)),
  });
}

/** Deletes a file that does not have the hash `integrity`, and throws. */
export async function verifyIntegrity(file: string, integrity: string): Promise<void> {
  const actual = `sha512-${createHash('sha512')
    .update(await readFile(file))
    .digest('base64')}`;
  if (actual === integrity) return;
  await rm(file);
  throw new Error(
    `${path.basename(file)} has the wrong hash and was deleted: ${actual} in place of ${integrity}`,
  );
}

async function unpacked(part: Part): Promise<string> {
  const folder = path.join(CACHE, cacheName(part));
  if (await exists(folder)) return folder;
  await inNewFolder(async (temporary) => {
    const complete = path.join(temporary, 'package');
    await unpackPart(part, complete);
    await renameUnlessThere(complete, folder);
  });
  return folder;
}

/** The package's verified tarball, out of the cache or from the registry that npm is set to. */
async function tarball(part: Part): Promise<string> {
  const file = path.join(CACHE, `${cacheName(part)}.tgz`);
  if (!(await exists(file))) {
    await inNewFolder(async (temporary) => {
      await renameUnlessThere(await packInto(temporary, `${part.name}@${part.version}`), file);
    });
  }
  await verifyIntegrity(file, part.integrity);
  return file;
}

/** Has npm fetch a package, by `name@version`, into an empty folder; gives the tarball's path. */
async function packInto(folder: string, what: string): Promise<string> {
  const args = ['pack', what, '--loglevel', 'error', '--pack-destination', folder];
  await run('npm', args, { cwd: ROOT }).catch((error: unknown) => {
    const [, reason = 'npm pack failed'] =
      /^npm (?:error|ERR!) (?!code |errno |syscall )(.+)$/m.exec(stderrOf(error)) ?? [];
    throw new Error(`cannot fetch ${what}: ${reason}`, { cause: error });
  });
  const [packed] = await readdir(folder);
  if (packed === undefined) throw new Error(`cannot fetch ${what}: npm pack made no file`);
  return path.join(folder, packed);
}

function stderrOf(error: unknown): string {
  return error instanceof Error && 'stderr' in error ? String(error.stderr) : '';
}

/** A name that changes with the hash, so that a changed pin never finds what the old one left. */
function cacheName({ name, version, integrity }: Part): string {
  const hash = createHash('sha256').update(integrity).digest('hex').slice(0, 12);
  return `${name.replace('@', '').replace('/', '-')}-${version}-${hash}`;
}

async function inNewFolder(work: (folder: string) => Promise<void>): Promise<void> {
  await mkdir(CACHE, { recursive: true });
  const folder = await mkdtemp(path.join(CACHE, 'tmp-'));
  try {
    await work(folder);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** Two processes may fetch the same at once: the first one wins. */
async function renameUnlessThere(from: string, to: string): Promise<void> {
  try {
    await rename(from, to);
  } catch (error) {
    if (!(await exists(to))) throw error;
  }
}

async function exists(file: string): Promise<boolean> {
  return access(file).then(
    () => true,
    () => false,
  );
}
