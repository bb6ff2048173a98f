import { appendFileSync, renameSync, statSync } from 'node:fs';

/** A log's size from which it is put aside, in bytes. */
const MAX_BYTES = 10 * 1024 * 1024;

/**
 * Lines for a file, each written when it comes: a service has no terminal. A full file becomes `<file>.1`, whose
 * predecessor goes. What cannot be written is lost: a full disk is no reason to stop.
 */
export function openLogFile(file: string, maxBytes = MAX_BYTES): (line: string) => void {
  let bytes = sizeOf(file);
  return (line) => {
    try {
      if (bytes >= maxBytes) {
        renameSync(file, `${file}.1`);
        bytes = 0;
      }
      appendFileSync(file, line, { mode: 0o600 });
      bytes += Buffer.byteLength(line);
    } catch {
      bytes = sizeOf(file);
    }
  };
}

function sizeOf(file: string): number {
  return statSync(file, { throwIfNoEntry: false })?.size ?? 0;
}
