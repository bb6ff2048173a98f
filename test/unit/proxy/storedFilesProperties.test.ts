import { readFile, readdir, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import fc from 'fast-check';
import { JournalFolder } from '../../../src/journal/journalFolder';
import { DomainError } from '../../../src/lib/errors';
import { newRecordId } from '../../../src/lib/recordId';
import { BackupStore } from '../../../src/proxy/backups';
import { isBackupsDeleted } from '../../../src/proxy/deletedBackups';
import type { BackupsDeleted } from '../../../src/proxy/model';
import { BackupRetention } from '../../../src/proxy/retention';
import { anyText, damaged, SEED } from '../../support/damage';
import { interrupt } from '../../support/interrupt';
import { memoryLogger } from '../../support/memoryLogger';
import {
  type Practice,
  actor,
  connectionsKey,
  localService,
  localSystem,
  openPractice,
} from '../../support/practice';
import { settingsBytes } from '../../support/settingsBytes';
import { temporaryFolder } from '../../support/temporaryFolder';

const TARGETS = [localSystem, localService];
const OTHER = settingsBytes({ flags: 3, proxy: 'other.contoso.com:80' });

let practice: Practice;
beforeEach(async () => {
  practice = await openPractice();
});
afterEach(() => practice.close());

const state = () => Promise.all(TARGETS.map((sid) => practice.hexOf(sid)));

/** Gives the accounts the values that they had at some time; undefined: none. */
async function setState(hexes: readonly (string | undefined)[]): Promise<void> {
  for (const [index, sid] of TARGETS.entries()) {
    const hex = hexes[index];
    if (hex === undefined) await practice.remove(sid);
    else await practice.setRaw(sid, Buffer.from(hex, 'hex'));
  }
}

/** The error that a call ends with, which must be one of ours; undefined when it succeeds. */
async function refusalOf(call: Promise<unknown>): Promise<string | undefined> {
  try {
    await call;
    return undefined;
  } catch (error) {
    expect(error).toBeInstanceOf(DomainError);
    return (error as DomainError).code;
  }
}

describe('a backup', () => {
  let id: string;
  let saved: readonly (string | undefined)[];
  let files: { readonly json: string; readonly reg: string };
  beforeEach(async () => {
    await practice.setRaw(localService, settingsBytes({ flags: 9, pac: 'http://pac.contoso.com/p.pac' }));
    saved = await state();
    id = (await practice.proxy.copy({ ticket: 'CHG1' }, actor)).backupId ?? '';
    const file = (extension: string) => path.join(practice.dataDir, 'backups', `${id}.${extension}`);
    files = { json: file('json'), reg: file('reg') };
    for (const sid of TARGETS) await practice.setRaw(sid, OTHER);
  });

  it('whose manifest is damaged is refused by name, or gives each account what was saved of it, or nothing', async () => {
    const now = await state();
    await fc.assert(
      fc.asyncProperty(damaged(await readFile(files.json)), async (bytes) => {
        await writeFile(files.json, bytes);
        expect([undefined, 'backup-damaged']).toContain(await refusalOf(practice.proxy.backup(id)));
        expect(await refusalOf(practice.proxy.backups({ limit: 10 }))).toBeUndefined();
        const refused = await refusalOf(practice.proxy.restore(id, {}, actor));
        const after = await state();
        if (refused !== undefined) expect(after).toEqual(now);
        for (const [index, hex] of after.entries()) expect([now[index], saved[index]]).toContain(hex);
        if (refused === undefined) await setState(now);
      }),
      { seed: SEED, numRuns: 50 },
    );
  });

  it('whose file is damaged is refused, and nothing is written', async () => {
    const now = await state();
    const whole = await readFile(files.reg);
    await fc.assert(
      fc.asyncProperty(
        damaged(whole).filter((bytes) => !bytes.equals(whole)),
        async (bytes) => {
          await writeFile(files.reg, bytes);
          expect(await refusalOf(practice.proxy.backupFile(id))).toBe('backup-damaged');
          expect(await refusalOf(practice.proxy.restore(id, {}, actor))).toBe('backup-damaged');
          expect(await state()).toEqual(now);
        },
      ),
      { seed: SEED, numRuns: 25 },
    );
  });

  it('of any name that is asked for is found, or refused by name, and nothing else is read', async () => {
    await writeFile(path.join(practice.dataDir, 'backups', 'x.json'), await readFile(files.json));
    const name = fc.oneof(
      anyText(),
      fc.constantFrom(
        'x',
        '.',
        '..',
        '../pending',
        `${id}.json`,
        `${id}/`,
        `./${id}`,
        `${id}\0`,
        id.toLowerCase(),
      ),
    );
    await fc.assert(
      fc.asyncProperty(name, async (asked) => {
        expect(await refusalOf(practice.proxy.backup(asked))).toBe('backup-not-found');
        expect(await refusalOf(practice.proxy.restore(asked, {}, actor))).toBe('backup-not-found');
      }),
      { seed: SEED, numRuns: 25 },
    );
  });
});

describe('the note of an interrupted change', () => {
  it('that is damaged writes nothing but what the accounts had before, and keeps no service from opening', async () => {
    const before = await state();
    await interrupt(practice, (proxy) => proxy.copy({}, actor), 4, 'killed-after');
    const now = await state();
    expect(now).not.toEqual(before);
    const file = path.join(practice.dataDir, 'pending.json');
    const whole = await readFile(file);
    const { change } = JSON.parse(whole.toString()) as { readonly change: object };
    await fc.assert(
      fc.asyncProperty(damaged(whole), async (bytes) => {
        await setState(now);
        await writeFile(file, bytes);
        // Not recorded, so that the next round finds the change interrupted again.
        const recorded: object[] = [];
        const proxy = await practice.reopen({
          wrapRecord: () => (entry) => {
            recorded.push(entry);
            return Promise.resolve();
          },
        });
        await proxy.close();
        const isWhole = recorded.length > 0;
        if (isWhole) expect(JSON.parse(bytes.toString())).toMatchObject({ change });
        expect(await state()).toEqual(isWhole ? before : now);
        const left = (await readdir(practice.dataDir)).filter((name) => name.startsWith('pending'));
        expect(left).toEqual(isWhole ? [] : ['pending.damaged.json']);
        for (const name of left) await rm(path.join(practice.dataDir, name));
      }),
      { seed: SEED, numRuns: 50 },
    );
  });
});

describe('the note of a deletion of backups', () => {
  const DAY = 24 * 60 * 60 * 1000;

  it('that is damaged deletes nothing that the journal does not tell of', async () => {
    const folder = await temporaryFolder();
    const logger = memoryLogger();
    let nowMs = Date.UTC(2026, 10, 24);
    const clock = { now: () => new Date(nowMs).toISOString(), monotonicMs: () => nowMs };
    const journal = await JournalFolder.open<BackupsDeleted>(path.join(folder.path, 'journal'), {
      logger,
      isEntry: isBackupsDeleted,
    });
    const backups = await BackupStore.open(folder.path, logger);
    const ids: string[] = [];
    for (let made = 0; made < 4; made += 1) {
      const { id } = await backups.save(
        {
          id: newRecordId(clock),
          createdAt: clock.now(),
          kind: 'copy',
          actor: 'admin',
          ticket: null,
          reason: null,
          values: [{ context: 'a', sid: 'a', key: connectionsKey('a'), state: 'absent' }],
        },
        [{ key: connectionsKey('a'), values: [{ name: 'DefaultConnectionSettings', value: undefined }] }],
      );
      ids.push(id);
      nowMs += 60_000;
    }
    nowMs += 2 * DAY;
    const retention = (keep: number, record: (entry: BackupsDeleted) => Promise<void>) =>
      new BackupRetention({
        dataDir: folder.path,
        backups,
        rule: { keep, days: 365 },
        record,
        recorded: async (id) => (await journal.find(id)) !== undefined,
        clock,
        logger,
      });
    // It dies once the two oldest are recorded.
    await new Promise<void>((resolve) => {
      void retention(2, async (entry) => {
        await journal.append(entry);
        resolve();
        await new Promise(() => undefined);
      }).run();
    });
    const note = path.join(folder.path, 'deleting.json');
    const names = await readdir(path.join(folder.path, 'backups'));
    const files = await Promise.all(
      names.map(async (name) => [name, await readFile(path.join(folder.path, 'backups', name))] as const),
    );
    const whole = await readFile(note);
    try {
      await fc.assert(
        fc.asyncProperty(damaged(whole), async (bytes) => {
          for (const [name, content] of files)
            await writeFile(path.join(folder.path, 'backups', name), content);
          await writeFile(note, bytes);
          await retention(100, () => Promise.reject(new Error('nothing is due'))).run();
          const kept = await backups.ids();
          expect(kept).toEqual(expect.arrayContaining(ids.slice(2)));
          const left = await readdir(folder.path);
          expect(left.filter((name) => name.startsWith('deleting'))).toEqual([]);
        }),
        { seed: SEED, numRuns: 25 },
      );
    } finally {
      await journal.close();
      await folder.remove();
    }
  });
});
