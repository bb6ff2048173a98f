import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { createInterface } from 'node:readline';
import { practiceDomainController } from '../src/registry/regfile/practiceDomainController';
import type { PracticeNetwork } from './practiceNetwork';

/** What `npm run build` makes. */
export const PROGRAM = path.join(__dirname, '..', 'dist', 'main.js');

export type PracticeService = Awaited<ReturnType<typeof startService>>;

/** The service, as `npm start` runs it, in a process of its own over a practice DC in a temporary folder. */
export async function startService(
  network: PracticeNetwork,
  settings: Readonly<Record<string, string>> = {},
) {
  const folder = await mkdtemp(path.join(tmpdir(), 'sensorproxy-demo-'));
  const proxy = `${network.proxyName}:${network.proxyPort}`;
  const dataDir = path.join(folder, 'data');
  const registry = path.join(folder, 'dc01.reg');
  const authority = path.join(folder, 'authority.pem');
  await writeFile(registry, practiceDomainController(proxy));
  await writeFile(authority, network.authority);

  const child = spawn(process.execPath, [PROGRAM], {
    // In a process group of its own: Ctrl-C reaches the demo alone, which then stops the service in order.
    detached: true,
    stdio: ['ignore', 'pipe', 'inherit'],
    env: {
      ...process.env,
      SENSORPROXY_PORT: String(await freePort(8484)),
      SENSORPROXY_DATA_DIR: dataDir,
      SENSORPROXY_REGISTRY: `regfile:${registry}`,
      SENSORPROXY_REGIONS: 'Europe',
      SENSORPROXY_RESOLVE: [`${proxy}:127.0.0.1`, ...network.blocked].join(','),
      SENSORPROXY_EXTRA_CA: authority,
      ...settings,
    },
  });
  const stop = async (): Promise<void> => {
    if (child.exitCode === null && child.signalCode === null) {
      child.kill('SIGTERM');
      await once(child, 'exit');
    }
    await rm(folder, { recursive: true, force: true });
  };
  try {
    const url = await listening(child);
    const tokenFile = path.join(dataDir, 'admin.token');
    const token = (await readFile(tokenFile, 'utf8')).trim();
    return { url, token, tokenFile, dataDir, stop, call: caller(url, token) };
  } catch (error) {
    await stop();
    throw error;
  }
}

/** The address in the log's `listening` line. */
function listening(child: ReturnType<typeof spawn>): Promise<string> {
  return new Promise((resolve, reject) => {
    child.once('exit', (code) => {
      reject(new Error(`the service ended with ${code ?? 'a signal'} before it listened`));
    });
    if (!child.stdout) return;
    createInterface({ input: child.stdout }).on('line', (line) => {
      const entry = JSON.parse(line) as { readonly message: string; readonly url?: string };
      if (entry.message === 'listening' && entry.url) resolve(entry.url);
    });
  });
}

function caller(url: string, token: string) {
  return async <T>(method: string, location: string, body?: unknown): Promise<T> => {
    const response = await fetch(url + location, {
      method,
      headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
      body: body === undefined ? undefined : JSON.stringify(body),
    });
    const answer: unknown = await response.json();
    if (!response.ok)
      throw new Error(`${method} ${location} answered ${response.status}: ${JSON.stringify(answer)}`);
    return answer as T;
  };
}

/** `wanted`, or one that the system chooses when that is taken. */
async function freePort(wanted: number): Promise<number> {
  const probe = createServer();
  const taken = await new Promise<boolean>((resolve) => {
    probe.once('error', () => {
      resolve(true);
    });
    probe.listen(wanted, '127.0.0.1', () => {
      resolve(false);
    });
  });
  if (!taken) await new Promise((resolve) => probe.close(resolve));
  return taken ? 0 : wanted;
}
