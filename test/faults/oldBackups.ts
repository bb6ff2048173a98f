/** Backups as earlier years have left them, and what the journal tells of their deletion. */
import { readdir, readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import type { Backup, BackupsDeleted } from '../../src/proxy/model';
import { journalOf } from './evidence';

/** The ids of all backups of which anything is there. */
export async function presentBackups(dataDir: string): Promise<ReadonlySet<string>> {
  const names = await readdir(path.join(dataDir, 'backups'));
  return new Set(names.map((name) => name.replace(/\.(?:reg|json)$/, '')));
}

/** Makes `count` old backups of one that is there; those of a later round are younger. */
export async function makeOldBackups(
  dataDir: string,
  like: string,
  { round, count }: { readonly round: number; readonly count: number },
): Promise<readonly string[]> {
  const backupFile = (id: string, extension: string) => path.join(dataDir, 'backups', `${id}.${extension}`);
  const manifest = JSON.parse(await readFile(backupFile(like, 'json'), 'utf8')) as Backup;
  const file = await readFile(backupFile(like, 'reg'));
  const ids: string[] = [];
  for (let nth = 0; nth < count; nth += 1) {
    const at = new Date(Date.UTC(2020, 0, 1 + round, nth));
    const id = `${at.toISOString().replace(/[-:.]/g, '')}-${String(round * 100 + nth).padStart(8, '0')}`;
    await writeFile(backupFile(id, 'reg'), file);
    await writeFile(backupFile(id, 'json'), JSON.stringify({ ...manifest, id, createdAt: at.toISOString() }));
    ids.push(id);
  }
  return ids;
}

/** The ids of the backups that the journal says were deleted. */
export async function toldDeleted(dataDir: string): Promise<readonly string[]> {
  const entries: readonly object[] = await journalOf(dataDir);
  return entries
    .flatMap((entry) => ('backups' in entry ? (entry as BackupsDeleted).backups : []))
    .map(({ id }) => id);
}
