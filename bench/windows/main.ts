/**
 * `npm run bench:windows`: what only a Windows machine has, measured on a Windows Node under Wine, each as a ratio within one
 * run. Needs Debian's wine and wine64. Ends with 1 when a reach is missed. `-- --write` puts the table into
 * docs/performance.md; `-- registry` or `-- http` runs only that.
 */
import { execFileSync } from 'node:child_process';
import { NODE_VERSION } from '../../scripts/windows/parts';
import { chosen, report } from '../report';
import type { BenchRow } from '../row';
import { benchHttp } from './http';
import { type BenchMachine, openBenchMachine } from './machine';
import { benchRegistry } from './registry';

const BENCHES: Readonly<Record<string, (machine: BenchMachine) => Promise<BenchRow[]>>> = {
  registry: benchRegistry,
  http: benchHttp,
};

main().catch((error: unknown) => {
  console.error(error);
  process.exitCode = 1;
});

async function main(): Promise<void> {
  const rows: BenchRow[] = [];
  const machine = await openBenchMachine();
  for (const signal of ['SIGINT', 'SIGTERM'] as const)
    process.once(signal, () => void machine.close().finally(() => process.exit(1)));
  try {
    for (const [name, bench] of chosen(BENCHES)) {
      console.error(`measuring: ${name}`);
      rows.push(...(await bench(machine)));
    }
  } finally {
    await machine.close();
  }
  const wine = execFileSync('wine', ['--version'], { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] });
  await report(rows, 'bench:windows', `Node ${NODE_VERSION} for Windows, ${wine.trim()}`);
}
