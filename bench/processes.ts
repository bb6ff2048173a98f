import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { createInterface } from 'node:readline';

const ROOT = path.join(__dirname, '..');

/** A server in a process of its own. */
export interface RunningServer {
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  /** From the spawn to the first answer. */
  readonly startMs: number;
  /** Resident set, in bytes. */
  memory(): Promise<number>;
  /** Processor time since the start, in ms. */
  cpuMs(): Promise<number>;
  stop(): Promise<void>;
}

/** Starts servers that share one data folder (so that no start but the first makes a token). */
export async function benchServers() {
  const folder = await mkdtemp(path.join(tmpdir(), 'sensorproxy-bench-'));
  const dataDir = path.join(folder, 'data');
  const openapi = path.join(ROOT, 'src/http/generated/openapi.json');
  const bytes = path.join(folder, 'contexts.json');
  return {
    service: () => startService(dataDir),
    /** A bare express server that sends what the service last sent (see {@link learn}). */
    bare: () => start([path.join(__dirname, 'bareExpress.cjs'), bytes, openapi], {}),
    /** Takes the service's answer as the bytes that the bare server is to send. */
    learn: async (service: RunningServer) => {
      const response = await fetch(`${service.url}/proxy/contexts`, { headers: service.headers });
      const text = await response.text();
      if (!response.ok) throw new Error(`the service answered ${response.status}`);
      await writeFile(bytes, text);
      return JSON.parse(text) as { readonly contexts: readonly unknown[] };
    },
    remove: () => rm(folder, { recursive: true, force: true }),
  };
}

/** The built service over a data folder. */
export async function startService(dataDir: string): Promise<RunningServer> {
  const environment = {
    SENSORPROXY_PORT: '0',
    SENSORPROXY_DATA_DIR: dataDir,
    SENSORPROXY_LOG_LEVEL: 'info',
  };
  const server = await start([path.join(ROOT, 'dist/main.js')], environment);
  const token = (await readFile(path.join(dataDir, 'admin.token'), 'utf8')).trim();
  return { ...server, headers: { authorization: `Bearer ${token}` } };
}

async function start(script: readonly string[], environment: Record<string, string>): Promise<RunningServer> {
  const begin = performance.now();
  const child = spawn(process.execPath, [...script], {
    stdio: ['ignore', 'pipe', 'inherit'],
    env: { PATH: process.env.PATH, ...environment },
  });
  const url = await new Promise<string>((resolve, reject) => {
    child.once('exit', (code) => {
      reject(new Error(`it ended with ${code ?? 'a signal'}`));
    });
    createInterface({ input: child.stdout }).on('line', (line) => {
      const entry = JSON.parse(line) as { readonly message: string; readonly url?: string };
      if (entry.message === 'listening' && entry.url) resolve(entry.url);
    });
  });
  const answer = await fetch(`${url}/livez`);
  await answer.arrayBuffer();
  const startMs = performance.now() - begin;
  const pid = child.pid ?? 0;
  return {
    url,
    headers: {},
    startMs,
    memory: async () => {
      const status = await readFile(`/proc/${pid}/status`, 'utf8');
      return Number(/VmRSS:\s+(\d+)/.exec(status)?.[1]) * 1024;
    },
    cpuMs: async () => {
      const stat = await readFile(`/proc/${pid}/stat`, 'utf8');
      const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
      return (Number(fields[11]) + Number(fields[12])) * 10; // clock ticks of 10 ms (proc(5))
    },
    stop: async () => {
      child.kill('SIGTERM');
      await once(child, 'exit');
    },
  };
}
