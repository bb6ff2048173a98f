/** SHA-256 sums, in the form that `sha256sum -c` reads. */
import { createHash } from 'node:crypto';

/** The SHA-256 of `contents` in hex. */
export function sha256(contents: Uint8Array): string {
  return createHash('sha256').update(contents).digest('hex');
}

/** One line for each file, sorted by path. */
export function sumsOf(files: ReadonlyMap<string, Uint8Array>): string {
  return [...files]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([name, contents]) => `${sha256(contents)}  ${name}\n`)
    .join('');
}
