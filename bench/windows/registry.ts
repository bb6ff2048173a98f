import { median } from '../median';
import type { BenchRow } from '../row';
import type { BenchMachine } from './machine';
import type { ReadTimes } from './readContexts';

const ROUNDS = 7;
const REACH = 100;

/** Reading all that the contexts are made of, through the native driver, against a reg.exe for each key and value. */
export async function benchRegistry(machine: BenchMachine): Promise<BenchRow[]> {
  const printed = await machine.program('bench/windows/readContexts.ts', String(ROUNDS));
  const { reads, native, regExe } = JSON.parse(printed) as ReadTimes;
  const ratio = median(regExe.map((slow, round) => slow / (native[round] ?? NaN)));
  return [
    {
      measure: `reading the contexts' ${reads} keys and values, ms`,
      value: median(native),
      against: `\`reg.exe query\` for each: ${median(regExe).toFixed(0)} ms`,
      ratio,
      reach: `${REACH} or better`,
      ok: ratio >= REACH,
      note: `median of ${ROUNDS} rounds`,
    },
  ];
}
