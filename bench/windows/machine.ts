import { cp, readFile, readdir, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { build } from 'esbuild';
import { EXTERNAL } from '../../scripts/bundle';
import { windowsNode, windowsPackage } from '../../scripts/windows/windowsNode';
import { formatRegFile, parseRegFile } from '../../src/registry/regfile/format';
import { practiceDomainController } from '../../src/registry/regfile/practiceDomainController';
import { bundleForWindows } from '../../test/windows/bridgedRegistry';
import {
  type WineMachine,
  type WineProcess,
  expectSuccess,
  openWine,
  winePath,
} from '../../test/windows/wine';
import type { RunningServer } from '../processes';

const ROOT = path.join(__dirname, '..', '..');
const LISTEN_MS = 60_000;
/** No program runs for longer. */
const TIMEOUT_MS = 1_800_000;

/** A Windows machine of Wine's whose accounts have the proxy settings of the practice domain controller. */
export interface BenchMachine {
  /** Runs a TypeScript file of this repository on a Windows Node; gives what it prints. */
  program(entry: string, ...args: readonly string[]): Promise<string>;
  /** The built service, over this machine's registry. */
  service(): Promise<WindowsServer>;
  /** Bare express that sends `bytes` for every request of the contexts. */
  bare(bytes: string): Promise<WindowsServer>;
  close(): Promise<void>;
}

/** A server on a Windows Node. Its processor time contains that of Wine's own server, which does part of the work. */
export type WindowsServer = Omit<RunningServer, 'startMs'>;

/** Prepares it. */
export async function openBenchMachine(): Promise<BenchMachine> {
  const wine = await openWine();
  try {
    const node = await copiedNode(wine.folder);
    // Wine's services end with the last program, and begin anew with the next: one program that stays keeps them.
    await wine.start([winePath(node), '-e', 'setInterval(() => {}, 1e9)'], { timeoutMs: TIMEOUT_MS });
    const program = async (entry: string, ...args: readonly string[]) => {
      const bundle = await bundleForWindows(entry, wine.folder);
      const options = { timeoutMs: TIMEOUT_MS };
      return (await expectSuccess(wine.run([winePath(node), winePath(bundle), ...args], options))).stdout;
    };
    await program('test/windows/linkSystemHive.ts');
    await importAccounts(wine);
    for (const name of [...EXTERNAL, '@koromix/koffi-win32-x64']) {
      const copy = path.join(wine.folder, 'node_modules', name);
      await cp(await windowsPackage(name), copy, { recursive: true });
    }
    return { program, ...servers(wine, node), close: () => wine.close() };
  } catch (error) {
    await wine.close();
    throw error;
  }
}

/** A copy beside the programs: what is in the folder of the machine is known to belong to it. */
async function copiedNode(folder: string): Promise<string> {
  const node = path.join(folder, 'node.exe');
  await cp(await windowsNode(), node);
  return node;
}

async function importAccounts(wine: WineMachine): Promise<void> {
  const sections = parseRegFile(practiceDomainController()).filter(({ key }) =>
    key.startsWith('HKEY_USERS\\'),
  );
  const file = path.join(wine.folder, 'accounts.reg');
  await writeFile(file, formatRegFile(sections));
  await expectSuccess(wine.run(['reg', 'import', winePath(file)]));
}

function servers(wine: WineMachine, node: string): Pick<BenchMachine, 'service' | 'bare'> {
  const start = async (script: string, args: readonly string[], env: Readonly<Record<string, string>>) => {
    const command = [node, script, ...args].map(winePath);
    return running(await wine.start(command, { env, timeoutMs: TIMEOUT_MS }), winePath(script));
  };
  return {
    service: async () => {
      const script = path.join(wine.folder, 'main.js');
      await cp(path.join(ROOT, 'dist/main.js'), script);
      const dataDir = path.join(wine.folder, 'data');
      const server = await start(script, [], {
        SENSORPROXY_PORT: '0',
        SENSORPROXY_DATA_DIR: winePath(dataDir),
        SENSORPROXY_REGISTRY: 'advapi32',
        SENSORPROXY_LOG_LEVEL: 'info',
      });
      const token = (await readFile(path.join(dataDir, 'admin.token'), 'utf8')).trim();
      return { ...server, headers: { authorization: `Bearer ${token}` } };
    },
    bare: async (bytes) => {
      const script = path.join(wine.folder, 'bareExpress.js');
      await build({
        entryPoints: [path.join(ROOT, 'bench/bareExpress.cjs')],
        outfile: script,
        bundle: true,
        platform: 'node',
        target: 'node20',
        external: [...EXTERNAL],
        logLevel: 'warning',
      });
      const body = path.join(wine.folder, 'contexts.json');
      await writeFile(body, bytes);
      return start(script, [body, path.join(ROOT, 'src/http/generated/openapi.json')], {});
    },
  };
}

async function running(process_: WineProcess, script: string): Promise<WindowsServer> {
  const url = await listeningAt(process_);
  const pid = await pidOf((line) => line.includes(script));
  const wineserver = await pidOf((line) => line.includes('wineserver'), await environmentOf(pid));
  return {
    url,
    headers: {},
    memory: async () => {
      const status = await readFile(`/proc/${pid}/status`, 'utf8');
      return Number(/VmRSS:\s+(\d+)/.exec(status)?.[1]) * 1024;
    },
    cpuMs: async () => (await cpuMs(pid)) + (await cpuMs(wineserver)),
    stop: async () => {
      process_.kill();
      await process_.ended.catch(() => undefined);
    },
  };
}

/** The address in the line that a server prints when it listens. */
async function listeningAt(process_: WineProcess): Promise<string> {
  let result: string | undefined;
  void process_.ended.then(
    ({ stdout, stderr }) => (result = stdout + stderr),
    (error: unknown) => (result = String(error)),
  );
  const until = Date.now() + LISTEN_MS;
  while (Date.now() < until) {
    const lines = (await process_.printed()).split('\n').slice(0, -1);
    const line = lines.find((text) => text.includes('"listening"'));
    if (line !== undefined) return (JSON.parse(line) as { readonly url: string }).url;
    if (result !== undefined) throw new Error(`the server ended: ${result}`);
    await pause(100);
  }
  throw new Error('the server does not listen');
}

/** The one process with such a command line and, where it is given, the same `WINEPREFIX`. */
async function pidOf(fits: (commandLine: string) => boolean, prefix?: string): Promise<number> {
  for (const pid of (await readdir('/proc')).filter((name) => /^\d+$/.test(name)).map(Number)) {
    const line = await readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => '');
    if (fits(line) && (prefix === undefined || (await environmentOf(pid)) === prefix)) return pid;
  }
  throw new Error('a program of Wine does not run');
}

/** What tells the machines of Wine's from one another. */
async function environmentOf(pid: number): Promise<string | undefined> {
  const environment = await readFile(`/proc/${pid}/environ`, 'utf8').catch(() => '');
  return environment.split('\0').find((line) => line.startsWith('WINEPREFIX='));
}

async function cpuMs(pid: number): Promise<number> {
  const stat = await readFile(`/proc/${pid}/stat`, 'utf8');
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return (Number(fields[11]) + Number(fields[12])) * 10; // clock ticks of 10 ms (proc(5))
}
