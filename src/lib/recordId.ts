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

/** When an id was made, as RFC 3339; for a text of that form. */
export function timeOfRecordId(id: string): string {
  return id.replace(/^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)(\d{3})Z.*$/, '$1-$2-$3T$4:$5:$6.$7Z');
}
