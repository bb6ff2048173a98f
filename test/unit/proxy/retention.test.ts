import { chmod, mkdir, readFile, readdir, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { JournalFolder } from '../../../src/journal/journalFolder';
import { newRecordId } from '../../../src/lib/recordId';
import { BackupStore } from '../../../src/proxy/backups';
import { deletionAsMarkdown, isBackupsDeleted } from '../../../src/proxy/deletedBackups';
import type { BackupsDeleted } from '../../../src/proxy/model';
import { BackupRetention, type DeletionSink } from '../../../src/proxy/retention';
import { connectionsKey } from '../../support/practice';
import { memoryLogger } from '../../support/memoryLogger';
import { temporaryFolder } from '../../support/temporaryFolder';

const DAY = 24 * 60 * 60 * 1000;
const START = Date.UTC(2026, 10, 24);

let folder: Awaited<ReturnType<typeof temporaryFolder>>;
let backups: BackupStore;
let journal: JournalFolder<BackupsDeleted>;
let logger: ReturnType<typeof memoryLogger>;
let nowMs: number;
const clock = { now: () => new Date(nowMs).toISOString(), monotonicMs: () => nowMs };

beforeEach(async () => {
  folder = await temporaryFolder();
  logger = memoryLogger();
  nowMs = START;
  backups = await BackupStore.open(folder.path, logger);
  journal = await JournalFolder.open(path.join(folder.path, 'journal'), {
    logger,
    isEntry: isBackupsDeleted,
  });
});

afterEach(async () => {
  await journal.close();
  await folder.remove();
});

/** Makes a backup now, and lets a minute pass. */
async function save(...contexts: string[]): Promise<string> {
  const values = contexts.map((context) => ({
    context,
    sid: context,
    key: connectionsKey(context),
    state: 'absent' as const,
  }));
  const facts = { kind: 'copy' as const, actor: 'admin', ticket: null, reason: null, values };
  const { id } = await backups.save(
    { id: newRecordId(clock), createdAt: clock.now(), ...facts },
    contexts.map((context) => ({
      key: connectionsKey(context),
      values: [{ name: 'DefaultConnectionSettings', value: undefined }],
    })),
  );
  nowMs += 60_000;
  return id;
}

async function saveMany(count: number, ...contexts: string[]): Promise<string[]> {
  const ids: string[] = [];
  for (let made = 0; made < count; made += 1) ids.push(await save(...contexts));
  return ids;
}

function retention(keep: number, days: number, record: DeletionSink = (entry) => journal.append(entry)) {
  const recorded = async (id: string) => (await journal.find(id)) !== undefined;
  return new BackupRetention({
    dataDir: folder.path,
    backups,
    rule: { keep, days },
    record,
    recorded,
    clock,
    logger,
  });
}

const kept = async () => [...(await backups.ids())].reverse();
const entries = async () => (await journal.page({ limit: 200 })).items;
const files = async (name = '.') => (await readdir(path.join(folder.path, name))).sort();

describe('the rule', () => {
  it('deletes what is beyond the number, oldest first, and tells the journal', async () => {
    const ids = await saveMany(7, 'a', 'b');
    nowMs += 2 * DAY;
    await retention(5, 365).run();
    expect(await kept()).toEqual(ids.slice(2));
    const [entry] = await entries();
    expect(entry).toMatchObject({ kind: 'backupsDeleted', actor: 'sensorproxy', keep: 5, days: 365 });
    expect(entry?.backups).toEqual(
      ids
        .slice(0, 2)
        .map((id): unknown => expect.objectContaining({ id, because: 'number', contexts: ['a', 'b'] })),
    );
    expect((await files('backups')).length).toBe(10);
    expect(await files()).toEqual(['backups', 'journal']);
  });

  it('does not count those of the last day: many changes make nothing go that was before them', async () => {
    const old = await saveMany(3, 'a');
    nowMs += 4 * DAY;
    const today = await saveMany(20, 'a');
    await retention(3, 365).run();
    expect(await kept()).toEqual([...old, ...today]);
  });

  it('deletes what is too old, though there are few', async () => {
    const ids = await saveMany(2, 'a');
    nowMs += 31 * DAY;
    ids.push(await save('a'));
    await retention(5, 30).run();
    expect(await kept()).toEqual(ids.slice(2));
    expect((await entries())[0]?.backups.map(({ because }) => because)).toEqual(['age', 'age']);
  });

  it('does nothing, and says nothing, within the rule', async () => {
    await saveMany(3, 'a');
    nowMs += 300 * DAY;
    await retention(3, 365).run();
    expect(await kept()).toHaveLength(3);
    expect(await entries()).toEqual([]);
  });

  it('never deletes the last backup of an account', async () => {
    const lone = await save('alone', 'a');
    const others = await saveMany(4, 'a');
    nowMs += 1000 * DAY;
    await retention(1, 1).run();
    expect(await kept()).toEqual([lone, others.at(-1)]);
  });

  it('takes for the last one only a backup that can be used', async () => {
    const [first, second, third] = await saveMany(3, 'a');
    await writeFile(path.join(folder.path, 'backups', `${third ?? ''}.reg`), 'cut short');
    nowMs += 2 * DAY;
    await retention(1, 365).run();
    expect(await kept()).toEqual([second, third]);
    expect((await entries())[0]?.backups).toEqual([expect.objectContaining({ id: first })]);
  });

  it('never deletes one that is younger than a day, however many there are', async () => {
    await saveMany(20, 'a');
    await retention(1, 1).run();
    expect(await kept()).toHaveLength(20);
  });

  it('loses nothing when the clock is set back', async () => {
    await saveMany(6, 'a');
    nowMs -= 400 * DAY;
    await retention(1, 1).run();
    expect(await kept()).toHaveLength(6);
    await save('a');
    await retention(1, 1).run();
    expect(await kept()).toHaveLength(7);
  });

  it('leaves alone what it cannot read', async () => {
    const ids = await saveMany(4, 'a');
    await writeFile(path.join(folder.path, 'backups', `${ids[0] ?? ''}.json`), '{');
    nowMs += 2 * DAY;
    await retention(1, 365).run();
    expect(await kept()).toEqual([ids[0], ids[3]]);
  });

  it('deletes a hundred at most at a time, and the rest later', async () => {
    await saveMany(105, 'a');
    nowMs += 2 * DAY;
    const rule = retention(2, 365);
    await rule.run();
    expect(await kept()).toHaveLength(5);
    expect(rule.isDue()).toBe(false);
    nowMs += 60_000;
    expect(rule.isDue()).toBe(true);
    await rule.run();
    expect(await kept()).toHaveLength(2);
    expect((await entries()).map(({ backups: gone }) => gone.length)).toEqual([3, 100]);
  });
});

describe('while something is wrong', () => {
  it.each(['pending.json', 'pending.damaged.json'])('deletes nothing while there is %s', async (name) => {
    await saveMany(4, 'a');
    nowMs += 2 * DAY;
    await writeFile(path.join(folder.path, name), '{}');
    await retention(1, 365).run();
    expect(await kept()).toHaveLength(4);
    await rm(path.join(folder.path, name));
    await retention(1, 365).run();
    expect(await kept()).toHaveLength(1);
  });

  it('deletes nothing when the journal does not take the entry, and tries again', async () => {
    await saveMany(4, 'a');
    nowMs += 2 * DAY;
    await retention(1, 365, () => Promise.reject(new Error('disk full'))).run();
    expect(await kept()).toHaveLength(4);
    expect(logger.lines.join()).toContain('it is tried again');
    await retention(1, 365).run();
    expect(await kept()).toHaveLength(1);
    expect(await entries()).toHaveLength(1);
    expect(await files()).toEqual(['backups', 'journal']);
  });

  it('records nothing when the note cannot be written', async () => {
    await saveMany(4, 'a');
    nowMs += 2 * DAY;
    await mkdir(path.join(folder.path, 'deleting.json'));
    await retention(1, 365).run();
    expect(await kept()).toHaveLength(4);
    expect(await entries()).toEqual([]);
  });

  it('finishes what a killed process had recorded, without recording it again', async () => {
    const ids = await saveMany(4, 'a');
    nowMs += 2 * DAY;
    // It dies between the journal's entry and the first file; and then with one backup half gone.
    await new Promise<void>((resolve) => {
      void retention(1, 365, async (entry) => {
        await journal.append(entry);
        resolve();
        await new Promise(() => undefined);
      }).run();
    });
    expect(await kept()).toHaveLength(4);
    await rm(path.join(folder.path, 'backups', `${ids[1] ?? ''}.json`));
    // The rule may have become another meanwhile: what the journal says is done nevertheless.
    await retention(100, 365).run();
    expect(await kept()).toEqual(ids.slice(3));
    expect(await files('backups')).toHaveLength(2);
    expect(await entries()).toHaveLength(1);
  });

  it('forgets what a killed process had only noted', async () => {
    await saveMany(4, 'a');
    nowMs += 2 * DAY;
    await new Promise<void>((resolve) => {
      void retention(1, 365, () => {
        resolve();
        return new Promise(() => undefined);
      }).run();
    });
    await retention(100, 365).run();
    expect(await kept()).toHaveLength(4);
    expect(await files()).toEqual(['backups', 'journal']);
  });

  it('keeps the note while a file cannot be deleted, and deletes it later', async () => {
    const ids = await saveMany(4, 'a');
    nowMs += 2 * DAY;
    // A folder in the file's place: what the system refuses to delete, for root too.
    const obstacle = path.join(folder.path, 'backups', `${ids[0] ?? ''}.reg`);
    const bytes = await readFile(obstacle);
    await rm(obstacle);
    await mkdir(obstacle);
    await retention(1, 365).run();
    expect(await files()).toContain('deleting.json');
    expect(logger.lines.join()).toContain('it is tried again');
    await rm(obstacle, { recursive: true });
    await writeFile(obstacle, bytes);
    await retention(1, 365).run();
    expect(await files()).not.toContain('deleting.json');
    expect(await files('backups')).toHaveLength(2);
    expect(await entries()).toHaveLength(1);
  });

  it('changes nothing in a folder that cannot be written', async () => {
    await saveMany(4, 'a');
    nowMs += 2 * DAY;
    await chmod(folder.path, 0o500);
    await retention(1, 365).run();
    await chmod(folder.path, 0o700);
    // root may write nevertheless: then it has done its work. Nobody sees a loss that is not recorded.
    const gone = (await entries()).flatMap(({ backups: deleted }) => deleted);
    expect((await kept()).length + gone.length).toBe(4);
  });
});

it('shows a deletion as Markdown', async () => {
  await saveMany(2, 'a|b');
  nowMs += 2 * DAY;
  await retention(1, 365).run();
  const [entry] = await entries();
  const text = entry === undefined ? '' : deletionAsMarkdown(entry);
  expect(text).toMatch(/^# Backups deleted \S+\n/);
  expect(text).toContain('| number | a\\|b |');
});
