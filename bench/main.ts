/**
 * `npm run bench`: each measure as a ratio within one run. Ends with 1 when a reach is missed. `-- --write` puts the table
 * into docs/performance.md; `-- codec copy` runs only those.
 */
import { readFile, writeFile } from 'node:fs/promises';
import { cpus } from 'node:os';
import path from 'node:path';
import { benchCodec } from './codec';
import { benchCopy } from './copy';
import { benchHttp } from './http';
import { benchRegfile } from './regfile';
import type { BenchRow } from './row';

const BENCHES: Readonly<Record<string, () => BenchRow[] | Promise<BenchRow[]>>> = {
  http: benchHttp,
  codec: benchCodec,
  copy: benchCopy,
  regfile: benchRegfile,
};

const DOCUMENT = path.join(__dirname, '..', 'docs', 'performance.md');
const BEGIN = '<!-- npm run bench -- --write: begin -->';
const END = '<!-- end -->';

void main();

async function main(): Promise<void> {
  const wanted = process.argv.slice(2).filter((argument) => !argument.startsWith('--'));
  const rows: BenchRow[] = [];
  for (const [name, bench] of Object.entries(BENCHES)) {
    if (wanted.length > 0 && !wanted.includes(name)) continue;
    console.error(`measuring: ${name}`);
    rows.push(...(await bench()));
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
  return value >= 100 ? value.toFixed(0) : value.toFixed(1);
}

async function write(text: string): Promise<void> {
  const document = await readFile(DOCUMENT, 'utf8');
  const begin = document.indexOf(BEGIN);
  const end = document.indexOf(END);
  if (begin < 0 || end < begin) throw new Error('docs/performance.md has no place for the table');
  const machine = `${cpus().length} × ${cpus()[0]?.model ?? 'unknown'}, Node ${process.versions.node}`;
  const section = `${BEGIN}\n\nMeasured on ${machine}.\n\n${text}\n\n`;
  await writeFile(DOCUMENT, document.slice(0, begin) + section + document.slice(end));
}
