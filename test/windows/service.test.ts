import { writeFile } from 'node:fs/promises';
import path from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { configurationText } from '../support/practiceSensor';
import { settingsBytes } from '../support/settingsBytes';
import { type PackagedService, juergen, openPackagedService, ownUser } from './servicePackage';
import { expectSuccess, winePath } from './wine';

/** The package, unpacked and installed as a service; the tests go on where the one before has ended. */
let service: PackagedService;
const hex = (fields: Parameters<typeof settingsBytes>[0]) => settingsBytes(fields).toString('hex');
const juergens = hex({
  counter: 3,
  flags: 3,
  proxy: 'proxy.contoso.com:8080',
  bypass: '*.contoso.com;<local>',
});
const systems = hex({ counter: 9 });

jest.setTimeout(60_000);

beforeAll(async () => {
  service = await openPackagedService();
  await service.regAdd(juergen, juergens);
  await service.regAdd('S-1-5-18', systems);
}, 180_000);
afterAll(() => service.close(), 60_000);

test('service install registers the service, restricts its folders and starts it', async () => {
  const config = path.join(service.wine.folder, 'settings.env');
  await writeFile(config, 'SENSORPROXY_PORT=0\r\nSENSORPROXY_LOG_LEVEL=debug\r\n');
  const { code, stdout, stderr } = await service.command('service', 'install', '--config', winePath(config));
  expect(stderr).toBe('');
  expect(stdout).toContain('The service SensorProxy is installed');
  expect(stdout).toContain('It is running.');
  expect(stdout).toContain('C:\\ProgramData\\SensorProxy\\admin.token');
  expect(code).toBe(0);
  const { stdout: state } = await expectSuccess(service.wine.run(['sc', 'query', 'SensorProxy']));
  expect(state).toMatch(/STATE\s+: 4/);
  expect(await service.processes()).toHaveLength(1);
  const status = await service.command('service', 'status');
  expect(status).toMatchObject({ code: 0, stdout: expect.stringContaining('running (process ') as unknown });
});

test('installing twice is one clear line', async () => {
  const { code, stderr } = await service.command('service', 'install');
  expect(code).toBe(1);
  expect(stderr).toBe('sensorproxy: The service SensorProxy is installed already. Uninstall it first.\n');
});

test('it works on the real registry through the native driver, and says so', async () => {
  const { status, body } = await service.call('GET', '/readyz');
  expect({ status, body }).toMatchObject({
    status: 200,
    body: {
      ready: true,
      parts: expect.arrayContaining([
        expect.objectContaining({
          name: 'registry',
          detail: expect.stringContaining('advapi32') as unknown,
        }),
      ]) as unknown,
    },
  });
  expect((await service.log()).find(({ message }) => message === 'opened')).toMatchObject({
    registry: 'advapi32',
    because: 'the first choice, and it works',
  });
});

test('it shows the accounts, a name outside of ASCII included', async () => {
  const { body } = await service.call('GET', `/proxy/contexts?source=${juergen}`);
  expect(body).toMatchObject({ source: juergen, inSync: false });
  const contexts = body.contexts as {
    readonly sid: string;
    readonly account: string;
    readonly hex: string | null;
  }[];
  expect(contexts.find(({ sid }) => sid === juergen)).toMatchObject({
    account: 'CONTOSO\\jürgen.größe',
    hex: juergens,
    comparison: 'identical',
  });
  expect(contexts.find(({ sid }) => sid === 'S-1-5-18')).toMatchObject({
    hex: systems,
    comparison: 'different',
  });
  expect(contexts.find(({ sid }) => sid === 'S-1-5-19')).toMatchObject({ state: 'absent' });
  expect(contexts.map(({ sid }) => sid)).toContain(ownUser);
});

test('a SID that is none is refused, and a user who is signed out is named with a remedy', async () => {
  expect(await service.call('GET', '/proxy/contexts/S-1-5-x')).toMatchObject({
    status: 400,
    body: { code: 'id-invalid' },
  });
  const { status, body } = await service.call('GET', '/proxy/contexts/S-1-5-21-1-2-3-4');
  expect(status).toBe(404);
  expect(body.detail).toMatch(/sign/i);
});

describe('a copy', () => {
  let backupId: string;
  const copy = async () => {
    const { status, body } = await service.call('POST', '/proxy/copy', {
      body: { source: juergen, ticket: 'CHG1' },
    });
    expect({ status, body }).toMatchObject({ status: 200, body: { changed: true } });
    return body.backupId as string;
  };
  const before = async () => {
    expect(await service.regQuery('S-1-5-18')).toBe(systems);
    expect(await service.regQuery('S-1-5-19')).toBeNull();
  };
  const after = async () => {
    expect(await service.regQuery('S-1-5-18')).toBe(juergens);
    expect(await service.regQuery('.DEFAULT')).toBe(juergens);
    expect(await service.regQuery('S-1-5-19')).toBe(juergens);
  };

  test('puts the bytes where reg.exe finds them', async () => {
    await before();
    backupId = await copy();
    await after();
  });

  test('is undone by reg import of its backup, absence included', async () => {
    const { bytes } = await service.call('GET', `/proxy/backups/${backupId}/file`);
    const file = path.join(service.wine.folder, 'backup.reg');
    await writeFile(file, bytes);
    await expectSuccess(service.wine.run(['reg', 'import', winePath(file)]));
    await before();
  });

  test('is undone over HTTP, absence included', async () => {
    const id = await copy();
    await after();
    expect(await service.call('POST', `/proxy/backups/${id}/restore`)).toMatchObject({ status: 200 });
    await before();
  });
});

