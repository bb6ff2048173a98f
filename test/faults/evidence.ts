/** What must hold of a data folder whatever happened to the service. */
import { createHash } from 'node:crypto';
import { readdir, readFile } from 'node:fs/promises';
import path from 'node:path';
import { verifyJournal } from '../../src/journal/verify';
import type { Backup, Change } from '../../src/proxy/model';

/** The journal's entries, oldest first, read from its files; fails when it is not as it was written. */
export async function journalOf(dataDir: string): Promise<readonly Change[]> {
  const entries: Change[] = [];
  const { faults } = await verifyJournal(path.join(dataDir, 'journal'), (entry) =>
    entries.push(entry as Change),
  );
  expect(faults).toEqual([]);
  return entries;
}

/** Fails when a backup that the journal names is not there, whole. */
export async function expectBackups(dataDir: string, entries: readonly Change[]): Promise<void> {
  for (const { backupId } of entries) {
    const file = (extension: string) => path.join(dataDir, 'backups', `${backupId}.${extension}`);
    const manifest = JSON.parse(await readFile(file('json'), 'utf8')) as Backup;
    const sha256 = createHash('sha256')
      .update(await readFile(file('reg')))
      .digest('hex');
    expect({ backupId, sha256 }).toEqual({ backupId: manifest.id, sha256: manifest.sha256 });
  }
}

/** What a write that did not end has left: drafts, and the note of a change under way. */
export async function leftovers(dataDir: string): Promise<readonly string[]> {
  const names = await Promise.all(
    ['', 'backups', 'journal', 'idempotency'].map((folder) => readdir(path.join(dataDir, folder))),
  );
  return names.flat().filter((name) => name.endsWith('.tmp') || name.startsWith('pending'));
}
