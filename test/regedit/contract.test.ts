import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { openRegeditRegistry } from '../../src/registry/regedit/regeditRegistry';
import { RegistryType, type RegistryValue } from '../../src/registry/registry';
import { type RegeditMachine, regeditMachine } from '../support/regeditMachine';
import { type OpenedRegistry, describeRegistryContract } from '../contract/registryContract';

const USER = 'S-1-5-21-1004336348-1177238915-682003330-1104';
const run = promisify(execFile);

/**
 * On Windows it is the real script host and the registry of whoever runs the tests, who has to be an administrator;
 * elsewhere a stand-in for cscript.exe, which does what the scripts do over a store of its own.
 */
const onWindows = process.platform === 'win32';

describeRegistryContract(
  onWindows ? 'regedit, with Windows’ own script host' : 'regedit, with a stand-in for cscript.exe',
  onWindows ? openOnWindows : openOnStandIn,
  {
    cannotCarry,
    cannotName: (name) => name.includes('\\'),
  },
);

function cannotCarry({ type, data }: RegistryValue): boolean {
  const text = Buffer.from(data).toString('utf16le');
  switch (type) {
    case RegistryType.string:
      return data.length % 2 !== 0 || !/^[^\0\r\n]*\0$/.test(text);
    case RegistryType.binary:
      return data.length === 0;
    case RegistryType.dword:
    case RegistryType.qword:
    case RegistryType.multiString:
      return false;
    default:
      return true;
  }
}

/** One stand-in for all tests, as it was made for each. */
let machine: RegeditMachine | undefined;
afterAll(() => machine?.remove());

async function openOnStandIn(): Promise<OpenedRegistry> {
  machine ??= await regeditMachine([USER]);
  machine.reset();
  const registry = await openRegeditRegistry({ systemRoot: machine.systemRoot });
  return { registry, user: USER, cleanup: () => registry.close() };
}

async function openOnWindows(): Promise<OpenedRegistry> {
  const systemRoot = process.env.SystemRoot ?? 'C:\\Windows';
  const registry = await openRegeditRegistry({ systemRoot });
  const { stdout } = await run(`${systemRoot}\\System32\\whoami.exe`, ['/user', '/fo', 'csv', '/nh']);
  const user = /S-1-[\d-]+/.exec(stdout)?.[0];
  if (user === undefined) throw new Error('whoami does not tell the SID');
  return {
    registry,
    user,
    cleanup: async () => {
      await registry.close();
      for (const hive of [user, '.DEFAULT']) {
        const key = `HKU\\${hive}\\Software\\SensorProxyContract`;
        // It fails when a test did not make the key.
        await run(`${systemRoot}\\System32\\reg.exe`, ['delete', key, '/f']).catch(() => undefined);
      }
    },
  };
}
