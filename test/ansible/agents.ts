/** Agents for Ansible: the built program, each in a process of its own, with a practice registry of its own, on loopback. */
import { type ChildProcess, spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { chmod, mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { createInterface } from 'node:readline';
import type { Change, ProxyContexts } from '../../src/proxy/model';
import { practiceDomainController } from '../../src/registry/regfile/practiceDomainController';

/** The built program. */
export const PROGRAM = path.join(__dirname, '..', '..', 'dist', 'main.js');
const START_MS = 30_000;
const ANSWER_MS = 20_000;
/** Root may write everywhere; without this power it is an owner as any other. */
const AS_ANY_OWNER = ['setpriv', '--bounding-set=-dac_override,-dac_read_search'];

/** How an agent is started. */
export interface AgentOptions {
  /** The proxy of the practice DC's user. */
  readonly proxyServer?: string;
  readonly env?: Readonly<Record<string, string>>;
}

/** An agent that runs. */
export interface RunningAgent {
  /** Its name in the inventory. */
  readonly name: string;
  readonly url: string;
  readonly token: string;
  readonly dataDir: string;
  call<Body>(method: string, where: string, body?: object, ifMatch?: string): Promise<Body>;
  /** What stands in its registry, in hex. */
  hexes(): Promise<Readonly<Record<string, string | null>>>;
  changes(): Promise<readonly Change[]>;
  /** Every file that it has, registry, journal and backups included, with its SHA-256; without its events, which it writes later. */
  files(): Promise<Readonly<Record<string, string>>>;
  /** From here on it cannot write its registry. */
  denyRegistry(): Promise<void>;
  stop(): Promise<void>;
}

/** Starts an agent in a new folder below `folder`. Rejects when it does not start. */
export async function startAgent(
  folder: string,
  name: string,
  options: AgentOptions = {},
): Promise<RunningAgent> {
  if (!existsSync(PROGRAM)) throw new Error('dist/main.js is missing: npm run build');
  const home = path.join(folder, name);
  const registryFolder = path.join(home, 'registry');
  const dataDir = path.join(home, 'data');
  await mkdir(registryFolder, { recursive: true });
  const regfile = path.join(registryFolder, 'registry.reg');
  await writeFile(regfile, practiceDomainController(options.proxyServer));
  const [file, ...args] = [...(process.getuid?.() === 0 ? AS_ANY_OWNER : []), process.execPath, PROGRAM];
  const child = spawn(file, args, {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: {
      PATH: process.env.PATH,
      SENSORPROXY_PORT: '0',
      SENSORPROXY_DATA_DIR: dataDir,
      SENSORPROXY_REGISTRY: `regfile:${regfile}`,
      ...options.env,
    },
  });
  const url = await untilItListens(child, name);
  const token = (await readFile(path.join(dataDir, 'admin.token'), 'utf8')).trim();
  const call = async <Body>(
    method: string,
    where: string,
    body?: object,
    ifMatch?: string,
  ): Promise<Body> => {
    const response = await fetch(url + where, {
      method,
      signal: AbortSignal.timeout(ANSWER_MS),
      headers: {
        authorization: `Bearer ${token}`,
        ...(body && { 'content-type': 'application/json' }),
        ...(ifMatch !== undefined && { 'if-match': ifMatch }),
      },
      ...(body && { body: JSON.stringify(body) }),
    });
    if (!response.ok) throw new Error(`${method} ${where}: ${response.status} ${await response.text()}`);
    return (await response.json()) as Body;
  };
  return {
    name,
    url,
    token,
    dataDir,
    call,
    hexes: async () => {
      const { contexts } = await call<ProxyContexts>('GET', '/proxy/contexts');
      return Object.fromEntries(contexts.map(({ id, hex }) => [id, hex]));
    },
    changes: async () => (await call<{ items: readonly Change[] }>('GET', '/changes?limit=200')).items,
    files: () => filesBelow(home),
    denyRegistry: () => chmod(registryFolder, 0o500),
    stop: async () => {
      await end(child);
      await chmod(registryFolder, 0o700);
    },
  };
}

/** Starts several agents, few at a time: each start takes a processor. */
export async function startAgents(
  folder: string,
  names: readonly string[],
  options: AgentOptions = {},
  atATime = 4,
): Promise<RunningAgent[]> {
  const agents: RunningAgent[] = [];
  for (let begin = 0; begin < names.length; begin += atATime) {
    const batch = names.slice(begin, begin + atATime);
    agents.push(...(await Promise.all(batch.map((name) => startAgent(folder, name, options)))));
  }
  return agents;
}

async function untilItListens(child: ChildProcess, name: string): Promise<string> {
  let stderr = '';
  child.stderr?.on('data', (chunk: Buffer) => (stderr += chunk.toString()));
  if (child.stdout === null) throw new Error('its output is not read');
  const output = createInterface({ input: child.stdout });
  return new Promise<string>((resolve, reject) => {
    const late = setTimeout(() => {
      child.kill('SIGKILL');
      reject(new Error(`${name} did not start in time: ${stderr}`));
    }, START_MS);
    child.once('exit', () => {
      clearTimeout(late);
      reject(new Error(`${name} did not start: ${stderr}`));
    });
    child.once('error', reject);
    output.on('line', (line) => {
      const entry = JSON.parse(line) as { readonly message: string; readonly url?: string };
      if (entry.message !== 'listening' || entry.url === undefined) return;
      clearTimeout(late);
      resolve(entry.url);
    });
  });
}

async function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const exit = once(child, 'exit');
  child.kill('SIGTERM');
  await exit;
}

const sha256 = (data: Buffer) => createHash('sha256').update(data).digest('hex');

async function filesBelow(folder: string): Promise<Record<string, string>> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  const names = entries
    .filter((entry) => entry.isFile() && path.basename(entry.parentPath) !== 'events')
    .map((entry) => path.join(entry.parentPath, entry.name));
  const contents = await Promise.all(
    names.map(async (name) => [name, sha256(await readFile(name))] as const),
  );
  return Object.fromEntries(contents.sort(([a], [b]) => a.localeCompare(b)));
}