test('what is put for the current user, WinHTTP itself reports', async () => {
  const { etag } = await service.call('GET', '/proxy/contexts/CurrentUser');
  const settings = {
    proxyServer: 'http=web.contoso.com:8080;https=secure.contoso.com:8443',
    bypassList: ['*.contoso.com', '10.*', '<local>'],
    autoConfigUrl: 'http://wpad.contoso.com/proxy.pac',
  };
  const put = await service.call('PUT', '/proxy/contexts/CurrentUser', {
    body: settings,
    ifMatch: etag ?? '',
  });
  expect(put.status).toBe(200);
  expect(JSON.parse(await service.program('ieProxyConfig'))).toEqual({
    autoDetect: false,
    autoConfigUrl: settings.autoConfigUrl,
    proxyServer: settings.proxyServer,
    bypassList: settings.bypassList.join(';'),
  });
});

test('a change by reg.exe shows in the very next answer', async () => {
  const read = async () => (await service.call('GET', '/proxy/contexts/LocalService')).body.hex;
  expect([await read(), await read()]).toEqual([null, null]);
  for (const hexNow of [juergens, systems]) {
    await service.regAdd('S-1-5-19', hexNow);
    expect(await read()).toBe(hexNow);
  }
  await service.regDelete('S-1-5-19');
  expect(await read()).toBeNull();
});

test('values of a wrong type, of 1 MiB and of no bytes are shown as what they are', async () => {
  const key = 'HKU\\S-1-5-20\\Software\\Microsoft\\Windows\\CurrentVersion\\Internet Settings\\Connections';
  const show = async () => (await service.call('GET', '/proxy/contexts/NetworkService')).body;
  const set = (type: string, data: string) =>
    expectSuccess(
      service.wine.run(['reg', 'add', key, '/v', 'DefaultConnectionSettings', '/t', type, '/d', data, '/f']),
    );
  await set('REG_SZ', 'proxy:8080');
  expect(await show()).toMatchObject({ state: 'malformed', settings: null });
  await set('REG_BINARY', '');
  expect(await show()).toMatchObject({ state: 'malformed', hex: '' });
  const file = path.join(service.wine.folder, 'large.reg');
  const large = Array.from({ length: 1024 * 1024 }, () => '41').join(',');
  await writeFile(
    file,
    `Windows Registry Editor Version 5.00\r\n\r\n[${key.replace('HKU', 'HKEY_USERS')}]\r\n"DefaultConnectionSettings"=hex:${large}\r\n`,
  );
  await expectSuccess(service.wine.run(['reg', 'import', winePath(file)]));
  expect(await show()).toMatchObject({ state: 'malformed', settings: null });
  await service.regDelete('S-1-5-20');
  expect(await show()).toMatchObject({ state: 'absent', hex: null });
});

