/**
 * `npm run bench:windows`: what only a Windows machine has, measured on a Windows Node under Wine, each as a ratio within one
 * run. Needs Debian's wine and wine64. Ends with 1 when a reach is missed. `-- --write` puts the table into
 * docs/performance.md; `-- registry` or `-- http` runs only that.
 */
import { execFileSync } from 'node:child_process';
import { readFile, writeFile } from 'node:fs/promises';
import { cpus } from 'node:os';
import path from 'node:path';
import { NODE_VERSION } from '../../scripts/windows/parts';
import type { BenchRow } from '../row';
import { benchHttp } from './http';
import { type BenchMachine, openBenchMachine } from './machine';
import { benchRegistry } from './registry';

const BENCHES: Readonly<Record<string, (machine: BenchMachine) => Promise<BenchRow[]>>> = {
  registry: benchRegistry,
  http: benchHttp,
};

const DOCUMENT = path.join(__dirname, '..', '..', 'docs', 'performance.md');
const BEGIN = '<!-- npm run bench:windows -- --write: begin -->';
const END = '<!-- end -->';

main().catch((error: unknown) => {
  console.error(error);
  process.exitCode = 1;
});

async function main(): Promise<void> {
  const wanted = process.argv.slice(2).filter((argument) => !argument.startsWith('--'));
  const rows: BenchRow[] = [];
  const machine = await openBenchMachine();
  for (const signal of ['SIGINT', 'SIGTERM'] as const)
    process.once(signal, () => void machine.close().finally(() => process.exit(1)));
  try {
    for (const [name, bench] of Object.entries(BENCHES)) {
      if (wanted.length > 0 && !wanted.includes(name)) continue;
      console.error(`measuring: ${name}`);
      rows.push(...(await bench(machine)));
    }
  } finally {
    await machine.close();
  }
  const text = table(rows);
  console.log(text);
  if (process.argv.includes('--write')) await write(text);
  process.exitCode = rows.every(({ ok }) => ok) ? 0 : 1;
}

function table(rows: readonly BenchRow[]): string {
  const lines = rows.map((row) => {
    const measure = row.note === undefined ? row.measure : `${row.measure} (${row.note})`;
    return `| ${measure} | ${number(row.value)} | ${row.against} | **${row.ratio.toFixed(2)}** | ${row.reach} | ${row.ok ? 'yes' : 'NO'} |`;
  });
  return [
    '| measure | value | against | ratio | reach | reached |',
    '|---|---|---|---|---|---|',
    ...lines,
  ].join('\n');
}

function number(value: number): string {
  return value >= 100 ? value.toFixed(0) : value.toPrecision(3);
}

async function write(text: string): Promise<void> {
  const document = await readFile(DOCUMENT, 'utf8');
  const begin = document.indexOf(BEGIN);
  const end = document.indexOf(END, begin);
  if (begin < 0 || end < begin) throw new Error('docs/performance.md has no place for the table');
  const wine = execFileSync('wine', ['--version'], { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] });
  const machine = `${cpus().length} × ${cpus()[0]?.model ?? 'unknown'}, Node ${NODE_VERSION} for Windows, ${wine.trim()}`;
  const section = `${BEGIN}\n\nMeasured on ${machine}.\n\n${text}\n\n`;
  await writeFile(DOCUMENT, document.slice(0, begin) + section + document.slice(end));
}
