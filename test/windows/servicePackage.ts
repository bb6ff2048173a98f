import { access, copyFile, mkdir, readFile, readdir, readlink, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { unzipSync } from 'fflate';
import { version } from '../../package.json';
import { bundleForWindows } from './bridgedRegistry';
import { windowsNode } from '../../scripts/windows/windowsNode';
import {
  type WineMachine,
  type WineProcess,
  type WineResult,
  expectSuccess,
  openWine,
  winePath,
} from './wine';

const ROOT = path.join(__dirname, '..', '..');
const LISTEN_MS = 30_000;

/** Accounts of the machine: who the tests run as, and a person whose name is not ASCII. */
export const ownUser = 'S-1-5-21-0-0-0-1000';
export const juergen = 'S-1-5-21-1004336348-1177238915-682003330-1104';

/** The unpacked package on a Windows machine of Wine's that looks like a domain controller. */
export interface PackagedService {
  readonly wine: WineMachine;
  /** Runs `sensorproxy …`. */
  command(...args: readonly string[]): Promise<WineResult>;
  /** Runs one of the small programs beside this file; gives what it prints. */
  program(name: string, ...args: readonly string[]): Promise<string>;
  /** The command line of such a program, for the service manager; `exe` is a copy of Node, on this machine. */
  programLine(exe: string, name: string, ...args: readonly string[]): Promise<string>;
  /** Makes a folder on the machine's drive C:, given as Windows names it; its path on this machine. */
  makeFolder(folder: string): Promise<string>;
  /** Copies Node under another name, as a program of that name. */
  copyNode(file: string): Promise<void>;
  /** Calls the running service with its token. */
  call(
    method: string,
    location: string,
    options?: { readonly body?: object; readonly ifMatch?: string },
  ): Promise<{
    readonly status: number;
    readonly etag: string | null;
    readonly body: Record<string, unknown>;
    readonly bytes: Buffer;
  }>;
  /** A binary value as `reg.exe` shows it, in lower-case hex; null: there is none. */
  regQuery(sid: string): Promise<string | null>;
  /** Writes a binary value with `reg.exe`. */
  regAdd(sid: string, hex: string): Promise<void>;
  regDelete(sid: string): Promise<void>;
  /** Runs the program outside of the service manager, on the same data folder, until it is killed; resolves when it listens. */
  serveInWindow(): Promise<{ kill(): Promise<void> }>;
  /** Lines of the service's log. */
  log(): Promise<readonly { readonly message: string; readonly url?: string }[]>;
  /** Process ids, on this machine, of the service. */
  processes(): Promise<readonly number[]>;
  /** Those of one of the small programs, by its argument. */
  processesOf(name: string, argument: string): Promise<readonly number[]>;
  dataDir: string;
  close(): Promise<void>;
}

const CONNECTIONS = 'Software\\Microsoft\\Windows\\CurrentVersion\\Internet Settings\\Connections';
const NAME = 'DefaultConnectionSettings';

/** Unpacks the zip that `npm run package:windows` has made, and prepares the machine. */
export async function openPackagedService(): Promise<PackagedService> {
  const wine = await openWine();
  const folder = path.join(wine.folder, 'unpacked here', `sensorproxy-${version}`);
  const dataDir = path.join(wine.folder, 'prefix', 'drive_c', 'ProgramData', 'SensorProxy');
  let keptAlive: WineProcess;
  try {
    await unpack(path.dirname(folder));
    // Wine's service manager ends with the last program: one that stays keeps one and the same manager.
    keptAlive = await wine.start(
      [winePath(path.join(folder, 'node.exe')), '-e', 'setInterval(() => {}, 1e9)'],
      {
        timeoutMs: 600_000,
      },
    );
    await prepareMachine(wine);
  } catch (error) {
    await wine.close();
    throw error;
  }
  const command = (...args: readonly string[]) =>
    wine.run([
      winePath(path.join(folder, 'node.exe')),
      winePath(path.join(folder, 'app', 'main.js')),
      ...args,
    ]);
  const programLine = async (exe: string, name: string, ...args: readonly string[]) => {
    const bundle = await bundleForWindows(`test/windows/${name}.ts`, wine.folder);
    return [exe, winePath(bundle), ...args].map((part) => `"${part}"`).join(' ');
  };
  let inWindow: WineProcess | undefined;
  const log = async () => {
    const text = inWindow
      ? await inWindow.printed()
      : await readFile(path.join(dataDir, 'sensorproxy.log'), 'utf8').catch(() => '');
    return text
      .split('\n')
      .filter((line) => line !== '')
      .map((line) => JSON.parse(line) as { readonly message: string; readonly url?: string });
  };
  return {
    wine,
    dataDir,
    command,
    log,
    programLine,
    makeFolder: async (name) => {
      const made = path.join(wine.folder, 'prefix', 'drive_c', ...name.split('\\').slice(1));
      await mkdir(made, { recursive: true });
      return made;
    },
    copyNode: async (file) => copyFile(await windowsNode(), file),
    program: async (name, ...args) => {
      const bundle = await bundleForWindows(`test/windows/${name}.ts`, wine.folder);
      return (await expectSuccess(wine.run([winePath(await windowsNode()), winePath(bundle), ...args])))
        .stdout;
    },
    call: async (method, location, { body, ifMatch } = {}) => {
      const url = await listeningAt(log);
      const token = (await readFile(path.join(dataDir, 'admin.token'), 'utf8')).trim();
      const response = await fetch(url + location, {
        method,
        headers: {
          Authorization: `Bearer ${token}`,
          ...(body ? { 'Content-Type': 'application/json' } : {}),
          ...(ifMatch === undefined ? {} : { 'If-Match': ifMatch }),
        },
        ...(body ? { body: JSON.stringify(body) } : {}),
      });
      const bytes = Buffer.from(await response.arrayBuffer());
      const json = response.headers.get('content-type')?.includes('json') === true;
      const parsed = json ? (JSON.parse(bytes.toString('utf8')) as Record<string, unknown>) : {};
      return { status: response.status, etag: response.headers.get('etag'), body: parsed, bytes };
    },
    regQuery: async (sid) => {
      const { code, stdout } = await wine.run(['reg', 'query', `HKU\\${sid}\\${CONNECTIONS}`, '/v', NAME]);
      if (code !== 0) return null;
      return /REG_BINARY\s+([0-9A-F]*)/.exec(stdout)?.[1]?.toLowerCase() ?? '';
    },
    regAdd: async (sid, hex) => {
      const key = `HKU\\${sid}\\${CONNECTIONS}`;
      await expectSuccess(wine.run(['reg', 'add', key, '/v', NAME, '/t', 'REG_BINARY', '/d', hex, '/f']));
    },
    regDelete: async (sid) => {
      await wine.run(['reg', 'delete', `HKU\\${sid}\\${CONNECTIONS}`, '/v', NAME, '/f']);
    },
    serveInWindow: async () => {
      const script = winePath(path.join(folder, 'app', 'main.js'));
      const process_ = await wine.start([winePath(path.join(folder, 'node.exe')), script], {
        env: { SENSORPROXY_PORT: '0', SENSORPROXY_DATA_DIR: 'C:\\ProgramData\\SensorProxy' },
      });
      inWindow = process_;
      await listeningAt(log);
      return {
        kill: async () => {
          process_.kill();
          await process_.ended.catch(() => undefined);
        },
      };
    },
    processes: () => processesWith(`${folder.replaceAll('/', '\\')}\\app\\main.js\0service\0run`),
    processesOf: (name, argument) => processesWith(`${name}.js\0${argument}\0`),
    close: async () => {
      keptAlive.kill();
      await wine.close();
    },
  };
}

async function unpack(folder: string): Promise<void> {
  const zip = path.join(ROOT, 'dist', `sensorproxy-${version}-win-x64.zip`);
  for (const [name, bytes] of Object.entries(unzipSync(await readFile(zip)))) {
    const file = path.join(folder, name);
    await mkdir(path.dirname(file), { recursive: true });
    if (!name.endsWith('/')) await writeFile(file, bytes);
  }
}

/** What a domain controller has and Wine has not: the service accounts' hives, and people who are signed in. */
async function prepareMachine(wine: WineMachine): Promise<void> {
  const link = await bundleForWindows('test/windows/linkSystemHive.ts', wine.folder);
  await expectSuccess(wine.run([winePath(await windowsNode()), winePath(link)]));
  for (const sid of ['S-1-5-19', 'S-1-5-20']) {
    await expectSuccess(wine.run(['reg', 'add', `HKU\\${sid}\\Software`, '/f']));
  }
  const session = `HKU\\${juergen}\\Volatile Environment`;
  await expectSuccess(wine.run(['reg', 'add', session, '/v', 'USERNAME', '/d', 'jürgen.größe', '/f']));
  await expectSuccess(wine.run(['reg', 'add', session, '/v', 'USERDOMAIN', '/d', 'CONTOSO', '/f']));
}

/** The address in the log's last line that tells one. */
async function listeningAt(log: PackagedService['log']): Promise<string> {
  const until = Date.now() + LISTEN_MS;
  while (Date.now() < until) {
    const url = (await log()).findLast((line) => line.message === 'listening')?.url;
    if (url !== undefined) return url;
    await pause(100);
  }
  throw new Error('the service does not listen');
}

/** Processes of this machine whose command line holds a text. */
async function processesWith(text: string): Promise<readonly number[]> {
  const found: number[] = [];
  for (const name of await readdir('/proc')) {
    if (!/^\d+$/.test(name)) continue;
    const line = await readFile(`/proc/${name}/cmdline`, 'utf8').catch(() => '');
    const alive = await access(`/proc/${name}/exe`).then(
      () => readlink(`/proc/${name}/exe`).then(Boolean, () => false),
      () => false,
    );
    if (alive && line.includes(text)) found.push(Number(name));
  }
  return found;
}
