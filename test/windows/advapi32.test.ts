import { RegistryType } from '../../src/registry/registry';
import { windowsNode } from '../../scripts/windows/windowsNode';
import { describeRegistryContract } from '../contract/registryContract';
import { describeWatchContract } from '../contract/watchContract';
import { type BridgedRegistry, bundleForWindows, openBridgedRegistry } from './bridgedRegistry';
import { type WineMachine, expectSuccess, openWine, winePath } from './wine';

const USER = 'HKEY_USERS\\S-1-5-21-1004336348-1177238915-682003330-1104';

let wine: WineMachine;
let bridge: BridgedRegistry;

beforeAll(async () => {
  wine = await openWine();
  for (const hive of [USER, 'HKEY_USERS\\S-1-5-19']) {
    await expectSuccess(wine.run(['reg', 'add', `${hive}\\Software`, '/f']));
  }
  const link = await bundleForWindows('test/windows/linkSystemHive.ts', wine.folder);
  await expectSuccess(wine.run([winePath(await windowsNode()), winePath(link)]));
  bridge = await openBridgedRegistry(wine);
}, 120_000);

afterAll(async () => {
  await bridge.close();
  await wine.close();
});

const deleteKey = async (key: string) => {
  await expectSuccess(wine.run(['reg', 'delete', key, '/f']));
};
const cleanUp = async () => {
  for (const key of [
    `${USER}\\Software\\SensorProxyContract`,
    `${USER}\\Software\\SensorProxyWatch`,
    'HKEY_USERS\\.DEFAULT\\Software\\SensorProxyContract',
  ]) {
    await wine.run(['reg', 'delete', key, '/f']);
  }
};

describeRegistryContract('advapi32, in a Windows Node under Wine', () =>
  Promise.resolve({ registry: bridge.registry, cleanup: cleanUp }),
);

describeWatchContract('advapi32, in a Windows Node under Wine', () =>
  Promise.resolve({
    registry: bridge.registry,
    watch: (keys) => bridge.watch(keys),
    deleteKey,
    cleanup: cleanUp,
  }),
);

describe('advapi32, in a Windows Node under Wine', () => {
  const key = `${USER}\\Software\\SensorProxyNative`;
  beforeEach(() => bridge.registry.createKey(key));
  afterEach(() => deleteKey(key));

  test.each([1, 4095, 4096, 4097, 65_536, 1_048_576])(
    'a value of %i bytes comes back whole',
    async (size) => {
      const data = Buffer.alloc(size, 0xa5);
      await bridge.registry.writeValue(key, 'Large', { type: RegistryType.binary, data });
      expect(Buffer.from((await bridge.registry.readValue(key, 'Large'))?.data ?? []).equals(data)).toBe(
        true,
      );
      const [listed] = (await bridge.registry.listValues(key)) ?? [];
      expect(listed?.name).toBe('Large');
      expect(Buffer.from(listed?.data ?? []).equals(data)).toBe(true);
    },
  );

  test('what other programs write is read, and they read what is written', async () => {
    await expectSuccess(
      wine.run(['reg', 'add', key, '/v', 'Größe', '/t', 'REG_BINARY', '/d', '460102', '/f']),
    );
    const value = await bridge.registry.readValue(key, 'GRÖSSE'.replace('SS', 'ß'));
    expect(value && Buffer.from(value.data).toString('hex')).toBe('460102');
    await bridge.registry.writeValue(key, 'Back', {
      type: RegistryType.dword,
      data: Buffer.from([7, 0, 0, 0]),
    });
    const { stdout } = await expectSuccess(wine.run(['reg', 'query', key, '/v', 'Back']));
    expect(stdout).toMatch(/Back\s+REG_DWORD\s+0x7/);
  });

  test('a watch notices what reg.exe changes', async () => {
    const watch = await bridge.watch([{ key, scope: 'key' }]);
    const before = await watch.revision();
    await expectSuccess(wine.run(['reg', 'add', key, '/v', 'Other', '/d', 'x', '/f']));
    expect(await watch.revision()).not.toBe(before);
    await watch.close();
  });

  test('calls by the ten thousand leave no handle open', async () => {
    const handles = async () => Number(await bridge.call('handles'));
    await bridge.call('hammer', key, 500);
    const before = await handles();
    await bridge.call('hammer', key, 2000);
    expect(await handles()).toBe(before);
  });
});
