import { readFileSync } from 'node:fs';
import path from 'node:path';

/** One value of `test/fixtures/wininet-settings.json`. */
export interface Vector {
  readonly id: string;
  readonly value: 'DefaultConnectionSettings' | 'SavedLegacySettings' | 'WinHttpSettings';
  readonly kind: string;
  readonly hex: string;
  readonly expected: {
    readonly version: number;
    readonly counter: number;
    readonly flags: number;
    readonly proxy: string;
    readonly bypass: string;
    readonly pac?: string;
    readonly trailerOffset?: number;
    readonly trailerLength?: number;
  } | null;
}

const file = path.join(__dirname, '..', 'fixtures', 'wininet-settings.json');

/** All of them. */
export const vectors = JSON.parse(readFileSync(file, 'utf8')) as readonly Vector[];

/** The bytes of one, by id. */
export function vectorBytes(id: string): Buffer {
  const vector = vectors.find((candidate) => candidate.id === id);
  if (!vector) throw new Error(`there is no vector ${id}`);
  return Buffer.from(vector.hex, 'hex');
}
