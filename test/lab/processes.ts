/** Real programs for the lab: started in a process group of their own, waited for, and ended with all that they forked. */
import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';

/** Everything listens here, in this machine's network namespace or in one that the suite made. */
export const ADDRESS = '127.0.0.1';

const START_MS = 20_000;
const LOOK_EVERY_MS = 40;
const COMMAND_MS = 20_000;
const KEPT_OUTPUT = 8000;

/** A program to start, and how to see that it is there. */
export interface Program {
  readonly file: string;
  readonly args: readonly string[];
  /** It is there once something listens on this TCP port, or (where there is none) has written this. */
  readonly ready: number | RegExp;
  /** The network namespace that it runs in; this machine's unless stated. */
  readonly namespace?: string;
  readonly env?: Readonly<Record<string, string>>;
}

/** A program that runs. */
export interface Running {
  /** What it has written so far, standard output and standard error. */
  output(): string;
  stop(): Promise<void>;
}

/** The lab's folder and programs. */
export interface Lab {
  /** Open to the accounts that some programs change to. */
  readonly folder: string;
  /** Writes a file into the folder, and the folders that its name has, and gives its path. */
  write(name: string, text: string | Uint8Array): string;
  /** Ends what runs now; the folder stays. */
  stopAll(): Promise<void>;
  start(program: Program): Promise<Running>;
  /** Ends everything and removes the folder. */
  close(): Promise<void>;
}

/** Makes a lab with a folder of its own. */
export function createLab(): Lab {
  const folder = mkdtempSync(path.join(tmpdir(), 'sensorproxy-lab-'));
  chmodSync(folder, 0o777);
  const running: Running[] = [];
  const stopAll = async (): Promise<void> => {
    await Promise.all(running.splice(0).map((one) => one.stop()));
  };
  return {
    folder,
    write: (name, text) => {
      const file = path.join(folder, name);
      mkdirSync(path.dirname(file), { recursive: true });
      writeFileSync(file, text, { mode: 0o644 });
      return file;
    },
    start: async (program) => {
      const one = spawnProgram(program, folder);
      running.push(one.running);
      await one.ready;
      return one.running;
    },
    stopAll,
    close: async () => {
      await stopAll();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

/** The file, if it is there. */
export function binary(file: string, debianPackage: string): string {
  if (existsSync(file)) return file;
  throw new Error(
    `${file} is missing: install Debian's package ${debianPackage} (apt-get install ${debianPackage})`,
  );
}

/** Runs a command to its end and gives its standard output; a failure shows what it wrote. */
export async function run(file: string, args: readonly string[], namespace?: string): Promise<string> {
  const [command, words] = inNamespace(namespace, file, args);
  const { stdout } = await promisify(execFile)(command, words, {
    timeout: COMMAND_MS,
    maxBuffer: 16 * 1024 * 1024,
  });
  return stdout;
}

function inNamespace(namespace: string | undefined, file: string, args: readonly string[]) {
  if (namespace === undefined) return [file, [...args]] as const;
  return [binary('/usr/sbin/ip', 'iproute2'), ['netns', 'exec', namespace, file, ...args]] as const;
}

function spawnProgram({ file, args, ready, namespace, env }: Program, cwd: string) {
  const [command, words] = inNamespace(namespace, file, args);
  const child = spawn(command, words, {
    cwd,
    stdio: ['pipe', 'pipe', 'pipe'],
    // A group of its own, so that all that it forks can be ended by that group.
    detached: true,
    env: { PATH: process.env.PATH, LANG: 'C.UTF-8', ...env },
  });
  let output = '';
  const keep = (chunk: Buffer): void => {
    output = (output + chunk.toString()).slice(-KEPT_OUTPUT);
  };
  child.stdout.on('data', keep);
  child.stderr.on('data', keep);
  child.stdin.on('error', () => undefined);
  const running: Running = { output: () => output, stop: () => stop(child) };
  const isReady = () =>
    typeof ready === 'number' ? listens(ready, namespace) : Promise.resolve(ready.test(output));
  return { running, ready: untilReady(child, file, { isReady, output: () => output }) };
}

async function untilReady(
  child: ChildProcess,
  file: string,
  { isReady, output }: { readonly isReady: () => Promise<boolean>; readonly output: () => string },
): Promise<void> {
  const failures: Error[] = [];
  child.once('error', (error) => failures.push(error));
  const deadline = Date.now() + START_MS;
  while (!(await isReady())) {
    if (failures.length > 0 || hasEnded(child)) {
      throw new Error(`${file} ended with ${child.exitCode ?? child.signalCode ?? 'nothing'}: ${output()}`);
    }
    if (Date.now() > deadline) throw new Error(`${file} is not there after ${START_MS} ms: ${output()}`);
    await new Promise((resolve) => setTimeout(resolve, LOOK_EVERY_MS));
  }
}

/** Looked up in the kernel's table: a connection would be one that the program has to deal with. */
async function listens(port: number, namespace: string | undefined): Promise<boolean> {
  const table = await run(binary('/usr/bin/ss', 'iproute2'), ['-Hltn', `sport = :${port}`], namespace);
  return table.trim() !== '';
}

function hasEnded({ exitCode, signalCode }: ChildProcess): boolean {
  return exitCode !== null || signalCode !== null;
}

async function stop(child: ChildProcess): Promise<void> {
  if (child.pid === undefined) return;
  const ended = hasEnded(child) ? Promise.resolve() : once(child, 'exit');
  try {
    process.kill(-child.pid, 'SIGKILL');
  } catch {
    // The whole group has ended already.
  }
  await ended;
}
