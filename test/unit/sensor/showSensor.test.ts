import { noServiceManager } from '../../../src/sensor/serviceControl';
import { deniedRegistry } from '../../support/deniedRegistry';
import {
  CONFIGURATION,
  FOLDER,
  type PracticeSensor,
  SERVICES,
  configurationText,
  openPracticeSensor,
} from '../../support/practiceSensor';

let practice: PracticeSensor;

afterEach(() => practice.close());

const codes = async () => (await practice.sensor.show()).findings.map(({ code }) => code);
const serviceNamed = async (name: string) =>
  (await practice.sensor.show()).services.find((service) => service.name === name);

describe('the sensor of the practice DC', () => {
  beforeEach(async () => {
    practice = await openPracticeSensor({ processRunning: () => Promise.resolve(false) });
  });

  it('is shown with all that is known of it, and nothing is found wrong', async () => {
    const common = { installed: true, startType: 'automatic', state: 'running', detail: null };
    expect(await practice.sensor.show()).toMatchObject({
      installed: true,
      version: '2.240.18316.1234',
      path: FOLDER,
      services: [
        { name: 'AATPSensor', account: 'NT AUTHORITY\\LocalService', processId: 4242, ...common },
        { name: 'AATPSensorUpdater', account: 'LocalSystem', processId: 4242, ...common },
      ],
      configuration: {
        state: 'read',
        detail: null,
        endpoint: { host: 'contososensorapi.atp.azure.com', port: 443 },
        ownProxy: false,
      },
      v3: { present: false },
      strongCrypto: [{ ok: true }, { ok: true }],
      findings: [],
    });
  });

  it.each([
    ['AATPSensor', 'nt authority\\local service'],
    ['AATPSensor', '.\\LocalService'],
    ['AATPSensor', 'S-1-5-19'],
    ['AATPSensorUpdater', '.\\localsystem'],
    ['AATPSensorUpdater', 'NT Authority\\System'],
    ['AATPSensorUpdater', 's-1-5-18'],
  ])('takes %s as %s for the account that is expected', async (service, account) => {
    await practice.setText(service, 'ObjectName', account);
    expect(await codes()).toEqual([]);
    expect(await serviceNamed(service)).toMatchObject({ account });
  });

  it.each([
    ['AATPSensor', 'LocalSystem'],
    ['AATPSensor', 'CONTOSO\\gmsa$'],
    ['AATPSensorUpdater', 'NT AUTHORITY\\NetworkService'],
    ['AATPSensorUpdater', ''],
  ])('finds that %s runs as %j, which is not expected', async (service, account) => {
    await practice.setText(service, 'ObjectName', account);
    const { findings } = await practice.sensor.show();
    expect(findings).toEqual([
      expect.objectContaining({ code: 'sensor-account-unexpected', severity: 'warning' }),
    ]);
    expect(findings[0]?.detail).toContain(service);
  });

  it.each<[number, number, string]>([
    [0, 0, 'boot'],
    [1, 0, 'system'],
    [2, 0, 'automatic'],
    [2, 1, 'automaticDelayed'],
    [3, 1, 'manual'],
  ])('shows Start %i with DelayedAutostart %i as %s', async (start, delayed, startType) => {
    await practice.setNumber(`${SERVICES}\\AATPSensor`, 'Start', start);
    await practice.setNumber(`${SERVICES}\\AATPSensor`, 'DelayedAutostart', delayed);
    expect(await serviceNamed('AATPSensor')).toMatchObject({ startType, detail: null });
    expect(await codes()).toEqual([]);
  });

  it('finds a service that is disabled, and one that does not run', async () => {
    await practice.setNumber(`${SERVICES}\\AATPSensor`, 'Start', 4);
    practice.manager.change('AATPSensorUpdater', { state: 'stopped' });
    expect(await codes()).toEqual(['sensor-service-disabled', 'sensor-service-not-running']);
    expect(await serviceNamed('AATPSensorUpdater')).toMatchObject({ state: 'stopped', processId: null });
  });

  it('says which values of a service are missing', async () => {
    await practice.setText('AATPSensor', 'ObjectName', null);
    await practice.setNumber(`${SERVICES}\\AATPSensor`, 'Start', 77);
    expect(await serviceNamed('AATPSensor')).toMatchObject({
      account: null,
      startType: null,
      detail: 'The registry has no ObjectName and no Start that can be read.',
    });
  });

  it('finds .NET values that are missing or not 1', async () => {
    const key = 'HKEY_LOCAL_MACHINE\\SOFTWARE\\WOW6432Node\\Microsoft\\.NETFramework\\v4.0.30319';
    await practice.setNumber(key, 'SchUseStrongCrypto', 0);
    const sensor = await practice.sensor.show();
    expect(sensor.strongCrypto[1]).toEqual({
      key,
      systemDefaultTlsVersions: 1,
      schUseStrongCrypto: 0,
      ok: false,
      detail: null,
    });
    expect(sensor.findings.map(({ code }) => code)).toEqual(['sensor-strong-crypto-missing']);
    expect(sensor.findings[0]?.detail).toContain('WOW6432Node');
  });

  it('finds a proxy of the sensor’s own, and shows nothing of it', async () => {
    const text = configurationText({ SensorProxyConfiguration: { Url: 'http://own:1', Password: 'secret' } });
    practice.files.set(CONFIGURATION, { state: 'read', text });
    const sensor = await practice.sensor.show();
    expect(sensor.configuration.ownProxy).toBe(true);
    expect(sensor.findings).toEqual([expect.objectContaining({ code: 'sensor-own-proxy' })]);
    expect(JSON.stringify(sensor)).not.toMatch(/secret|own:1/);
  });

  it('finds a configuration that is absent, unreadable, no JSON, or without an endpoint', async () => {
    practice.files.delete(CONFIGURATION);
    expect(await codes()).toEqual(['sensor-configuration-absent']);
    practice.files.set(CONFIGURATION, { state: 'unreadable', detail: 'It cannot be opened (EACCES).' });
    expect(await codes()).toEqual(['sensor-configuration-unreadable']);
    expect((await practice.sensor.show()).findings[0]?.detail).toContain('EACCES');
    practice.files.set(CONFIGURATION, { state: 'read', text: 'no JSON' });
    expect(await codes()).toEqual(['sensor-configuration-unreadable']);
    practice.files.set(CONFIGURATION, { state: 'read', text: '{}' });
    expect(await codes()).toEqual(['sensor-endpoint-invalid']);
    expect(await practice.sensor.endpoint()).toBeNull();
  });

  it('follows the folder of an update', async () => {
    const folder = FOLDER.replace(/[^\\]+$/, '2.241.1');
    const text = configurationText().replace('contososensorapi', 'fabrikamsensorapi');
    practice.files.set(`${folder}\\SensorConfiguration.json`, { state: 'read', text });
    await practice.setText('AATPSensor', 'ImagePath', `"${folder}\\Microsoft.Tri.Sensor.exe"`);
    expect(await practice.sensor.show()).toMatchObject({ version: '2.241.1', path: folder });
    expect(await practice.sensor.endpoint()).toEqual({ host: 'fabrikamsensorapi.atp.azure.com', port: 443 });
  });

  it('knows what %ProgramFiles% stands for only from the registry', async () => {
    const image = `%ProgramFiles%${FOLDER.slice('C:\\Program Files'.length)}\\Microsoft.Tri.Sensor.exe`;
    await practice.setText('AATPSensor', 'ImagePath', image);
    await practice.setText('AATPSensorUpdater', 'ImagePath', image);
    expect(await practice.sensor.show()).toMatchObject({ version: null, path: null });
    expect(await codes()).toEqual(['sensor-configuration-unreadable']);
    const key = 'HKEY_LOCAL_MACHINE\\SOFTWARE\\Microsoft\\Windows\\CurrentVersion';
    await practice.registry.writeValue(key, 'ProgramFilesDir', {
      type: 1,
      data: Buffer.from('C:\\Program Files\0', 'utf16le'),
    });
    expect(await practice.sensor.show()).toMatchObject({ path: FOLDER, findings: [] });
  });

  it('never opens a folder on another machine', async () => {
    for (const service of ['AATPSensor', 'AATPSensorUpdater'])
      await practice.setText(service, 'ImagePath', '\\\\server\\share\\2.1\\sensor.exe');
    expect(await practice.sensor.show()).toMatchObject({
      path: null,
      configuration: { state: 'unreadable', endpoint: null, ownProxy: null },
    });
  });
});

