import { execFileSync } from 'node:child_process';
import {
  closeSync,
  constants,
  mkdirSync,
  openSync,
  readFileSync,
  rmSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { Socket } from 'node:net';
import path from 'node:path';
import { createInterface } from 'node:readline';
import { runScript } from './standInCscript';
import { StdRegProv, type StoredValue } from './standInStdRegProv';
import { temporaryFolder } from './temporaryFolder';

/** What the stand-in for cscript.exe does in place of its work. */
export interface Misbehaviour {
  readonly how: 'hang' | 'die' | 'noEngine' | 'garbage' | 'flood' | 'nothing' | 'errorWithExit0';
  /** Only in place of this script. */
  readonly only?: string;
}

/** One run of the stand-in: its process, and its arguments but the first two, `//Nologo` and the script. */
export interface ScriptCall {
  readonly pid: number;
  readonly switches: string;
  readonly script: string;
  readonly args: readonly string[];
  readonly input: string;
}

/** A system root with `System32/cscript.exe`, a process of its own that does what the scripts do over `registry`. */
export interface RegeditMachine {
  readonly systemRoot: string;
  readonly registry: StdRegProv;
  readonly calls: ScriptCall[];
  /** From now on; without an argument it behaves. */
  misbehave(as?: Misbehaviour): void;
  /** As it was made, with these keys besides. */
  reset(keys?: Readonly<Record<string, StoredValue[]>>): void;
  remove(): Promise<void>;
}

const HIVES = ['HKLM', 'HKCU', 'HKCR', 'HKCC', 'HKU'];

/**
 * The process. It hands its arguments and its input to the tests' process and passes on what that answers: a shell starts
 * in a tenth of the time that Node takes, and there are hundreds of runs. There is never more than one at once.
 */
const LAUNCHER = `#!/bin/sh
cd "\${0%/*}" || exit 100
[ -e die ] && exit 3
cat > input
{ printf '%s' "$$"; printf '\\t%s' "$@"; printf '\\n'; } > requests
read -r code < answers
cat stdout
cat stderr >&2
exit "$code"
`;

/** Makes one in which the hives of the service accounts and of these users are loaded. */
export async function regeditMachine(users: readonly string[]): Promise<RegeditMachine> {
  const folder = await temporaryFolder();
  const system32 = path.join(folder.path, 'System32');
  const file = (name: string) => path.join(system32, name);
  mkdirSync(system32);
  execFileSync('mkfifo', [file('requests'), file('answers')]);
  writeFileSync(file('cscript.exe'), LAUNCHER, { mode: 0o755 });

  const registry = new StdRegProv();
  const calls: ScriptCall[] = [];
  let misbehaviour: Misbehaviour | undefined;
  const answers = openSync(file('answers'), constants.O_RDWR);
  const requests = new Socket({ fd: openSync(file('requests'), constants.O_RDWR | constants.O_NONBLOCK) });
  createInterface(requests).on('line', (line) => {
    const [pid = '', switches = '', script = '', ...args] = line.split('\t');
    const input = readFileSync(file('input'), 'latin1');
    calls.push({ pid: Number(pid), switches, script, args, input });
    const applies = misbehaviour?.only === undefined || misbehaviour.only === path.basename(script);
    const misbehave = applies ? misbehaviour?.how : undefined;
    if (misbehave === 'hang') return;
    const { code, stdout, stderr } = runScript(registry, { script, args, input, misbehave });
    writeFileSync(file('stdout'), stdout, 'latin1');
    writeFileSync(file('stderr'), stderr, 'latin1');
    writeSync(answers, `${code}\n`);
  });

  const misbehave = (as?: Misbehaviour) => {
    misbehaviour = as;
    // It ends before it has read its input.
    if (as?.how === 'die') writeFileSync(file('die'), '');
    else rmSync(file('die'), { force: true });
  };
  const reset = (keys: Readonly<Record<string, StoredValue[]>> = {}) => {
    const hives = ['.DEFAULT', 'S-1-5-19', 'S-1-5-20', ...users].map((sid) => `HKU\\${sid}`);
    registry.keys.clear();
    for (const key of [...HIVES, ...hives]) registry.keys.set(key, []);
    for (const [key, values] of Object.entries(keys)) registry.keys.set(key, values);
    registry.deny = undefined;
    registry.loseWrites = false;
    misbehave();
    calls.length = 0;
  };
  reset();
  return {
    systemRoot: folder.path,
    registry,
    calls,
    misbehave,
    reset,
    remove: () => {
      requests.destroy();
      closeSync(answers);
      return folder.remove();
    },
  };
}
