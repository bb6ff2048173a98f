import path from 'node:path';
import { type SnapshotReader, snapshotReader } from '../../../src/proxy/snapshot';
import { practiceDomainController } from '../../../src/registry/regfile/practiceDomainController';
import { openRegFile } from '../../../src/registry/regfile/regFileRegistry';
import { type Registry, RegistryType, type WatchedKey } from '../../../src/registry/registry';
import { anna, annasProxy, connectionsKey, localService } from '../../support/practice';
import { settingsBytes } from '../../support/settingsBytes';
import { temporaryFolder } from '../../support/temporaryFolder';

const POLICY =
  'HKEY_LOCAL_MACHINE\\SOFTWARE\\Policies\\Microsoft\\Windows\\CurrentVersion\\Internet Settings';
const MACHINE =
  'HKEY_LOCAL_MACHINE\\SOFTWARE\\Microsoft\\Windows\\CurrentVersion\\Internet Settings\\Connections';

let folder: Awaited<ReturnType<typeof temporaryFolder>>;
let registry: Registry;
let counted: CountingRegistry;
let reader: SnapshotReader;

beforeEach(async () => {
  folder = await temporaryFolder();
  registry = await openRegFile(path.join(folder.path, 'registry.reg'), {
    createFrom: practiceDomainController,
  });
  counted = new CountingRegistry(registry);
  reader = snapshotReader(counted);
});
afterEach(async () => {
  reader.close();
  await registry.close();
  await folder.remove();
});

/** A real registry that counts what is read from it, and the watches that are open. */
class CountingRegistry implements Registry {
  readonly driver = 'regfile';
  reads = 0;
  openWatches = 0;
  /** Runs once, before the next read of a value is answered. */
  meanwhile: (() => Promise<void>) | null = null;

  constructor(private readonly inner: Registry) {}

  async readValue(key: string, name: string) {
    this.reads += 1;
    const value = await this.inner.readValue(key, name);
    const act = this.meanwhile;
    this.meanwhile = null;
    await act?.();
    return value;
  }

  listValues(key: string) {
    this.reads += 1;
    return this.inner.listValues(key);
  }

  listSubkeys(key: string) {
    this.reads += 1;
    return this.inner.listSubkeys(key);
  }

  writeValue: Registry['writeValue'] = (key, name, value) => this.inner.writeValue(key, name, value);
  deleteValue: Registry['deleteValue'] = (key, name) => this.inner.deleteValue(key, name);
  createKey: Registry['createKey'] = (key) => this.inner.createKey(key);
  close = () => this.inner.close();

  watch(keys: readonly WatchedKey[]) {
    if (this.inner.watch === undefined) throw new Error('this registry cannot watch');
    const watch = this.inner.watch(keys);
    let open = true;
    this.openWatches += 1;
    return {
      revision: () => watch.revision(),
      onChange: watch.onChange.bind(watch),
      close: () => {
        if (open) this.openWatches -= 1;
        open = false;
        watch.close();
      },
    };
  }
}

const text = (value: string) => ({
  type: RegistryType.string,
  data: Buffer.from(`${value}\0`, 'utf16le'),
});
const number = (value: number) => ({ type: RegistryType.dword, data: Buffer.from([value, 0, 0, 0]) });
const setProxy = async (sid: string, proxyServer: string) => {
  await registry.createKey(connectionsKey(sid));
  const data = settingsBytes({ proxy: proxyServer });
  await registry.writeValue(connectionsKey(sid), 'DefaultConnectionSettings', {
    type: RegistryType.binary,
    data,
  });
};

/** Reads until the reader knows that nothing has changed. */
async function settle() {
  await reader.read();
  return reader.read();
}

/** How much is read from the registry when the reader is asked once more. */
async function readsOf(ask: () => Promise<unknown>): Promise<number> {
  const before = counted.reads;
  await ask();
  return counted.reads - before;
}

const accountOf = async (sid: string) =>
  (await reader.read()).accounts.find(({ account }) => account.sid === sid);

