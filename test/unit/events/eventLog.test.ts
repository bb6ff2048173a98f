import { appendFile, readFile, readdir, writeFile } from 'node:fs/promises';
import path from 'node:path';
import type { EventType, ServiceEvent } from '../../../src/events/event';
import { EventLog } from '../../../src/events/eventLog';
import { memoryLogger } from '../../support/memoryLogger';
import { temporaryFolder } from '../../support/temporaryFolder';

let folder: Awaited<ReturnType<typeof temporaryFolder>>;
const logger = memoryLogger();

beforeEach(async () => {
  folder = await temporaryFolder();
  logger.lines.length = 0;
});
afterEach(() => folder.remove());

const idOf = (number: number) => `20261124T06${String(number).padStart(7, '0')}Z-00000000`;

function event(number: number, type: EventType = 'proxy.drift.detected', summary = 'x'): ServiceEvent {
  return {
    id: idOf(number),
    at: '2026-11-24T06:00:00.000Z',
    type,
    subject: 'LocalService',
    problem: 'drift/LocalService',
    resolved: false,
    severity: 'warning',
    summary,
    data: {},
  };
}

async function withLog<T>(
  use: (log: EventLog) => Promise<T>,
  sizes: { readonly segmentBytes?: number; readonly fullFilesKept?: number } = {},
): Promise<T> {
  const log = await EventLog.open(folder.path, { logger, ...sizes });
  try {
    return await use(log);
  } finally {
    await log.close();
  }
}

async function fill(log: EventLog, from: number, to: number): Promise<void> {
  for (let number = from; number <= to; number += 1) await log.append(event(number));
}

const numbers = (events: readonly ServiceEvent[]) => events.map(({ id }) => Number(id.slice(11, 18)));

describe('the event log', () => {
  it('gives events back after it was closed and opened again, oldest first behind an id', async () => {
    await withLog((log) => fill(log, 1, 5));
    await withLog(async (log) => {
      expect(await log.newestId()).toBe(idOf(5));
      expect(numbers(await log.after(null, 2))).toEqual([1, 2]);
      expect(numbers(await log.after(idOf(2), 2))).toEqual([3, 4]);
      expect(numbers(await log.after(idOf(4), 9))).toEqual([5]);
      expect(await log.after(idOf(5), 9)).toEqual([]);
      expect((await log.after(idOf(2), 1))[0]).toEqual(event(3));
    });
  });

  it('has no newest event before the first', async () => {
    await withLog(async (log) => {
      expect(await log.newestId()).toBeNull();
      expect(await log.after(null, 9)).toEqual([]);
      expect(await log.after(idOf(1), 9)).toEqual([]);
    });
  });

  it('has an event on the disk before it tells anybody, and tells nobody who has left', async () => {
    await withLog(async (log) => {
      const seen: (string | null)[] = [];
      const leave = log.onRecorded(() => {
        void log.newestId().then((id) => seen.push(id));
      });
      await fill(log, 1, 2);
      const text = await readFile(path.join(folder.path, 'events', '000000000000001.jsonl'), 'utf8');
      expect(text.trimEnd().split('\n')).toHaveLength(2);
      leave();
      await fill(log, 3, 3);
      expect(seen).toEqual([idOf(1), idOf(2)]);
    });
  });

  it('writes an event of the same id once, also after it was opened again', async () => {
    await withLog(async (log) => {
      await Promise.all([log.append(event(1)), log.append(event(1))]);
    });
    await withLog(async (log) => {
      let told = 0;
      log.onRecorded(() => (told += 1));
      await log.append(event(1));
      expect(numbers(await log.after(null, 9))).toEqual([1]);
      expect(told).toBe(0);
    });
  });

  it('pages by type, newest first, and misses none', async () => {
    await withLog(async (log) => {
      for (let number = 1; number <= 9; number += 1) {
        await log.append(event(number, number % 3 === 0 ? 'sensor.changed' : 'proxy.changed'));
      }
      const first = await log.page({ limit: 2, types: ['sensor.changed'] });
      expect(numbers(first.items)).toEqual([9, 6]);
      await log.append(event(10, 'sensor.changed'));
      const second = await log.page({ limit: 2, types: ['sensor.changed'], cursor: first.next ?? '' });
      expect([numbers(second.items), second.next]).toEqual([[3], null]);
      const both = await log.page({ limit: 9, types: ['sensor.changed', 'proxy.changed'] });
      expect(numbers(both.items)).toEqual([10, 9, 8, 7, 6, 5, 4, 3, 2]);
      expect(await log.page({ limit: 9, types: ['endpoint.recovered'] })).toEqual({ items: [], next: null });
      await expect(log.page({ limit: 1, cursor: 'x', types: [] })).rejects.toMatchObject({
        code: 'cursor-invalid',
      });
    });
  });

  it('serves the rest when a line was torn or changed, says so, and goes on behind it', async () => {
    await withLog((log) => fill(log, 1, 3));
    const file = path.join(folder.path, 'events', '000000000000001.jsonl');
    const lines = (await readFile(file, 'utf8')).split('\n');
    lines[1] = (lines[1] ?? '').replace('LocalService', 'LocalSystem');
    await writeFile(file, lines.join('\n'));
    await appendFile(file, '{"seq":4,"prev":"00');
    await withLog(async (log) => {
      await fill(log, 5, 5);
      expect(numbers(await log.after(null, 9))).toEqual([1, 3, 5]);
      // Behind the damaged event: what is newer than it.
      expect(numbers(await log.after(idOf(2), 9))).toEqual([3, 5]);
    });
    const damaged = logger.lines.find((line) => line.includes('cannot be used')) ?? '{}';
    expect(JSON.parse(damaged)).toMatchObject({ level: 'error', damaged: 2, folder: 'events' });
  });

  it('drops the oldest files, and goes on behind an event that is gone', async () => {
    const sizes = { segmentBytes: 1500, fullFilesKept: 2 };
    await withLog((log) => fill(log, 1, 40), sizes);
    const files = (await readdir(path.join(folder.path, 'events'))).filter((name) => name.endsWith('.jsonl'));
    expect(files).toHaveLength(3);
    await withLog(async (log) => {
      const kept = numbers(await log.after(null, 99));
      expect(kept.length).toBeGreaterThan(3);
      expect(kept.length).toBeLessThan(20);
      expect(kept.at(-1)).toBe(40);
      expect(numbers(await log.after(idOf(2), 99))).toEqual(kept);
      const middle = kept[2] ?? 0;
      expect(numbers(await log.after(idOf(middle), 99))).toEqual(kept.slice(3));
      const page = await log.page({ limit: 99 });
      expect(numbers(page.items)).toEqual([...kept].reverse());
    }, sizes);
  });

  it('says by name that its folder cannot be used', async () => {
    await writeFile(path.join(folder.path, 'events'), '');
    await expect(EventLog.open(folder.path, { logger })).rejects.toMatchObject({
      code: 'events-unusable',
      detail: expect.stringContaining('EEXIST'),
    });
  });
});
