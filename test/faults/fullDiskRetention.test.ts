import { readdir } from 'node:fs/promises';
import path from 'node:path';
import { temporaryFolder } from '../support/temporaryFolder';
import { expectBackups, journalOf } from './evidence';
import { makeOldBackups, presentBackups, toldDeleted } from './oldBackups';
import { killAll, startProgram } from './program';
import { type SmallDisk, mountSmallDisk } from './smallDisk';

const PAGE = 4096;
const MOST_PAGES = 30;
const OLD = 40;
/** Of each account the newest backup that is old enough, and all of today. */
const env = { SENSORPROXY_BACKUPS_KEEP: '1' };
const FAILED = 'backups that are past the rule could not be deleted; it is tried again';

let folder: Awaited<ReturnType<typeof temporaryFolder>>;
let disk: SmallDisk;
beforeEach(async () => {
  folder = await temporaryFolder();
  disk = await mountSmallDisk(path.join(folder.path, 'disk'));
});
afterEach(async () => {
  await killAll();
  await disk.remove();
  await folder.remove();
});

/** Why the log says that nothing was deleted. */
function reasons(log: string): readonly string[] {
  return log
    .split('\n')
    .map((line) => JSON.parse(line) as { readonly message: string; readonly reason?: string })
    .filter(({ message }) => message === FAILED)
    .map(({ reason }) => reason ?? 'none');
}

it('a full disk, at each write of a deletion of backups: none is lost that the journal does not tell of, the log says what to do, and all that is past the rule goes once there is room', async () => {
  const dataDir = path.join(disk.folder, 'data');
  const first = await startProgram(dataDir, { env });
  const { body } = await first.call<{ readonly backupId: string }>('POST', '/proxy/copy');
  await first.stop();
  const old = await makeOldBackups(dataDir, body.backupId, { round: 0, count: OLD });
  const seen = new Set<string>();
  let told: readonly string[] = [];
  for (let pages = 0; told.length === 0; pages += 1) {
    if (pages === MOST_PAGES) throw new Error(`it fails with ${MOST_PAGES} pages free`);
    const at = `with ${pages} pages free`;
    await disk.leave(pages * PAGE);
    await startProgram(dataDir, { env }).then(
      async (service) => {
        for (const reason of reasons(service.log())) seen.add(reason);
        // It serves, with all backups, whatever became of the deletion.
        expect((await service.call('GET', '/proxy/contexts')).status).toBe(200);
        expect((await service.call('GET', `/proxy/backups/${body.backupId}`)).status).toBe(200);
        await service.kill();
      },
      (error: unknown) => {
        expect({ at, error: String(error) }).toEqual({
          at,
          error: expect.stringMatching(/ENOSPC/) as unknown,
        });
      },
    );
    told = await toldDeleted(dataDir);
    const now = await presentBackups(dataDir);
    const untold = [...old, body.backupId].filter((id) => !now.has(id) && !told.includes(id));
    expect({ at, untold }).toEqual({ at, untold: [] });
  }
  // Both writes met the full disk: the note's and the journal's.
  expect([...seen].sort()).toEqual([
    'ENOSPC',
    'the journal could not be written (ENOSPC). Make room and check the rights on the data folder.',
  ]);
  await disk.empty();
  // The backup of today is the newest of each account.
  const more = await makeOldBackups(dataDir, body.backupId, { round: 2, count: OLD });
  const service = await startProgram(dataDir, { env });
  expect(reasons(service.log())).toEqual([]);
  told = await toldDeleted(dataDir);
  expect([...told].sort()).toEqual([...old, ...more]);
  expect(await presentBackups(dataDir)).toEqual(new Set([body.backupId]));
  expect((await readdir(dataDir)).filter((name) => name.startsWith('deleting'))).toEqual([]);
  const changes = (await journalOf(dataDir)).filter(({ backupId }) => backupId === body.backupId);
  await expectBackups(dataDir, changes);
  expect((await service.call('POST', `/proxy/backups/${body.backupId}/restore`)).status).toBe(200);
});
