/** What must hold of a data folder whatever happened to the service. */
import { createHash } from 'node:crypto';
import { readdir, readFile } from 'node:fs/promises';
import path from 'node:path';
import type { ServiceEvent } from '../../src/events/event';
import { verifyJournal } from '../../src/journal/verify';
import type { Backup, Change, ChangeKind } from '../../src/proxy/model';

/** The journal's entries, oldest first, read from its files; fails when it is not as it was written. */
export async function journalOf(dataDir: string): Promise<readonly Change[]> {
  const entries: Change[] = [];
  const { faults } = await verifyJournal(path.join(dataDir, 'journal'), (entry) =>
    entries.push(entry as Change),
  );
  expect(faults).toEqual([]);
  return entries;
}

/** The events, oldest first, read from their files; fails when they are not as they were written. */
export async function feedOf(dataDir: string): Promise<readonly ServiceEvent[]> {
  const events: ServiceEvent[] = [];
  const { faults } = await verifyJournal(path.join(dataDir, 'events'), (event) =>
    events.push(event as ServiceEvent),
  );
  expect(faults).toEqual([]);
  return events;
}

/** The ids of the changes that were made and stand, each of which becomes an event. */
export function appliedIn(journal: readonly Change[]): readonly string[] {
  return journal
    .filter(({ kind, outcome }) => CHANGE_KINDS.includes(kind) && outcome === 'applied')
    .map(({ id }) => id);
}

const CHANGE_KINDS: readonly string[] = ['copy', 'put', 'delete', 'restore'] satisfies ChangeKind[];

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
