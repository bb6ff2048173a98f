import { decodeConnectionSettings, encodeConnectionSettings } from '../src/wininet/connectionSettings';
import { settingsBytes } from '../test/support/settingsBytes';
import { median } from './median';
import type { BenchRow } from './row';

const RUNS = 9;
const REACH_PER_SECOND = 500_000;

/** Decoding and encoding: how often a second, and whether the time grows with the size and no faster. */
export function benchCodec(): BenchRow[] {
  return [rateRow(), linearityRow()];
}

function rateRow(): BenchRow {
  const bytes = settingsBytes({
    flags: 3,
    proxy: 'proxy.contoso.com:8080',
    bypass: '*.contoso.com;<local>;10*',
  });
  if (bytes.length !== 103) throw new Error(`the value has ${bytes.length} bytes, not 103`);
  const perSecond = 1e9 / nanosecondsOf(bytes, 300_000);
  return {
    measure: 'decode + encode of a 103-byte value, per second on one core',
    value: perSecond,
    against: `${REACH_PER_SECOND} a second`,
    ratio: perSecond / REACH_PER_SECOND,
    reach: '1 or better',
    ok: perSecond >= REACH_PER_SECOND,
  };
}

/** Linear means: sixteen times the bytes take sixteen times as long at the most. */
function linearityRow(): BenchRow {
  const sized = (size: number) => settingsBytes({ flags: 3, proxy: 'p:80', bypass: 'b'.repeat(size - 60) });
  const small = nanosecondsOf(sized(4 * 1024), 50_000);
  const large = nanosecondsOf(sized(64 * 1024), 20_000);
  return {
    measure: 'decode + encode of 64 KiB, ns',
    value: large,
    against: `of 4 KiB: ${small.toFixed(0)} ns`,
    ratio: large / small,
    reach: '16 or less (linear)',
    ok: large / small <= 16,
  };
}

function nanosecondsOf(bytes: Uint8Array, rounds: number): number {
  const runs: number[] = [];
  for (let run = 0; run < RUNS; run += 1) {
    const begin = performance.now();
    for (let round = 0; round < rounds; round += 1) {
      const decoded = decodeConnectionSettings(bytes);
      if (!decoded.ok || encodeConnectionSettings(decoded.settings).length !== bytes.length)
        throw new Error('wrong');
    }
    runs.push(((performance.now() - begin) / rounds) * 1e6);
  }
  return median(runs);
}
