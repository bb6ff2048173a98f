import { readFile, writeFile } from 'node:fs/promises';
import { cpus } from 'node:os';
import path from 'node:path';
import type { BenchRow } from './row';

const DOCUMENT = path.join(__dirname, '..', 'docs', 'performance.md');
const END = '<!-- end -->';

/** The measures that the command line names; all when it names none. */
export function chosen<Bench>(benches: Readonly<Record<string, Bench>>): readonly [string, Bench][] {
  const wanted = process.argv.slice(2).filter((argument) => !argument.startsWith('--'));
  return Object.entries(benches).filter(([name]) => wanted.length === 0 || wanted.includes(name));
}

/**
 * Prints the table, and with `--write` puts it into docs/performance.md, where that says `<!-- npm run <script> -- --write:
 * begin -->`. The process ends with 1 when a reach is missed. `runtime` is what was measured on, besides the processor.
 */
export async function report(rows: readonly BenchRow[], script: string, runtime: string): Promise<void> {
  const text = table(rows);
  console.log(text);
  if (process.argv.includes('--write')) await write(text, script, runtime);
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

async function write(text: string, script: string, runtime: string): Promise<void> {
  const document = await readFile(DOCUMENT, 'utf8');
  const marker = `<!-- npm run ${script} -- --write: begin -->`;
  const begin = document.indexOf(marker);
  const end = document.indexOf(END, begin);
  if (begin < 0 || end < begin) throw new Error('docs/performance.md has no place for the table');
  const machine = `${cpus().length} × ${cpus()[0]?.model ?? 'unknown'}, ${runtime}`;
  const section = `${marker}\n\nMeasured on ${machine}.\n\n${text}\n\n`;
  await writeFile(DOCUMENT, document.slice(0, begin) + section + document.slice(end));
}
