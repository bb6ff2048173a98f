import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { openAdvapi32Registry } from '../../src/registry/advapi32/advapi32Registry';
import { readOwnSid } from '../../src/windows/ownSid';
import { describeRegistryContract } from '../contract/registryContract';
import { describeWatchContract, watchHere } from '../contract/watchContract';

/** On Windows itself, as an administrator: the contract suites on the registry of whoever runs them. */
const run = promisify(execFile);
const user = readOwnSid();

const deleteKey = async (key: string) => {
  await run('reg.exe', ['delete', key, '/f']).catch(() => undefined);
};
const cleanUp = async () => {
  await deleteKey(`HKEY_USERS\\${user}\\Software\\SensorProxyContract`);
  await deleteKey(`HKEY_USERS\\${user}\\Software\\SensorProxyWatch`);
  await deleteKey('HKEY_USERS\\S-1-5-18\\Software\\SensorProxyContract');
};

describeRegistryContract('advapi32, on Windows', () => {
  const registry = openAdvapi32Registry();
  return Promise.resolve({
    registry,
    user,
    cleanup: async () => {
      await cleanUp();
      await registry.close();
    },
  });
});

describeWatchContract('advapi32, on Windows', () => {
  const registry = openAdvapi32Registry();
  return Promise.resolve({
    registry,
    user,
    watch: watchHere(registry),
    deleteKey,
    cleanup: async () => {
      await cleanUp();
      await registry.close();
    },
  });
});
