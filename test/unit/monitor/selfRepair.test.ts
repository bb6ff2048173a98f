import { mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import type { Clock } from '../../../src/lib/clock';
import { DomainError } from '../../../src/lib/errors';
import { RepairLimit } from '../../../src/monitor/repairLimit';
import {
  REPAIR_ACTOR,
  type Repairs,
  SelfRepair,
  type SelfRepairParts,
} from '../../../src/monitor/selfRepair';
import { memoryLogger } from '../../support/memoryLogger';
import { temporaryFolder } from '../../support/temporaryFolder';

let folder: Awaited<ReturnType<typeof temporaryFolder>>;
let nowMs: number;
let failure: DomainError | null;
let repairs: Parameters<Repairs['repair']>[];
let repairable: readonly string[];
const logger = memoryLogger();
const clock: Clock = { now: () => new Date(nowMs).toISOString(), monotonicMs: () => nowMs };

beforeEach(async () => {
  folder = await temporaryFolder();
  nowMs = Date.UTC(2026, 10, 24);
  failure = null;
  repairs = [];
  repairable = ['LocalSystem', 'LocalService'];
  logger.lines.length = 0;
});
afterEach(() => folder.remove());

const file = () => path.join(folder.path, 'self-repair.json');

const repair: Repairs['repair'] = (...call) => {
  repairs.push(call);
  return failure === null ? Promise.resolve({ changeId: 'id', changed: true }) : Promise.reject(failure);
};

/** As a start does. */
async function open(parts: Partial<SelfRepairParts> = {}): Promise<SelfRepair> {
  return new SelfRepair({
    repairs: { repair, repairable: () => Promise.resolve(repairable) },
    ticket: null,
    limit: await RepairLimit.open(file(), clock),
    clock,
    logger,
    ...parts,
  });
}

const drift = (situation = 'as it is') => ({
  drifting: ['LocalSystem', 'LocalService'],
  source: 'S-1-5-21-1',
  situation,
});
const minutes = (count: number) => (nowMs += count * 60_000);
const refusals = () =>
  logger.lines
    .filter((line) => line.includes('is not repaired now'))
    .map((line) => (JSON.parse(line) as { refusal: string }).refusal);

const broken = (code: string) => new DomainError('unavailable', code, 'It did not work.');

describe('self-repair', () => {
  it('repairs as drift-watch, under the ticket that is set, when accounts drift, and not otherwise', async () => {
    const withTicket = await open({ ticket: 'CHG0031337' });
    await withTicket.consider({ drifting: [], source: null, situation: '' });
    expect(repairs).toEqual([]);
    await withTicket.consider(drift());
    minutes(11);
    await (await open()).consider(drift());
    const actor = { name: REPAIR_ACTOR, requestId: null };
    expect(repairs).toEqual([
      [{ ticket: 'CHG0031337', accounts: repairable }, actor],
      [{ accounts: repairable }, actor],
    ]);
  });

  it('writes nothing where no person has approved what the source has, and says so once an hour', async () => {
    repairable = [];
    const watch = await open();
    for (let minute = 0; minute < 120; minute += 1) {
      // Whoever is signed in as the source sets it again and again.
      await watch.consider(drift(`${minute}`));
      if (minute % 2 === 1) await watch.consider({ drifting: [], source: null, situation: '' });
      minutes(1);
    }
    expect(repairs).toEqual([]);
    expect(refusals()).toEqual(['not-approved', 'not-approved']);
    expect(JSON.parse(logger.lines[0] ?? '')).toMatchObject({
      accounts: ['LocalSystem', 'LocalService'],
      source: 'S-1-5-21-1',
      because: expect.stringContaining('or no person has changed it yet'),
    });
    // What was refused was no attempt.
    repairable = ['LocalSystem', 'LocalService'];
    await watch.consider(drift());
    expect(repairs).toHaveLength(1);
  });

  it('repairs the account that may be repaired beside one that may not', async () => {
    repairable = ['LocalSystem'];
    await (await open()).consider(drift());
    expect(repairs).toMatchObject([[{ accounts: ['LocalSystem'] }, {}]]);
    expect(refusals()).toEqual(['not-approved']);
    expect(logger.lines[1]).toContain('"accounts":["LocalSystem"]');
  });

  it('repairs no account whose drift was not told', async () => {
    await (await open()).consider({ ...drift(), drifting: ['LocalService'] });
    expect(repairs).toMatchObject([[{ accounts: ['LocalService'] }, {}]]);
  });

  it('waits ten minutes between attempts, and says so once', async () => {
    const watch = await open();
    for (let minute = 0; minute < 20; minute += 1) {
      await watch.consider(drift());
      minutes(1);
    }
    expect(repairs).toHaveLength(2);
    expect(refusals()).toEqual(['too-soon']);
  });

  it('makes six attempts in 24 hours, not one more, over restarts too', async () => {
    for (let hour = 0; hour < 24; hour += 1) {
      await (await open()).consider(drift(`${hour}`));
      minutes(60);
    }
    expect(repairs).toHaveLength(6);
    expect(refusals()).toContain('daily-limit');
    await (await open()).consider(drift('the next day'));
    expect(repairs).toHaveLength(7);
  });

  it('stops after two failures of one kind while nothing changes, over a restart too', async () => {
    failure = broken('write-failed');
    const watch = await open();
    for (let time = 0; time < 3; time += 1) {
      await watch.consider(drift());
      minutes(11);
    }
    await (await open()).consider(drift());
    expect(repairs).toHaveLength(2);
    expect(refusals()).toEqual(['failed-before', 'failed-before']);
    await (await open()).consider(drift('somebody has changed something'));
    expect(repairs).toHaveLength(3);
  });

  it('goes on after failures of different kinds', async () => {
    const watch = await open();
    for (const code of ['write-failed', 'backup-failed', 'write-failed']) {
      failure = broken(code);
      await watch.consider(drift());
      minutes(11);
    }
    expect(repairs).toHaveLength(3);
    expect(logger.lines.filter((line) => line.includes('could not be repaired'))).toHaveLength(3);
  });

  it('has noted an attempt before it is made: a process that ends in it has made one', async () => {
    let noted = '';
    const reading: Repairs['repair'] = async () => {
      noted = await readFile(file(), 'utf8');
      throw broken('stopping');
    };
    const watch = await open({
      repairs: { repair: reading, repairable: () => Promise.resolve(repairable) },
    });
    await watch.consider(drift());
    expect(JSON.parse(noted)).toEqual({ at: [clock.now()], failure: null });
  });

  it('does not repair while the attempt cannot be noted, says so once an hour, and repairs once it can be', async () => {
    const place = path.join(folder.path, 'later');
    const limit = await RepairLimit.open(path.join(place, 'self-repair.json'), clock);
    const watch = await open({ limit });
    for (let look = 0; look < 3; look += 1) await watch.consider(drift());
    expect([repairs, refusals()]).toEqual([[], ['not-noted']]);
    expect(logger.lines[0]).toContain('ENOENT');
    minutes(61);
    await watch.consider(drift());
    expect([repairs, refusals()]).toEqual([[], ['not-noted', 'not-noted']]);
    await mkdir(place);
    await watch.consider(drift());
    expect(repairs).toHaveLength(1);
  });

  it('says where a repair was made and only how it ended could not be noted', async () => {
    const limit = await RepairLimit.open(file(), clock);
    const inTheWay: Repairs['repair'] = async (...call) => {
      await rm(file());
      await mkdir(file());
      return repair(...call);
    };
    const watch = await open({
      limit,
      repairs: { repair: inTheWay, repairable: () => Promise.resolve(repairable) },
    });
    await watch.consider(drift());
    expect(repairs).toHaveLength(1);
    expect(logger.lines.join('')).toMatch(/drift was repaired.*how a repair has ended could not be noted/s);
    await watch.consider(drift());
    expect(refusals()).toEqual(['too-soon']);
  });

  it.each(['', '{', '[]', '{"at":[1],"failure":null}', '{"at":[],"failure":3}'])(
    'counts a damaged file, %j, as an attempt just now',
    async (text) => {
      await writeFile(file(), text);
      const watch = await open();
      await watch.consider(drift());
      expect(repairs).toEqual([]);
      minutes(11);
      await watch.consider(drift());
      expect(repairs).toHaveLength(1);
    },
  );

  it('is not let loose by a clock that is set back', async () => {
    const watch = await open();
    await watch.consider(drift());
    minutes(-30);
    await watch.consider(drift());
    expect(repairs).toHaveLength(1);
    expect(logger.lines.join('')).toContain('less than 10 minutes ago, or the clock was set back since');
    minutes(41);
    await watch.consider(drift());
    expect(repairs).toHaveLength(2);
  });
});