test('the sensor is shown with its version and its endpoint, and restarted through the service manager', async () => {
  const folder = 'C:\\Program Files\\Azure Advanced Threat Protection Sensor\\2.240.18316.1234';
  const made = await service.makeFolder(folder);
  await writeFile(path.join(made, 'SensorConfiguration.json'), configurationText());
  for (const [name, account, ...starts] of [
    ['AATPSensor', 'NT AUTHORITY\\LocalService'],
    ['AATPSensorUpdater', 'LocalSystem', 'AATPSensor'],
  ] as const) {
    const exe = `${folder}\\${name === 'AATPSensor' ? 'Microsoft.Tri.Sensor.exe' : 'Microsoft.Tri.Sensor.Updater.exe'}`;
    await service.copyNode(path.join(made, path.win32.basename(exe)));
    const line = await service.programLine(exe, 'practiceService', name, ...starts);
    await expectSuccess(service.wine.run(['sc', 'create', name, 'binPath=', line, 'start=', 'auto']));
    const key = `HKLM\\SYSTEM\\CurrentControlSet\\Services\\${name}`;
    await expectSuccess(service.wine.run(['reg', 'add', key, '/v', 'ObjectName', '/d', account, '/f']));
    if (starts.length > 0) await expectSuccess(service.wine.run(['sc', 'start', name]));
  }
  expect((await service.call('GET', '/sensor')).body).toMatchObject({
    services: expect.arrayContaining([
      expect.objectContaining({ name: 'AATPSensorUpdater', state: 'running', startType: 'automatic' }),
    ]) as unknown,
  });
  expect((await service.call('GET', '/sensor')).body).toMatchObject({
    installed: true,
    version: '2.240.18316.1234',
    path: folder,
    configuration: {
      state: 'read',
      endpoint: { host: 'contososensorapi.atp.azure.com', port: 443 },
      ownProxy: false,
    },
    v3: { present: false },
  });
  expect((await service.call('GET', '/endpoints')).body).toMatchObject({
    items: expect.arrayContaining([
      expect.objectContaining({ host: 'contososensorapi.atp.azure.com', origin: 'sensor', probed: true }),
    ]) as unknown,
  });
  const updater = () => service.processesOf('practiceService', 'AATPSensorUpdater');
  const before = await updater();
  expect(before).toHaveLength(1);
  const { status, body } = await service.call('POST', '/sensor/restart', { body: { ticket: 'CHG2' } });
  expect({ status, body }).toMatchObject({ status: 200, body: { restarted: true } });
  expect((await service.call('GET', '/sensor')).body).toMatchObject({
    services: expect.arrayContaining([
      expect.objectContaining({ name: 'AATPSensorUpdater', state: 'running' }),
    ]) as unknown,
  });
  const after = await updater();
  expect(after).toHaveLength(1);
  expect(after).not.toEqual(before);
  expect((await service.call('GET', '/changes?limit=1')).body).toMatchObject({
    items: [{ kind: 'sensorRestart', outcome: 'applied', ticket: 'CHG2' }],
  });
});

test('a sensor of version 3 is told by its process', async () => {
  const made = await service.makeFolder('C:\\Program Files\\Sense');
  const program = path.join(made, 'SenseIdentity.exe');
  await service.copyNode(program);
  const running = await service.wine.start([winePath(program), '-e', 'setInterval(() => {}, 1e9)']);
  const present = async () =>
    ((await service.call('GET', '/sensor')).body.v3 as { present: boolean }).present;
  for (let looks = 0; !(await present()) && looks < 50; looks += 1) await pause(100);
  expect(await present()).toBe(true);
  running.kill();
});

test('service stop ends it cleanly and leaves nothing running; start and uninstall work after', async () => {
  expect(await service.command('service', 'stop')).toMatchObject({
    code: 0,
    stdout: 'It is stopped.\n',
  });
  expect((await service.log()).at(-1)).toMatchObject({ message: 'stopped' });
  await untilEnded();
  expect(await service.command('service', 'status')).toMatchObject({ code: 1 });
  expect(await service.command('service', 'start')).toMatchObject({ code: 0 });
  expect(await service.command('service', 'uninstall')).toMatchObject({ code: 0 });
  await untilEnded();
  expect(await service.command('service', 'status')).toMatchObject({
    code: 1,
    stderr: 'sensorproxy: The service SensorProxy is not installed.\n',
  });
});

test('a service that cannot start says so, and ends with an error', async () => {
  const config = path.join(service.wine.folder, 'later.env');
  await writeFile(config, 'SENSORPROXY_PORT=0\n');
  await expectSuccess(service.command('service', 'install', '--config', winePath(config)));
  await expectSuccess(service.command('service', 'stop'));
  await writeFile(config, 'SENSORPROXY_PORT=none\n');
  const { code, stderr } = await service.command('service', 'start');
  expect(code).toBe(1);
  expect(stderr).toContain('did not start');
  expect(stderr).toContain('event log');
  await expectSuccess(service.command('service', 'uninstall'));
}, 90_000);

test('killed in the middle of copies, it comes up with each target old or new, as its journal says', async () => {
  const outcomes = new Set<boolean>();
  for (let round = 0; round < 8; round += 1) {
    await service.regAdd('S-1-5-18', systems);
    await service.regDelete('S-1-5-19');
    const killed = await service.serveInWindow();
    const call = service.call('POST', '/proxy/copy', { body: { source: juergen, ticket: `KILL${round}` } });
    call.catch(() => undefined);
    await pause(round * 40);
    await killed.kill();
    await call.catch(() => undefined);
    const again = await service.serveInWindow();
    const { body } = await service.call('GET', '/changes?limit=1');
    const [last] = body.items as { readonly ticket: string | null; readonly outcome: string }[];
    const copied = last?.ticket === `KILL${round}` && last.outcome === 'applied';
    outcomes.add(copied);
    expect(await service.regQuery('S-1-5-18')).toBe(copied ? juergens : systems);
    expect(await service.regQuery('S-1-5-19')).toBe(copied ? juergens : null);
    await again.kill();
  }
  // Early kills and late ones: both ways were taken.
  expect(outcomes.size).toBe(2);
}, 180_000);

async function untilEnded(): Promise<void> {
  for (let looks = 0; (await service.processes()).length > 0; looks += 1) {
    if (looks > 50) throw new Error('the service still runs');
    await pause(100);
  }
}
