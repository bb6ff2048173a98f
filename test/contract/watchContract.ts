import { setTimeout as pause } from 'node:timers/promises';
import {
  RegistryType,
  type Registry,
  type RegistryWatch,
  type WatchedKey,
} from '../../src/registry/registry';

const USER = 'S-1-5-21-1004336348-1177238915-682003330-1104';
const BYTES = { type: RegistryType.binary, data: Buffer.from([1, 2, 3]) };

/** A watch as a test sees it; the driver may be in another process. */
export interface WatchUnderTest {
  revision(): number | Promise<number>;
  onChange(listener: () => void): void;
  close(): void | Promise<void>;
}

/** A registry to try, and who changes it besides. */
export interface OpenedForWatch {
  readonly registry: Registry;
  /** SID of the hive to work in; S-1-5-21-…-1104 unless stated. */
  readonly user?: string;
  watch(keys: readonly WatchedKey[]): WatchUnderTest | Promise<WatchUnderTest>;
  /** Deletes a key with all below it, as another program does; left out where nobody else can. */
  deleteKey?(key: string): Promise<void>;
  cleanup(): Promise<void>;
}

/** Adapts a driver in this process. */
export function watchHere(registry: Registry): OpenedForWatch['watch'] {
  return (keys): RegistryWatch => {
    if (registry.watch === undefined) throw new Error(`${registry.driver} cannot watch`);
    return registry.watch(keys);
  };
}

/** What every driver must do that can watch. `open` gives a registry in which the hive of S-1-5-21-…-1104 is loaded. */
export function describeWatchContract(name: string, open: () => Promise<OpenedForWatch>): void {
  describe(`a registry that is watched: ${name}`, () => {
    let opened: OpenedForWatch;
    let watches: WatchUnderTest[];
    let base: string;

    beforeEach(async () => {
      opened = await open();
      watches = [];
      base = `HKEY_USERS\\${opened.user ?? USER}\\Software\\SensorProxyWatch`;
      await opened.registry.createKey(base);
    });
    afterEach(async () => {
      for (const watch of watches) await watch.close();
      await opened.cleanup();
    });

    async function watch(key: string, scope: WatchedKey['scope'] = 'key'): Promise<WatchUnderTest> {
      const made = await opened.watch([{ key, scope }]);
      watches.push(made);
      return made;
    }

    /** Whether the revision is another one after `change`. */
    async function notices(made: WatchUnderTest, change: () => Promise<void>): Promise<boolean> {
      const before = await made.revision();
      await change();
      return (await made.revision()) !== before;
    }

    const write = (key: string) => opened.registry.writeValue(key, 'Value', BYTES);

    test('while nothing happens, the revision stays', async () => {
      await write(base);
      const made = await watch(base);
      expect(await notices(made, () => pause(300))).toBe(false);
    });

    test('each write of a value is noticed, as is its deletion', async () => {
      const made = await watch(base);
      expect(await notices(made, () => write(base))).toBe(true);
      expect(
        await notices(made, () => opened.registry.writeValue(base, 'Value', { ...BYTES, type: 1 })),
      ).toBe(true);
      expect(await notices(made, () => opened.registry.deleteValue(base, 'Value'))).toBe(true);
    });

    test('a subkey that is made is noticed', async () => {
      const made = await watch(base);
      expect(await notices(made, () => opened.registry.createKey(`${base}\\Below`))).toBe(true);
    });

    test('a change below a key is noticed when its subtree is watched', async () => {
      await opened.registry.createKey(`${base}\\One\\Two`);
      const made = await watch(base, 'subtree');
      expect(await notices(made, () => write(`${base}\\One\\Two`))).toBe(true);
    });

    test('a key that is not there yet is noticed when it is made, and watched from then on', async () => {
      const made = await watch(`${base}\\Not\\Yet`);
      expect(await notices(made, () => opened.registry.createKey(`${base}\\Not`))).toBe(true);
      expect(await notices(made, () => opened.registry.createKey(`${base}\\Not\\Yet`))).toBe(true);
      expect(await notices(made, () => write(`${base}\\Not\\Yet`))).toBe(true);
    });

    test('a key that is deleted and made again is noticed both times, and watched from then on', async () => {
      if (opened.deleteKey === undefined) return;
      const key = `${base}\\Again`;
      const remove = opened.deleteKey.bind(opened);
      await opened.registry.createKey(key);
      const made = await watch(key);
      expect(await notices(made, () => remove(key))).toBe(true);
      expect(await notices(made, () => opened.registry.createKey(key))).toBe(true);
      expect(await notices(made, () => write(key))).toBe(true);
    });

    test('any of several keys is enough', async () => {
      await opened.registry.createKey(`${base}\\A`);
      await opened.registry.createKey(`${base}\\B`);
      const made = await opened.watch([
        { key: `${base}\\A`, scope: 'key' },
        { key: `${base}\\B`, scope: 'key' },
      ]);
      watches.push(made);
      expect(await notices(made, () => write(`${base}\\B`))).toBe(true);
      expect(await notices(made, () => write(`${base}\\A`))).toBe(true);
    });

    test('a listener hears of a change, and of none after the watch is closed', async () => {
      const made = await watch(base);
      let heard = 0;
      await new Promise<void>((resolve, reject) => {
        made.onChange(() => {
          heard += 1;
          resolve();
        });
        write(base).catch(reject);
      });
      await made.close();
      const before = heard;
      await write(base);
      await pause(600);
      expect(heard).toBe(before);
    });

    test('closing twice is no error', async () => {
      const made = await watch(base);
      await made.close();
      await made.close();
    });

    test('a name that is no key is refused', async () => {
      await expect((async () => opened.watch([{ key: 'Software', scope: 'key' }]))()).rejects.toMatchObject({
        kind: 'invalid',
        code: 'registry-name-invalid',
      });
    });
  });
}
