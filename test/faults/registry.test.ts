import type { Registry } from '../../src/registry/registry';
import { faultyRegistry } from '../support/faultyRegistry';
import {
  type Practice,
  actor,
  anna,
  connectionsKey,
  localService,
  localSystem,
  openPractice,
} from '../support/practice';

let practice: Practice;
beforeEach(async () => {
  practice = await openPractice();
});
afterEach(() => practice.close());

const state = async () => [await practice.hexOf(localSystem), await practice.hexOf(localService)];
const entries = async () => (await practice.journal.page({ limit: 50 })).items;

/** A registry in which somebody else acts right after an account's value has been read for the first time. */
function disturbed(registry: Registry, sid: string, act: () => Promise<void>): Registry {
  let acted = false;
  const after = async <T>(key: string, read: Promise<T>): Promise<T> => {
    const value = await read;
    if (!acted && key === connectionsKey(sid)) {
      acted = true;
      await act();
    }
    return value;
  };
  return {
    ...faultyRegistry(registry, () => undefined),
    readValue: (key, name) => after(key, registry.readValue(key, name)),
    listValues: (key) => after(key, registry.listValues(key)),
  };
}

/** A registry in which somebody else acts right after an account's value was written and read back. */
function whenWritten(registry: Registry, sid: string, act: () => Promise<void>): Registry {
  let written = false;
  const base = faultyRegistry(registry, () => undefined);
  return {
    ...base,
    writeValue: async (key, name, value) => {
      await registry.writeValue(key, name, value);
      written ||= key === connectionsKey(sid);
    },
    readValue: async (key, name) => {
      const value = await registry.readValue(key, name);
      if (written && key === connectionsKey(sid)) {
        written = false;
        await act();
      }
      return value;
    },
  };
}

describe('access denied on target two', () => {
  it('puts target one back, names the target, and the journal tells it', async () => {
    const before = await state();
    const key = connectionsKey(localService);
    const proxy = await practice.reopen({
      wrap: (registry) => faultyRegistry(registry, (write) => (write.key === key ? 'denied' : undefined)),
    });
    await expect(proxy.copy({}, actor)).rejects.toMatchObject({
      code: 'write-failed',
      extensions: {
        failed: { target: 'LocalService', code: 'registry-access-denied' },
        restored: expect.arrayContaining(['LocalSystem']) as unknown,
      },
    });
    expect(await state()).toEqual(before);
    expect((await entries())[0]).toMatchObject({ outcome: 'rolledBack' });
  });
});

describe('a registry that somebody else changes between reading and writing', () => {
  const somebody = (sid: string) => () => practice.set(sid, { counter: 4711 });

  it.each([localSystem, localService])('is noticed by a copy: their value of %s stays', async (sid) => {
    const before = await state();
    const proxy = await practice.reopen({ wrap: (registry) => disturbed(registry, sid, somebody(sid)) });
    await expect(proxy.copy({}, actor)).rejects.toMatchObject({ kind: 'conflict', code: 'registry-changed' });
    const theirs = await practice.hexOf(sid);
    expect(before).not.toContain(theirs);
    expect(await state()).toEqual(sid === localSystem ? [theirs, before[1]] : [before[0], theirs]);
    for (const { outcome } of await entries()) expect(outcome).toBe('rolledBack');
    await practice.proxy.copy({}, actor);
  });

  it('is noticed by a copy whose source it is: nothing is written', async () => {
    const before = await state();
    const proxy = await practice.reopen({ wrap: (registry) => disturbed(registry, anna, somebody(anna)) });
    await expect(proxy.copy({}, actor)).rejects.toMatchObject({ code: 'registry-changed' });
    expect(await state()).toEqual(before);
    expect((await practice.proxy.backups({ limit: 5 })).items).toEqual([]);
  });

  it('is noticed on target two after target one was written: that is put back, theirs stays', async () => {
    const [system] = await state();
    const proxy = await practice.reopen({
      wrap: (registry) => whenWritten(registry, localSystem, somebody(localService)),
    });
    await expect(proxy.copy({}, actor)).rejects.toMatchObject({
      code: 'registry-changed',
      extensions: { failed: { target: 'LocalService' }, restored: ['LocalSystem'], notRestored: [] },
    });
    expect(await practice.hexOf(localSystem)).toBe(system);
    expect((await practice.proxy.context('LocalService')).settings).toMatchObject({ counter: 4711 });
    expect(await entries()).toMatchObject([{ outcome: 'rolledBack' }]);
  });

  it('is left alone by the undoing of a copy that fails, and named', async () => {
    const proxy = await practice.reopen({
      wrap: (registry) =>
        whenWritten(
          faultyRegistry(registry, ({ key }) =>
            key === connectionsKey(localService) ? 'denied' : undefined,
          ),
          localSystem,
          somebody(localSystem),
        ),
    });
    await expect(proxy.copy({}, actor)).rejects.toMatchObject({
      code: 'write-failed',
      extensions: { restored: ['LocalService'], notRestored: [{ target: 'LocalSystem' }] },
    });
    expect((await practice.proxy.context('LocalSystem')).settings).toMatchObject({ counter: 4711 });
    expect(await entries()).toMatchObject([{ outcome: 'rollbackFailed' }]);
  });

  it('is noticed by a restore', async () => {
    const { backupId } = await practice.proxy.copy({}, actor);
    const proxy = await practice.reopen({
      wrap: (registry) => disturbed(registry, localSystem, somebody(localSystem)),
    });
    await expect(proxy.restore(backupId ?? '', {}, actor)).rejects.toMatchObject({
      code: 'registry-changed',
    });
  });

  it('is noticed by a put with the ETag of what was read', async () => {
    const proxy = await practice.reopen({
      wrap: (registry) => disturbed(registry, localSystem, somebody(localSystem)),
    });
    await expect(proxy.put('LocalSystem', { autoDetect: true }, '*', actor)).rejects.toMatchObject({
      code: 'registry-changed',
    });
  });

  it('before the request: 412, by the ETag', async () => {
    await practice.set(localSystem, { counter: 1 });
    const tag = (await practice.proxy.context('LocalSystem')).etag;
    await practice.set(localSystem, { counter: 2 });
    await expect(practice.proxy.put('LocalSystem', { autoDetect: true }, tag, actor)).rejects.toMatchObject({
      kind: 'stale',
      code: 'etag-stale',
    });
  });
});
