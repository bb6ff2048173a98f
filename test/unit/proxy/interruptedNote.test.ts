import { mkdir, readFile, readdir, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { DomainError } from '../../../src/lib/errors';
import { faultyRegistry } from '../../support/faultyRegistry';
import { interrupt } from '../../support/interrupt';
import { type Practice, actor, ben, localService, localSystem, openPractice } from '../../support/practice';

let practice: Practice;
beforeEach(async () => {
  practice = await openPractice();
});
afterEach(() => practice.close());

const accounts = [localSystem, localService, ben];
const state = () => Promise.all(accounts.map((sid) => practice.hexOf(sid)));
const entries = async () => (await practice.journal.page({ limit: 50 })).items;
const files = async (start: string) =>
  (await readdir(practice.dataDir)).filter((name) => name.startsWith(start));
const pendingFile = () => path.join(practice.dataDir, 'pending.json');

describe('what was noted of a change', () => {
  const damage: Record<string, (bytes: Buffer) => Buffer> = {
    'torn in the middle': (bytes) => bytes.subarray(0, bytes.length / 2),
    empty: () => Buffer.alloc(0),
    'with one digit of the new bytes flipped': (bytes) => {
      const at = bytes.indexOf('"afterHex":"') + 20;
      bytes[at] = bytes[at] === 0x30 ? 0x31 : 0x30;
      return bytes;
    },
    'with another type': (bytes) => Buffer.from(bytes.toString().replace('"types":[3,', '"types":[1,')),
    'no object': () => Buffer.from('null'),
  };

  it.each(Object.keys(damage))('is moved aside when it is %s, and nothing is written', async (how) => {
    await interrupt(practice, (proxy) => proxy.copy({}, actor), 4, 'killed-after');
    const now = await state();
    await writeFile(pendingFile(), damage[how]?.(await readFile(pendingFile())) ?? '');
    const proxy = await practice.reopen();
    expect(await state()).toEqual(now);
    expect(await entries()).toEqual([]);
    expect(await files('pending')).toEqual(['pending.damaged.json']);
    expect(practice.logger.lines.join('')).toContain('cannot be undone');
    await proxy.remove('LocalSystem', {}, '*', actor);
    expect(await entries()).toMatchObject([{ kind: 'delete', outcome: 'applied' }]);
  });

  it.each(['reg', 'json'])('is moved aside when the backup’s .%s is damaged', async (extension) => {
    await interrupt(practice, (proxy) => proxy.copy({}, actor), 4, 'killed-after');
    const now = await state();
    const folder = path.join(practice.dataDir, 'backups');
    const name = (await readdir(folder)).find((file) => file.endsWith(`.${extension}`)) ?? '';
    await writeFile(path.join(folder, name), 'damaged');
    await practice.reopen();
    expect(await state()).toEqual(now);
    expect(await entries()).toEqual([]);
    expect(await files('pending')).toEqual(['pending.damaged.json']);
    expect(practice.logger.lines.join('')).toContain('The backup cannot be used');
  });

  it('is needed for a change: without it nothing is touched', async () => {
    const before = await state();
    const proxy = await practice.reopen({
      wrap: (registry) => ({
        ...faultyRegistry(registry, () => undefined),
        listSubkeys: async (key) => {
          await mkdir(pendingFile(), { recursive: true });
          return registry.listSubkeys(key);
        },
      }),
    });
    await expect(proxy.copy({}, actor)).rejects.toMatchObject({ code: 'backup-failed' });
    expect(await state()).toEqual(before);
    expect(await entries()).toEqual([]);
    expect((await readdir(practice.dataDir)).filter((name) => name.endsWith('.tmp'))).toEqual([]);
  });

  it('is gone once a change was made, and once one was rolled back', async () => {
    await practice.proxy.copy({}, actor);
    expect(await files('pending')).toEqual([]);
    const proxy = await practice.reopen({ wrap: (registry) => faultyRegistry(registry, () => 'denied') });
    await expect(proxy.remove('LocalSystem', {}, '*', actor)).rejects.toMatchObject({ code: 'write-failed' });
    expect(await files('pending')).toEqual([]);
  });
});

describe('while an interrupted change cannot be undone', () => {
  const gone = () => new DomainError('unavailable', 'registry-unavailable', 'The registry is gone.');

  it('the service reads but changes nothing, and undoes it before the next change that it can make', async () => {
    const before = await state();
    await interrupt(practice, (proxy) => proxy.copy({ ticket: 'T1' }, actor), 4, 'killed-after');
    const now = await state();
    let broken = true;
    const proxy = await practice.reopen({
      wrap: (registry) => {
        const guard = (write: () => Promise<void>) => (broken ? Promise.reject(gone()) : write());
        return {
          ...faultyRegistry(registry, () => undefined),
          createKey: (key) => guard(() => registry.createKey(key)),
          deleteValue: (key, name) => guard(() => registry.deleteValue(key, name)),
        };
      },
    });
    expect((await proxy.contexts()).contexts.length).toBeGreaterThan(2);
    await expect(proxy.remove('LocalSystem', {}, '*', actor)).rejects.toMatchObject({
      kind: 'unavailable',
      code: 'recovery-pending',
      detail: expect.stringContaining('The registry is gone.'),
    });
    expect(await state()).toEqual(now);
    expect(await entries()).toEqual([]);
    expect(await files('pending')).toEqual(['pending.json']);
    broken = false;
    await proxy.put('LocalService', { autoDetect: true }, '"absent"', actor);
    expect(await practice.hexOf(localSystem)).toBe(before[0]);
    expect(await entries()).toMatchObject([
      { kind: 'put', outcome: 'applied' },
      { kind: 'copy', ticket: 'T1', outcome: 'rolledBack' },
    ]);
    expect(await files('pending')).toEqual([]);
  });

  it('because the journal fails, the same holds', async () => {
    await interrupt(practice, (proxy) => proxy.copy({}, actor), 4, 'killed-after');
    let broken = true;
    const proxy = await practice.reopen({
      wrapRecord: (record) => (change) =>
        broken
          ? Promise.reject(new DomainError('unavailable', 'journal-unavailable', 'the journal is gone.'))
          : record(change),
    });
    await expect(proxy.copy({}, actor)).rejects.toMatchObject({ code: 'recovery-pending' });
    broken = false;
    await proxy.copy({}, actor);
    expect(await entries()).toMatchObject([{ outcome: 'applied' }, { outcome: 'rolledBack' }]);
  });

  it('because neither it nor its roll back worked, it is undone once both do', async () => {
    const before = await state();
    let broken = true;
    const proxy = await practice.reopen({
      wrap: (registry) =>
        faultyRegistry(registry, ({ count }) => (broken && count >= 4 ? 'denied' : undefined)),
      wrapRecord: (record) => (change) =>
        broken
          ? Promise.reject(new DomainError('unavailable', 'journal-unavailable', 'the journal is gone.'))
          : record(change),
    });
    await expect(proxy.copy({}, actor)).rejects.toMatchObject({ code: 'write-failed' });
    expect(await state()).not.toEqual(before);
    broken = false;
    await proxy.put(ben, { autoDetect: true }, '*', actor);
    expect((await state()).slice(0, 2)).toEqual(before.slice(0, 2));
    const [, undone] = await entries();
    expect(undone?.failure).toMatch(/^The journal failed in the middle of this change; every account/);
  });
});
