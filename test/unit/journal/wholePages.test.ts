import { readFile, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { JournalFolder } from '../../../src/journal/journalFolder';
import { memoryLogger } from '../../support/memoryLogger';
import { temporaryFolder } from '../../support/temporaryFolder';

interface Entry {
  readonly id: string;
  readonly at: string;
}

let folder: Awaited<ReturnType<typeof temporaryFolder>>;
let location: string;
const logger = memoryLogger();

beforeEach(async () => {
  folder = await temporaryFolder();
  location = path.join(folder.path, 'journal');
  logger.lines.length = 0;
});
afterEach(() => folder.remove());

function isEntry(value: unknown): value is Entry {
  return typeof value === 'object' && value !== null && 'id' in value && 'at' in value;
}

async function withJournal(use: (journal: JournalFolder<Entry>) => Promise<void>): Promise<void> {
  const journal = await JournalFolder.open(location, { logger, isEntry, segmentBytes: 500, lookAtMost: 4 });
  try {
    await use(journal);
  } finally {
    await journal.close();
  }
}

const nameOf = (firstSeq: number) => path.join(location, `${String(firstSeq).padStart(15, '0')}.jsonl`);
const damage = async (firstSeq: number, id: number) => {
  const text = await readFile(nameOf(firstSeq), 'utf8');
  expect(text).toContain(`"id":"${id}"`);
  await writeFile(nameOf(firstSeq), text.replace(`"id":"${id}"`, '"id":"x"'));
};
/** Asks for the newest entry with this id, page after page. */
const newestOf = async (journal: JournalFolder<Entry>, id: number): Promise<string | undefined> => {
  for (let cursor: string | undefined; ;) {
    const accepts = (entry: Entry) => entry.id === String(id);
    const { items, next } = await journal.page({ limit: 1, cursor, accepts, whole: true });
    if (items[0] !== undefined || next === null) return items[0]?.id;
    cursor = next;
  }
};
/** Whether the entry that was asked for was found; otherwise the error's code. */
const answerFor = (journal: JournalFolder<Entry>, id: number) =>
  newestOf(journal, id).catch((error: unknown) => (error as { readonly code?: string }).code);

/** Nine entries, three in a file. */
beforeEach(() =>
  withJournal(async (journal) => {
    for (let id = 1; id <= 9; id += 1)
      await journal.append({ id: String(id), at: '2026-01-01T00:00:00.000Z' });
    expect((await readFile(nameOf(7), 'utf8')).split('\n')).toHaveLength(4);
  }),
);

describe('a page of a journal that must be whole', () => {
  it('is as any other where nothing is missing', async () => {
    await withJournal(async (journal) => {
      expect(await Promise.all([9, 5, 1, 99].map((id) => answerFor(journal, id)))).toEqual([
        '9',
        '5',
        '1',
        undefined,
      ]);
      const { items, next } = await journal.page({ limit: 9, whole: true });
      expect([items.length, next]).toEqual([9, null]);
    });
  });

  it.each<[string, number, () => Promise<void>]>([
    ['its newest entry is damaged', 9, () => damage(7, 9)],
    ['an entry in the middle is damaged', 5, () => damage(4, 5)],
    ['its oldest entry is damaged', 1, () => damage(1, 1)],
    ['a file is gone', 6, () => rm(nameOf(4))],
    ['its oldest file is gone', 3, () => rm(nameOf(1))],
    ['its newest file is gone', 9, () => rm(nameOf(7))],
  ])('is given down to there, and refused behind it, where %s', async (_where, at, spoil) => {
    await spoil();
    await withJournal(async (journal) => {
      for (let id = 9; id >= 1; id -= 1)
        expect([id, await answerFor(journal, id)]).toEqual([id, id > at ? `${id}` : 'journal-unavailable']);
      // What is asked for without that is passed over as before.
      expect((await journal.page({ limit: 9 })).items.length).toBeGreaterThan(5);
    });
  });

  it('is refused where an entry was changed while the journal was open, which is said once', async () => {
    await withJournal(async (journal) => {
      await damage(7, 8);
      for (let time = 0; time < 3; time += 1) {
        expect(await answerFor(journal, 9)).toBe('9');
        expect(await answerFor(journal, 7)).toBe('journal-unavailable');
        expect((await journal.page({ limit: 9 })).items).toHaveLength(8);
      }
    });
    expect(logger.lines.filter((line) => line.includes('has been changed'))).toHaveLength(1);
  });

  it('is refused where a file cannot be read, which is said once until it can be', async () => {
    const saids: number[] = [];
    for (const firstSeq of [4, 1]) {
      await withJournal(async (journal) => {
        const bytes = await readFile(nameOf(firstSeq));
        await rm(nameOf(firstSeq));
        for (let time = 0; time < 3; time += 1) {
          expect(await answerFor(journal, 7)).toBe('7');
          expect(await answerFor(journal, firstSeq)).toBe('journal-unavailable');
          expect((await journal.page({ limit: 9 })).items).toHaveLength(6);
        }
        await writeFile(nameOf(firstSeq), bytes);
        expect(await answerFor(journal, firstSeq)).toBe(String(firstSeq));
      });
      saids.push(logger.lines.filter((line) => line.includes('a file of the journal cannot be read')).length);
    }
    expect(saids).toEqual([1, 2]);
  });
});
