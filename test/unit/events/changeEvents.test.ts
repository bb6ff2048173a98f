import { readFile, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import type { ServiceEvent } from '../../../src/events/event';
import { ChangeEvents } from '../../../src/events/changeEvents';
import { EventLog } from '../../../src/events/eventLog';
import { actor, type Practice, openPractice } from '../../support/practice';

let practice: Practice;
let log: EventLog;

beforeEach(async () => {
  practice = await openPractice();
  log = await openLog();
});
afterEach(async () => {
  await log.close();
  await practice.close();
});

const openLog = () => EventLog.open(practice.dataDir, { logger: practice.logger });
const mark = () => path.join(practice.dataDir, 'events', 'journal.json');

type Append = (event: ServiceEvent) => Promise<void>;

function openChanges(append: Append = (event) => log.append(event)): Promise<ChangeEvents> {
  return ChangeEvents.open({
    dataDir: practice.dataDir,
    journal: practice.journal,
    log: { append, newestFirst: () => log.newestFirst() },
    logger: practice.logger,
    retryMs: 20,
  });
}

async function told(): Promise<readonly ServiceEvent[]> {
  return (await log.after(null, 999)).events;
}

async function untilTold(count: number): Promise<void> {
  while ((await told()).length < count) await new Promise((resolve) => setTimeout(resolve, 5));
}

describe('changes as events', () => {
  it('are told with who, why and what, under the change’s own id, without the settings', async () => {
    await practice.set('S-1-5-19', { flags: 3, proxy: 'user:secret@old.contoso.com:8080' });
    const changes = await openChanges();
    const copy = await practice.proxy.copy(
      { ticket: 'CHG1', reason: 'with http://user:secret@proxy' },
      { ...actor, name: 'ad\u0001min' },
    );
    changes.changed();
    const restore = await practice.proxy.restore(copy.backupId ?? '', {}, actor);
    changes.changed();
    await changes.close();
    const events = await told();
    expect(events).toEqual([
      {
        id: copy.changeId,
        at: expect.any(String),
        type: 'proxy.changed',
        subject: 'LocalSystem,LocalService',
        problem: null,
        resolved: false,
        severity: 'info',
        summary: 'Proxy settings were copied to LocalSystem, LocalService by ad min.',
        data: {
          changeId: copy.changeId,
          kind: 'copy',
          actor: 'ad min',
          ticket: 'CHG1',
          contexts: ['LocalSystem', 'LocalService'],
          backupId: copy.backupId,
          restoredBackupId: null,
        },
      },
      expect.objectContaining({
        id: restore.changeId,
        type: 'proxy.restored',
        data: expect.objectContaining({ kind: 'restore', restoredBackupId: copy.backupId }),
      }),
    ]);
    expect(JSON.stringify(events)).not.toMatch(/secret|4600/);
  });

  it('are not told of dry runs, of what changed nothing, and of what was rolled back', async () => {
    const changes = await openChanges();
    await practice.proxy.copy({ dryRun: true }, actor);
    await practice.proxy.copy({}, actor);
    await practice.proxy.copy({}, actor);
    const [applied] = (await practice.journal.page({ limit: 1 })).items;
    if (applied === undefined) throw new Error('nothing was applied');
    await practice.journal.append({ ...applied, id: '20991231T000000000Z-00000000', outcome: 'rolledBack' });
    await changes.close();
    expect((await told()).map(({ id }) => id)).toEqual([applied.id]);
  });

  it('are told once each when the process ended between the journal and the events, in the journal’s order', async () => {
    await (await openChanges()).close();
    const first = await practice.proxy.copy({}, actor);
    const second = await practice.proxy.remove('LocalService', {}, '*', actor);
    // The next start.
    await log.close();
    log = await openLog();
    await (await openChanges()).close();
    expect((await told()).map(({ id }) => id)).toEqual([first.changeId, second.changeId]);
    await (await openChanges()).close();
    expect(await told()).toHaveLength(2);
  });

  it('are not told twice when the process ended before the mark was written', async () => {
    await (await openChanges()).close();
    const before = await readFile(mark());
    await practice.proxy.copy({}, actor);
    await (await openChanges()).close();
    await writeFile(mark(), before);
    await practice.proxy.remove('LocalService', {}, '*', actor);
    await (await openChanges()).close();
    expect((await told()).map(({ data }) => data.kind)).toEqual(['copy', 'delete']);
  });

  it('begin at the journal’s end in a folder from before there were events', async () => {
    await practice.proxy.copy({}, actor);
    await rm(path.join(practice.dataDir, 'events', 'journal.json'), { force: true });
    await (await openChanges()).close();
    await practice.proxy.remove('LocalService', {}, '*', actor);
    await (await openChanges()).close();
    expect((await told()).map(({ data }) => data.kind)).toEqual(['delete']);
  });

  it.each([
    ['that is damaged', '{"gone":'],
    ['that is no mark', '{"gone":1}'],
    ['that the journal does not know', '{"gone":"20000101T000000000Z-00000000"}'],
  ])('lose nothing with a mark %s', async (_name, text) => {
    await (await openChanges()).close();
    await practice.proxy.copy({}, actor);
    await (await openChanges()).close();
    await practice.proxy.remove('LocalService', {}, '*', actor);
    await writeFile(mark(), text);
    await (await openChanges()).close();
    expect((await told()).map(({ data }) => data.kind)).toEqual(['copy', 'delete']);
  });

  it('are tried again when they could not be written, and fail no change', async () => {
    let failures = 2;
    const changes = await openChanges((event) =>
      failures-- > 0 ? Promise.reject(new Error('the disk is full')) : log.append(event),
    );
    const { changed } = await practice.proxy.copy({}, actor);
    expect(changed).toBe(true);
    changes.changed();
    await untilTold(1);
    await changes.close();
    expect(practice.logger.lines.filter((line) => line.includes('could not become an event'))).toHaveLength(
      2,
    );
    expect(await told()).toHaveLength(1);
  });
});
