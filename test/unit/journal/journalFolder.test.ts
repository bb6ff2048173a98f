import {
  type FileHandle,
  appendFile,
  mkdir,
  open,
  readFile,
  readdir,
  rm,
  truncate,
  writeFile,
} from 'node:fs/promises';
import path from 'node:path';
import { formatLine, parseLine } from '../../../src/journal/chain';
import { JournalFolder } from '../../../src/journal/journalFolder';
import { verifyJournal } from '../../../src/journal/verify';
import { memoryLogger } from '../../support/memoryLogger';
import { temporaryFolder } from '../../support/temporaryFolder';

interface Entry {
  readonly id: string;
  readonly at: string;
  readonly text: string;
}

let folder: Awaited<ReturnType<typeof temporaryFolder>>;
let location: string;
let file: string;
const logger = memoryLogger();
const entry = (id: number, text = 'x'): Entry => ({ id: String(id), at: '2026-01-01T00:00:00.000Z', text });

beforeEach(async () => {
  folder = await temporaryFolder();
  location = path.join(folder.path, 'journal');
  file = path.join(location, '000000000000001.jsonl');
  logger.lines.length = 0;
});
afterEach(() => {
  jest.restoreAllMocks();
  return folder.remove();
});

async function withJournal<T>(
  use: (journal: JournalFolder<Entry>) => Promise<T>,
  segmentBytes?: number,
  lookAtMost?: number,
): Promise<T> {
  const journal = await JournalFolder.open(location, { logger, isEntry, segmentBytes, lookAtMost });
  try {
    return await use(journal);
  } finally {
    await journal.close();
  }
}

function isEntry(value: unknown): value is Entry {
  return typeof value === 'object' && value !== null && 'id' in value && 'at' in value && 'text' in value;
}

const ids = (page: { readonly items: readonly Entry[] }) => page.items.map(({ id }) => id);

