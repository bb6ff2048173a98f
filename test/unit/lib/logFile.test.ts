import { mkdir, readFile, readdir, stat, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { openLogFile } from '../../../src/lib/logFile';
import { temporaryFolder } from '../../support/temporaryFolder';

let folder: Awaited<ReturnType<typeof temporaryFolder>>;
let file: string;
beforeEach(async () => {
  folder = await temporaryFolder();
  file = path.join(folder.path, 'sensorproxy.log');
});
afterEach(() => folder.remove());

const lines = (from: number, to: number) =>
  Array.from({ length: to - from + 1 }, (_, index) => `line ${String(from + index).padStart(4, '0')}\n`);

describe('a log file', () => {
  it('has each line as soon as it was written, in order', async () => {
    const write = openLogFile(file);
    write('one\n');
    expect(await readFile(file, 'utf8')).toBe('one\n');
    write('zwei ä\n');
    expect(await readFile(file, 'utf8')).toBe('one\nzwei ä\n');
  });

  it('is its owner’s alone', async () => {
    openLogFile(file)('one\n');
    if (process.platform !== 'win32') expect((await stat(file)).mode & 0o777).toBe(0o600);
  });

  it('is not made before there is a line', async () => {
    openLogFile(file);
    expect(await readdir(folder.path)).toEqual([]);
  });

  it('that was there already is gone on with', async () => {
    await writeFile(file, 'before\n');
    openLogFile(file)('after\n');
    expect(await readFile(file, 'utf8')).toBe('before\nafter\n');
  });

  it('is put aside when it is full, counting what was there, and bytes and not letters', async () => {
    await writeFile(file, 'ä'.repeat(10));
    const write = openLogFile(file, 21);
    write('x');
    write('y');
    expect(await readFile(`${file}.1`, 'utf8')).toBe(`${'ä'.repeat(10)}x`);
    expect(await readFile(file, 'utf8')).toBe('y');
    write('ä'.repeat(10));
    write('z');
    expect(await readFile(`${file}.1`, 'utf8')).toBe(`y${'ä'.repeat(10)}`);
    expect(await readFile(file, 'utf8')).toBe('z');
  });

  it('and its one predecessor hold the latest lines without a gap, and nothing else is kept', async () => {
    const write = openLogFile(file, 500);
    for (const line of lines(1, 1000)) write(line);
    expect((await readdir(folder.path)).sort()).toEqual(['sensorproxy.log', 'sensorproxy.log.1']);
    const kept = (await readFile(`${file}.1`, 'utf8')) + (await readFile(file, 'utf8'));
    const count = kept.length / 10;
    expect(count).toBeGreaterThanOrEqual(50);
    expect(count).toBeLessThanOrEqual(100);
    expect(kept).toBe(lines(1001 - count, 1000).join(''));
  });

  it('loses nothing when it is put aside, across restarts too', async () => {
    for (const line of lines(1, 80)) openLogFile(file, 500)(line);
    const kept = (await readFile(`${file}.1`, 'utf8')) + (await readFile(file, 'utf8'));
    expect(kept).toBe(lines(1, 80).join(''));
  });
});

describe('a log file that cannot be written', () => {
  it('is no reason to stop, and is written when its folder is there', async () => {
    const late = path.join(folder.path, 'late', 'sensorproxy.log');
    const write = openLogFile(late);
    write('lost\n');
    await mkdir(path.dirname(late));
    write('kept\n');
    expect(await readFile(late, 'utf8')).toBe('kept\n');
  });

  it('is no reason to stop when its folder is none', async () => {
    await writeFile(path.join(folder.path, 'plain'), '');
    const write = openLogFile(path.join(folder.path, 'plain', 'sensorproxy.log'));
    write('lost\n');
    write('lost\n');
    expect(await readdir(folder.path)).toEqual(['plain']);
  });

  it('is no reason to stop when a folder has its name', async () => {
    await mkdir(file);
    openLogFile(file)('lost\n');
    expect(await readdir(file)).toEqual([]);
  });

  it('is no reason to stop when it cannot be put aside', async () => {
    await mkdir(path.join(`${file}.1`, 'taken'), { recursive: true });
    const write = openLogFile(file, 8);
    for (const line of lines(1, 3)) write(line);
    expect(await readFile(file, 'utf8')).toMatch(/^line 0001\n/);
  });
});
