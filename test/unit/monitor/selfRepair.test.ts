import { readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import type { Clock } from '../../../src/lib/clock';
import { DomainError } from '../../../src/lib/errors';
import { RepairLimit } from '../../../src/monitor/repairLimit';
import { type Copy, REPAIR_ACTOR, SelfRepair } from '../../../src/monitor/selfRepair';
import { memoryLogger } from '../../support/memoryLogger';
import { temporaryFolder } from '../../support/temporaryFolder';

let folder: Awaited<ReturnType<typeof temporaryFolder>>;
let nowMs: number;
let failure: DomainError | null;
let copies: Parameters<Copy>[];
const logger = memoryLogger();
const clock: Clock = { now: () => new Date(nowMs).toISOString(), monotonicMs: () => nowMs };

beforeEach(async () => {
  folder = await temporaryFolder();
  nowMs = Date.UTC(2026, 10, 24);
  failure = null;
  copies = [];
  logger.lines.length = 0;
});
afterEach(() => folder.remove());

const file = () => path.join(folder.path, 'self-repair.json');

const copy: Copy = (...call) => {
  copies.push(call);
  return failure === null ? Promise.resolve({ changeId: 'id', changed: true }) : Promise.reject(failure);
};

/** As a start does. */
async function open(): Promise<SelfRepair> {
  return new SelfRepair({ copy, limit: await RepairLimit.open(file(), clock), logger });
}

const drift = (situation = 'as it is') => ({ drifting: ['LocalSystem', 'LocalService'], situation });
const minutes = (count: number) => (nowMs += count * 60_000);
const refusals = () =>
  logger.lines
    .filter((line) => line.includes('is not repaired now'))
    .map((line) => (JSON.parse(line) as { refusal: string }).refusal);

const broken = (code: string) => new DomainError('unavailable', code, 'It did not work.');

describe('self-repair', () => {
  it('copies as drift-watch, with a reason, when accounts drift, and not otherwise', async () => {
    const repair = await open();
    await repair.consider({ drifting: [], situation: '' });
    expect(copies).toEqual([]);
    await repair.consider(drift());
    expect(copies).toEqual([
      [
        { reason: 'Drift watch: LocalSystem and LocalService had not the source’s proxy settings.' },
        { name: REPAIR_ACTOR, requestId: null },
      ],
    ]);
  });

  it('waits ten minutes between attempts, and says so once', async () => {
    const repair = await open();
    for (let minute = 0; minute < 20; minute += 1) {
      await repair.consider(drift());
      minutes(1);
    }
    expect(copies).toHaveLength(2);
    expect(refusals()).toEqual(['too-soon']);
  });

  it('makes six attempts in 24 hours, not one more, over restarts too', async () => {
    for (let hour = 0; hour < 24; hour += 1) {
      await (await open()).consider(drift(`${hour}`));
      minutes(60);
    }
    expect(copies).toHaveLength(6);
    expect(refusals()).toContain('daily-limit');
    await (await open()).consider(drift('the next day'));
    expect(copies).toHaveLength(7);
  });

  it('stops after two failures of one kind while nothing changes, over a restart too', async () => {
    failure = broken('write-failed');
    const repair = await open();
    for (let time = 0; time < 3; time += 1) {
      await repair.consider(drift());
      minutes(11);
    }
    await (await open()).consider(drift());
    expect(copies).toHaveLength(2);
    expect(refusals()).toEqual(['failed-before', 'failed-before']);
    await (await open()).consider(drift('somebody has changed something'));
    expect(copies).toHaveLength(3);
  });

  it('goes on after failures of different kinds', async () => {
    const repair = await open();
    for (const code of ['write-failed', 'backup-failed', 'write-failed']) {
      failure = broken(code);
      await repair.consider(drift());
      minutes(11);
    }
    expect(copies).toHaveLength(3);
    expect(logger.lines.filter((line) => line.includes('could not be repaired'))).toHaveLength(3);
  });

  it('has noted an attempt before it is made: a process that ends in it has made one', async () => {
    let noted = '';
    const reading: Copy = async () => {
      noted = await readFile(file(), 'utf8');
      throw broken('stopping');
    };
    await new SelfRepair({ copy: reading, limit: await RepairLimit.open(file(), clock), logger }).consider(
      drift(),
    );
    expect(JSON.parse(noted)).toEqual({ at: [clock.now()], failure: null });
  });

  it('does not copy when the attempt cannot be noted', async () => {
    const nowhere = await RepairLimit.open(path.join(folder.path, 'gone', 'self-repair.json'), clock);
    await new SelfRepair({ copy, limit: nowhere, logger }).consider(drift());
    expect(copies).toEqual([]);
    expect(logger.lines.join('')).toContain('could not be noted');
  });

  it.each(['', '{', '[]', '{"at":[1],"failure":null}', '{"at":[],"failure":3}'])(
    'counts a damaged file, %j, as an attempt just now',
    async (text) => {
      await writeFile(file(), text);
      const repair = await open();
      await repair.consider(drift());
      expect(copies).toEqual([]);
      minutes(11);
      await repair.consider(drift());
      expect(copies).toHaveLength(1);
    },
  );

  it('is not let loose by a clock that is set back', async () => {
    const repair = await open();
    await repair.consider(drift());
    minutes(-30);
    await repair.consider(drift());
    expect(copies).toHaveLength(1);
    minutes(41);
    await repair.consider(drift());
    expect(copies).toHaveLength(2);
  });
});
