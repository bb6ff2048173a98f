import { readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import fc from 'fast-check';
import { ChangeEvents } from '../../../src/events/changeEvents';
import { EventLog } from '../../../src/events/eventLog';
import { SEED, damaged } from '../../support/damage';
import { type Practice, actor, openPractice } from '../../support/practice';

let practice: Practice;
let log: EventLog;
beforeEach(async () => {
  practice = await openPractice();
  log = await EventLog.open(practice.dataDir, { logger: practice.logger });
});
afterEach(async () => {
  await log.close();
  await practice.close();
});

const mark = () => path.join(practice.dataDir, 'events', 'journal.json');

function openChanges(): Promise<ChangeEvents> {
  const { dataDir, journal, logger } = practice;
  return ChangeEvents.open({ dataDir, journal, log, logger });
}

const told = async () => (await log.after(null, 999)).events.map(({ id }) => id);

it('whatever became of the mark beside the events, the service opens and no change is told twice', async () => {
  const first = await openChanges();
  const made: (string | null)[] = [];
  for (let nth = 0; nth < 3; nth += 1) {
    const copy = await practice.proxy.copy({}, actor);
    const restore = await practice.proxy.restore(copy.backupId ?? '', {}, actor);
    made.push(copy.changeId, restore.changeId);
    first.changed();
  }
  await first.close();
  expect(await told()).toEqual(made);
  const whole = await readFile(mark());
  let unusable = 0;
  await fc.assert(
    fc.asyncProperty(damaged(whole), async (bytes) => {
      await writeFile(mark(), bytes);
      practice.logger.lines.length = 0;
      await (await openChanges()).close();
      expect(await told()).toEqual(made);
      if (!practice.logger.lines.some((line) => line.includes('it is made again'))) return;
      // Behind the last event of a change, which is where it was.
      expect(gone(await readFile(mark()))).toBe(gone(whole));
      unusable += 1;
    }),
    { seed: SEED, numRuns: 200 },
  );
  expect(unusable).toBeGreaterThan(20);
});

it('a mark that cannot be used leaves out no change that comes later', async () => {
  await (await openChanges()).close();
  const made: (string | null)[] = [];
  for (const content of ['', '{}', '[]', 'null', '{"gone":7}', '{"gone":{"toString":1}}', '{"gone":', '\0']) {
    await writeFile(mark(), content);
    const changes = await openChanges();
    const copy = await practice.proxy.copy({}, actor);
    changes.changed();
    const restore = await practice.proxy.restore(copy.backupId ?? '', {}, actor);
    changes.changed();
    await changes.close();
    made.push(copy.changeId, restore.changeId);
    expect(await told()).toEqual(made);
  }
});

function gone(bytes: Buffer): unknown {
  return (JSON.parse(bytes.toString()) as { readonly gone: unknown }).gone;
}
