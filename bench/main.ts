/**
 * `npm run bench`: each measure as a ratio within one run. Ends with 1 when a reach is missed. `-- --write` puts the table
 * into docs/performance.md; `-- codec copy` runs only those.
 */
import { benchAnsible } from './ansible';
import { benchCodec } from './codec';
import { benchCopy } from './copy';
import { benchHealth } from './health';
import { benchHttp } from './http';
import { benchJournal } from './journal';
import { benchLoad } from './load';
import { benchRegfile } from './regfile';
import { chosen, report } from './report';
import type { BenchRow } from './row';

const BENCHES: Readonly<Record<string, () => BenchRow[] | Promise<BenchRow[]>>> = {
  http: benchHttp,
  codec: benchCodec,
  copy: benchCopy,
  journal: benchJournal,
  load: benchLoad,
  regfile: benchRegfile,
  health: benchHealth,
  ansible: benchAnsible,
};

void main();

async function main(): Promise<void> {
  const rows: BenchRow[] = [];
  for (const [name, bench] of chosen(BENCHES)) {
    console.error(`measuring: ${name}`);
    rows.push(...(await bench()));
  }
  await report(rows, 'bench', `Node ${process.versions.node}`);
}
