/** When which token was used last: `token-use.json` in the data folder, by the token's hash. */
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { writeFileDurably } from '../lib/durableFile';

const NAME = 'token-use.json';

/** The file's times (RFC 3339 UTC), by the hash of the token; none when it cannot be read or holds something else. */
export async function readTokenUse(dataDir: string): Promise<Map<string, string>> {
  try {
    const value: unknown = JSON.parse(await readFile(path.join(dataDir, NAME), 'utf8'));
    const entries = typeof value === 'object' && value !== null ? Object.entries(value) : [];
    return new Map(
      entries.filter((entry): entry is [string, string] => {
        const [hash, at] = entry as readonly [string, unknown];
        return (
          /^[0-9a-f]{64}$/.test(hash) && typeof at === 'string' && /^\d{4}-\d\d-\d\dT[\d:.]{8,15}Z$/.test(at)
        );
      }),
    );
  } catch {
    return new Map();
  }
}

/** Replaces the file. Rejects with the system's error. */
export function writeTokenUse(dataDir: string, used: ReadonlyMap<string, string>): Promise<void> {
  return writeFileDurably(path.join(dataDir, NAME), JSON.stringify(Object.fromEntries(used)) + '\n');
}
