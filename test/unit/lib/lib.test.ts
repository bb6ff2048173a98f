import { mkdir, readFile, readdir, writeFile } from 'node:fs/promises';
import path from 'node:path';
import fc from 'fast-check';
import { systemClock } from '../../../src/lib/clock';
import { decodeCursor, encodeCursor } from '../../../src/lib/cursor';
import { writeFileDurably } from '../../../src/lib/durableFile';
import { createLogger } from '../../../src/lib/logger';
import { Mutex } from '../../../src/lib/mutex';
import { isRecordId, newRecordId } from '../../../src/lib/recordId';
import { temporaryFolder } from '../../support/temporaryFolder';

describe('a durable write', () => {
  it('replaces a file whole and leaves nothing beside it', async () => {
    const folder = await temporaryFolder();
    try {
      const file = path.join(folder.path, 'f');
      await writeFileDurably(file, 'old');
      await writeFileDurably(file, 'new');
      expect(await readFile(file, 'utf8')).toBe('new');
      expect(await readdir(folder.path)).toEqual(['f']);
    } finally {
      await folder.remove();
    }
  });

  it('that fails leaves what was there, and no temporary file', async () => {
    const folder = await temporaryFolder();
    try {
      const occupied = path.join(folder.path, 'f');
      await mkdir(occupied);
      await writeFile(path.join(occupied, 'inside'), 'x');
      await expect(writeFileDurably(occupied, 'new')).rejects.toThrow();
      expect(await readdir(folder.path)).toEqual(['f']);
      expect(await readFile(path.join(occupied, 'inside'), 'utf8')).toBe('x');
    } finally {
      await folder.remove();
    }
  });
});

describe('a mutex', () => {
  it('runs tasks one at a time in order, whether or not one fails', async () => {
    const mutex = new Mutex();
    const seen: string[] = [];
    const task = (name: string, fails = false) =>
      mutex.run(async () => {
        seen.push(`${name} in`);
        await new Promise((resolve) => setImmediate(resolve));
        seen.push(`${name} out`);
        if (fails) throw new Error(name);
      });
    const ended = await Promise.allSettled([task('a'), task('b', true), task('c')]);
    expect(ended.map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'fulfilled']);
    expect(seen).toEqual(['a in', 'a out', 'b in', 'b out', 'c in', 'c out']);
  });
});

describe('a logger', () => {
  it('writes one JSON object a line, from its level upwards, whatever a value holds', () => {
    const lines: string[] = [];
    const logger = createLogger('warn', systemClock, (line) => lines.push(line));
    logger.info('quiet');
    logger.error('loud', { value: 'a\r\n{"level":"info"}' });
    expect(lines).toHaveLength(1);
    expect(lines[0]?.trimEnd()).not.toContain('\n');
    expect(JSON.parse(lines[0] ?? '')).toMatchObject({
      level: 'error',
      message: 'loud',
      value: 'a\r\n{"level":"info"}',
    });
  });
});

describe('a record id', () => {
  it('sorts by time and is the only thing taken for one', () => {
    let now = '2026-11-24T06:15:12.345Z';
    const clock = { now: () => now, monotonicMs: () => 0 };
    const first = newRecordId(clock);
    now = '2026-11-24T06:15:12.346Z';
    const second = newRecordId(clock);
    expect(first < second).toBe(true);
    expect(first).toMatch(/^20261124T061512345Z-[0-9a-f]{8}$/);
    fc.assert(fc.property(fc.string(), (text) => !isRecordId(text)));
    expect(isRecordId(`${first}\n`)).toBe(false);
  });
});

describe('a cursor', () => {
  it('comes back as the position that it was made from, and nothing else is taken for one', () => {
    const isNumber = (text: string) => /^\d+$/.test(text);
    fc.assert(
      fc.property(fc.nat(), (position) => {
        expect(decodeCursor(encodeCursor(String(position)), isNumber)).toBe(String(position));
      }),
    );
    fc.assert(
      fc.property(fc.string(), (text) => {
        fc.pre(encodeCursor(Buffer.from(text, 'base64url').toString('utf8')) !== text || !isNumber(text));
        try {
          expect(isNumber(decodeCursor(text, isNumber))).toBe(true);
        } catch (error) {
          expect(error).toMatchObject({ code: 'cursor-invalid' });
        }
      }),
    );
  });
});
