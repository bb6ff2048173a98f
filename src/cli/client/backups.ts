import { hash } from 'node:crypto';
import { writeFile } from 'node:fs/promises';
import { systemCodeOf } from '../../lib/errors';
import type { Backup } from '../../proxy/model';
import { backupAnswer } from './answers';
import { type ClientCommandRun, type ClientParts, segment } from './command';
import { ClientExit, misuse, unreachable } from './failure';
import { pagesOf } from './paging';
import { timeInWords } from './words';

/** `sensorproxy backups`: what was saved before each change. */
export const backups: ClientCommandRun = async (parts) => {
  const { screen, subject, options } = parts;
  if (subject !== '') return oneBackup(parts);
  if (options.save !== undefined) throw misuse('--save takes one backup: name it behind backups.');
  const page = await pagesOf(parts, { path: '/proxy/backups' }, backupAnswer);
  if (options.json === true) screen.json(page);
  else if (page.items.length === 0) screen.say('There is no backup.');
  else {
    screen.table(
      ['BACKUP', 'WHEN', 'FOR', 'WHO', 'TICKET', 'ACCOUNTS'],
      page.items.map(({ id, createdAt, kind, actor, ticket, values }) => [
        id,
        timeInWords(createdAt),
        kind,
        actor,
        ticket ?? '-',
        values.map(({ context }) => context).join(', '),
      ]),
    );
    if (page.next !== null) screen.say('There are more: --limit <number>.');
  }
  return ClientExit.fine;
};

async function oneBackup(parts: ClientParts) {
  const { client, screen, subject, options } = parts;
  const path = `/proxy/backups/${segment(subject)}`;
  const backup = await client.json({ path }, backupAnswer);
  if (options.save !== undefined) await save(parts, path, backup);
  if (options.json === true) {
    screen.json(backup);
    return ClientExit.fine;
  }
  const { id, createdAt, kind, actor, ticket, reason, sha256, sizeBytes, values } = backup;
  screen.facts([
    ['backup', id],
    ['when', timeInWords(createdAt)],
    ['for', kind],
    ['who', actor],
    ['ticket', ticket ?? '-'],
    ['reason', reason ?? '-'],
    ['file', `${sizeBytes} bytes`],
    ['SHA-256', sha256],
    ...values.map(({ context, state }): [string, string] => [
      context,
      state === 'absent' ? 'had no value: restoring removes it' : 'old bytes saved',
    ]),
  ]);
  if (options.save !== undefined) screen.say(`saved to ${options.save}`);
  return ClientExit.fine;
}

/** Writes the backup's file where none is. */
async function save({ client, options }: ClientParts, path: string, { sha256 }: Backup): Promise<void> {
  const file = options.save ?? '';
  const bytes = await client.bytes({ path: `${path}/file`, accept: 'application/octet-stream' });
  if (hash('sha256', bytes, 'hex') !== sha256) {
    throw unreachable('The file that came has another SHA-256 than the backup. Nothing was written.');
  }
  try {
    await writeFile(file, bytes, { flag: 'wx', mode: 0o600 });
  } catch (error) {
    const code = systemCodeOf(error) ?? 'unknown reason';
    throw misuse(
      code === 'EEXIST' ? `${file} is there already, and stays.` : `${file} cannot be written (${code}).`,
    );
  }
}
