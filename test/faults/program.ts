/** The built program in a process of its own, with a data folder that faults are made in. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { createInterface } from 'node:readline';
import type { Change, ProxyContexts } from '../../src/proxy/model';
import { anna } from '../support/practice';

const PROGRAM = path.join(__dirname, '..', '..', 'dist', 'main.js');
const START_MS = 20_000;
const ANSWER_MS = 20_000;

/** How the program is started. */
export interface ProgramOptions {
  /** A command that starts it, such as `faketime`, before node's own path. */
  readonly through?: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
}

/** What the program answered. */
export interface Answer<Body> {
  readonly status: number;
  readonly body: Body;
  readonly headers: Headers;
}

/** A problem document, as far as the suites look at it. */
export interface Problem {
  readonly code?: string;
  readonly detail?: string;
  readonly failed?: { readonly target: string | null };
}

/** Every program that was started and has not ended. */
const running = new Set<ChildProcess>();

/** Kills what a test has left. */
export async function killAll(): Promise<void> {
  await Promise.all([...running].map((child) => end(child, 'SIGKILL')));
}

async function end(child: ChildProcess, signal: 'SIGKILL' | 'SIGTERM'): Promise<number | null> {
  if (child.exitCode === null && child.signalCode === null) {
    child.kill(signal);
    await once(child, 'exit');
  }
  return child.exitCode;
}

function launch(dataDir: string, args: readonly string[], { through = [], env = {} }: ProgramOptions) {
  if (!existsSync(PROGRAM)) throw new Error('dist/main.js is missing: npm run build');
  const [file = process.execPath, ...rest] = [...through, process.execPath, PROGRAM, ...args];
  const child = spawn(file, rest, {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { PATH: process.env.PATH, SENSORPROXY_PORT: '0', SENSORPROXY_DATA_DIR: dataDir, ...env },
  });
  running.add(child);
  void once(child, 'exit').then(() => running.delete(child));
  let stderr = '';
  child.stderr.on('data', (chunk: Buffer) => (stderr += chunk.toString()));
  const lines: string[] = [];
  const output = createInterface({ input: child.stdout });
  output.on('line', (line) => lines.push(line));
  const ended = once(child, 'close').then(() => ({ code: child.exitCode, stderr, lines }));
  return { child, output, lines, ended };
}

/** Runs a command such as `journal verify` to its end. */
export async function command(dataDir: string, ...args: string[]) {
  return launch(dataDir, args, {}).ended;
}

/** Starts it where it is expected to refuse: how it ended. */
export async function refusal(dataDir: string, options: ProgramOptions = {}) {
  return launch(dataDir, [], options).ended;
}

/** Starts it, and gives what asks it. Rejects when it does not start. */
export async function startProgram(dataDir: string, options: ProgramOptions = {}) {
  const { child, output, lines, ended } = launch(dataDir, [], options);
  const url = await new Promise<string>((resolve, reject) => {
    const late = setTimeout(() => {
      reject(new Error('it did not start in time'));
    }, START_MS);
    output.on('line', (line) => {
      const entry = JSON.parse(line) as { readonly message: string; readonly url?: string };
      if (entry.message !== 'listening' || entry.url === undefined) return;
      clearTimeout(late);
      resolve(entry.url);
    });
    void ended.then(({ stderr }) => {
      clearTimeout(late);
      reject(new Error(`it did not start: ${stderr}`));
    });
  });
  const token = (await readFile(path.join(dataDir, 'admin.token'), 'utf8')).trim();
  const call = async <Body = Problem>(
    method: string,
    where: string,
    sent: {
      readonly body?: object;
      readonly ifMatch?: string;
      readonly token?: string;
      readonly idempotencyKey?: string;
    } = {},
  ): Promise<Answer<Body>> => {
    const response = await fetch(url + where, {
      method,
      signal: AbortSignal.timeout(ANSWER_MS),
      headers: {
        authorization: `Bearer ${sent.token ?? token}`,
        ...(sent.body && { 'content-type': 'application/json' }),
        ...(sent.ifMatch !== undefined && { 'if-match': sent.ifMatch }),
        ...(sent.idempotencyKey !== undefined && { 'idempotency-key': sent.idempotencyKey }),
      },
      ...(sent.body && { body: JSON.stringify(sent.body) }),
    });
    const text = await response.text();
    return {
      status: response.status,
      body: (text ? JSON.parse(text) : {}) as Body,
      headers: response.headers,
    };
  };
  return {
    call,
    /** What it has logged so far. */
    log: () => lines.join('\n'),
    /** The bytes, in hex, of the accounts that a copy writes, and of the one that it copies from. */
    hexes: async () => {
      const { contexts } = (await call<ProxyContexts>('GET', '/proxy/contexts')).body;
      const hexOf = (id: string) => contexts.find((context) => context.id === id)?.hex ?? null;
      return { source: hexOf(anna), LocalSystem: hexOf('LocalSystem'), LocalService: hexOf('LocalService') };
    },
    changes: async (limit = 200) =>
      (await call<{ items: readonly Change[] }>('GET', `/changes?limit=${limit}`)).body.items,
    kill: () => end(child, 'SIGKILL'),
    stop: () => end(child, 'SIGTERM'),
  };
}

/** The program, running. */
export type Program = Awaited<ReturnType<typeof startProgram>>;
