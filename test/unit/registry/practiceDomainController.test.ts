import { practiceDomainController } from '../../../src/registry/regfile/practiceDomainController';
import { openRegFile } from '../../../src/registry/regfile/regFileRegistry';
import { dwordValue, stringValue, type Registry } from '../../../src/registry/registry';
import vectors from '../../fixtures/wininet-settings.json';
import { temporaryFolders } from './regFileTexts';

const SETTINGS = 'Software\\Microsoft\\Windows\\CurrentVersion\\Internet Settings';
const ANNA = 'S-1-5-21-1004336348-1177238915-682003330-1104';
const folders = temporaryFolders();

describe('the practice domain controller', () => {
  let registry: Registry;

  beforeEach(async () => {
    registry = await openRegFile(await folders.file(practiceDomainController('proxy.example.test:3128')));
  });
  afterEach(() => registry.close());

  const connection = async (sid: string) =>
    (await registry.readValue(`HKEY_USERS\\${sid}\\${SETTINGS}\\Connections`, 'DefaultConnectionSettings'))
      ?.data;

  test('one user has the proxy that was asked for, in both places', async () => {
    const data = Buffer.from((await connection(ANNA)) ?? []);
    expect(data.subarray(0, 16).toString('hex')).toBe('46000000030000000300000017000000');
    expect(data.subarray(16, 39).toString()).toBe('proxy.example.test:3128');
    expect(data).toHaveLength(12 + 4 + 23 + 4 + 21 + 4 + 32);
    const legacy = `HKEY_USERS\\${ANNA}\\${SETTINGS}`;
    expect(dwordValue(await registry.readValue(legacy, 'ProxyEnable'))).toBe(1);
    expect(stringValue(await registry.readValue(legacy, 'ProxyServer'))).toBe('proxy.example.test:3128');
  });

  test("LocalSystem's settings are those of a real machine, and LocalService has none", async () => {
    const observed = vectors.find((vector) => vector.id === 'localsystem-default-autodisc1-46');
    expect(Buffer.from((await connection('S-1-5-18')) ?? []).toString('hex')).toBe(observed?.hex);
    expect(await registry.listValues(`HKEY_USERS\\S-1-5-19\\${SETTINGS}`)).toBeDefined();
    expect(await connection('S-1-5-19')).toBeUndefined();
  });

  test('its services run as the accounts that the sensor uses', async () => {
    const key = 'HKEY_LOCAL_MACHINE\\SYSTEM\\CurrentControlSet\\Services';
    expect(stringValue(await registry.readValue(`${key}\\AATPSensor`, 'ObjectName'))).toBe(
      'NT AUTHORITY\\LocalService',
    );
    expect(stringValue(await registry.readValue(`${key}\\AATPSensorUpdater`, 'ObjectName'))).toBe(
      'LocalSystem',
    );
  });
});
