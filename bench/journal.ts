import { mkdir, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { openAnchorFile } from '../src/journal/anchor';
import { formatLine, GENESIS } from '../src/journal/chain';
import { JournalFolder } from '../src/journal/journalFolder';
import { type SealedSegment, sealedNote, segmentPath, writeSealedNotes } from '../src/journal/sealedSegments';
import type { JournalEntry } from '../src/journal/journal';
import { LineTable } from '../src/journal/lineTable';
import type { JournalParts } from '../src/journal/segmentFiles';
import { temporaryFolder } from '../test/support/temporaryFolder';
import { median } from './median';
import { startService } from './processes';
import type { BenchRow } from './row';

const FEW = 1000;
const MANY = 1_000_000;
const PAGE = 50;
const LOOKS = 400;
const STARTS = 5;
const START_MS = 2000;
/** As the service's own files. */
const FILE_BYTES = 4 * 1024 * 1024;
const START_OF_TIME = Date.UTC(2026, 0, 1);

const parts: JournalParts<JournalEntry> = {
  logger: { debug: nothing, info: nothing, warn: complain, error: complain },
  isEntry: (value): value is JournalEntry => typeof value === 'object' && value !== null && 'id' in value,
};

/** What a journal of a million entries costs, against one of a thousand: a page, an entry, a start. */
export async function benchJournal(): Promise<BenchRow[]> {
  const folder = await temporaryFolder();
  try {
    const few = path.join(folder.path, 'few');
    const many = path.join(folder.path, 'many');
    for (const [location, count] of [
      [few, FEW],
      [many, MANY],
    ] as const) {
      const journal = await JournalFolder.open(location, parts);
      await journal.close();
      await fill(location, count);
    }
    const starts = await startTimes(many);
    const small = await JournalFolder.open(few, parts);
    const large = await JournalFolder.open(many, parts);
    const rows = await compare(small, large);
    await small.close();
    await large.close();
    return [...rows, startRow(starts), ...(await serviceRows(folder.path, many))];
  } finally {
    await rm(folder.path, { recursive: true, force: true });
  }
}

type Opened = JournalFolder<JournalEntry>;

/** In turns, each at another place, so that nothing is found where it was just looked for. */
async function compare(small: Opened, large: Opened): Promise<BenchRow[]> {
  const looks: readonly [string, (journal: Opened, round: number) => Promise<unknown>][] = [
    ['the first page', (journal) => journal.page({ limit: PAGE })],
    [
      'a page at any place',
      (journal, round) => journal.page({ limit: PAGE, cursor: cursorAt(journal, round) }),
    ],
    ['an entry by its id', (journal, round) => journal.find(entryOf(placeIn(journal, round)).id)],
  ];
  const rows: BenchRow[] = [];
  for (const [what, look] of looks) {
    const times: { readonly small: number; readonly large: number }[] = [];
    for (let round = 0; round < LOOKS; round += 1) {
      times.push({
        small: await timed(() => look(small, round)),
        large: await timed(() => look(large, round)),
      });
    }
    const ofFew = median(times.map((time) => time.small));
    const ofMany = median(times.map((time) => time.large));
    rows.push({
      measure: `${what} of a journal of ${MANY} entries, µs`,
      value: ofMany * 1000,
      against: `of ${FEW} entries: ${(ofFew * 1000).toFixed(0)} µs`,
      ratio: ofMany / ofFew,
      reach: '2 or less',
      ok: ofMany / ofFew <= 2,
      note: `median of ${LOOKS}, the first included`,
    });
  }
  return rows;
}

function startRow(times: readonly number[]): BenchRow {
  const slowest = Math.max(...times);
  return {
    measure: `opening a journal of ${MANY} entries, ms`,
    value: slowest,
    against: `${START_MS} ms`,
    ratio: slowest / START_MS,
    reach: 'less than 1',
    ok: slowest < START_MS,
    note: `the slowest of ${STARTS}`,
  };
}

async function startTimes(location: string): Promise<readonly number[]> {
  const times: number[] = [];
  for (let start = 0; start < STARTS; start += 1) {
    let journal: Opened | undefined;
    times.push(await timed(async () => (journal = await JournalFolder.open(location, parts))));
    await journal?.close();
  }
  return times;
}

/** Starts and stops of the built service over the journal, which is moved; and with its last line damaged, a change's. */
async function serviceRows(folder: string, journal: string): Promise<BenchRow[]> {
  const dataDir = path.join(folder, 'data');
  await mkdir(dataDir);
  const moved = path.join(dataDir, 'journal');
  await rename(journal, moved);
  const sound = await serviceRow(dataDir, 'whole');
  const service = await startService(dataDir);
  const copied = await fetch(`${service.url}/proxy/copy`, { method: 'POST', headers: service.headers });
  await service.stop();
  if (!copied.ok) throw new Error(`the service answered ${copied.status}`);
  await damageLastLine(moved);
  return [sound, await serviceRow(dataDir, 'its last line damaged')];
}

async function serviceRow(dataDir: string, how: string): Promise<BenchRow> {
  let [start, stop, memory] = [0, 0, 0];
  for (let round = 0; round < STARTS; round += 1) {
    const service = await startService(dataDir);
    memory = Math.max(memory, await service.memory());
    start = Math.max(start, service.startMs);
    stop = Math.max(stop, await timed(() => service.stop()));
  }
  const slowest = Math.max(start, stop);
  return {
    measure: `a start or a stop of the service over a journal of ${MANY} entries, ${how}, ms`,
    value: slowest,
    against: `${START_MS} ms`,
    ratio: slowest / START_MS,
    reach: 'less than 1',
    ok: slowest < START_MS,
    note: `the slowest of ${STARTS}; ${(memory / 1024 ** 2).toFixed(0)} MB`,
  };
}

async function damageLastLine(journal: string): Promise<void> {
  const names = (await readdir(journal)).filter((name) => name.endsWith('.jsonl')).sort();
  const newest = path.join(journal, names.at(-1) ?? '');
  const bytes = await readFile(newest);
  const at = bytes.lastIndexOf('applied');
  bytes[at] = (bytes[at] ?? 0) ^ 1;
  await writeFile(newest, bytes);
}

/** Writes a journal as the service does, without its fsyncs. */
async function fill(folder: string, count: number): Promise<void> {
  const sealed: SealedSegment[] = [];
  let last = { seq: 0, hash: GENESIS };
  while (last.seq < count) {
    const firstSeq = last.seq + 1;
    const lines: string[] = [];
    const table = new LineTable();
    let bytes = 0;
    while (last.seq < count && bytes < FILE_BYTES) {
      const seq = last.seq + 1;
      const { text, hash } = formatLine(seq, last.hash, entryOf(seq));
      lines.push(text, '\n');
      table.add({ seq, offset: bytes, length: text.length }, entryOf(seq).id);
      bytes += text.length + 1;
      last = { seq, hash };
    }
    await writeFile(segmentPath(folder, firstSeq), lines.join(''));
    const ids = { minId: entryOf(firstSeq).id, maxId: entryOf(last.seq).id };
    if (last.seq === count) break;
    sealed.push(sealedNote(firstSeq, { ...ids, last }, bytes));
    await writeFile(segmentPath(folder, firstSeq).replace('.jsonl', '.index'), table.format(bytes));
  }
  await writeSealedNotes(folder, sealed, parts.logger);
  const anchor = await openAnchorFile(path.join(folder, 'anchor'));
  await anchor.write(last);
  await anchor.close();
}

/** A change a minute; some 400 bytes of ASCII. */
function entryOf(seq: number): JournalEntry & Readonly<Record<string, unknown>> {
  const at = new Date(START_OF_TIME + seq * 60_000).toISOString();
  const id = `${at.replace(/[-:.]/g, '')}-${seq.toString(16).padStart(8, '0')}`;
  return {
    id,
    at,
    kind: 'copy',
    actor: 'admin',
    requestId: null,
    ticket: null,
    reason: 'x'.repeat(77),
    source: null,
    backupId: id,
    outcome: 'applied',
    failure: null,
    restoredBackupId: null,
    contexts: [],
  };
}

function placeIn({ size }: Opened, round: number): number {
  // A multiple of a prime and the count have no common divisor: every place comes once.
  return 1 + ((round * 7919 * 61) % (size.entries - 1));
}

function cursorAt(journal: Opened, round: number): string {
  return Buffer.from(String(1 + placeIn(journal, round))).toString('base64url');
}

async function timed(work: () => Promise<unknown>): Promise<number> {
  const begin = performance.now();
  await work();
  return performance.now() - begin;
}

function nothing(): void {
  // The bench measures the journal, not its log.
}

function complain(message: string): void {
  throw new Error(message);
}
