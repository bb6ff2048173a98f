import { DomainError } from '../../../src/lib/errors';
import { faultyRegistry } from '../../support/faultyRegistry';
import { type Practice, actor, anna, localService, localSystem, openPractice } from '../../support/practice';

let practice: Practice;
beforeEach(async () => {
  practice = await openPractice();
});
afterEach(() => practice.close());

const state = async () => [await practice.hexOf(localSystem), await practice.hexOf(localService)];

describe('an account whose hive is not loaded', () => {
  const withoutLocalService = () =>
    openPractice({
      wrap: (registry) => ({
        ...faultyRegistry(registry, () => undefined),
        listSubkeys: async (key) =>
          (await registry.listSubkeys(key))?.filter((name) => name !== localService),
      }),
    });

  it('is refused as a target before anything is written', async () => {
    const dc = await withoutLocalService();
    try {
      const before = await dc.hexOf(localSystem);
      const expected = {
        code: 'context-not-found',
        detail: expect.stringContaining('LocalService is not loaded'),
      };
      await expect(dc.proxy.copy({}, actor)).rejects.toMatchObject(expected);
      await expect(dc.proxy.put('LocalService', {}, '"absent"', actor)).rejects.toMatchObject(expected);
      await expect(dc.proxy.remove('LocalService', {}, '"absent"', actor)).rejects.toMatchObject(expected);
      expect(await dc.hexOf(localSystem)).toBe(before);
      expect((await dc.proxy.backups({ limit: 5 })).items).toEqual([]);
    } finally {
      await dc.close();
    }
  });
});

describe('when the service stops', () => {
  it('the change under way is finished, those that wait are refused, and nothing is half done', async () => {
    const before = await practice.hexOf(localSystem);
    const first = practice.proxy.copy({}, actor);
    const second = practice.proxy.put('LocalSystem', { autoDetect: true }, '*', actor);
    const refused = expect(second).rejects.toMatchObject({ code: 'stopping' });
    // The first has begun when its turn of the event loop is over.
    await new Promise((resolve) => setImmediate(resolve));
    await practice.proxy.close();
    const { changeId } = await first;
    await refused;
    expect(await practice.journal.find(changeId ?? '')).toBeDefined();
    expect(await state()).toEqual([await practice.hexOf(anna), await practice.hexOf(anna)]);
    expect(before).not.toBe(await practice.hexOf(localSystem));
    await expect(practice.proxy.copy({}, actor)).rejects.toMatchObject({ code: 'stopping' });
  });
});

describe('when a target fails', () => {
  const faults = [
    ['is refused', 'denied'],
    ['is lost without an error', 'lost'],
    ['reports an error after it happened', 'denied-after'],
  ] as const;

  it.each(faults)('and its write %s, all accounts get back what they had', async (_what, kind) => {
    const broken = await openPractice({
      // The 4th write is LocalService's value: each account takes a createKey and a writeValue.
      wrap: (registry) => faultyRegistry(registry, ({ count }) => (count === 4 ? kind : undefined)),
    });
    try {
      const before = [await broken.hexOf(localSystem), await broken.hexOf(localService)];
      const failure = await broken.proxy.copy({ ticket: 'T9' }, actor).catch((error: unknown) => error);
      expect(failure).toMatchObject({
        code: 'write-failed',
        kind: 'unavailable',
        extensions: {
          failed: { target: 'LocalService' },
          restored: ['LocalService', 'LocalSystem'],
          notRestored: [],
          backupId: expect.any(String),
        },
      });
      expect([await broken.hexOf(localSystem), await broken.hexOf(localService)]).toEqual(before);
      expect((await broken.journal.page({ limit: 5 })).items).toMatchObject([
        { outcome: 'rolledBack', ticket: 'T9' },
      ]);
    } finally {
      await broken.close();
    }
  });

  it('and putting back fails too, the answer names what is where, and the journal says what the registry holds', async () => {
    const broken = await openPractice({
      wrap: (registry) => faultyRegistry(registry, ({ count }) => (count >= 4 ? 'denied' : undefined)),
    });
    try {
      const source = await broken.hexOf(anna);
      await expect(broken.proxy.copy({}, actor)).rejects.toMatchObject({
        code: 'write-failed',
        detail: expect.stringContaining('could not be put back: LocalSystem'),
        // LocalService's write was refused, so that it has what it had.
        extensions: { restored: ['LocalService'], notRestored: [{ target: 'LocalSystem' }] },
      });
      expect(await broken.hexOf(localSystem)).toBe(source);
      const [change] = (await broken.journal.page({ limit: 5 })).items;
      expect(change).toMatchObject({
        outcome: 'rollbackFailed',
        contexts: [
          { context: 'LocalSystem', afterHex: source },
          { context: 'LocalService', afterHex: null },
        ],
      });
    } finally {
      await broken.close();
    }
  });

  it('and cannot even be read any more, the journal does not call it absent', async () => {
    let broken = false;
    const dc = await openPractice({
      wrap: (registry) => ({
        ...faultyRegistry(registry, ({ count }) => {
          broken = count >= 4;
          return broken ? 'denied' : undefined;
        }),
        readValue: async (key, name) => {
          if (broken) throw new DomainError('unavailable', 'registry-unavailable', 'gone.');
          return registry.readValue(key, name);
        },
      }),
    });
    try {
      await expect(dc.proxy.copy({}, actor)).rejects.toMatchObject({ code: 'write-failed' });
      const [change] = (await dc.journal.page({ limit: 1 })).items;
      expect(change?.failure).toContain('What these hold now could not be read: LocalSystem, LocalService.');
    } finally {
      await dc.close();
    }
  });

  it('a journal that cannot be written undoes the change', async () => {
    const before = await state();
    await practice.journal.close();
    await expect(practice.proxy.copy({}, actor)).rejects.toMatchObject({
      code: 'journal-unavailable',
      extensions: { restored: ['LocalService', 'LocalSystem'], notRestored: [] },
    });
    expect(await state()).toEqual(before);
  });
});
