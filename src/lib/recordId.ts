import { randomBytes } from 'node:crypto';
import type { Clock } from './clock';

/** An id that sorts by the time it was made and is safe as a file name, such as `20261124T061512345Z-9f86d081`. */
export function newRecordId(clock: Clock): string {
  return `${clock.now().replace(/[-:.]/g, '')}-${randomBytes(4).toString('hex')}`;
}

/** Whether a text has the form of {@link newRecordId}: nothing else gets near a path. */
export function isRecordId(text: string): boolean {
  return /^\d{8}T\d{9}Z-[0-9a-f]{8}$/.test(text);
}
