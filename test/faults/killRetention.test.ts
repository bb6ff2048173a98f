import { readdir } from 'node:fs/promises';
import path from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { temporaryFolder } from '../support/temporaryFolder';
import { makeOldBackups, presentBackups, toldDeleted } from './oldBackups';
import { killAll, startProgram } from './program';
import { random } from './random';

const ROUNDS = 20;
const SEED = 20261124;
const OLD = 40;
const LIMIT_MS = 300_000;
/** Of each account the newest backup that is old enough, and all of today. */
const env = { SENSORPROXY_BACKUPS_KEEP: '1' };

let folder: Awaited<ReturnType<typeof temporaryFolder>>;
let dataDir: string;
beforeAll(async () => {
  folder = await temporaryFolder();
  dataDir = path.join(folder.path, 'data');
});
afterAll(async () => {
  await killAll();
  await folder.remove();
});

const present = () => presentBackups(dataDir);
const told = () => toldDeleted(dataDir);

it(
  `no backup goes that the journal does not tell of, and each that it tells of goes once, in ${ROUNDS} rounds of kill -9 while backups are deleted (seed ${SEED})`,
  async () => {
    const next = random(SEED);
    const seen: Record<string, number> = {};
    const first = await startProgram(dataDir, { env });
    const { body } = await first.call<{ readonly backupId: string }>('POST', '/proxy/copy');
    await first.kill();
    const every = new Set(await present());
    for (let round = 0; round < ROUNDS; round += 1) {
      for (const id of await makeOldBackups(dataDir, body.backupId, { round, count: OLD })) every.add(id);
      const before = await told();
      // The deletion is part of the start: it is killed some time after it was noted, or once the first backup is gone.
      const starting = startProgram(dataDir, { env }).then(
        () => undefined,
        () => undefined,
      );
      const left = every.size - before.length;
      const begun = async (): Promise<boolean> =>
        round % 2 === 0
          ? (await readdir(dataDir)).includes('deleting.json') || (await present()).size < left
          : (await present()).size < left;
      for (let tries = 0; tries < 5000 && !(await begun()); tries += 1) await delay(1);
      if (round % 2 === 0) await delay(next() * 40);
      await killAll();
      await starting;
      const context = { round };
      const gone = [...every].filter((id) => !before.includes(id));
      const now = await present();
      const after = await told();
      const missing = gone.filter((id) => !now.has(id));
      expect({ ...context, untold: missing.filter((id) => !after.includes(id)) }).toEqual({
        ...context,
        untold: [],
      });
      const end = missing.length === 0 ? 'none gone' : missing.length < OLD ? 'some gone' : 'all gone';
      seen[end] = (seen[end] ?? 0) + 1;
      // The next start finishes what was recorded, once, or begins anew.
      const service = await startProgram(dataDir, { env });
      const settled = await told();
      expect({ ...context, twice: settled.filter((id, at) => settled.indexOf(id) !== at) }).toEqual({
        ...context,
        twice: [],
      });
      const kept = await present();
      expect({ ...context, left: settled.filter((id) => kept.has(id)) }).toEqual({ ...context, left: [] });
      expect({
        ...context,
        untold: [...every].filter((id) => !kept.has(id) && !settled.includes(id)),
      }).toEqual({
        ...context,
        untold: [],
      });
      expect((await readdir(dataDir)).filter((name) => name.startsWith('deleting'))).toEqual([]);
      // Each that is kept can be put back still.
      for (const id of kept) {
        const restore = await service.call('POST', `/proxy/backups/${id}/restore`, {
          body: { dryRun: true },
        });
        expect({ ...context, id, status: restore.status }).toEqual({ ...context, id, status: 200 });
      }
      expect(kept.has(body.backupId)).toBe(true);
      await service.kill();
    }
    process.stderr.write(`kill -9 while backups are deleted, seed ${SEED}: ${JSON.stringify(seen)}\n`);
    // The rounds ended before, in the middle of and after the deletion of the files.
    expect(Object.keys(seen)).toEqual(expect.arrayContaining(['none gone', 'some gone']));
  },
  LIMIT_MS,
);
