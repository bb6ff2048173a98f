/** A zip whose bytes depend on nothing but its contents. */
import { zipSync, type Zippable } from 'fflate';

/**
 * Packs files by their path in the zip, sorted. fflate compresses in JavaScript, so the bytes do not depend on the zlib of
 * the Node that runs it. Zip has no time zone: every file is dated 12:00 of `date`'s day in UTC, an hour that no change of the
 * clock skips.
 */
export function zipOf(files: ReadonlyMap<string, Uint8Array>, date: Date): Uint8Array {
  const mtime = new Date(date.getUTCFullYear(), date.getUTCMonth(), date.getUTCDate(), 12);
  const entries: Zippable = {};
  for (const name of [...files.keys()].sort()) {
    const contents = files.get(name);
    // os and attrs: as made on FAT, no permissions; what unpacks it gives its own.
    if (contents !== undefined) entries[name] = [contents, { level: 9, mtime, os: 0, attrs: 0 }];
  }
  return zipSync(entries);
}
