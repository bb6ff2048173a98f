/** A journal that has been kept for long: its file is as full as files get, so that the next entry begins a new one. */
import { stat } from 'node:fs/promises';
import path from 'node:path';
import { JournalFolder } from '../../src/journal/journalFolder';
import type { Change } from '../../src/proxy/model';
import { memoryLogger } from '../support/memoryLogger';
import { journalOf } from './evidence';

const FILE_BYTES = 4 * 1024 * 1024;
const ENTRY_BYTES = 64 * 1024;

/** Adds copies of the newest entry until the file is full. The service must not run, and have made a change. */
export async function fillJournalFile(dataDir: string): Promise<void> {
  const like = (await journalOf(dataDir)).at(-1);
  if (like === undefined) throw new Error('the journal is empty');
  const folder = path.join(dataDir, 'journal');
  const journal = await JournalFolder.open<Change>(folder, {
    logger: memoryLogger(),
    isEntry: (value): value is Change => typeof value === 'object' && value !== null,
    segmentBytes: Infinity,
  });
  try {
    for (let nth = 1; journal.size.bytes < FILE_BYTES; nth += 1) {
      const id = `${like.id.slice(0, -8)}${String(nth).padStart(8, '0')}`;
      await journal.append({ ...like, id, reason: 'x'.repeat(ENTRY_BYTES) });
    }
  } finally {
    await journal.close();
  }
  expect((await stat(path.join(folder, '000000000000001.jsonl'))).size).toBeGreaterThanOrEqual(FILE_BYTES);
}
