import { compose } from '../../src/compose';
import { readConfig } from '../../src/config';
import { newRecordId } from '../../src/lib/recordId';
import { BackupStore } from '../../src/proxy/backups';
import type { BackupsDeleted } from '../../src/proxy/model';
import type { JournalFolder } from '../../src/journal/journalFolder';
import { memoryLogger } from '../support/memoryLogger';
import { connectionsKey } from '../support/practice';
import { temporaryFolder } from '../support/temporaryFolder';
import { bodyOf, openService } from './service';

/** Makes three backups of LocalSystem, a day apart, in 2020. */
async function makeOldBackups(dataDir: string): Promise<string[]> {
  const store = await BackupStore.open(dataDir, memoryLogger());
  const ids: string[] = [];
  for (const day of [1, 2, 3]) {
    const clock = { now: () => `2020-01-0${day}T00:00:00.000Z`, monotonicMs: () => 0 };
    const key = connectionsKey('S-1-5-18');
    const values = [{ context: 'LocalSystem', sid: 'S-1-5-18', key, state: 'absent' as const }];
    const facts = { kind: 'copy' as const, actor: 'admin', ticket: null, reason: null, values };
    const { id } = await store.save({ id: newRecordId(clock), createdAt: clock.now(), ...facts }, [
      { key, values: [{ name: 'DefaultConnectionSettings', value: undefined }] },
    ]);
    ids.push(id);
  }
  return ids;
}

it.each(['0', '-1', '1.5', 'many', '100001'])('cannot be set to keep %s backups', (text) => {
  expect(() => readConfig({ SENSORPROXY_BACKUPS_KEEP: text })).toThrow(/BACKUPS_KEEP: it must be a number/);
});

it('deletes at the start what is past the settings, and has it in the journal', async () => {
  const folder = await temporaryFolder();
  const ids = await makeOldBackups(folder.path);
  const settings = { SENSORPROXY_DATA_DIR: folder.path, SENSORPROXY_BACKUPS_KEEP: '2' };
  const { services, close } = await compose(readConfig(settings, 'linux'), memoryLogger());
  try {
    const { items } = await services.proxy.backups({ limit: 10 });
    // By number one would go; by age all would, but the last of its account stays.
    expect(items.map(({ id }) => id)).toEqual(ids.slice(2));
    const [entry] = (await services.changes.page({ limit: 10 })).items;
    expect(entry).toMatchObject({ kind: 'backupsDeleted', keep: 2, days: 365 });
    expect((entry as BackupsDeleted).backups.map(({ because }) => because)).toEqual(['number', 'age']);
    await expect(services.proxy.backup(ids[0] ?? '')).rejects.toMatchObject({ code: 'backup-not-found' });
  } finally {
    await close();
    await folder.remove();
  }
});

it('shows a deletion among the changes, as JSON and as Markdown; to restore what was deleted is 404 and says so', async () => {
  const service = await openService();
  try {
    const entry: BackupsDeleted = {
      id: '20261124T061512350Z-2c26b46b',
      at: '2026-11-24T06:15:12.350Z',
      kind: 'backupsDeleted',
      actor: 'sensorproxy',
      requestId: null,
      ticket: null,
      reason: 'rule',
      outcome: 'applied',
      keep: 2,
      days: 365,
      backups: [
        {
          id: '20200101T000000000Z-00000000',
          createdAt: '2020-01-01T00:00:00.000Z',
          because: 'age',
          contexts: ['LocalSystem'],
          sha256: '0'.repeat(64),
        },
      ],
    };
    await (service.services.changes as JournalFolder<BackupsDeleted>).append(entry);
    expect(bodyOf(await service.call('GET', '/changes'))).toEqual({ items: [entry], next: null });
    expect(bodyOf(await service.call('GET', `/changes/${entry.id}`))).toEqual(entry);
    const headers = { Accept: 'text/markdown' };
    const page = await service.call('GET', `/changes/${entry.id}`, { headers });
    expect(page.text).toContain('# Backups deleted');
    const where = `/proxy/backups/${entry.backups[0]?.id ?? ''}/restore`;
    const response = await service.call('POST', where, { body: {} });
    expect([response.status, response.body]).toEqual([
      404,
      expect.objectContaining({
        code: 'backup-not-found',
        detail: expect.stringContaining('deleted by rule'),
      }),
    ]);
  } finally {
    await service.close();
  }
});
