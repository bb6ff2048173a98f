import { copyFile, cp, readdir, rm, stat } from 'node:fs/promises';
import path from 'node:path';
import type { Change } from '../../src/proxy/model';
import { temporaryFolder } from '../support/temporaryFolder';
import { expectBackups, journalOf, leftovers } from './evidence';
import { fillJournalFile } from './longJournal';
import { type Answer, type Program, command, killAll, startProgram } from './program';
import { type SmallDisk, mountSmallDisk } from './smallDisk';

const PAGE = 4096;
const MOST_PAGES = 30;

let folder: Awaited<ReturnType<typeof temporaryFolder>>;
let disk: SmallDisk;
let dataDir: string;
let env: Record<string, string>;
/** A data folder on the small disk, whose journal begins a new file with the next entry; the registry is on another disk. */
beforeEach(async () => {
  folder = await temporaryFolder();
  disk = await mountSmallDisk(path.join(folder.path, 'disk'));
  dataDir = path.join(disk.folder, 'data');
  const first = await startProgram(dataDir);
  expect((await put(first, 0)).status).toBe(200);
  await first.stop();
  const regfile = path.join(folder.path, 'registry.reg');
  await copyFile(path.join(dataDir, 'registry.reg'), regfile);
  await rm(path.join(dataDir, 'registry.reg'));
  env = { SENSORPROXY_REGISTRY: `regfile:${regfile}` };
  await fillJournalFile(dataDir);
});
afterEach(async () => {
  await killAll();
  await disk.remove();
  await folder.remove();
});

const put = (service: Program, nth: number) =>
  service.call('PUT', '/proxy/contexts/LocalSystem', {
    ifMatch: '*',
    body: { proxyServer: `rotated${nth}.contoso.com:80` },
  });

interface ChangePage {
  readonly items: readonly Change[];
  readonly next: string | null;
}
const FIRST_PAGE = '/changes?limit=200';

/** The ids of all changes that the service shows, oldest first. */
async function shown(service: Program): Promise<readonly string[]> {
  const ids: string[] = [];
  let where: string | null = FIRST_PAGE;
  while (where !== null) {
    const { body }: Answer<ChangePage> = await service.call<ChangePage>('GET', where);
    ids.push(...body.items.map(({ id }) => id));
    where = body.next === null ? null : `${FIRST_PAGE}&cursor=${body.next}`;
  }
  return ids.reverse();
}

const idsOf = (journal: readonly Change[]) => journal.map(({ id }) => id);

/** The sizes of the journal's files, oldest first. */
async function sizes(): Promise<readonly number[]> {
  const names = (await readdir(path.join(dataDir, 'journal'))).filter((name) => name.endsWith('.jsonl'));
  return Promise.all(
    names.sort().map(async (name) => (await stat(path.join(dataDir, 'journal', name))).size),
  );
}

it('a full disk, where the journal begins a new file: each change is refused with what to do, nothing is half-done, and there is one more file once there is room', async () => {
  const codes = new Set<string>();
  const service = await startProgram(dataDir, { env });
  const journal = await journalOf(dataDir);
  const before = await service.hexes();
  for (let pages = 0; ; pages += 1) {
    if (pages === MOST_PAGES) throw new Error(`it fails with ${MOST_PAGES} pages free`);
    await disk.leave(pages * PAGE);
    const { status, body } = await put(service, 1);
    const at = `with ${pages} pages free`;
    if (status === 200) break;
    expect({ at, status, detail: body.detail }).toEqual({
      at,
      status: 503,
      detail: expect.stringMatching(/ENOSPC.*Make room/) as unknown,
    });
    codes.add(body.code ?? 'none');
    expect({ at, now: await service.hexes() }).toEqual({ at, now: before });
    expect({ at, journal: await journalOf(dataDir) }).toEqual({ at, journal });
    expect({ at, left: await leftovers(dataDir) }).toEqual({ at, left: [] });
    expect({ at, shown: await shown(service) }).toEqual({ at, shown: idsOf(journal) });
  }
  expect([...codes].sort()).toEqual(['backup-failed', 'journal-unavailable']);
  await disk.empty();
  expect((await put(service, 2)).status).toBe(200);
  await service.stop();
  const again = await startProgram(dataDir, { env });
  expect(await shown(again)).toHaveLength(journal.length + 2);
  expect(again.log()).not.toContain('"level":"error"');
  expect(await sizes()).toHaveLength(2);
  await expectBackups(dataDir, await journalOf(dataDir));
});

it('a start on the full disk behind a refused new file of the journal: it serves, or says that there is no room; the journal is never unusable, and verifies', async () => {
  const pristine = path.join(folder.path, 'pristine');
  const journalFolder = path.join(dataDir, 'journal');
  await cp(journalFolder, pristine, { recursive: true });
  const journal = idsOf(await journalOf(dataDir));
  let started = 0;
  for (let pages = 0; started < 3; pages += 1) {
    if (pages === MOST_PAGES) throw new Error(`it does not start with ${MOST_PAGES} pages free`);
    // As it was before the file was full; then a change that fails where the new file is begun.
    await disk.empty();
    await rm(journalFolder, { recursive: true });
    await cp(pristine, journalFolder, { recursive: true });
    const refusing = await startProgram(dataDir, { env });
    for (let room = 0, code: string | undefined; code !== 'journal-unavailable'; room += 1) {
      if (room === MOST_PAGES) throw new Error('no new file was refused');
      await disk.leave(room * PAGE);
      ({ code } = (await put(refusing, 1)).body);
    }
    await refusing.stop();
    const at = `with ${pages} pages free`;
    expect({ at, files: (await sizes()).slice(1) }).toEqual({ at, files: [0] });
    await disk.leave(pages * PAGE);
    const end = await startProgram(dataDir, { env }).then(
      async (service) => {
        started += 1;
        expect({ at, shown: await shown(service) }).toEqual({ at, shown: journal });
        await service.kill();
        return 'it serves';
      },
      (error: unknown) => String(error),
    );
    expect({ at, end }).toEqual({
      at,
      end: expect.stringMatching(
        /^it serves$|the data folder cannot be written \(ENOSPC\)\. Make room/,
      ) as unknown,
    });
    const { code } = await command(dataDir, 'journal', 'verify');
    expect({ at, code }).toEqual({ at, code: 0 });
  }
  await disk.empty();
  const service = await startProgram(dataDir, { env });
  expect((await put(service, 99)).status).toBe(200);
  expect(idsOf(await journalOf(dataDir)).slice(0, -1)).toEqual(journal);
  expect(await sizes()).toHaveLength(2);
  await expectBackups(dataDir, await journalOf(dataDir));
});
