import { chmod, readdir } from 'node:fs/promises';
import path from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { temporaryFolder } from '../support/temporaryFolder';
import { journalOf } from './evidence';
import { killAll, refusal, startProgram } from './program';
import { mountSmallDisk, requireRoot, type SmallDisk } from './smallDisk';

/** Root may write everywhere; without this power it is an owner as any other. */
const AS_ANY_OWNER = ['setpriv', '--bounding-set=-dac_override,-dac_read_search'];

let folder: Awaited<ReturnType<typeof temporaryFolder>>;
let disk: SmallDisk | undefined;
beforeEach(async () => {
  requireRoot();
  folder = await temporaryFolder();
});
afterEach(async () => {
  await killAll();
  await disk?.remove();
  disk = undefined;
  await folder.remove();
});

/** Asks until the answer is the expected one, or fails with what it is. */
async function becomes<T>(ask: () => Promise<T>, expected: T): Promise<void> {
  for (let left = 80; left > 0 && (await ask()) !== expected; left -= 1) await delay(100);
  expect(await ask()).toBe(expected);
}

describe('a data folder that cannot be written', () => {
  it('while it runs: no change is made, readyz says why, reads are served, and it works again', async () => {
    const dataDir = path.join(folder.path, 'data');
    const service = await startProgram(dataDir, { through: AS_ANY_OWNER });
    const before = await service.hexes();
    const folders = [dataDir, path.join(dataDir, 'backups'), path.join(dataDir, 'journal')];
    for (const one of folders) await chmod(one, 0o500);
    expect(await service.call('POST', '/proxy/copy')).toMatchObject({
      status: 503,
      body: { code: 'backup-failed', detail: expect.stringContaining('EACCES') as unknown },
    });
    const ready = await service.call<unknown>('GET', '/readyz');
    expect(ready.status).toBe(503);
    expect(JSON.stringify(ready.body)).toContain('EACCES');
    expect(await service.hexes()).toEqual(before);
    expect(await journalOf(dataDir)).toEqual([]);
    for (const one of folders) await chmod(one, 0o700);
    // It does not look at the disk for each who asks.
    await becomes(async () => (await service.call('GET', '/readyz')).status, 200);
    expect((await service.call('POST', '/proxy/copy')).status).toBe(200);
  });

  it('keeps the service from starting, in one line, and is left as it is', async () => {
    disk = await mountSmallDisk(path.join(folder.path, 'disk'));
    const dataDir = path.join(disk.folder, 'data');
    const service = await startProgram(dataDir);
    expect((await service.call('POST', '/proxy/copy')).status).toBe(200);
    await service.stop();
    const names = await readdir(dataDir);
    await disk.remount('ro');
    const { code, stderr } = await refusal(dataDir);
    expect(code).toBe(1);
    expect(stderr).toMatch(/^sensorproxy: .*EROFS.*\n$/);
    expect(await readdir(dataDir)).toEqual(names);
    await disk.remount('rw');
    const again = await startProgram(dataDir);
    expect(await again.changes()).toHaveLength(1);
  });
});
