import { type FileHandle, appendFile, open, readFile, readdir, writeFile } from 'node:fs/promises';
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

const placeOf = (number: number) => ({ seq: number, id: idOf(number) });
const numbers = (events: readonly ServiceEvent[]) => events.map(({ id }) => Number(id.slice(11, 18)));

describe('the event log', () => {
  it('gives events back after it was closed and opened again, oldest first behind an id', async () => {
    await withLog((log) => fill(log, 1, 5));
    await withLog(async (log) => {
      expect(await log.newest()).toEqual(placeOf(5));
      expect(await log.after(null, 2)).toEqual({
        events: [event(1), event(2)],
        place: placeOf(2),
        missed: 0,
      });
      expect(await log.after(placeOf(2), 2)).toEqual({
        events: [event(3), event(4)],
        place: placeOf(4),
        missed: 0,
      });
      expect(numbers((await log.after(placeOf(4), 9)).events)).toEqual([5]);
      expect(await log.after(placeOf(5), 9)).toEqual({ events: [], place: placeOf(5), missed: 0 });
    });
  });

  it('has no newest event before the first', async () => {
    await withLog(async (log) => {
      expect(await log.newest()).toBeNull();
      for (const place of [null, placeOf(1)])
        expect(await log.after(place, 9)).toEqual({ events: [], place, missed: 0 });
    });
  });

  it('has an event on the disk before it tells anybody, and tells nobody who has left', async () => {
    await withLog(async (log) => {
      const seen: (string | null)[] = [];
      const leave = log.onRecorded(() => {
        void log.newest().then((place) => seen.push(place?.id ?? null));
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
      expect(numbers((await log.after(null, 9)).events)).toEqual([1]);
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
      const { events, missed } = await log.after(null, 9);
      expect([numbers(events), missed]).toEqual([[1, 3, 5], 1]);
      // Behind the damaged event: what was recorded after it.
      expect(await log.after(placeOf(2), 9)).toMatchObject({ events: [event(3), event(5)], missed: 0 });
    });
    const damaged = logger.lines.find((line) => line.includes('cannot be used')) ?? '{}';
    expect(JSON.parse(damaged)).toMatchObject({ level: 'error', damaged: 2, folder: 'events' });
  });

  it('drops the oldest files, goes on behind an event that is gone, and tells how many went unseen', async () => {
    const sizes = { segmentBytes: 1500, fullFilesKept: 2 };
    await withLog((log) => fill(log, 1, 40), sizes);
    const files = (await readdir(path.join(folder.path, 'events'))).filter((name) => name.endsWith('.jsonl'));
    expect(files).toHaveLength(3);
    await withLog(async (log) => {
      const all = await log.after(null, 99);
      const kept = numbers(all.events);
      expect(all.missed).toBe(40 - kept.length);
      expect(kept.length).toBeGreaterThan(3);
      expect(kept.length).toBeLessThan(20);
      expect(kept.at(-1)).toBe(40);
      const late = await log.after(placeOf(2), 99);
      expect([numbers(late.events), late.missed]).toEqual([kept, 40 - kept.length - 2]);
      const middle = await log.after(placeOf(kept[2] ?? 0), 99);
      expect([numbers(middle.events), middle.missed]).toEqual([kept.slice(3), 0]);
      const page = await log.page({ limit: 99 });
      expect(numbers(page.items)).toEqual([...kept].reverse());
    }, sizes);
  });

  it('keeps the order of recording when the clock was set back, also behind an event that is gone', async () => {
    const sizes = { segmentBytes: 1500, fullFilesKept: 2 };
    const order = Array.from({ length: 40 }, (_each, nth) => (nth < 20 ? 100 + nth : nth));
    await withLog(async (log) => {
      for (const number of order) await log.append(event(number));
      const { events, missed } = await log.after({ seq: 2, id: idOf(101) }, 99);
      expect(numbers(events)).toEqual(order.slice(2 + missed));
      expect(missed).toBeGreaterThan(0);
      expect(await log.newest()).toEqual({ seq: 40, id: idOf(39) });
    }, sizes);
  });

  it('gives what is newer by its time where the folder was replaced by another', async () => {
    await withLog(async (log) => {
      await fill(log, 5, 9);
      expect(numbers((await log.after({ seq: 2, id: idOf(7) }, 99)).events)).toEqual([8, 9]);
      expect(numbers((await log.after({ seq: 2, id: '20261124T060000006Z-ffffffff' }, 99)).events)).toEqual([
        7, 8, 9,
      ]);
      expect(numbers((await log.after({ seq: 700, id: idOf(4) }, 99)).events)).toEqual([5, 6, 7, 8, 9]);
    });
  });

  it('reads a few times for a page of a rare type, however short the page', async () => {
    await withLog(async (log) => {
      await log.append(event(1, 'sensor.changed'));
      for (let number = 2; number <= 300; number += 1) await log.append(event(number));
      const handle = await open(path.join(folder.path, 'events', '000000000000001.jsonl'));
      const read = jest.spyOn(Object.getPrototypeOf(handle) as FileHandle, 'read');
      const { items, next } = await log.page({ limit: 1, types: ['sensor.changed'] });
      expect([numbers(items), next]).toEqual([[1], null]);
      expect(read.mock.calls.length).toBeLessThan(10);
      read.mockRestore();
      await handle.close();
    });
  });

  it('says by name that its folder cannot be used', async () => {
    await writeFile(path.join(folder.path, 'events'), '');
    await expect(EventLog.open(folder.path, { logger })).rejects.toMatchObject({
      code: 'events-unusable',
      detail: expect.stringContaining('EEXIST'),
    });
  });
});
