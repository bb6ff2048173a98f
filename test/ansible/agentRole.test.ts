/** The role agent, run by Ansible itself on stand-ins for the modules of ansible.windows: see test/README.md. */
import { createHash } from 'node:crypto';
import { cp, mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { zipSync } from 'fflate';
import { temporaryFolder } from '../support/temporaryFolder';
import { type Ansible, installCollection } from './ansible';

const LIMIT_MS = 600_000;
const ROOT = 'C:\\Program Files\\sensorproxy';

let folder: Awaited<ReturnType<typeof temporaryFolder>>;
let ansible: Ansible;
let standIns: string;
let count = 0;
beforeAll(async () => {
  folder = await temporaryFolder();
  ansible = await installCollection(folder.path);
  standIns = path.join(folder.path, 'standIns');
  await cp(
    path.join(__dirname, 'standInWindows'),
    path.join(standIns, 'ansible_collections', 'ansible', 'windows'),
    { recursive: true },
  );
}, LIMIT_MS);
afterAll(() => folder.remove());

/** How a version behaves once it is registered. */
interface Behaviour {
  readonly installs?: boolean;
  readonly starts?: boolean;
  readonly ready?: boolean;
}

/** A package with a version that behaves so in place of the program. */
async function packageOf(version: string, behaviour: Behaviour = {}): Promise<string> {
  const home = `sensorproxy-${version}`;
  const zip = zipSync({
    [`${home}/sensorproxy.cmd`]: Buffer.from('@echo off\n'),
    [`${home}/node.exe`]: Buffer.from(''),
    [`${home}/app/main.js`]: Buffer.from(
      JSON.stringify({ installs: true, starts: true, ready: true, ...behaviour }),
    ),
  });
  const file = path.join(folder.path, `${home}-win-x64.zip`);
  await writeFile(file, zip);
  await writeFile(`${file}.sha256`, createHash('sha256').update(zip).digest('hex'));
  return file;
}

/** A machine without the service. */
async function newMachine() {
  const home = path.join(folder.path, `machine${(count += 1)}`);
  const programs = path.join(home, 'C', 'Program Files', 'sensorproxy');
  await mkdir(path.dirname(programs), { recursive: true });
  const read = (file: string) => readFile(file, 'utf8').catch(() => null);
  return {
    programs,
    /** Runs the role with a version's package. */
    install: async (version: string, behaviour?: Behaviour, settings: object = {}, check = false) => {
      const vars = {
        ansible_connection: 'local',
        ansible_python_interpreter: '{{ ansible_playbook_python }}',
        agent_package: await packageOf(version, behaviour),
        agent_settings: settings,
        agent_ready_retries: 2,
        agent_ready_delay: 0,
      };
      const played = await ansible.playbook(
        'sensorproxy.agent.install',
        { dc01: vars },
        {
          check,
          env: {
            ANSIBLE_COLLECTIONS_PATH: `${standIns}:${path.join(folder.path, 'collections')}`,
            WINDOWS_STAND_IN: home,
          },
        },
      );
      const results = played.tasks.flatMap(({ hosts }) => hosts.dc01 ?? []);
      return {
        code: played.code,
        changed: played.stats.dc01?.changed,
        said: results.filter(({ failed }) => failed).at(-1)?.msg,
      };
    },
    /** What is registered, whether it runs, and with which settings. */
    state: async () => {
      const text = await read(path.join(home, 'service.json'));
      const service = text === null ? null : (JSON.parse(text) as { path: string; running: boolean });
      return {
        version: service && /sensorproxy-([\d.]+)\\node\.exe/.exec(service.path)?.[1],
        running: service?.running ?? false,
        settings: await read(path.join(programs, 'sensorproxy.conf')),
        path: service?.path,
      };
    },
  };
}

const runs = (version: string, settings = '') => ({
  version,
  running: true,
  settings,
  path: `"${ROOT}\\sensorproxy-${version}\\node.exe" "${ROOT}\\sensorproxy-${version}\\app\\main.js" service run --data-dir "C:\\ProgramData\\SensorProxy" --config "${ROOT}\\sensorproxy.conf"`,
});
const nothing = { version: null, running: false, settings: null, path: undefined };

it(
  'installs, changes nothing the second time, and upgrades; in check mode it changes nothing',
  async () => {
    const machine = await newMachine();
    expect(await machine.install('0.1.0', {}, {}, true)).toMatchObject({ code: 0 });
    expect(await machine.state()).toEqual(nothing);
    expect(await machine.install('0.1.0')).toMatchObject({ code: 0, said: undefined });
    expect(await machine.state()).toEqual(runs('0.1.0'));
    expect(await machine.install('0.1.0')).toMatchObject({ code: 0, changed: 0 });
    const settings = { SENSORPROXY_HOST: '10.0.0.5' };
    expect(await machine.install('0.2.0', {}, settings, true)).toMatchObject({ code: 0 });
    expect(await machine.state()).toEqual(runs('0.1.0'));
    expect(await machine.install('0.2.0', {}, settings)).toMatchObject({ code: 0, said: undefined });
    expect(await machine.state()).toEqual(runs('0.2.0', "SENSORPROXY_HOST='10.0.0.5'\n"));
    expect((await readdir(machine.programs)).sort()).toEqual([
      ...['sensorproxy-0.1.0', 'sensorproxy-0.2.0'],
      ...['sensorproxy.conf', expect.stringMatching(/^sensorproxy\.conf\..+\.bak$/)],
    ]);
  },
  LIMIT_MS,
);

it.each<[string, Behaviour, RegExp]>([
  [
    'does not start',
    { starts: false },
    /service install ended with 1: The service SensorProxy is installed\. It did not start \(exit code 1\)\. The event log \(Application, SensorProxy\) says why\./,
  ],
  ['is not ready', { ready: false }, /Status code of request '503' is not in list [^\n]+/],
  ['cannot be registered', { installs: false }, /service install ended with 1: access denied \(5\)\./],
])(
  'puts the version before back, with its settings, when the new one %s',
  async (_what, behaviour, why) => {
    const machine = await newMachine();
    await machine.install('0.1.0', {}, { SENSORPROXY_HOST: '10.0.0.5' });
    const before = await machine.state();
    const { code, said } = await machine.install('0.2.0', behaviour, { SENSORPROXY_HOST: '10.0.0.6' });
    expect(code).toBe(2);
    expect(said).toMatch(
      new RegExp(
        `^sensorproxy-0\\.2\\.0 does not work: ${why.source} sensorproxy-0\\.1\\.0 runs again with the settings before$`,
      ),
    );
    expect(await machine.state()).toEqual(before);
    // Mended, it is upgraded: the folder of the version that failed is replaced by hand, as its package is another.
    await rm(path.join(machine.programs, 'sensorproxy-0.2.0'), { recursive: true });
    expect(await machine.install('0.2.0')).toMatchObject({ code: 0 });
    expect(await machine.state()).toEqual(runs('0.2.0'));
  },
  LIMIT_MS,
);

it(
  'puts the settings before back when the service does not start with the new ones',
  async () => {
    const machine = await newMachine();
    await machine.install('0.1.0');
    const { code, said } = await machine.install('0.1.0', {}, { SENSORPROXY_PORT: '135' });
    expect(code).toBe(2);
    expect(said).toBe(
      "sensorproxy-0.1.0 does not work: failed to start service SensorProxy: Service 'Sensor Proxy (SensorProxy)' cannot be started. sensorproxy-0.1.0 runs again with the settings before",
    );
    expect(await machine.state()).toEqual(runs('0.1.0'));
  },
  LIMIT_MS,
);

it(
  'leaves nothing registered when the first installation fails',
  async () => {
    const machine = await newMachine();
    const { code, said } = await machine.install('0.1.0', { ready: false });
    expect(code).toBe(2);
    expect(said).toMatch(
      /^sensorproxy-0\.1\.0 does not work: .+\. No version was there before, and none is registered now$/,
    );
    expect(await machine.state()).toEqual(nothing);
  },
  LIMIT_MS,
);

it(
  'says both reasons when what was there cannot be put back either',
  async () => {
    const machine = await newMachine();
    await machine.install('0.1.0');
    await rm(path.join(machine.programs, 'sensorproxy-0.1.0', 'sensorproxy.cmd'));
    const { code, said } = await machine.install('0.2.0', { ready: false });
    expect(code).toBe(2);
    expect(said).toMatch(
      /^sensorproxy-0\.2\.0 does not work: Status code .+\. What was there before could not be put back: The term .+ is not recognized .+\. Look at the service SensorProxy on this machine$/,
    );
  },
  LIMIT_MS,
);

it(
  'touches nothing where the service was registered by something else, which could not be put back',
  async () => {
    const machine = await newMachine();
    await machine.install('0.1.0');
    const file = path.join(machine.programs, '..', '..', '..', 'service.json');
    const other = { path: 'C:\\wrapper.exe sensorproxy', running: true };
    await writeFile(file, JSON.stringify(other));
    const { code, said } = await machine.install('0.2.0');
    expect(code).toBe(2);
    expect(said).toContain(
      'was not registered by sensorproxy service install, and could not be put back: C:\\wrapper.exe',
    );
    expect(JSON.parse(await readFile(file, 'utf8'))).toEqual(other);
  },
  LIMIT_MS,
);
