import { appendFile, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import fc from 'fast-check';
import { formatLine, GENESIS, parseLine } from '../../../src/journal/chain';
import { JournalFolder } from '../../../src/journal/journalFolder';
import { verifyJournal } from '../../../src/journal/verify';
import { memoryLogger } from '../../support/memoryLogger';
import { temporaryFolder } from '../../support/temporaryFolder';

interface Entry {
  readonly id: string;
  readonly at: string;
}

const isEntry = (value: unknown): value is Entry =>
  typeof value === 'object' && value !== null && 'id' in value;

let folder: Awaited<ReturnType<typeof temporaryFolder>>;
beforeEach(async () => (folder = await temporaryFolder()));
afterEach(() => folder.remove());

const FIRST = '000000000000001.jsonl';
const inFolder = (name = FIRST) => path.join(folder.path, name);

/** Writes entries 1 to `count`; some 250 bytes each, so that a file of 1000 holds five. */
async function write(count: number, segmentBytes = 1_000_000): Promise<void> {
  const journal = await JournalFolder.open<Entry>(folder.path, {
    logger: memoryLogger(),
    isEntry,
    segmentBytes,
  });
  for (let id = 1; id <= count; id += 1) await journal.append({ id: String(id).padStart(4, '0'), at: 'now' });
  await journal.close();
}

async function editLines(edit: (lines: string[]) => string[], name = FIRST): Promise<void> {
  const lines = (await readFile(inFolder(name), 'utf8')).trimEnd().split('\n');
  await writeFile(inFolder(name), edit(lines).join('\n') + '\n');
}

const firstOf = async (nth: number) => {
  const names = (await readdir(folder.path)).filter((name) => name.endsWith('.jsonl')).sort();
  return Number(names[nth - 1]?.slice(0, 15));
};

const faults = async () => (await verifyJournal(folder.path)).faults;

describe('verifying a journal', () => {
  it('finds nothing wrong with one that was only ever written by the service', async () => {
    await write(12, 1000);
    expect(await verifyJournal(folder.path)).toMatchObject({ entries: 12, faults: [], torn: [] });
  });

  it('finds nothing wrong with an empty one', async () => {
    expect(await verifyJournal(folder.path)).toEqual({ entries: 0, lastHash: GENESIS, faults: [], torn: [] });
  });

  it('gives each entry in order, for the export', async () => {
    await write(7, 1000);
    const seen: unknown[] = [];
    await verifyJournal(folder.path, (entry) => seen.push(entry));
    expect(seen.map((entry) => (entry as Entry).id)).toEqual([
      '0001',
      '0002',
      '0003',
      '0004',
      '0005',
      '0006',
      '0007',
    ]);
  });

  it('names the line whose text was changed', async () => {
    await write(5);
    await editLines((lines) => lines.map((line, at) => (at === 2 ? line.replace('now', 'then') : line)));
    expect((await faults())[0]).toMatchObject({
      file: FIRST,
      line: 3,
      detail: expect.stringContaining('changed') as unknown,
    });
  });

  it('names a line that was changed with its hash made to fit', async () => {
    await write(5);
    await editLines((lines) => {
      const third = parseLine(lines[2] ?? '');
      if (typeof third === 'string') throw new Error('no line');
      lines[2] = formatLine(3, third.prev, { id: '0003', at: 'never' }).text;
      return lines;
    });
    expect((await faults())[0]).toMatchObject({
      line: 4,
      detail: expect.stringContaining('not the one') as unknown,
    });
  });

  it('names the place where lines were taken out', async () => {
    await write(6);
    await editLines((lines) => lines.filter((_, at) => at !== 2 && at !== 3));
    expect(await faults()).toEqual([
      { file: FIRST, line: 3, detail: 'entries 3 to 4 are missing before it' },
    ]);
  });

  it('names a line that was put in twice', async () => {
    await write(3);
    await editLines((lines) => [lines[0] ?? '', lines[0] ?? '', ...lines.slice(1)]);
    expect((await faults())[0]).toMatchObject({
      line: 2,
      detail: expect.stringContaining('put in') as unknown,
    });
  });

  it('tells that the end was cut off', async () => {
    await write(4);
    await editLines((lines) => lines.slice(0, 2));
    expect(await faults()).toEqual([
      { file: FIRST, line: null, detail: 'the end is missing: entries 3 to 4 were written' },
    ]);
  });

  it('tells that the end was cut off within its last line: an entry is missing, and no torn line is told apart', async () => {
    await write(4);
    const whole = await readFile(inFolder());
    await writeFile(inFolder(), whole.subarray(0, -30));
    expect(await verifyJournal(folder.path)).toMatchObject({
      torn: [],
      faults: [
        { file: FIRST, line: 4, detail: 'it was changed: it is no line of the journal any more' },
        { file: FIRST, line: null, detail: 'the end is missing: entry 4 was written' },
      ],
    });
  });

  it('names the place where one line was taken out', async () => {
    await write(4);
    await editLines((lines) => lines.filter((_, at) => at !== 1));
    expect(await faults()).toEqual([{ file: FIRST, line: 2, detail: 'entry 2 is missing before it' }]);
  });

  it('tells that the end was cut off although entries came behind it', async () => {
    await write(4);
    await editLines((lines) => lines.slice(0, 2));
    await write(1);
    expect((await faults())[0]).toMatchObject({ line: 3, detail: 'entries 3 to 4 are missing before it' });
  });

  it('names a file that is missing, and one that was renamed', async () => {
    await write(30, 1000);
    const [, second = ''] = (await readdir(folder.path)).filter((name) => name.endsWith('.jsonl')).sort();
    await rename(inFolder(second), inFolder('kept.aside'));
    expect((await faults())[0]?.detail).toBe(
      `it begins with entry ${await firstOf(2)}, and entry ${Number(second.slice(0, 15))} was expected`,
    );
  });

  it('tells a missing anchor', async () => {
    await write(2);
    await rm(inFolder('anchor'));
    expect((await faults())[0]).toMatchObject({ file: 'anchor', line: null });
  });

  it('does not take what a killed append left for a change', async () => {
    await write(2);
    await appendFile(inFolder(), '{"seq":3,"prev":"00');
    expect(await verifyJournal(folder.path)).toMatchObject({ entries: 2, faults: [], torn: [{ line: 3 }] });
    await write(1);
    expect(await verifyJournal(folder.path)).toMatchObject({ entries: 3, faults: [], torn: [{ line: 3 }] });
  });

  it('finds any byte that was flipped', async () => {
    await write(6);
    const whole = await readFile(inFolder());
    await fc.assert(
      fc.asyncProperty(fc.nat(whole.length - 1), fc.integer({ min: 0, max: 7 }), async (at, bit) => {
        const bytes = Buffer.from(whole);
        bytes[at] = (bytes[at] ?? 0) ^ (1 << bit);
        await writeFile(inFolder(), bytes);
        // The newline of the very last line says nothing.
        const { faults: found, torn } = await verifyJournal(folder.path);
        expect(found.length + torn.length > 0 || at === whole.length - 1).toBe(true);
        expect(found.length > 0 || at === whole.length - 1).toBe(true);
      }),
      { numRuns: 200 },
    );
  });
});

describe('a line', () => {
  it('is parsed to what was formatted', () => {
    fc.assert(
      fc.property(fc.nat(), fc.dictionary(fc.string(), fc.jsonValue()), (number, entry) => {
        const seq = number + 1;
        const { text, hash } = formatLine(seq, GENESIS, entry);
        expect(text).not.toContain('\n');
        const parsed = parseLine(text);
        expect(parsed).toMatchObject({ seq, prev: GENESIS, hash });
        expect(typeof parsed === 'string' ? null : JSON.stringify(parsed.entry)).toBe(JSON.stringify(entry));
      }),
    );
  });

  it('is never read from other text', () => {
    fc.assert(
      fc.property(fc.string(), (text) => {
        expect(['torn', 'changed']).toContain(parseLine(text));
      }),
    );
  });
});