describe('a journal', () => {
  it('gives entries back after it was closed and opened again, by id and by page, newest first', async () => {
    await withJournal(async (journal) => {
      for (let id = 1; id <= 5; id += 1) await journal.append(entry(id, `line\nbreak "${id}" ü`));
    });
    await withJournal(async (journal) => {
      expect(await journal.find('3')).toEqual(entry(3, 'line\nbreak "3" ü'));
      expect(await journal.find('9')).toBeUndefined();
      const first = await journal.page({ limit: 2 });
      const second = await journal.page({ limit: 2, cursor: first.next ?? '' });
      const third = await journal.page({ limit: 2, cursor: second.next ?? '' });
      expect([ids(first), ids(second), ids(third)]).toEqual([['5', '4'], ['3', '2'], ['1']]);
      expect(third.next).toBeNull();
    });
  });

  it('gives chosen entries, and looks at so many at most for one page', async () => {
    await withJournal(
      async (journal) => {
        for (let id = 1; id <= 30; id += 1) await journal.append(entry(id));
        const accepts = ({ id }: Entry) => id === '1' || id === '2' || id === '29';
        const first = await journal.page({ limit: 1, accepts });
        const second = await journal.page({ limit: 9, cursor: first.next ?? '', accepts });
        const third = await journal.page({ limit: 9, cursor: second.next ?? '', accepts });
        expect([ids(first), ids(second), ids(third)]).toEqual([['29'], [], ['2', '1']]);
        expect(third.next).toBeNull();
      },
      1000,
      20,
    );
  });

  it('gives no more bytes than a page may have, but one entry always', async () => {
    const journal = await JournalFolder.open(location, { logger, isEntry, pageBytes: 5_000 });
    try {
      for (const [id, size] of [10, 2_000, 2_000, 2_000, 9_000, 10].entries())
        await journal.append(entry(id + 1, 'x'.repeat(size)));
      const seen: string[][] = [];
      for (let cursor: string | undefined, more = true; more;) {
        const page: Awaited<ReturnType<typeof journal.page>> = await journal.page({ limit: 9, cursor });
        seen.push(ids(page));
        more = page.next !== null;
        cursor = page.next ?? undefined;
      }
      expect(seen).toEqual([['6'], ['5'], ['4', '3'], ['2', '1']]);
    } finally {
      await journal.close();
    }
  });

  it('keeps a cursor’s place while entries are added', async () => {
    await withJournal(async (journal) => {
      for (let id = 1; id <= 4; id += 1) await journal.append(entry(id));
      const { next } = await journal.page({ limit: 2 });
      await journal.append(entry(5));
      expect(ids(await journal.page({ limit: 2, cursor: next ?? '' }))).toEqual(['2', '1']);
    });
  });

  it.each([
    'bogus',
    '',
    'OTk',
    Buffer.from('-1').toString('base64url'),
    Buffer.from('1e1').toString('base64url'),
  ])('refuses the cursor %j', async (cursor) => {
    await withJournal(async (journal) => {
      await journal.append(entry(1));
      await expect(journal.page({ limit: 1, cursor })).rejects.toMatchObject({ code: 'cursor-invalid' });
    });
  });

  it('writes many entries at once, each on a line of its own', async () => {
    await withJournal((journal) =>
      Promise.all(Array.from({ length: 50 }, (_, id) => journal.append(entry(id)))),
    );
    const lines = (await readFile(file, 'utf8')).trimEnd().split('\n');
    expect(lines.map((line) => (JSON.parse(line) as { entry: Entry }).entry.id)).toEqual(
      Array.from({ length: 50 }, (_, id) => String(id)),
    );
  });

  it('begins a line of its own behind a torn one, says so, and still serves the rest', async () => {
    await withJournal((journal) => journal.append(entry(1)));
    await appendFile(file, '{"id":"2","at":"20');
    await withJournal(async (journal) => {
      await journal.append(entry(3));
      expect(ids(await journal.page({ limit: 9 }))).toEqual(['3', '1']);
    });
    expect(logger.lines.join('')).toContain('cannot be used');
    await withJournal(async (journal) => {
      expect(ids(await journal.page({ limit: 9 }))).toEqual(['3', '1']);
      expect((await readFile(file, 'utf8')).split('\n')[1]).toBe('{"id":"2","at":"20');
    });
  });

  it('passes over a line that is JSON but no entry', async () => {
    await mkdir(location);
    await writeFile(file, '{"id":"1","at":"x"}\nnull\n[]\n');
    await withJournal(async (journal) => {
      await journal.append(entry(2));
      expect(ids(await journal.page({ limit: 9 }))).toEqual(['2']);
      expect(await journal.find('1')).toBeUndefined();
    });
  });

  it('passes over a line that is damaged in the middle', async () => {
    await withJournal(async (journal) => {
      for (let id = 1; id <= 3; id += 1) await journal.append(entry(id));
    });
    const lines = (await readFile(file, 'utf8')).split('\n');
    lines[1] = (lines[1] ?? '').replace('{', '[');
    await writeFile(file, lines.join('\n'));
    await withJournal(async (journal) => {
      expect(ids(await journal.page({ limit: 9 }))).toEqual(['3', '1']);
    });
  });

  it('goes on in a new file when one is full, and pages and finds through all of them', async () => {
    const text = 'x'.repeat(200);
    await withJournal(async (journal) => {
      for (let id = 1; id <= 20; id += 1) await journal.append(entry(id, text));
    }, 1000);
    expect((await readdir(location)).filter((name) => name.endsWith('.jsonl')).length).toBeGreaterThan(4);
    await withJournal(async (journal) => {
      await journal.append(entry(21, text));
      expect(await journal.find('3')).toEqual(entry(3, text));
      expect(await journal.find('21')).toEqual(entry(21, text));
      const seen: string[] = [];
      let cursor: string | undefined;
      do {
        const page: Awaited<ReturnType<typeof journal.page>> = await journal.page({ limit: 4, cursor });
        seen.push(...ids(page));
        cursor = page.next ?? undefined;
      } while (cursor !== undefined);
      expect(seen).toEqual(Array.from({ length: 21 }, (_, index) => String(21 - index)));
      expect(journal.size.entries).toBe(21);
    }, 1000);
  });

  it.each<[string, (notes: string) => string | undefined]>([
    ['gone', () => undefined],
    ['cut short', (notes) => notes.slice(0, -20)],
    ['changed in a number', (notes) => notes.replace('"lastSeq": 2', '"lastSeq": 3')],
    ['changed in an id', (notes) => notes.replace('"minId": "1"', '"minId": "2"')],
    [
      'from before they had a hash',
      (notes) => JSON.stringify((JSON.parse(notes) as { files: unknown }).files),
    ],
  ])('makes the notes about full files again when they are %s, and says so once', async (_, spoil) => {
    await withJournal(async (journal) => {
      for (let id = 1; id <= 9; id += 1) await journal.append(entry(id, 'x'.repeat(400)));
    }, 1000);
    const sealedFile = path.join(location, 'sealed.json');
    const whole = await readFile(sealedFile, 'utf8');
    const spoilt = spoil(whole);
    expect(spoilt).not.toBe(whole);
    await (spoilt === undefined ? rm(sealedFile) : writeFile(sealedFile, spoilt));
    logger.lines.length = 0;
    for (let start = 0; start < 2; start += 1) {
      await withJournal(async (journal) => {
        expect(ids(await journal.page({ limit: 99 }))).toHaveLength(9);
        for (let id = 1; id <= 9; id += 1) expect(await journal.find(String(id))).toBeDefined();
      });
    }
    expect(await readFile(sealedFile, 'utf8')).toBe(whole);
    expect(logger.lines.filter((line) => line.includes('are made again'))).toHaveLength(1);
  });

  it('opens where the notes about full files cannot be written, and goes on behind them', async () => {
    await withJournal(async (journal) => {
      for (let id = 1; id <= 4; id += 1) await journal.append(entry(id, 'x'.repeat(400)));
    }, 1000);
    await rm(path.join(location, 'sealed.json'));
    await mkdir(path.join(location, 'sealed.json'));
    await withJournal(async (journal) => {
      for (let id = 5; id <= 9; id += 1) await journal.append(entry(id, 'x'.repeat(400)));
      expect(ids(await journal.page({ limit: 99 }))).toHaveLength(9);
    }, 1000);
    expect(logger.lines.join('')).toContain('could not be noted; the next start reads them');
    expect((await verifyJournal(location)).faults).toEqual([]);
  });

  it('does not hide that its last entry was replaced: the next is chained to the one that was written', async () => {
    await withJournal(async (journal) => {
      for (let id = 1; id <= 2; id += 1) await journal.append(entry(id));
    });
    const [first = '', second = ''] = (await readFile(file, 'utf8')).split('\n');
    const parsed = parseLine(second);
    if (typeof parsed === 'string') throw new Error('no line');
    await writeFile(file, `${first}\n${formatLine(2, parsed.prev, entry(2, 'another')).text}\n`);
    await withJournal((journal) => journal.append(entry(3)));
    expect(logger.lines.join('')).toContain('is not the one that was written last');
    expect((await verifyJournal(location)).faults).toEqual([
      expect.objectContaining({ line: 3, detail: expect.stringContaining('not the one') as unknown }),
    ]);
  });

  it('does not hide that its end was cut off: the numbers are not given again', async () => {
    await withJournal(async (journal) => {
      for (let id = 1; id <= 3; id += 1) await journal.append(entry(id));
    });
    const lines = (await readFile(file, 'utf8')).split('\n');
    await truncate(file, `${lines[0] ?? ''}\n`.length);
    await withJournal((journal) => journal.append(entry(4)));
    expect(logger.lines.join('')).toContain('entries are missing at its end');
    const [, second = ''] = (await readFile(file, 'utf8')).split('\n');
    expect(second).toMatch(/^\{"seq":4,/);
  });

  it('writes nothing behind a line that was refused and could not be removed, until it can be', async () => {
    const handle = await open(path.join(folder.path, 'any'), 'w');
    const files = Object.getPrototypeOf(handle) as FileHandle;
    await handle.close();
    const fails = () => Promise.reject(Object.assign(new Error('a test'), { code: 'EIO' }));
    await withJournal(async (journal) => {
      await journal.append(entry(1));
      jest.spyOn(files, 'datasync').mockImplementationOnce(fails);
      jest.spyOn(files, 'truncate').mockImplementationOnce(fails).mockImplementationOnce(fails);
      await expect(journal.append(entry(2))).rejects.toMatchObject({ code: 'journal-unavailable' });
      await expect(journal.append(entry(3))).rejects.toMatchObject({ code: 'journal-unavailable' });
      await journal.append(entry(4));
      expect(ids(await journal.page({ limit: 9 }))).toEqual(['4', '1']);
    });
    expect((await verifyJournal(location, () => undefined)).faults).toEqual([]);
    await withJournal(async (journal) => {
      expect(ids(await journal.page({ limit: 9 }))).toEqual(['4', '1']);
    });
  });

  it('passes over an entry that was changed while it ran', async () => {
    await withJournal(async (journal) => {
      await journal.append(entry(1, 'before'));
      await journal.append(entry(2));
      await writeFile(file, (await readFile(file, 'utf8')).replace('before', 'behind'));
      expect(ids(await journal.page({ limit: 9 }))).toEqual(['2']);
      expect(await journal.find('1')).toBeUndefined();
    });
    expect(logger.lines.join('')).toContain('has been changed');
  });
});
