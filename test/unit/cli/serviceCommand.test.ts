import { access, mkdir, readdir, symlink, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { parseCommandLine } from '../../../src/cli/commandLine';
import { runCommand } from '../../../src/cli/runCommand';
import type { CommandResult } from '../../../src/cli/commandResult';
import type { ServiceCommandParts } from '../../../src/cli/serviceCommand';
import { DomainError } from '../../../src/lib/errors';
import { openRegFile } from '../../../src/registry/regfile/regFileRegistry';
import type { Registry } from '../../../src/registry/registry';
import { MemoryServiceManager, SERVICES } from '../../support/memoryServiceManager';
import { temporaryFolder } from '../../support/temporaryFolder';

const EVENT_SOURCE = `${SERVICES}\\EventLog\\Application\\SensorProxy`;
const DENIED = 'Windows refuses to register the service: access denied (Win32 error 5).';

let folder: Awaited<ReturnType<typeof temporaryFolder>>;
let dataDir: string;
let registry: Registry;
let manager: MemoryServiceManager;
/** The folders that were asked about or restricted, in order. */
let touched: string[];

beforeEach(async () => {
  folder = await temporaryFolder();
  dataDir = path.join(folder.path, 'data folder');
  registry = await openRegFile(path.join(folder.path, 'registry.reg'), {
    createFrom: () => Buffer.from('Windows Registry Editor Version 5.00\r\n'),
  });
  manager = new MemoryServiceManager(registry);
  touched = [];
});
afterEach(async () => {
  await registry.close();
  await folder.remove();
});

/** Runs `sensorproxy service …` as it was typed. */
async function run(args: readonly string[], changed: Partial<ServiceCommandParts> = {}) {
  const command = parseCommandLine(['service', ...args], '1.2.3');
  if (command.kind !== 'command') throw new Error(`not a command: ${command.kind}`);
  const service = () => ({
    manager,
    registry,
    secureFolder: (name: string, who: string) => touched.push(`restrict ${name} ${who}`),
    requireTrustedOwner: (name: string) => touched.push(`owner of ${name}`),
    program: { node: '/opt/node/bin/node', script: '/home/dev/sensorproxy/dist/main.js' },
    waitMs: 400,
    ...changed,
  });
  return runCommand(command, { service, write: () => undefined });
}

const install = (changed: Partial<ServiceCommandParts> = {}, ...options: string[]) =>
  run(['install', '--data-dir', dataDir, ...options], changed);

async function textOf(key: string, name: string) {
  const value = await registry.readValue(key, name);
  return value && { type: value.type, text: Buffer.from(value.data).toString('utf16le') };
}

/** One line that says `what`, the exit code, and nothing registered. */
async function expectRefusal(result: CommandResult, exitCode: number, what: string) {
  expect(result).toEqual({ exitCode, lines: [expect.stringContaining(what)] });
  expect(manager.asked).toEqual([]);
  expect(await registry.listSubkeys('HKEY_LOCAL_MACHINE')).not.toContain('SYSTEM');
}

describe('service install', () => {
  it('registers the service, starts it, and says where its web page and its token are', async () => {
    const result = await install();
    expect(result.exitCode).toBe(0);
    expect(result.lines).toEqual([
      'The service SensorProxy is installed: it runs as LocalSystem and starts with Windows.',
      'It is running.',
      'Web: http://127.0.0.1:8484/docs',
      `Token: ${path.join(dataDir, 'admin.token')}`,
    ]);
    expect(manager.asked).toEqual(['create SensorProxy', 'start SensorProxy']);
    expect(manager.made[0]?.restartAfterMs).toEqual([5_000, 30_000, 60_000]);
  });

  it('passes on what this Windows would not set', async () => {
    manager.notes = ['the start is not delayed'];
    expect((await install()).lines).toContain('Note: the start is not delayed.');
  });

  it('quotes the paths in the command line, and names the data folder and the settings file', async () => {
    await install();
    const start = '"/opt/node/bin/node" "/home/dev/sensorproxy/dist/main.js" service run';
    expect(manager.made[0]?.commandLine).toBe(`${start} --data-dir "${dataDir}"`);
    await run(['uninstall']);
    const config = path.join(folder.path, 'my settings.env');
    await writeFile(config, 'SENSORPROXY_PORT=9000\n');
    const { lines } = await install({}, '--config', path.relative(process.cwd(), config));
    expect(manager.made[1]?.commandLine).toBe(`${start} --data-dir "${dataDir}" --config "${config}"`);
    expect(lines).toContain('Web: http://127.0.0.1:9000/docs');
  });

  it('takes the data folder from the settings file when the command line names none', async () => {
    const config = path.join(folder.path, 'settings.env');
    await writeFile(config, `SENSORPROXY_DATA_DIR=${dataDir}\n`);
    await run(['install', '--config', config]);
    expect(manager.made[0]?.commandLine).toContain(`--data-dir "${dataDir}"`);
  });

  it('makes its events readable, and empties what would have Node load code', async () => {
    await install();
    expect(await textOf(EVENT_SOURCE, 'EventMessageFile')).toEqual({
      type: 2,
      text: '%SystemRoot%\\System32\\EventCreate.exe\0',
    });
    const types = await registry.readValue(EVENT_SOURCE, 'TypesSupported');
    expect([types?.type, Buffer.from(types?.data ?? []).readUInt32LE()]).toEqual([4, 7]);
    const environment = await textOf(`${SERVICES}\\SensorProxy`, 'Environment');
    expect(environment?.type).toBe(7);
    expect(environment?.text).toMatch(/^(?:[A-Z_]+=\0)+\0$/);
    expect(environment?.text.split('\0').slice(0, -2)).toEqual([
      'NODE_OPTIONS=',
      'NODE_PATH=',
      'NODE_COMPILE_CACHE=',
      'NODE_EXTRA_CA_CERTS=',
      'NODE_TLS_REJECT_UNAUTHORIZED=',
      'OPENSSL_CONF=',
      'OPENSSL_MODULES=',
    ]);
  });

  it('makes the data folder and restricts it, and leaves a developer’s checkout as it is', async () => {
    await install();
    await access(dataDir);
    expect(touched).toEqual([`owner of ${dataDir}`, `restrict ${dataDir} private`]);
  });

  it('restricts the package’s folder too when the program runs from it', async () => {
    const root = path.join(folder.path, 'package');
    const program = { node: path.join(root, 'node.exe'), script: path.join(root, 'app', 'main.js') };
    await install({ program });
    expect(touched).toContain(`restrict ${root} readable`);
  });

  it('ends with 5 and one line where it may not register services, and touches nothing', async () => {
    manager.fails = { at: 'right', error: new DomainError('forbidden', 'service-access-denied', DENIED) };
    await expectRefusal(await install(), 5, DENIED);
    expect(touched).toEqual([]);
    await expect(access(dataDir)).rejects.toThrow('ENOENT');
  });

  it('ends with 5 and one line when Windows refuses only the registering', async () => {
    manager.fails = { at: 'create', error: new DomainError('forbidden', 'service-access-denied', DENIED) };
    await expectRefusal(await install(), 5, DENIED);
  });

  it('ends with 1 and one line when the service manager will not', async () => {
    manager.fails = { at: 'create', error: new DomainError('conflict', 'service-refused', 'no (1072).') };
    await expectRefusal(await install(), 1, 'no (1072).');
  });

  it('ends with 1 and one line when it is installed already', async () => {
    manager.has('running');
    await expectRefusal(await install(), 1, 'is installed already');
    expect(touched).toEqual([]);
  });

  it('ends before anything is registered when the data folder belongs to a stranger', async () => {
    const requireTrustedOwner = () => {
      throw new DomainError('conflict', 'folder-not-secured', 'belongs to S-1-5-21-1-2-3-1001');
    };
    await expectRefusal(await install({ requireTrustedOwner }), 1, 'belongs to S-1-5-21-1-2-3-1001');
    expect(touched).toEqual([]);
  });

  it('ends before anything is registered when the data folder is a link', async () => {
    const target = path.join(folder.path, 'target');
    await mkdir(target);
    await symlink(target, dataDir);
    await expectRefusal(await install(), 1, 'is a link');
    expect([touched, await readdir(target)]).toEqual([[], []]);
  });

  it('ends with one line when the data folder cannot be made', async () => {
    await writeFile(dataDir, '');
    await expectRefusal(await install(), 1, 'cannot be made');
    await symlink(path.join(folder.path, 'nowhere'), path.join(folder.path, 'dangling'));
    for (const name of [path.join(dataDir, 'below'), path.join(folder.path, 'dangling')]) {
      await expectRefusal(await run(['install', '--data-dir', name]), 1, 'cannot be made');
    }
    expect(touched).toEqual([]);
  });

  it('refuses a whole drive as data folder, since it would take it from everybody else', async () => {
    await expectRefusal(await run(['install', '--data-dir', path.parse(dataDir).root]), 1, 'whole drive');
    expect(touched).toEqual([]);
  });

  it('ends with 1 when the service ends at once, and stays installed', async () => {
    manager.endsWith = 78;
    const { exitCode, lines } = await install();
    expect([exitCode, lines.at(-1)]).toEqual([1, expect.stringContaining('exit code 78')]);
    expect(lines.join()).not.toContain('Token');
    expect((await run(['status'])).lines).toEqual(['SensorProxy: stopped']);
  });

  it('ends with 78 when settings are bad, with a line for each, and asks Windows nothing', async () => {
    const config = path.join(folder.path, 'settings.env');
    await writeFile(config, 'SENSORPROXY_PORT=x\nSENSORPROXY_CLOUD=moon\n');
    const { exitCode, lines } = await install({}, '--config', config);
    expect(exitCode).toBe(78);
    expect(lines.map((line) => line.split(':')[0])).toEqual(['SENSORPROXY_PORT', 'SENSORPROXY_CLOUD']);
    expect([manager.asked, touched]).toEqual([[], []]);
  });

  it('ends with 78 when the settings file is not there', async () => {
    const { exitCode, lines } = await install({}, '--config', path.join(folder.path, 'none.env'));
    expect([exitCode, lines]).toEqual([78, [expect.stringMatching(/^SENSORPROXY_CONFIG: .*ENOENT/)]]);
  });
});

describe('service start and stop', () => {
  it('wait until it runs, and until it has ended', async () => {
    manager.has('stopped');
    expect(await run(['start'])).toEqual({ exitCode: 0, lines: ['It is running.'] });
    expect(await run(['stop'])).toEqual({ exitCode: 0, lines: ['It is stopped.'] });
    expect(manager.asked).toEqual(['start SensorProxy', 'stop SensorProxy']);
  });

  it('ask nothing of a service that is there already', async () => {
    manager.has('running');
    expect((await run(['start'])).exitCode).toBe(0);
    manager.has('stopped');
    expect((await run(['stop'])).exitCode).toBe(0);
    expect(manager.asked).toEqual([]);
  });

  it('end with 1 when the service ends at once, with its exit code and where to look', async () => {
    manager.has('stopped');
    manager.endsWith = 1;
    const line = 'It did not start (exit code 1). The event log (Application, SensorProxy) says why.';
    expect(await run(['start'])).toEqual({ exitCode: 1, lines: [line] });
  });

  it('end with 1 when nothing happens for as long as they wait', async () => {
    manager.hangs = true;
    manager.has('running');
    const begin = performance.now();
    const line = 'It has not stopped within 0.4 s.';
    expect(await run(['stop'])).toEqual({ exitCode: 1, lines: [line] });
    const took = performance.now() - begin;
    expect(took).toBeGreaterThan(350);
    expect(took).toBeLessThan(15_000);
    manager.has('stopped');
    expect(await run(['start'])).toEqual({
      exitCode: 1,
      lines: [expect.stringMatching(/^It did not start\./)],
    });
  });

  it('end with 5 and one line where Windows refuses', async () => {
    const error = new DomainError('forbidden', 'service-access-denied', DENIED);
    manager.has('stopped');
    manager.fails = { at: 'start', error };
    expect(await run(['start'])).toEqual({ exitCode: 5, lines: [DENIED] });
    manager.has('running');
    manager.fails = { at: 'stop', error };
    expect(await run(['stop'])).toEqual({ exitCode: 5, lines: [DENIED] });
  });
});

describe('service status', () => {
  it.each([
    ['running', 0, 'SensorProxy: running (process 4711)'],
    ['startPending', 1, 'SensorProxy: startPending (process 4711)'],
    ['stopped', 1, 'SensorProxy: stopped'],
  ] as const)('of a service that is %s ends with %d', async (state, exitCode, line) => {
    manager.has(state);
    expect(await run(['status'])).toEqual({ exitCode, lines: [line] });
  });

  it.each(['status', 'start', 'stop', 'uninstall'])(
    'is the same for %s: 1 without a service',
    async (verb) => {
      const line = 'The service SensorProxy is not installed.';
      expect(await run([verb])).toEqual({ exitCode: 1, lines: [line] });
      expect(manager.asked).toEqual([]);
    },
  );
});

describe('service uninstall', () => {
  it('stops the service first, and leaves the data folder', async () => {
    await install();
    await writeFile(path.join(dataDir, 'kept.txt'), 'kept');
    const { exitCode, lines } = await run(['uninstall']);
    expect([exitCode, lines[0], lines.length]).toEqual([0, 'It is stopped.', 2]);
    expect(manager.asked.slice(2)).toEqual(['stop SensorProxy', 'remove SensorProxy']);
    expect(await readdir(dataDir)).toEqual(['kept.txt']);
    expect((await run(['status'])).lines).toEqual(['The service SensorProxy is not installed.']);
  });

  it('unregisters a service that does not stop, and says so with 1', async () => {
    manager.has('running');
    manager.hangs = true;
    const { exitCode, lines } = await run(['uninstall']);
    expect([exitCode, lines[0]]).toEqual([1, 'It has not stopped within 0.4 s.']);
    expect(manager.asked).toEqual(['stop SensorProxy', 'remove SensorProxy']);
  });

  it('leaves a service alone that it may not stop', async () => {
    manager.has('running');
    manager.fails = { at: 'stop', error: new DomainError('forbidden', 'service-access-denied', DENIED) };
    expect(await run(['uninstall'])).toEqual({ exitCode: 5, lines: [DENIED] });
    expect(manager.asked).toEqual([]);
  });
});
