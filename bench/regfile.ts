import { execFile } from 'node:child_process';
import { mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';
import { build } from 'esbuild';
import { formatRegFile, type RegFileSection } from '../src/registry/regfile/format';
import { openRegFile } from '../src/registry/regfile/regFileRegistry';
import { median } from './median';
import type { BenchRow } from './row';

const TEXT_BYTES = 50 * 1024 * 1024;
const RUNS = 7;
const REACH = 4;

type Task = 'nothing' | 'decode' | 'load';

interface Measured {
  readonly milliseconds: number;
  /** Highest resident set of the process, in bytes. */
  readonly peak: number;
}

/** Loading a 50 MB export of regedit's, against reading the file and decoding its text; each run in a process of its own. */
export async function benchRegfile(): Promise<BenchRow[]> {
  const folder = await mkdtemp(path.join(tmpdir(), 'sensorproxy-bench-'));
  try {
    const file = path.join(folder, 'export.reg');
    await writeFile(file, bigExport());
    const size = (await stat(file)).size;
    // Plain JavaScript: a loader's own memory would hide that of the measured task.
    const script = path.join(folder, 'child.cjs');
    await build({
      entryPoints: [__filename],
      outfile: script,
      bundle: true,
      platform: 'node',
      external: ['esbuild'],
    });
    const runs: Record<Task, Measured[]> = { nothing: [], decode: [], load: [] };
    // In turns, so that a slow moment of the machine falls on all alike.
    for (let run = 0; run < RUNS; run += 1) {
      for (const task of ['nothing', 'decode', 'load'] as const)
        runs[task].push(await inFreshProcess(script, task, file));
    }
    return [timeRow(runs), memoryRow(runs, size)];
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

function timeRow(runs: Record<Task, readonly Measured[]>): BenchRow {
  const value = median(runs.load.map((run) => run.milliseconds));
  const alone = median(runs.decode.map((run) => run.milliseconds));
  const ratio = value / alone;
  return {
    measure: 'loading a 50 MB .reg, ms',
    value,
    against: `reading and decoding its text alone: ${alone.toFixed(1)} ms`,
    ratio,
    reach: `${REACH} or less`,
    ok: ratio <= REACH,
    note: `median of ${RUNS} fresh processes`,
  };
}

function memoryRow(runs: Record<Task, readonly Measured[]>, size: number): BenchRow {
  const value = median(runs.load.map((run) => run.peak)) - median(runs.nothing.map((run) => run.peak));
  const ratio = value / size;
  return {
    measure: 'memory for a 50 MB .reg, MB at the peak',
    value: value / 1024 / 1024,
    against: `the text's size: ${(size / 1024 / 1024).toFixed(1)} MB`,
    ratio,
    reach: `${REACH} or less`,
    ok: ratio <= REACH,
    note: 'above a process that only starts',
  };
}

async function inFreshProcess(script: string, task: Task, file: string): Promise<Measured> {
  const environment = { ...process.env, NODE_PATH: path.join(__dirname, '..', 'node_modules') };
  const { stdout } = await promisify(execFile)(process.execPath, [script, task, file], { env: environment });
  return JSON.parse(stdout) as Measured;
}

/** The child's part. */
async function run(task: Task, file: string): Promise<Measured> {
  const begin = performance.now();
  let milliseconds = 0;
  if (task === 'decode') {
    const text = (await readFile(file)).toString('utf16le');
    milliseconds = performance.now() - begin;
    if (text.length < 1) throw new Error('an empty text');
  } else if (task === 'load') {
    const registry = await openRegFile(file);
    milliseconds = performance.now() - begin;
    await registry.close();
  }
  // Not maxRSS, which a child inherits from its parent across exec.
  const status = await readFile('/proc/self/status', 'utf8');
  return { milliseconds, peak: Number(/VmHWM:\s+(\d+)/.exec(status)?.[1]) * 1024 };
}

/** Keys and values in about the mix of a machine's HKLM\SOFTWARE: mostly strings and dwords, some long binary data. */
function bigExport(): Buffer {
  const parts: Buffer[] = [];
  let size = 0;
  for (let batch = 0; size < TEXT_BYTES; batch += 1) {
    const sections = Array.from({ length: 500 }, (_, i) => someKey(batch * 500 + i));
    const bytes = formatRegFile(sections);
    const headerBytes = bytes.indexOf(Buffer.from('\r\n\r\n', 'utf16le')) + 8;
    const part = batch === 0 ? bytes : bytes.subarray(headerBytes);
    parts.push(part);
    size += part.length;
  }
  return Buffer.concat(parts);
}

function someKey(n: number): RegFileSection {
  const guid = `{${n.toString(16).padStart(8, '0')}-7A1B-4C2D-9E3F-0123456789AB}`;
  const group = Math.floor(n / 200);
  const text = (value: string) => Buffer.from(`${value}\0`, 'utf16le');
  const binary = Buffer.alloc(24 + ((n * 37) % 300), n & 0xff);
  return {
    key: `HKEY_LOCAL_MACHINE\\SOFTWARE\\Microsoft\\Windows\\CurrentVersion\\Component${group}\\Packages\\${guid}`,
    values: [
      { name: '', value: { type: 1, data: text(`Component number ${n}`) } },
      {
        name: 'InstallPath',
        value: { type: 1, data: text(`C:\\Program Files\\Vendor ${group}\\Part ${n}\\part.dll`) },
      },
      { name: 'Flags', value: { type: 4, data: Buffer.from([n & 0xff, 0, 0, 0]) } },
      { name: 'Version', value: { type: 4, data: Buffer.from([1, 2, 3, 4]) } },
      ...(n % 3 === 0 ? [{ name: 'State', value: { type: 3, data: binary } }] : []),
      ...(n % 5 === 0
        ? [{ name: 'ServerPath', value: { type: 2, data: text('%SystemRoot%\\System32\\part.dll') } }]
        : []),
      ...(n % 7 === 0
        ? [{ name: 'Depends', value: { type: 7, data: text('RpcSs\0DcomLaunch\0Http\0') } }]
        : []),
    ],
  };
}

if (require.main === module) {
  const [task, file] = process.argv.slice(2);
  if (file === undefined) void benchRegfile().then(console.table);
  else void run(task as Task, file).then((measured) => process.stdout.write(JSON.stringify(measured)));
}
