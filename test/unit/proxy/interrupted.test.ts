import { mkdir, readFile, readdir, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { DomainError } from '../../../src/lib/errors';
import type { ProxyService } from '../../../src/proxy/proxyService';
import type { Registry } from '../../../src/registry/registry';
import { type RegistryWrite, faultyRegistry } from '../../support/faultyRegistry';
import {
  type Practice,
  type PracticeFaults,
  actor,
  anna,
  ben,
  localService,
  localSystem,
  openPractice,
} from '../../support/practice';

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

type Kill = 'killed' | 'killed-after';

/** A registry whose `nth` write never returns, and what tells when it has come to that. */
function killedAt(nth: number, kill: Kill) {
  let reached: () => void = () => undefined;
  const dead = new Promise<void>((resolve) => (reached = resolve));
  const fault = ({ count }: RegistryWrite) => {
    if (count !== nth) return undefined;
    // The write itself is still to come, one turn of its file's queue long: whoever waits looks at the registry's queue too.
    reached();
    return kill;
  };
  return { wrap: (registry: Registry) => faultyRegistry(registry, fault), dead };
}

/** Makes a change in a process of its own that is killed at the `nth` write. */
async function interrupt(
  change: (proxy: ProxyService) => Promise<unknown>,
  nth: number,
  kill: Kill,
): Promise<void> {
  const { wrap, dead } = killedAt(nth, kill);
  const proxy = await practice.reopen({ wrap });
  void change(proxy);
  await dead;
  // Writes are taken one at a time: once this one is done, so is the last of the killed process.
  await practice.registry.deleteValue('HKEY_USERS\\S-1-5-18', 'nothing');
}

/** Has a copy recorded in a process that is killed before it can remove its note. */
async function interruptAfterRecord(): Promise<void> {
  let reached: () => void = () => undefined;
  const dead = new Promise<void>((resolve) => (reached = resolve));
  const wrapRecord: PracticeFaults['wrapRecord'] = (record) => async (change) => {
    await record(change);
    reached();
    await new Promise(() => undefined);
  };
  void (await practice.reopen({ wrapRecord })).copy({}, actor);
  await dead;
}

const changes: Record<string, { readonly writes: number; make: (proxy: ProxyService) => Promise<unknown> }> =
  {
    'a copy': { writes: 4, make: (proxy) => proxy.copy({ ticket: 'T1' }, actor) },
    'a put': {
      writes: 2,
      make: (proxy) => proxy.put('LocalService', { autoDetect: true, ticket: 'T1' }, '"absent"', actor),
    },
    'a delete': { writes: 1, make: (proxy) => proxy.remove('LocalSystem', { ticket: 'T1' }, '*', actor) },
    'a restore': {
      writes: 3, // LocalSystem has a value again, LocalService none.
      make: async (proxy) => {
        const backup = (await proxy.backups({ limit: 50 })).items.at(-1); // the copy’s
        return proxy.restore(backup?.id ?? '', { ticket: 'T1' }, actor);
      },
    },
  };
const kills = Object.entries(changes).flatMap(([what, { writes, make }]) =>
  Array.from({ length: writes }, (_, index) => index + 1).flatMap((nth) =>
    (['killed', 'killed-after'] as const).map((kill) => ({ what, nth, kill, make })),
  ),
);

describe('a change whose process is killed', () => {
  it.each(kills)(
    'at write $nth ($kill) of $what, is undone and recorded at the next start',
    async ({ what, nth, kill, make }) => {
      if (what === 'a restore') await practice.proxy.copy({}, actor);
      const earlier = await entries();
      const before = await state();
      await interrupt(make, nth, kill);
      expect(await files('pending')).toEqual(['pending.json']);
      const proxy = await practice.reopen();
      expect(await state()).toEqual(before);
      expect(await files('pending')).toEqual([]);
      const [entry, ...rest] = await entries();
      expect(rest).toEqual(earlier);
      expect(entry).toMatchObject({
        outcome: 'rolledBack',
        ticket: 'T1',
        failure:
          'The service ended in the middle of this change; every account has again what it had before.',
      });
      expect(entry?.contexts.map(({ afterHex }) => afterHex)).toEqual(
        entry?.contexts.map(({ beforeHex }) => beforeHex),
      );
      expect((await proxy.backups({ limit: 1 })).items).toMatchObject([{ id: entry?.backupId }]);
      await make(proxy);
      expect((await entries())[0]).toMatchObject({ outcome: 'applied' });
    },
  );

  it('in the middle of its own roll back, is undone to the end', async () => {
    const before = await state();
    let reached: () => void = () => undefined;
    const dead = new Promise<void>((resolve) => (reached = resolve));
    const proxy = await practice.reopen({
      wrap: (registry) =>
        faultyRegistry(registry, ({ count }) => {
          if (count === 4) return 'denied-after';
          if (count < 5) return undefined;
          reached();
          return 'killed';
        }),
    });
    void proxy.copy({}, actor);
    await dead;
    expect(await state()).not.toEqual(before);
    await practice.reopen();
    expect(await state()).toEqual(before);
    expect(await entries()).toMatchObject([{ outcome: 'rolledBack' }]);
  });

  it('after it was recorded, stays', async () => {
    await interruptAfterRecord();
    const after = await state();
    const recorded = await entries();
    expect(recorded).toMatchObject([{ outcome: 'applied' }]);
    await practice.reopen();
    expect(await state()).toEqual(after);
    expect(await entries()).toEqual(recorded);
    expect(await files('pending')).toEqual([]);
  });

  it.each([1, 2, 3])(
    'and whose undoing is killed at write %i too, is undone at the start after that',
    async (nth) => {
      const before = await state();
      await interrupt((proxy) => proxy.copy({}, actor), 4, 'killed-after');
      for (const kill of ['killed', 'killed-after'] as const) {
        const { wrap, dead } = killedAt(nth, kill);
        void practice.reopen({ wrap });
        // What the first undoing has done, the second need not do: it may end before it is killed.
        await Promise.race([dead, new Promise((resolve) => setTimeout(resolve, 300))]);
        await practice.registry.deleteValue('HKEY_USERS\\S-1-5-18', 'nothing');
      }
      await practice.reopen();
      expect(await state()).toEqual(before);
      expect(await entries()).toMatchObject([{ outcome: 'rolledBack' }]);
      expect(await files('pending')).toEqual([]);
    },
  );

  it('leaves an account alone that somebody has changed since, and says so', async () => {
    const [, before] = await state();
    await interrupt((proxy) => proxy.copy({}, actor), 4, 'killed-after');
    await practice.set(localSystem, { counter: 77 });
    const others = await practice.hexOf(localSystem);
    await practice.reopen();
    expect([await practice.hexOf(localSystem), await practice.hexOf(localService)]).toEqual([others, before]);
    const [entry] = await entries();
    expect(entry).toMatchObject({
      outcome: 'rollbackFailed',
      contexts: [{ context: 'LocalSystem', afterHex: others }, { context: 'LocalService' }],
    });
    expect(entry?.failure).toContain(
      `these were not put back: LocalSystem (somebody changed it since). The backup ${entry?.backupId ?? ''}`,
    );
    expect(await files('pending')).toEqual([]);
  });

  it('tells its own bytes of another type from what it wrote', async () => {
    await interrupt((proxy) => proxy.copy({}, actor), 2, 'killed-after');
    const bytes = Buffer.from((await practice.hexOf(anna)) ?? '', 'hex');
    await practice.setRaw(localSystem, bytes, 1);
    await practice.reopen();
    expect(await practice.hexOf(localSystem)).toBe(bytes.toString('hex'));
    expect(await entries()).toMatchObject([{ outcome: 'rollbackFailed' }]);
  });

  it('names an account whose hive is not loaded any more', async () => {
    await interrupt((proxy) => proxy.put(ben, { autoDetect: true }, '*', actor), 2, 'killed-after');
    await practice.reopen({
      wrap: (registry) => ({
        ...faultyRegistry(registry, () => undefined),
        listSubkeys: async (key) => (await registry.listSubkeys(key))?.filter((name) => name !== ben),
      }),
    });
    const [entry] = await entries();
    expect(entry).toMatchObject({ outcome: 'rollbackFailed' });
    expect(entry?.failure).toContain(`${ben} (its registry hive is not loaded)`);
  });

  it('names an account that the registry refuses to write', async () => {
    await interrupt((proxy) => proxy.copy({}, actor), 4, 'killed-after');
    await practice.reopen({ wrap: (registry) => faultyRegistry(registry, () => 'denied') });
    const [entry] = await entries();
    expect(entry).toMatchObject({ outcome: 'rollbackFailed' });
    expect(entry?.failure).toContain(
      'LocalService (registry-access-denied), LocalSystem (registry-access-denied)',
    );
  });
});

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
    await interrupt((proxy) => proxy.copy({}, actor), 4, 'killed-after');
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
    await interrupt((proxy) => proxy.copy({}, actor), 4, 'killed-after');
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
    await interrupt((proxy) => proxy.copy({ ticket: 'T1' }, actor), 4, 'killed-after');
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
    await interrupt((proxy) => proxy.copy({}, actor), 4, 'killed-after');
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
