import { readdir, readFile, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import fc from 'fast-check';
import { openAnchorFile } from '../../../src/journal/anchor';
import type { JournalEntry } from '../../../src/journal/journal';
import { JournalFolder } from '../../../src/journal/journalFolder';
import { LineTable } from '../../../src/journal/lineTable';
import { verifyJournal } from '../../../src/journal/verify';
import { memoryLogger } from '../../support/memoryLogger';
import { temporaryFolder } from '../../support/temporaryFolder';

const COUNT = 60;

let folder: Awaited<ReturnType<typeof temporaryFolder>>;
beforeEach(async () => {
  folder = await temporaryFolder();
});
afterEach(() => folder.remove());

const isEntry = (value: unknown): value is JournalEntry =>
  typeof value === 'object' && value !== null && 'id' in value;
const idOf = (seq: number) => String(seq).padStart(4, '0');
const open = () =>
  JournalFolder.open<JournalEntry>(folder.path, { logger: memoryLogger(), isEntry, segmentBytes: 1500 });

async function write(): Promise<void> {
  const journal = await open();
  for (let seq = 1; seq <= COUNT; seq += 1) await journal.append({ id: idOf(seq), at: 'now' });
  await journal.close();
}

async function everything(): Promise<readonly string[]> {
  const journal = await open();
  try {
    const seen: string[] = [];
    let cursor: string | undefined;
    do {
      const page: Awaited<ReturnType<typeof journal.page>> = await journal.page({ limit: 7, cursor });
      seen.push(...page.items.map(({ id }) => id));
      cursor = page.next ?? undefined;
    } while (cursor !== undefined);
    for (const id of seen) expect((await journal.find(id))?.id).toBe(id);
    return seen;
  } finally {
    await journal.close();
  }
}

function flipped(bytes: Buffer, at: number): Buffer {
  const other = Buffer.from(bytes);
  other[at] = (other[at] ?? 0) ^ 1;
  return other;
}

const all = Array.from({ length: COUNT }, (_, index) => idOf(COUNT - index));
const indexes = async () => (await readdir(folder.path)).filter((name) => name.endsWith('.index'));

describe('the index of a full file', () => {
  it('is written when the file is full, and verify does not mind it', async () => {
    await write();
    expect((await indexes()).length).toBeGreaterThan(5);
    expect(await verifyJournal(folder.path)).toMatchObject({ entries: COUNT, faults: [] });
  });

  it.each<[string, (bytes: Buffer) => Buffer]>([
    ['empty', () => Buffer.alloc(0)],
    ['cut short', (bytes) => bytes.subarray(0, 40)],
    ['zeros', (bytes) => Buffer.alloc(bytes.length)],
    ['changed in a number', (bytes) => flipped(bytes, 48)],
    ['changed in the hash of an id', (bytes) => flipped(bytes, bytes.length - 1)],
    ['of wrong places', (bytes) => Buffer.concat([bytes.subarray(0, 16), bytes.subarray(16).fill(1)])],
    [
      'of numbers that are too large',
      (bytes) => Buffer.concat([bytes.subarray(0, -60), Buffer.alloc(60, 7)]),
    ],
  ])('is made anew when it is %s: every entry is found', async (_, spoil) => {
    await write();
    for (const name of await indexes()) {
      const location = path.join(folder.path, name);
      await writeFile(location, spoil(await readFile(location)));
    }
    expect(await everything()).toEqual(all);
  });

  it('is made anew when it is gone', async () => {
    await write();
    const names = await indexes();
    for (const name of names) await rm(path.join(folder.path, name));
    expect(await everything()).toEqual(all);
    expect(await indexes()).toEqual(names);
  });
});

describe('a table of lines', () => {
  it('finds lines by number, and comes back from its bytes', () => {
    fc.assert(
      fc.property(fc.uniqueArray(fc.integer({ min: 1, max: 1e9 })), (seqs) => {
        const table = new LineTable();
        for (const seq of seqs) table.add({ seq, offset: seq % 1000, length: 1 }, `id${seq}`);
        const sorted = [...seqs].sort((a, b) => a - b);
        const back = LineTable.parse(table.format(4711), 4711);
        for (const one of [table, back]) {
          expect(sorted.map((_, at) => one?.at(at).seq)).toEqual(sorted);
          for (const seq of seqs) {
            expect(one?.countBelow(seq)).toBe(sorted.indexOf(seq));
            expect([...(one?.withId(`id${seq}`) ?? [])]).toContain(sorted.indexOf(seq));
          }
        }
        expect(LineTable.parse(table.format(4711), 4712)).toBeUndefined();
      }),
    );
  });

  it('is not read from bytes of which one was flipped', () => {
    const table = new LineTable();
    for (let seq = 1; seq <= 5; seq += 1) table.add({ seq, offset: seq * 10, length: 9 }, `id${seq}`);
    const bytes = table.format(60);
    for (const at of bytes.keys()) expect(LineTable.parse(flipped(bytes, at), 60)).toBeUndefined();
  });

  it('is never read from other bytes', () => {
    fc.assert(
      fc.property(fc.uint8Array(), (bytes) => {
        expect(LineTable.parse(Buffer.from(bytes), 1)).toBeUndefined();
      }),
    );
  });
});

describe('an anchor that was taken back', () => {
  it('leaves the one before it', async () => {
    const anchor = await openAnchorFile(path.join(folder.path, 'anchor'));
    const [first, second] = [1, 2].map((seq) => ({ seq, hash: String(seq).repeat(64) }));
    if (first === undefined || second === undefined) throw new Error('no anchors');
    await anchor.write(first);
    await anchor.write(second);
    await anchor.withdraw(2);
    await anchor.withdraw(7);
    expect(await anchor.read()).toEqual(first);
    await anchor.close();
  });
});
