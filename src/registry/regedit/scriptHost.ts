import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process';
import path from 'node:path';
import { DomainError, systemCodeOf } from '../../lib/errors';

/** Where Windows Script Host and the scripts are, and how long one run may take. */
export interface ScriptHost {
  /** The full path of `cscript.exe`: nothing is looked up by PATH. */
  readonly cscript: string;
  /** The folder of the scripts, `vbs` in the package regedit. */
  readonly scripts: string;
  readonly timeoutMs: number;
}

/** The scripts of the package regedit that are used; all read their input from stdin. */
export type Script =
  | 'regListStream.wsf'
  | 'wsRegReadListStream.wsf'
  | 'regCreateKey.wsf'
  | 'regPutValue.wsf'
  | 'regDeleteValue.wsf';

/** How a script ended that did not do what it was asked for, with all that it said: for the log, as an error's cause. */
export class ScriptFailure extends Error {
  override readonly name = 'ScriptFailure';
}

interface Outcome {
  /** Null when somebody else ended the process. */
  readonly exitCode: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** The agnostic calls: the others report success when access is denied. */
const ARCHITECTURE = 'A';
const MAX_STDOUT = 16 * 1024 * 1024;
const MAX_STDERR = 64 * 1024;
/** What one line of a script's complaint may add to a detail. */
const MAX_SAID = 200;
/** `ERROR_ACCESS_DENIED` and `wbemErrAccessDenied`. */
const ACCESS_DENIED = [5, 0x80041003];
const FILE_NOT_FOUND = 2;
/** What Node makes of the errors with which Windows refuses to start a program. */
const BLOCKED = ['EACCES', 'EPERM', 'UNKNOWN'];
/** All that regListStream.wsf says on stderr while it does its work, once for each time that it meets the type. */
const UNKNOWN_TYPES = /^(?:invalid Registry Value Type -?\d+)*$/;

/**
 * Runs one script with these lines as its input, and gives its output. No key, name or value is ever on a command line.
 *
 * Errors: `registry-access-denied`, `registry-key-absent` (exit codes 5 and 2), `registry-unavailable` for all else, with a
 * {@link ScriptFailure} as cause when the script itself failed. A process that takes too long or says too much is killed.
 */
export async function runScript(host: ScriptHost, script: Script, lines: readonly string[]): Promise<string> {
  let outcome: Outcome;
  try {
    outcome = await run(host, script, lines.map(encodeLine).join('') + '\r\n');
  } catch (error) {
    throw error instanceof DomainError ? error : notStarted(error);
  }
  if (outcome.exitCode !== 0) throw failed(host, script, outcome);
  // After a run-time error cscript may well end with 0.
  if (!UNKNOWN_TYPES.test(outcome.stderr.trim())) throw failed(host, script, outcome);
  return outcome.stdout;
}

/** One line as the scripts read it, with VBScript's `unescape`: what JavaScript's `escape` gives, and a line end. */
export function encodeLine(text: string): string {
  const escaped = text.replace(/[^A-Za-z0-9@*_+\-./]/g, (unit) => {
    const code = unit.charCodeAt(0).toString(16).toUpperCase();
    return code.length <= 2 ? `%${code.padStart(2, '0')}` : `%u${code.padStart(4, '0')}`;
  });
  return `${escaped}\r\n`;
}

/** The error for a script that said `output` where something else belongs. */
export function unexpectedOutput(script: Script, output: string): DomainError {
  return new DomainError(
    'unavailable',
    'registry-unavailable',
    `${script} ended without an error, but did not answer in its own form.`,
    { cause: new ScriptFailure(printed(output)) },
  );
}

function run({ cscript, scripts, timeoutMs }: ScriptHost, script: Script, input: string): Promise<Outcome> {
  return new Promise((resolve, reject) => {
    const child = spawn(cscript, ['//Nologo', path.join(scripts, script), ARCHITECTURE], {
      windowsHide: true,
      shell: false,
    });
    // When it could not be started for want of file handles, it has no streams either.
    if (child.pid === undefined) {
      child.on('error', reject);
      return;
    }
    const giveUp = (why: string) => {
      kill(child);
      settle(() => {
        reject(new DomainError('unavailable', 'registry-unavailable', `${script} ${why}`));
      });
    };
    const timer = setTimeout(() => {
      giveUp(
        `did not end within ${timeoutMs} ms (time-out) and was killed. A write that it had begun may still be made.`,
      );
    }, timeoutMs);
    const settle = (end: () => void) => {
      clearTimeout(timer);
      end();
    };
    const stdout = collect(child, 'stdout', () => {
      giveUp(`printed more than ${MAX_STDOUT} bytes and was killed.`);
    });
    const stderr = collect(child, 'stderr');
    child.on('error', (error) => {
      settle(() => {
        reject(error);
      });
    });
    child.on('close', (exitCode) => {
      settle(() => {
        resolve({ exitCode, stdout: stdout(), stderr: stderr() });
      });
    });
    // A process that ends before it has read its input (EPIPE) is judged by its exit code.
    child.stdin.on('error', () => undefined);
    child.stdin.end(input, 'latin1');
  });
}

/** Gathers a stream's text, which is ASCII. What is over the limit is dropped, or reported when somebody asks for it. */
function collect(
  child: ChildProcessWithoutNullStreams,
  stream: 'stdout' | 'stderr',
  overflow?: () => void,
): () => string {
  const limit = stream === 'stdout' ? MAX_STDOUT : MAX_STDERR;
  const chunks: Buffer[] = [];
  let size = 0;
  child[stream].on('data', (chunk: Buffer) => {
    size += chunk.length;
    if (size <= limit) chunks.push(chunk);
    else overflow?.();
  });
  return () => Buffer.concat(chunks).toString('latin1');
}

/** Ends the process and lets go of its pipes, which would keep this process alive if the other cannot be ended. */
function kill(child: ChildProcessWithoutNullStreams): void {
  child.kill('SIGKILL');
  for (const stream of [child.stdin, child.stdout, child.stderr]) stream.destroy();
  child.unref();
}

function notStarted(cause: unknown): DomainError {
  const code = systemCodeOf(cause) ?? 'unknown error';
  const blocked = BLOCKED.includes(code) ? ': a security product or a policy may forbid it' : '';
  const why = code === 'ENOENT' ? 'it is not there' : `${code}${blocked}`;
  return new DomainError(
    'unavailable',
    'registry-unavailable',
    `cscript.exe, the Windows Script Host, cannot be started (${why}).`,
    { cause },
  );
}

function failed(host: ScriptHost, script: Script, { exitCode, stdout, stderr }: Outcome): DomainError {
  const cause = new ScriptFailure(`exit code ${exitCode ?? 'none'}, ${printed(stdout)}\n${stderr}`);
  if (exitCode !== null && ACCESS_DENIED.includes(exitCode)) {
    const detail = `Windows refuses access (${script}, Win32 error 5). Run the service as LocalSystem.`;
    return new DomainError('forbidden', 'registry-access-denied', detail, { cause });
  }
  if (exitCode === FILE_NOT_FOUND) {
    const detail = `There is no such key or value (${script}, Win32 error 2).`;
    return new DomainError('notFound', 'registry-key-absent', detail, { cause });
  }
  const end = exitCode === null ? 'was ended from outside' : `failed with code ${exitCode}`;
  const said = firstLine(host, stderr.trim() || hostsOwnError(stdout));
  const hint = exitCode === 1 ? ' Is VBScript installed, and allowed to run?' : '';
  return new DomainError('unavailable', 'registry-unavailable', `${script} ${end}${said}.${hint}`, { cause });
}

/** What the scripts print are the registry's values: those do not go into an error, which is logged. */
function printed(stdout: string): string {
  return `${stdout.length} bytes printed`;
}

/** The host itself, when it cannot run a script at all. */
function hostsOwnError(stdout: string): string {
  return /^(?:CScript|Input) Error: [^\r\n]*/.exec(stdout.trim())?.[0] ?? '';
}

/** What the script host said, for an operator: one line, without the folder of the scripts. */
function firstLine({ scripts }: ScriptHost, text: string): string {
  const [line = ''] = text.replaceAll(scripts + path.sep, '').split(/\r?\n/);
  return line === '' ? '' : `: ${line.slice(0, MAX_SAID).replace(/\.$/, '')}`;
}