describe('a machine', () => {
  it('without the sensor is told so, and nothing else is found', async () => {
    practice = await openPracticeSensor({
      services: {},
      wrap: (registry) => ({
        ...deniedRegistry(registry, /never/),
        listValues: (key) =>
          /AATP|NETFramework/.test(key) ? Promise.resolve(undefined) : registry.listValues(key),
      }),
    });
    expect(await practice.sensor.show()).toMatchObject({
      installed: false,
      version: null,
      path: null,
      services: [
        { installed: false, account: null, state: null },
        { installed: false, account: null, state: null },
      ],
      configuration: { state: 'notInstalled', endpoint: null },
      strongCrypto: [{ ok: false }, { ok: false }],
      findings: [{ code: 'sensor-not-installed', severity: 'info' }],
    });
  });

  it('with one of the two services has a finding about the other', async () => {
    practice = await openPracticeSensor({
      wrap: (registry) => ({
        ...deniedRegistry(registry, /never/),
        listValues: (key) =>
          key.endsWith('AATPSensor') ? Promise.resolve(undefined) : registry.listValues(key),
      }),
    });
    expect(await codes()).toEqual(['sensor-service-missing']);
    expect(await practice.sensor.show()).toMatchObject({ installed: true, version: '2.240.18316.1234' });
  });

  it('without a service manager shows the rest, and says why the states are unknown', async () => {
    practice = await openPracticeSensor({ control: noServiceManager });
    expect(await serviceNamed('AATPSensor')).toMatchObject({
      account: 'NT AUTHORITY\\LocalService',
      state: 'unknown',
      processId: null,
      detail: 'This machine has no Windows service manager.',
    });
    expect(await codes()).toEqual([]);
  });

  it('whose service manager does not know a service says so', async () => {
    practice = await openPracticeSensor({ services: {} });
    expect(await serviceNamed('AATPSensor')).toMatchObject({ state: 'unknown' });
  });

  it('whose service manager does not answer is shown all the same', async () => {
    practice = await openPracticeSensor();
    practice.manager.change('AATPSensor', { silent: 'query' });
    expect(await serviceNamed('AATPSensor')).toMatchObject({
      state: 'unknown',
      detail: 'The service manager does not answer.',
    });
    expect(await serviceNamed('AATPSensorUpdater')).toMatchObject({ state: 'running' });
  });

  it('that lets nobody read one key shows the rest', async () => {
    practice = await openPracticeSensor({ wrap: (registry) => deniedRegistry(registry, /AATPSensor$/) });
    expect(await practice.sensor.show()).toMatchObject({
      installed: true,
      path: FOLDER,
      services: [{ installed: null, account: null, state: 'running' }, { installed: true }],
      findings: [{ code: 'sensor-registry-unreadable' }],
    });
    expect((await serviceNamed('AATPSensor'))?.detail).toContain('access denied (5)');
  });

  it('that lets nobody read anything does not fail', async () => {
    practice = await openPracticeSensor({ wrap: (registry) => deniedRegistry(registry, /./) });
    expect(await practice.sensor.show()).toMatchObject({
      installed: null,
      version: null,
      configuration: { state: 'unreadable', endpoint: null },
      strongCrypto: [{ ok: null }, { ok: null }],
      v3: { present: null },
    });
    expect(await practice.sensor.endpoint()).toBeNull();
    expect(await codes()).toEqual(['sensor-registry-unreadable', 'sensor-configuration-unreadable']);
  });
});

describe('the sensor of version 3', () => {
  it.each<[string, () => Promise<boolean | undefined>, boolean | null]>([
    ['runs', () => Promise.resolve(true), true],
    ['does not run', () => Promise.resolve(false), false],
    ['cannot be told', () => Promise.resolve(undefined), null],
    ['cannot be told', () => Promise.reject(new Error('no')), null],
  ])('is present as far as its process %s', async (text, processRunning, present) => {
    const asked: string[] = [];
    practice = await openPracticeSensor({
      processRunning: (name) => {
        asked.push(name);
        return processRunning();
      },
    });
    const { v3, findings } = await practice.sensor.show();
    expect(v3.present).toBe(present);
    expect(v3.detail).toContain(text);
    expect(v3.detail).toContain('The service Sense (Defender for Endpoint) is not in the registry.');
    expect(findings.map(({ code }) => code)).toEqual(present === true ? ['sensor-v3'] : []);
    expect(asked).toEqual(['SenseIdentity']);
  });

  it('is not guessed at where processes cannot be listed', async () => {
    practice = await openPracticeSensor();
    expect((await practice.sensor.show()).v3).toMatchObject({ present: null });
  });
});
