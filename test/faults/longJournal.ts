/** A journal that has been kept for long. The service must not run, and have made a change. */
import path from 'node:path';
import { JournalFolder } from '../../src/journal/journalFolder';
import type { Change } from '../../src/proxy/model';
import { memoryLogger } from '../support/memoryLogger';
import { journalOf } from './evidence';

/** As large as the service lets a file become. */
const FILE_BYTES = 4 * 1024 * 1024;
const ENTRY_BYTES = 64 * 1024;

/** Adds copies of the newest entry, each of so many bytes, until `isLong`; files are as large as stated. */
async function addEntries(
  dataDir: string,
  { entryBytes, fileBytes }: { readonly entryBytes: number; readonly fileBytes: number },
  isLong: (size: { readonly bytes: number; readonly entries: number }) => boolean,
): Promise<void> {
  const like = (await journalOf(dataDir)).at(-1);
  if (like === undefined) throw new Error('the journal is empty');
  const journal = await JournalFolder.open<Change>(path.join(dataDir, 'journal'), {
    logger: memoryLogger(),
    isEntry: (value): value is Change => typeof value === 'object' && value !== null && 'id' in value,
    segmentBytes: fileBytes,
  });
  try {
    for (let nth = 1; !isLong(journal.size); nth += 1) {
      const id = `${like.id.slice(0, -8)}${String(nth).padStart(8, '0')}`;
      await journal.append({ ...like, id, reason: 'x'.repeat(entryBytes) });
    }
  } finally {
    await journal.close();
  }
}

/** Makes the only file as full as files get: the next entry begins a new one. */
export function fillJournalFile(dataDir: string): Promise<void> {
  const sizes = { entryBytes: ENTRY_BYTES, fileBytes: Infinity };
  return addEntries(dataDir, sizes, ({ bytes }) => bytes >= FILE_BYTES);
}

/** Makes it one of so many entries: four in the first file, three in each other. */
export function lengthenJournal(dataDir: string, entries: number): Promise<void> {
  return addEntries(dataDir, { entryBytes: 10_000, fileBytes: 30_000 }, (size) => size.entries >= entries);
}
