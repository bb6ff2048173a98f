import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, open, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';

/** How a program under Wine ended. */
export interface WineResult {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** A program that runs under Wine. */
export interface WineProcess {
  /** Resolves when it has ended. */
  readonly ended: Promise<WineResult>;
  /** What it has printed so far. */
  printed(): Promise<string>;
  kill(): void;
}

/** A Windows machine of Wine's, in a folder of its own. */
export interface WineMachine {
  readonly folder: string;
  /** Runs a program to its end; rejects when it takes longer than `timeoutMs`. */
  run(args: readonly string[], options?: WineOptions): Promise<WineResult>;
  start(args: readonly string[], options?: WineOptions): Promise<WineProcess>;
  /** Ends every program of the machine, and removes it. */
  close(): Promise<void>;
}

/** For one program. */
export interface WineOptions {
  readonly env?: Readonly<Record<string, string>>;
  readonly cwd?: string;
  readonly timeoutMs?: number;
}

const TIMEOUT_MS = 60_000;

/** Installs a machine that says it is Windows 10, as Node asks for. Needs Debian's package wine64. */
export async function openWine(): Promise<WineMachine> {
  const folder = await mkdtemp(path.join(tmpdir(), 'sensorproxy-wine-'));
  let runs = 0;
  const start = async (
    args: readonly string[],
    { env = {}, cwd, timeoutMs = TIMEOUT_MS }: WineOptions = {},
  ) => {
    runs += 1;
    // Wine wants files, not pipes: programs that outlive the one that was started hold them open.
    const files = { out: path.join(folder, `${runs}.out`), err: path.join(folder, `${runs}.err`) };
    const [out, err] = await Promise.all([open(files.out, 'w'), open(files.err, 'w')]);
    const child = spawn('wine', args, {
      cwd,
      stdio: ['ignore', out.fd, err.fd],
      env: {
        ...process.env,
        WINEPREFIX: path.join(folder, 'prefix'),
        WINEDEBUG: '-all',
        WINEDLLOVERRIDES: 'mscoree,mshtml=',
        ...env,
      },
    });
    const timer = setTimeout(() => child.kill('SIGKILL'), timeoutMs);
    const ended = (async (): Promise<WineResult> => {
      try {
        const [code, signal] = (await once(child, 'close')) as [number | null, string | null];
        const [stdout, stderr] = await Promise.all([
          readFile(files.out, 'utf8'),
          readFile(files.err, 'utf8'),
        ]);
        if (code === null)
          throw new Error(`wine ${args.join(' ')} ended by ${signal ?? '?'}: ${stdout}${stderr}`);
        return { code, stdout, stderr };
      } finally {
        clearTimeout(timer);
        await Promise.all([out.close(), err.close()]);
      }
    })();
    ended.catch(() => undefined);
    return { ended, printed: () => readFile(files.out, 'utf8'), kill: () => child.kill('SIGKILL') };
  };
  const server = async (option: '-k' | '-w') => {
    const child = spawn('wineserver', [option], {
      stdio: 'ignore',
      env: { ...process.env, WINEPREFIX: path.join(folder, 'prefix') },
    });
    await once(child, 'close');
  };
  const machine: WineMachine = {
    folder,
    start,
    run: async (args, options) => (await start(args, options)).ended,
    close: async () => {
      await server('-k');
      await rm(folder, { recursive: true, force: true, maxRetries: 10, retryDelay: 200 });
    },
  };
  try {
    await expectSuccess(machine.run(['wineboot', '-i']));
    await expectSuccess(
      machine.run(['reg', 'add', 'HKCU\\Software\\Wine', '/v', 'Version', '/d', 'win10', '/f']),
    );
    // A service manager that is just ending may still answer the next program, and knows nothing of the next one's services.
    await server('-w');
  } catch (error) {
    await machine.close();
    throw new Error("Wine does not start. Install Debian's wine and wine64.", { cause: error });
  }
  return machine;
}

/** A file of this machine as a program under Wine names it. */
export function winePath(file: string): string {
  return `Z:${file.replaceAll('/', '\\')}`;
}

/** The result, provided that the program ended well. */
export async function expectSuccess(result: Promise<WineResult>): Promise<WineResult> {
  const done = await result;
  if (done.code !== 0) throw new Error(`exit code ${done.code}: ${done.stdout}${done.stderr}`);
  return done;
}
