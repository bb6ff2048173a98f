import { readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import fc from 'fast-check';
import type { ServiceEvent } from '../../../src/events/event';
import { type Clock, systemClock } from '../../../src/lib/clock';
import { RepairLimit } from '../../../src/monitor/repairLimit';
import { SensorWatch, type WatchedSensor } from '../../../src/monitor/sensorWatch';
import { SEED, damaged } from '../../support/damage';
import { temporaryFolder } from '../../support/temporaryFolder';

let folder: Awaited<ReturnType<typeof temporaryFolder>>;
beforeEach(async () => {
  folder = await temporaryFolder();
});
afterEach(() => folder.remove());

describe('self-repair.json', () => {
  const START = Date.UTC(2026, 10, 24);
  let nowMs: number;
  const clock: Clock = { now: () => new Date(nowMs).toISOString(), monotonicMs: () => nowMs };
  const file = () => path.join(folder.path, 'self-repair.json');
  const open = () => RepairLimit.open(file(), clock);

  /** As it is after the sixth attempt of the day, which has failed: nothing may be tried. */
  async function written(): Promise<Buffer> {
    nowMs = START;
    const limit = await open();
    for (let nth = 0; nth < 6; nth += 1) {
      nowMs += 20 * 60_000;
      await limit.begin();
      await limit.end(nth === 5 ? 'registry-changed' : null, 'as it is');
    }
    nowMs += 20 * 60_000;
    expect(limit.refusal('as it is')).toBe('daily-limit');
    return readFile(file());
  }

  it('with any content bounds the attempts: one that cannot be used counts as an attempt just now', async () => {
    const whole = await written();
    const seen = new Set<unknown>();
    await fc.assert(
      fc.asyncProperty(damaged(whole), async (bytes) => {
        await writeFile(file(), bytes);
        const limit = await open();
        const refusal = limit.refusal('as it is');
        seen.add(refusal);
        if (!isWhole(bytes)) expect(refusal).toBe('too-soon');
        await limit.begin();
        await limit.end('registry-changed', 'as it is');
        expect(limit.refusal('as it is')).not.toBeNull();
        const next = await open();
        expect(next.refusal('as it is')).toBe(limit.refusal('as it is'));
        nowMs += 600_000;
        await next.begin();
        await next.end('registry-changed', 'as it is');
        nowMs += 86_400_000;
        expect((await open()).refusal('as it is')).toBe('failed-before');
        expect((await open()).refusal('something else')).toBeNull();
        nowMs -= 86_400_000 + 600_000;
      }),
      { seed: SEED, numRuns: 200 },
    );
    expect(seen).toContain('too-soon');
    expect(seen).toContain('daily-limit');
  });

  it.each([['"2O26-11-24T00:20:00.000Z"'], ['""'], ['"2026-13-24T00:20:00.000Z"'], ['1'], ['null']])(
    'with %s as the time of an attempt cannot be used',
    async (time) => {
      const whole = (await written()).toString();
      await writeFile(file(), whole.replace('"2026-11-24T00:20:00.000Z"', time));
      expect((await open()).refusal('something else')).toBe('too-soon');
    },
  );

  /** Whether it has the form that is written, with times that are some. */
  function isWhole(bytes: Buffer): boolean {
    try {
      const { at, failure } = JSON.parse(bytes.toString()) as { at: unknown[]; failure: unknown };
      const { code, situation, times } = (failure ?? { code: '', situation: '', times: 0 }) as Record<
        string,
        unknown
      >;
      return (
        failure !== undefined &&
        at.every((one) => typeof one === 'string' && !Number.isNaN(Date.parse(one))) &&
        [code, situation].every((one) => typeof one === 'string') &&
        typeof times === 'number'
      );
    } catch {
      return false;
    }
  }
});

describe('sensor-seen.json', () => {
  const file = () => path.join(folder.path, 'sensor-seen.json');
  const sensor: WatchedSensor = {
    installed: true,
    version: '2.240.1',
    services: [
      {
        name: 'AATPSensor',
        installed: true,
        account: 'NT AUTHORITY\\LocalService',
        startType: 'automatic',
        state: 'running',
      },
    ],
    configuration: { endpoint: { host: 'a.contoso.com', port: 443 } },
  };

  async function* none(): AsyncGenerator<ServiceEvent> {
    yield* await Promise.resolve([]);
  }

  async function open(events: ServiceEvent[]): Promise<SensorWatch> {
    const record = (event: ServiceEvent) => Promise.resolve(void events.push(event));
    const parts = { rule: { needed: 2, of: 3 }, record, clock: systemClock, file: file() };
    return SensorWatch.open(parts, none());
  }

  it('with any content has the watch begin; what differs is told once, on one line, and then it is as it was seen', async () => {
    const first = await open([]);
    for (let nth = 0; nth < 2; nth += 1) await first.look(sensor);
    const whole = await readFile(file());
    const list = fc.array(fc.string(), { maxLength: 3 }).map((texts) => Buffer.from(JSON.stringify(texts)));
    let told = 0;
    let begunAnew = 0;
    await fc.assert(
      fc.asyncProperty(fc.oneof({ arbitrary: damaged(whole), weight: 4 }, list), async (bytes) => {
        await writeFile(file(), bytes);
        const events: ServiceEvent[] = [];
        const watch = await open(events);
        for (let nth = 0; nth < 3; nth += 1) await watch.look(sensor);
        expect(watch.settled).toBe(true);
        expect(events.length).toBeLessThan(2);
        for (const { summary } of events) expect(summary).toMatch(/^The sensor has changed: [^\p{Cc}]*$/u);
        if (!isFacts(bytes)) {
          expect([events, await readFile(file(), 'utf8')]).toEqual([[], whole.toString()]);
          begunAnew += 1;
        }
        const later = await open(events);
        for (let nth = 0; nth < 3; nth += 1) await later.look(sensor);
        expect(events.length).toBeLessThan(2);
        told += events.length;
      }),
      { seed: SEED, numRuns: 200 },
    );
    expect([told > 10, begunAnew > 10]).toEqual([true, true]);
  });

  /** Whether it has texts by name alone. */
  function isFacts(bytes: Buffer): boolean {
    try {
      const value: unknown = JSON.parse(bytes.toString());
      if (typeof value !== 'object' || value === null || Array.isArray(value)) return false;
      return Object.values(value).every((one) => typeof one === 'string');
    } catch {
      return false;
    }
  }
});
