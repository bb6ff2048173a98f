import { copyFile, stat } from 'node:fs/promises';
import path from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { anna } from '../support/practice';
import { temporaryFolder } from '../support/temporaryFolder';
import { appliedIn, expectBackups, feedOf, journalOf, leftovers } from './evidence';
import { type Program, command, killAll, startProgram } from './program';
import { type SmallDisk, mountSmallDisk } from './smallDisk';

const LIMIT_MS = 120_000;
const LOOK_MS = 5_000;
/** So that drift is told, and repaired, by the second look: there is time to fill the disk before. */
const WATCH = {
  SENSORPROXY_WATCH: 'on',
  SENSORPROXY_WATCH_INTERVAL: String(LOOK_MS / 1000),
  SENSORPROXY_PROBE_INTERVAL: '0',
  SENSORPROXY_DAMPING: '2/2',
  SENSORPROXY_ON_DRIFT: 'copy',
  SENSORPROXY_DRIFT_SOURCE: anna,
};

let folder: Awaited<ReturnType<typeof temporaryFolder>>;
let disk: SmallDisk;
let dataDir: string;
beforeEach(async () => {
  folder = await temporaryFolder();
  disk = await mountSmallDisk(path.join(folder.path, 'disk'));
  dataDir = path.join(disk.folder, 'data');
});
afterEach(async () => {
  await killAll();
  await disk.remove();
  await folder.remove();
});

const there = (name: string) =>
  stat(path.join(dataDir, name)).then(
    () => true,
    () => false,
  );

async function until(what: string, condition: () => boolean | Promise<boolean>): Promise<void> {
  const end = performance.now() + 4 * LOOK_MS;
  while (!(await condition())) {
    if (performance.now() > end) throw new Error(`${what} did not come`);
    await delay(50);
  }
}

/** What went wrong, as it has logged it. */
function troubles(service: Program): readonly object[] {
  return service
    .log()
    .split('\n')
    .map((line) => JSON.parse(line) as { level: string; time?: string })
    .filter(({ level }) => level === 'warn' || level === 'error')
    .map((line) => ({ ...line, time: undefined }));
}

/** Makes a copy, which approves the source's proxy, and a token; then puts the registry back to what it was before. */
async function drifted(): Promise<string> {
  const service = await startProgram(dataDir);
  const [regfile, before] = [path.join(dataDir, 'registry.reg'), path.join(folder.path, 'before.reg')];
  await copyFile(regfile, before);
  expect((await service.call('POST', '/proxy/copy')).status).toBe(200);
  await service.stop();
  await copyFile(before, regfile);
  return (await command(dataDir, 'token', 'create', 'job', '--scope', 'read')).lines[0] ?? '';
}

async function expectServed(service: Program, token: string): Promise<void> {
  for (const where of ['/proxy/contexts', '/proxy/backups', '/changes', '/events', '/sensor', '/endpoints'])
    expect({ where, status: (await service.call('GET', where, { token })).status }).toEqual({
      where,
      status: 200,
    });
}

const lastUse = async () => (await command(dataDir, 'token', 'list')).lines[1]?.split(/ {2,}/).at(-1);
const ENOSPC = expect.stringMatching(/^ENOSPC: no space left on device/) as unknown;

it(
  'a full disk under the watch and the repair of drift: each says so once, all is served, and what was to be noted and repaired is so once there is room',
  async () => {
    const token = await drifted();
    const service = await startProgram(dataDir, { env: WATCH });
    const drift = await service.hexes();
    await disk.leave(0);
    await until('a repair', () => service.log().includes('"refusal":"not-noted"'));
    await until('a look at the sensor', () => service.log().includes('"watch":"sensor"'));
    // Two looks more.
    await delay(2 * LOOK_MS);
    await expectServed(service, token);
    expect(await service.hexes()).toEqual(drift);
    expect([await there('sensor-seen.json'), await there('self-repair.json')]).toEqual([false, false]);
    const accounts = expect.arrayContaining(['LocalSystem', 'LocalService']) as unknown;
    const refused = { message: 'drift is not repaired now', refusal: 'not-noted', reason: ENOSPC, accounts };
    const unseen = { message: 'the watch could not look', watch: 'sensor', reason: ENOSPC };
    const said = [expect.objectContaining(refused), expect.objectContaining(unseen)] as readonly unknown[];
    expect(troubles(service)).toHaveLength(said.length);
    expect(troubles(service)).toEqual(expect.arrayContaining([...said]));

    await disk.empty();
    await until('the repair', () => service.log().includes('drift was repaired'));
    await until('what the sensor looks like', () => there('sensor-seen.json'));
    const { source, ...repaired } = await service.hexes();
    expect(source).toBe(drift.source);
    expect(repaired).not.toEqual({ LocalSystem: drift.LocalSystem, LocalService: drift.LocalService });
    expect(await leftovers(dataDir)).toEqual([]);
    await service.stop();
    await expectEvidence();
  },
  LIMIT_MS,
);

it('a full disk at the end of a run: when a token was used last is not noted, which is said, and it ends as ever', async () => {
  const token = await drifted();
  const service = await startProgram(dataDir);
  await expectServed(service, token);
  await disk.leave(0);
  expect(await service.stop()).toBe(0);
  const unwritten = { message: 'the last use of the tokens cannot be written', reason: ENOSPC };
  expect(troubles(service)).toEqual([expect.objectContaining(unwritten)]);
  await disk.empty();
  expect(await lastUse()).toBe('never');
  const next = await startProgram(dataDir);
  await expectServed(next, token);
  expect(await next.stop()).toBe(0);
  expect(await lastUse()).toMatch(/^\d{4}-\d\d-\d\dT/);
});

/** Each change is an event, once, and has its backup. */
async function expectEvidence(): Promise<void> {
  const journal = await journalOf(dataDir);
  expect(journal.map(({ actor }) => actor)).toEqual(['admin', 'drift-watch']);
  const told = (await feedOf(dataDir)).filter(({ type }) => type === 'proxy.changed');
  expect(told.map(({ id }) => id)).toEqual(appliedIn(journal));
  await expectBackups(dataDir, journal);
}
