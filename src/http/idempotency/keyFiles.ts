import { hash } from 'node:crypto';
import { mkdir, readFile, readdir, rm, stat } from 'node:fs/promises';
import path from 'node:path';
import { removeUnfinishedWrites, writeFileDurably } from '../../lib/durableFile';

/** An answer as it is kept. From 400 on it is a problem document. */
export interface StoredAnswer {
  readonly status: number;
  readonly body: object;
}

/** What is kept of a key. No token is in it, and the key itself only as a hash. */
export interface KeyRecord {
  /** SHA-256 of the actor's name and the key: the file's name. */
  readonly name: string;
  readonly fingerprint: string;
  /** By name. */
  readonly actor: string;
  /** The id of the journal's entry to be. */
  readonly changeId: string;
  /** When it was first asked for, RFC 3339 UTC. */
  readonly at: string;
  /** Null while it is running. */
  readonly answer: StoredAnswer | null;
}

/** One file a key, each replaced as a whole. */
export interface KeyFiles {
  /** Oldest first; `record` is null for a file that does not hold what was written. */
  list(): Promise<
    readonly {
      readonly name: string;
      readonly at: string;
      readonly sizeBytes: number;
      readonly record: KeyRecord | null;
    }[]
  >;
  /** Rejects with the system's error. */
  read(name: string): Promise<KeyRecord | null>;
  /** When it resolves, it is on the disk, and how many bytes it has. Rejects with the system's error. */
  write(record: KeyRecord): Promise<number>;
  remove(name: string): Promise<void>;
}

/** Opens `<dataDir>/idempotency`, making it. Rejects with the system's error. */
export async function openKeyFiles(dataDir: string): Promise<KeyFiles> {
  const folder = path.join(dataDir, 'idempotency');
  await mkdir(folder, { recursive: true, mode: 0o700 });
  await removeUnfinishedWrites(folder);
  const fileOf = (name: string) => path.join(folder, `${name}.json`);
  const read = async (name: string) => parseRecord(name, await readFile(fileOf(name), 'utf8'));
  return {
    read,
    list: async () => {
      const found = [];
      for (const file of await readdir(folder)) {
        const name = /^([0-9a-f]{64})\.json$/.exec(file)?.[1];
        if (name === undefined) continue;
        const record = await read(name).catch(() => null);
        const { mtime, size } = await stat(fileOf(name));
        found.push({ name, record, sizeBytes: size, at: record?.at ?? mtime.toISOString() });
      }
      return found.sort((a, b) => Date.parse(a.at) - Date.parse(b.at));
    },
    write: async (record) => {
      const bytes = Buffer.from(JSON.stringify({ sha256: hashOf(record), record }) + '\n');
      await writeFileDurably(fileOf(record.name), bytes);
      return bytes.length;
    },
    remove: (name) => rm(fileOf(name), { force: true }),
  };
}

function parseRecord(name: string, text: string): KeyRecord | null {
  try {
    const { sha256, record } = JSON.parse(text) as { sha256?: unknown; record?: KeyRecord };
    return record?.name === name && sha256 === hashOf(record) ? record : null;
  } catch {
    return null;
  }
}

function hashOf(record: KeyRecord): string {
  return hash('sha256', JSON.stringify(record), 'hex');
}
