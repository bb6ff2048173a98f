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
      if (bytes >= maxBytes) bytes = putAside(file);
      appendFileSync(file, line, { mode: 0o600 });
      bytes += Buffer.byteLength(line);
    } catch {
      bytes = sizeOf(file);
    }
  };
}

/** A log that cannot be put aside, since somebody has it open, is written on. */
function putAside(file: string): number {
  try {
    renameSync(file, `${file}.1`);
  } catch {
    // Tried again after as much once more.
  }
  return 0;
}

/** 0 where nobody can tell. */
function sizeOf(file: string): number {
  try {
    return statSync(file).size;
  } catch {
    return 0;
  }
}
