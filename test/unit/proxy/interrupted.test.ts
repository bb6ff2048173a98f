import { readdir } from 'node:fs/promises';
import type { ProxyService } from '../../../src/proxy/proxyService';
import { faultyRegistry } from '../../support/faultyRegistry';
import { interrupt, killedAt } from '../../support/interrupt';
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
      await interrupt(practice, make, nth, kill);
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
      await interrupt(practice, (proxy) => proxy.copy({}, actor), 4, 'killed-after');
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
    await interrupt(practice, (proxy) => proxy.copy({}, actor), 4, 'killed-after');
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
    await interrupt(practice, (proxy) => proxy.copy({}, actor), 2, 'killed-after');
    const bytes = Buffer.from((await practice.hexOf(anna)) ?? '', 'hex');
    await practice.setRaw(localSystem, bytes, 1);
    await practice.reopen();
    expect(await practice.hexOf(localSystem)).toBe(bytes.toString('hex'));
    expect(await entries()).toMatchObject([{ outcome: 'rollbackFailed' }]);
  });

  it('names an account whose hive is not loaded any more', async () => {
    await interrupt(practice, (proxy) => proxy.put(ben, { autoDetect: true }, '*', actor), 2, 'killed-after');
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
    await interrupt(practice, (proxy) => proxy.copy({}, actor), 4, 'killed-after');
    await practice.reopen({ wrap: (registry) => faultyRegistry(registry, () => 'denied') });
    const [entry] = await entries();
    expect(entry).toMatchObject({ outcome: 'rollbackFailed' });
    expect(entry?.failure).toContain(
      'LocalService (registry-access-denied), LocalSystem (registry-access-denied)',
    );
  });
});