describe('a reader of snapshots', () => {
  it('reads nothing while nothing has changed, and gives the same snapshot', async () => {
    const known = await settle();
    expect(
      await readsOf(async () => {
        for (let time = 0; time < 10; time += 1) expect(await reader.read()).toBe(known);
      }),
    ).toBe(0);
    expect(JSON.stringify(known)).toContain(anna);
  });

  it('reads nothing either when the same is written again', async () => {
    await setProxy(anna, annasProxy);
    await settle();
    await setProxy(anna, annasProxy);
    expect(await readsOf(() => reader.read())).toBe(0);
  });

  it('sees a value that is written, and one that is deleted', async () => {
    await settle();
    await setProxy(localService, 'one:80');
    expect((await accountOf(localService))?.value?.data).toEqual(
      new Uint8Array(settingsBytes({ proxy: 'one:80' })),
    );
    await settle();
    await registry.deleteValue(connectionsKey(localService), 'DefaultConnectionSettings');
    expect((await accountOf(localService))?.value).toBeUndefined();
  });

  it('sees a value beside the key of the settings', async () => {
    await settle();
    const key = path.win32.dirname(connectionsKey(anna));
    await registry.writeValue(key, 'ProxyEnable', number(7));
    const legacy = (await accountOf(anna))?.legacy.find(({ name }) => name === 'ProxyEnable');
    expect(legacy?.data).toEqual(new Uint8Array([7, 0, 0, 0]));
  });

  it('sees another name of an account', async () => {
    await settle();
    const session = `HKEY_USERS\\${anna}\\Volatile Environment`;
    await registry.createKey(session);
    await registry.writeValue(session, 'USERNAME', text('renamed'));
    expect((await accountOf(anna))?.account.name).toMatch(/renamed$/);
    const profile = `HKEY_LOCAL_MACHINE\\SOFTWARE\\Microsoft\\Windows NT\\CurrentVersion\\ProfileList\\${anna}`;
    await settle();
    await registry.createKey(profile);
    await registry.writeValue(profile, 'ProfileImagePath', text('D:\\Profiles\\anna'));
    expect((await accountOf(anna))?.account.profilePath).toBe('D:\\Profiles\\anna');
  });

  it('sees the policy, the machine’s own settings and WinHTTP’s, though their keys are new', async () => {
    await settle();
    await registry.createKey(POLICY);
    await registry.writeValue(POLICY, 'ProxySettingsPerUser', number(0));
    expect((await reader.read()).policy?.data).toEqual(new Uint8Array(4));
    await settle();
    await registry.createKey(MACHINE);
    await registry.writeValue(MACHINE, 'WinHttpSettings', number(1));
    expect((await reader.read()).winHttp?.data).toEqual(new Uint8Array([1, 0, 0, 0]));
    await settle();
    await registry.writeValue(MACHINE, 'DefaultConnectionSettings', number(2));
    expect((await reader.read()).machineValue?.data).toEqual(new Uint8Array([2, 0, 0, 0]));
  });

  it('does not keep what was read while something changed', async () => {
    await settle();
    await setProxy(localService, 'one:80');
    counted.meanwhile = () => setProxy(localService, 'two:80');
    await reader.read();
    expect((await accountOf(localService))?.value?.data).toEqual(
      new Uint8Array(settingsBytes({ proxy: 'two:80' })),
    );
  });

  it('does not keep the first snapshot when something changed while it was read', async () => {
    counted.meanwhile = () => setProxy(localService, 'one:80');
    await reader.read();
    expect((await accountOf(localService))?.value?.data).toEqual(
      new Uint8Array(settingsBytes({ proxy: 'one:80' })),
    );
  });

  it('has one watch, and none after it is closed', async () => {
    for (let time = 0; time < 3; time += 1) await settle();
    expect(counted.openWatches).toBe(1);
    reader.close();
    expect(counted.openWatches).toBe(0);
    reader.close();
    expect(counted.openWatches).toBe(0);
  });
});

describe('a reader of snapshots and an account that signs in', () => {
  const carla = 'S-1-5-21-1004336348-1177238915-682003330-1199';

  /** The registry's list of hives, with one more while `signedIn`: a hive is loaded by Windows, never by a program. */
  class SignIns extends CountingRegistry {
    signedIn = false;
    private revisions = 0;

    signIn(there: boolean): void {
      this.signedIn = there;
      this.revisions += 1;
    }

    override async listSubkeys(key: string) {
      const names = (await super.listSubkeys(key)) ?? [];
      return key === 'HKEY_USERS' && this.signedIn ? [...names, carla] : names;
    }

    override watch(keys: readonly WatchedKey[]) {
      const watch = super.watch(keys);
      return { ...watch, revision: () => watch.revision() + this.revisions };
    }
  }

  it('shows it from then on until it has gone, with one watch', async () => {
    const machine = new SignIns(registry);
    const own = snapshotReader(machine);
    const has = async () => (await own.read()).accounts.some(({ account }) => account.sid === carla);
    const seen = [];
    for (const there of [false, true, false, true]) {
      machine.signIn(there);
      for (let time = 0; time < 3; time += 1) seen.push((await has()) === there);
      const before = machine.reads;
      await own.read();
      expect(machine.reads).toBe(before);
      expect(machine.openWatches).toBe(1);
    }
    expect(seen).not.toContain(false);
    own.close();
    expect(machine.openWatches).toBe(0);
  });
});

describe('a reader of snapshots over a driver that cannot watch', () => {
  it('reads each time, and sees each change', async () => {
    const blind: Registry = Object.assign(counted, { watch: undefined });
    const own = snapshotReader(blind);
    const first = await readsOf(() => own.read());
    expect(first).toBeGreaterThan(0);
    for (let time = 0; time < 3; time += 1) expect(await readsOf(() => own.read())).toBe(first);
    await setProxy(localService, 'one:80');
    const found = (await own.read()).accounts.find(({ account }) => account.sid === localService);
    expect(found?.value?.data).toEqual(new Uint8Array(settingsBytes({ proxy: 'one:80' })));
    own.close();
  });
});
