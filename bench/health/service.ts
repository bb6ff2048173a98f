import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdir, readFile, readlink, writeFile } from 'node:fs/promises';
import { request } from 'node:http';
import path from 'node:path';
import { createInterface } from 'node:readline';
import type { HealthReport } from '../../src/endpoints/report';
import type { ProxyContext } from '../../src/proxy/model';

const TIME_LIMIT_MS = 30_000;

/** The built service in a process of its own, over a practice DC. */
export interface HealthService {
  /** Has the health check done; gives the milliseconds from the request to the end of the answer. */
  check(): Promise<number>;
  setProxy(context: string, proxyServer: string): Promise<void>;
  /** The highest resident set so far, in bytes. */
  peakMemory(): Promise<number>;
  /** Sockets that are open now. */
  sockets(): Promise<number>;
  stop(): Promise<void>;
}

/** What the service is started with. */
export interface HealthServiceOptions {
  /** An empty folder for its files. */
  readonly folder: string;
  readonly hosts: readonly string[];
  readonly authorityFile: string;
}

interface Call {
  readonly token: string;
  /** Asked for with PUT; without it GET. */
  readonly change?: { readonly ifMatch: string; readonly body: string };
}

/** Starts the service with these endpoints in a file of its own. */
export async function startHealthService(options: HealthServiceOptions): Promise<HealthService> {
  const { folder, hosts, authorityFile } = options;
  const endpointsFile = path.join(folder, 'endpoints.json');
  await writeFile(endpointsFile, JSON.stringify(hosts.map((host) => ({ host }))));
  const child = spawn(process.execPath, [path.join(__dirname, '../../dist/main.js')], {
    stdio: ['ignore', 'pipe', 'inherit'],
    env: {
      PATH: process.env.PATH,
      SENSORPROXY_PORT: '0',
      SENSORPROXY_DATA_DIR: path.join(folder, 'data'),
      SENSORPROXY_ENDPOINTS_FILE: endpointsFile,
      SENSORPROXY_EXTRA_CA: authorityFile,
    },
  });
  const stop = async (): Promise<void> => {
    if (child.exitCode !== null || child.signalCode !== null) return;
    child.kill('SIGTERM');
    await once(child, 'exit');
  };
  try {
    const url = await listening(child);
    const token = (await readFile(path.join(folder, 'data', 'admin.token'), 'utf8')).trim();
    const proc = `/proc/${child.pid ?? 0}`;
    return {
      check: () => timedCheck(url, token, 2 * hosts.length),
      setProxy: async (context, proxyServer) => {
        const where = `${url}/proxy/contexts/${context}`;
        const { etag } = JSON.parse(await call(where, { token })) as ProxyContext;
        await call(where, { token, change: { ifMatch: etag, body: JSON.stringify({ proxyServer }) } });
      },
      peakMemory: async () => {
        const status = await readFile(`${proc}/status`, 'utf8');
        return Number(/VmHWM:\s+(\d+)/.exec(status)?.[1]) * 1024;
      },
      sockets: async () => {
        const files = await readdir(`${proc}/fd`);
        const targets = await Promise.all(files.map((fd) => readlink(`${proc}/fd/${fd}`).catch(() => '')));
        return targets.filter((target) => target.startsWith('socket:')).length;
      },
      stop,
    };
  } catch (error) {
    await stop();
    throw error;
  }
}

/** The address in the log's `listening` line. */
function listening(child: ChildProcess): Promise<string> {
  return new Promise((resolve, reject) => {
    child.once('exit', (code) => {
      reject(new Error(`the service ended with ${code ?? 'a signal'}`));
    });
    if (!child.stdout) return;
    createInterface({ input: child.stdout }).on('line', (line) => {
      const entry = JSON.parse(line) as { readonly message: string; readonly url?: string };
      if (entry.message === 'listening' && entry.url) resolve(entry.url);
    });
  });
}

/** Throws unless all checks are there and none has failed. */
async function timedCheck(url: string, token: string, expected: number): Promise<number> {
  const begin = performance.now();
  const text = await call(`${url}/endpoints/health`, { token });
  const took = performance.now() - begin;
  const { checks } = JSON.parse(text) as HealthReport;
  const failed = checks.find(({ failure }) => failure !== null);
  if (failed !== undefined) throw new Error(`${failed.endpoint.host}: ${JSON.stringify(failed.failure)}`);
  if (checks.length !== expected) throw new Error(`${checks.length} checks in place of ${expected}`);
  return took;
}

/** Over a connection of its own, which is gone afterwards, so that the service's sockets can be counted. */
function call(url: string, { token, change }: Call): Promise<string> {
  return new Promise((resolve, reject) => {
    const headers = {
      authorization: `Bearer ${token}`,
      connection: 'close',
      ...(change && { 'content-type': 'application/json', 'if-match': change.ifMatch }),
    };
    const method = change ? 'PUT' : 'GET';
    const options = { method, headers, agent: false, timeout: TIME_LIMIT_MS };
    const asked = request(url, options, (response) => {
      let text = '';
      response.setEncoding('utf8');
      response.on('data', (chunk: string) => (text += chunk));
      response.once('error', reject).once('end', () => {
        if (response.statusCode === 200) resolve(text);
        else reject(new Error(`the service answered ${response.statusCode ?? 0}: ${text}`));
      });
    });
    asked.once('error', reject).once('timeout', () => asked.destroy(new Error('the service took too long')));
    asked.end(change?.body);
  });
}
