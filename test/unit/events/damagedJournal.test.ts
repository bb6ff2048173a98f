import { mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { ChangeEvents } from '../../../src/events/changeEvents';
import { EventLog } from '../../../src/events/eventLog';
import { openAnchorFile } from '../../../src/journal/anchor';
import { formatLine, GENESIS } from '../../../src/journal/chain';
import { JournalFolder } from '../../../src/journal/journalFolder';
import { isChange } from '../../../src/proxy/evidence';
import type { Change } from '../../../src/proxy/model';
import { memoryLogger } from '../../support/memoryLogger';
import { actor, openPractice } from '../../support/practice';
import { temporaryFolder } from '../../support/temporaryFolder';

const LONG = 6000;
/** Of the journal's entries, to find out what is new. */
const FEW = 60;

let like: Change;
beforeAll(async () => {
  const practice = await openPractice();
  await practice.proxy.copy({}, actor);
  const [change] = (await practice.journal.page({ limit: 1 })).items;
  await practice.close();
  if (change === undefined) throw new Error('nothing was applied');
  like = change;
});

let folder: Awaited<ReturnType<typeof temporaryFolder>>;
let location: string;
let lines: string;
let mark: string;
const logger = memoryLogger();
beforeEach(async () => {
  folder = await temporaryFolder();
  location = path.join(folder.path, 'journal');
  lines = path.join(location, '000000000000001.jsonl');
  mark = path.join(folder.path, 'events', 'journal.json');
  logger.lines.length = 0;
});
afterEach(() => folder.remove());

const idOf = (seq: number) => `20260101T${String(seq).padStart(9, '0')}Z-00000000`;
const change = (id: string): Change => ({ ...like, id });

/** A journal of changes whose ids are counted from 1. */
async function writeJournal(count: number): Promise<void> {
  await mkdir(location);
  let last = { seq: 0, hash: GENESIS };
  const texts: string[] = [];
  while (last.seq < count) {
    const seq = last.seq + 1;
    const { text, hash } = formatLine(seq, last.hash, change(idOf(seq)));
    texts.push(`${text}\n`);
    last = { seq, hash };
  }
  await writeFile(lines, texts.join(''));
  const anchor = await openAnchorFile(path.join(location, 'anchor'));
  await anchor.write(last);
  await anchor.close();
}

/** One process of the service, which makes these changes: how many entries it read of the journal, and how often. */
async function run(...ids: readonly string[]): Promise<{ readonly entries: number; readonly reads: number }> {
  const journal = await JournalFolder.open(location, { logger, isEntry: isChange, segmentBytes: Infinity });
  const log = await EventLog.open(folder.path, { logger });
  let [entries, reads] = [0, 0];
  const counted = <T extends readonly unknown[]>(read: T): T => {
    entries += read.length;
    reads += 1;
    return read;
  };
  const events = await ChangeEvents.open({
    dataDir: folder.path,
    journal: {
      page: async (request) => {
        const page = await journal.page(request);
        counted(page.items);
        return page;
      },
      after: async (last, limit) => counted(await journal.after(last, limit)),
      numberOf: (id) => journal.numberOf(id),
      get kept() {
        return journal.kept;
      },
    },
    log,
    logger,
  });
  for (const id of ids) {
    await journal.append(change(id));
    events.changed();
  }
  await events.close();
  await log.close();
  await journal.close();
  return { entries, reads };
}

async function told(): Promise<readonly string[]> {
  const log = await EventLog.open(folder.path, { logger });
  const { events } = await log.after(null, 999);
  await log.close();
  return events.map(({ id }) => id);
}

async function flip(id: string): Promise<void> {
  const text = await readFile(lines, 'utf8');
  const spoilt = text.replace(`"entry":{"id":"${id}"`, `"entry":{"id":"${id.replace('2026', '2027')}"`);
  expect(spoilt === text).toBe(false);
  await writeFile(lines, spoilt);
}

async function cutBefore(id: string): Promise<void> {
  const all = (await readFile(lines, 'utf8')).split('\n');
  const at = all.findIndex((line) => line.includes(id));
  expect(at).toBeGreaterThan(0);
  await writeFile(lines, all.slice(0, at).join('\n') + '\n');
}

describe.each([
  ['damaged', flip],
  ['cut off', cutBefore],
])('where the last change’s line in a long journal was %s', (_what, damage) => {
  beforeEach(async () => {
    await writeJournal(LONG);
    await run(idOf(LONG + 1));
    await damage(idOf(LONG + 1));
  });

  it('no start and no stop reads all of the journal, and what is changed then is told, once', async () => {
    for (let start = 0; start < 2; start += 1) expect((await run()).entries).toBeLessThan(FEW);
    const { entries, reads } = await run(idOf(LONG + 2), idOf(LONG + 3));
    expect([entries < FEW, reads < 10]).toEqual([true, true]);
    expect(await told()).toEqual([LONG + 1, LONG + 2, LONG + 3].map(idOf));
  });

  it('a change is told although the clock was set back before it was made', async () => {
    const back = idOf(17).replace('2026', '2025');
    await run(back);
    expect(await told()).toEqual([idOf(LONG + 1), back]);
  });

  it('with a mark from before there was a number in it, what has a larger id is new', async () => {
    await writeFile(mark, JSON.stringify({ gone: idOf(LONG + 1) }));
    expect((await run(idOf(LONG + 2))).entries).toBeLessThan(2 * FEW);
    expect(await told()).toEqual([LONG + 1, LONG + 2].map(idOf));
    await writeFile(mark, JSON.stringify({ gone: idOf(LONG + 1) }));
    await run();
    expect(await told()).toEqual([LONG + 1, LONG + 2].map(idOf));
    await run();
    expect(logger.lines.filter((line) => line.includes('lacks the entry'))).toHaveLength(2);
  });
});

it('a start on a long journal that is whole reads what is new alone', async () => {
  await writeJournal(LONG);
  await run(idOf(LONG + 1));
  expect((await run()).entries).toBe(0);
  expect((await run(idOf(LONG + 2))).entries).toBe(1);
});

it('in an older copy of the journal, put in its place, changes are told although their numbers come again', async () => {
  await writeJournal(20);
  await run(idOf(21), idOf(22));
  await rm(location, { recursive: true });
  await writeJournal(10);
  await run(idOf(31));
  await run(idOf(32));
  expect(await told()).toEqual([21, 22, 31, 32].map(idOf));
});
