import { utimes, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { temporaryFolder } from '../support/temporaryFolder';
import { binary, run } from '../lab/processes';
import { expectBackups, journalOf } from './evidence';
import { command, killAll, startProgram } from './program';

const DAY_MS = 86_400_000;

let folder: Awaited<ReturnType<typeof temporaryFolder>>;
beforeEach(async () => {
  folder = await temporaryFolder();
});
afterEach(async () => {
  await killAll();
  await folder.remove();
});

/** Not by the command faketime: a signal would reach that, and not the program. */
async function libfaketime(): Promise<string> {
  const lines = await run(binary('/usr/bin/faketime', 'faketime'), ['-f', '+0d', 'printenv', 'LD_PRELOAD']);
  return lines.trim();
}

/** A clock beside the machine's own, set while the program runs. */
async function movableClock() {
  const file = path.join(folder.path, 'clock');
  let version = 1;
  const set = async (days: number) => {
    const sign = days < 0 ? '-' : '+';
    await writeFile(file, `${sign}${Math.abs(days)}d\n`);
    version += 1;
    await utimes(file, version, version);
  };
  await set(0);
  return {
    set,
    env: {
      LD_PRELOAD: await libfaketime(),
      FAKETIME_TIMESTAMP_FILE: file,
      FAKETIME_NO_CACHE: '1',
      FAKETIME_DONT_FAKE_MONOTONIC: '1',
      // Those that the year before is the date of are to be there at the end.
      SENSORPROXY_BACKUPS_DAYS: '36500',
    },
  };
}

it('a clock that is set back and forth changes no order, loses no entry and lets no expired token in', async () => {
  const dataDir = path.join(folder.path, 'data');
  const clock = await movableClock();
  let service = await startProgram(dataDir, clock);
  const created = await command(dataDir, 'token', 'create', 'reader', '--scope', 'read', '--expires', '12h');
  const [token = ''] = created.lines;
  const made: string[] = [];
  const put = async () => {
    const answer = await service.call<{ readonly changeId: string }>('PUT', '/proxy/contexts/LocalSystem', {
      ifMatch: '*',
      body: { proxyServer: `clock${made.length}.contoso.com:80` },
    });
    expect(answer.status).toBe(200);
    made.push(answer.body.changeId);
  };
  const days = [0, -2, 1, -400, 0];
  for (const day of days) {
    await clock.set(day);
    await put();
    await put();
    const { items } = (
      await service.call<{ items: readonly { readonly at: string }[] }>('GET', '/changes?limit=1')
    ).body;
    expect(Math.abs(Date.parse(items[0]?.at ?? '') - Date.now() - day * DAY_MS)).toBeLessThan(60_000);
  }
  const pages = async (where: string) => {
    const seen: string[] = [];
    let cursor: string | null = '';
    do {
      const more: string = cursor === '' ? '' : `&cursor=${cursor}`;
      const { body } = await service.call<{
        readonly items: readonly { readonly id: string }[];
        readonly next: string | null;
      }>('GET', `${where}?limit=3${more}`);
      seen.push(...body.items.map(({ id }) => id));
      cursor = body.next;
    } while (cursor !== null);
    return seen;
  };
  const check = async () => {
    // The journal's order is the order in which things were done; backups are by the time that their names tell.
    expect(await pages('/changes')).toEqual([...made].reverse());
    const backups = await pages('/proxy/backups');
    expect(backups).toHaveLength(made.length);
    expect(new Set(backups).size).toBe(made.length);
    for (const id of made) expect((await service.call('GET', `/changes/${id}`)).status).toBe(200);
    const journal = await journalOf(dataDir);
    expect(journal.map(({ id }) => id)).toEqual(made);
    await expectBackups(dataDir, journal);
  };
  await check();
  await service.stop();
  await clock.set(-2);
  service = await startProgram(dataDir, clock);
  await put();
  await check();
  const asReader = async () => (await service.call('GET', '/proxy/contexts', { token })).status;
  expect(await asReader()).toBe(200);
  await clock.set(1);
  expect(await asReader()).toBe(401);
}, 60_000);
