import { type FileHandle, open, readFile } from 'node:fs/promises';
import path from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import type { JournalEntry } from '../../../src/journal/journal';
import { JournalFolder } from '../../../src/journal/journalFolder';
import { memoryLogger } from '../../support/memoryLogger';
import { temporaryFolder } from '../../support/temporaryFolder';

const entry = (id: string): JournalEntry => ({ id, at: '2026-01-01T00:00:00.000Z' });

let folder: Awaited<ReturnType<typeof temporaryFolder>>;
let journal: JournalFolder<JournalEntry>;
/** Flushes to the disk that have been asked for and wait, in their order. */
let flushes: (() => void)[];
/** Ends the waiting, of what is asked for later too. */
let release: () => void;

beforeEach(async () => {
  folder = await temporaryFolder();
  journal = await JournalFolder.open(path.join(folder.path, 'journal'), {
    logger: memoryLogger(),
    isEntry: (value): value is JournalEntry => typeof value === 'object' && value !== null && 'id' in value,
  });
  await journal.append(entry('1'));
  const any = await open(path.join(folder.path, 'any'), 'w');
  await any.close();
  flushes = [];
  const spy = jest
    .spyOn(Object.getPrototypeOf(any) as FileHandle, 'datasync')
    .mockImplementation(() => new Promise((resolve) => flushes.push(resolve)));
  release = () => {
    spy.mockRestore();
    for (const end of flushes) end();
  };
});
afterEach(async () => {
  release();
  await journal.close();
  await folder.remove();
});

const read = (name: string) => readFile(path.join(folder.path, 'journal', name), 'utf8');

/** Fails unless so many flushes are asked for, and no more while the last of them waits. */
async function expectFlushes(many: number): Promise<void> {
  const until = performance.now() + 2_000;
  while (flushes.length < many && performance.now() < until) await delay(1);
  await delay(20);
  expect(flushes).toHaveLength(many);
}

it('an entry is answered for when its line is on the disk and, behind it, the anchor; nobody reads it before', async () => {
  const before = await read('anchor');
  const seen: string[] = [];
  const appended = journal.append(entry('2')).then(() => seen.push('answered'));
  const state = async () => ({
    line: (await read('000000000000001.jsonl')).includes('"entry":{"id":"2"'),
    anchor: (await read('anchor')) !== before,
    answered: seen.length > 0,
    read: (await journal.page({ limit: 9 })).items.length === 2,
  });
  await expectFlushes(1);
  expect(await state()).toEqual({ line: true, anchor: false, answered: false, read: false });
  flushes[0]?.();
  await expectFlushes(2);
  expect(await state()).toEqual({ line: true, anchor: true, answered: false, read: false });
  flushes[1]?.();
  await appended;
  expect(await state()).toEqual({ line: true, anchor: true, answered: true, read: true });
});
