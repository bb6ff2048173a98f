import { EventLog } from '../../../src/events/eventLog';
import { lookAtDrift } from '../../../src/monitor/driftWatch';
import { openProblems, Problems } from '../../../src/monitor/problems';
import { systemClock } from '../../../src/lib/clock';
import {
  actor,
  anna,
  annasProxy,
  ben,
  localService,
  localSystem,
  openPractice,
  type Practice,
} from '../../support/practice';

let practice: Practice;
let log: EventLog;
let problems: Problems;

beforeEach(async () => {
  practice = await openPractice();
  log = await EventLog.open(practice.dataDir, { logger: practice.logger });
  problems = await begin();
});
afterEach(async () => {
  await log.close();
  await practice.close();
});

/** As a start does. */
async function begin(record = (event: Parameters<EventLog['append']>[0]) => log.append(event)) {
  return new Problems({
    rule: { needed: 2, of: 3 },
    record,
    clock: systemClock,
    open: await openProblems(log.newestFirst()),
  });
}

async function look(times = 1): Promise<void> {
  for (let time = 0; time < times; time += 1) await lookAtDrift(await practice.proxy.contexts(), problems);
}

async function told(): Promise<readonly string[]> {
  return (await log.after(null, 999)).events.map(({ type, subject }) => `${type} ${subject}`);
}

const bothDrift = ['proxy.drift.detected LocalSystem', 'proxy.drift.detected LocalService'];
const bothCleared = ['proxy.drift.cleared LocalSystem', 'proxy.drift.cleared LocalService'];

describe('drift', () => {
  it('begins once, and ends once it was repaired, with what began it', async () => {
    await look(9);
    expect(await told()).toEqual(bothDrift);
    await practice.proxy.copy({}, actor);
    await look(9);
    expect(await told()).toEqual([...bothDrift, ...bothCleared]);
    const { events } = await log.after(null, 9);
    expect(events[0]).toMatchObject({
      problem: 'drift/LocalSystem',
      resolved: false,
      severity: 'warning',
      data: { account: 'LocalSystem', sid: localSystem, source: anna, comparison: 'different' },
    });
    expect(events[2]).toMatchObject({
      problem: 'drift/LocalSystem',
      resolved: true,
      severity: 'info',
      data: { comparison: 'identical', begunBy: events[0]?.id, begunAt: events[0]?.at },
    });
  });

  it('that is seen once is none', async () => {
    await practice.proxy.copy({}, actor);
    await look(3);
    await practice.set(localService, { flags: 3, proxy: 'elsewhere.contoso.com:8080' });
    await look();
    await practice.proxy.copy({}, actor);
    await look(3);
    expect(await told()).toEqual([]);
  });

  it('that flaps is one event, and one more when it has kept still', async () => {
    await practice.proxy.copy({}, actor);
    for (let time = 0; time < 8; time += 1) {
      await practice.set(localService, { flags: 3, proxy: 'elsewhere.contoso.com:8080' });
      await look();
      await practice.proxy.copy({}, actor);
      await look();
    }
    expect(await told()).toEqual(['proxy.drift.detected LocalService']);
    expect(problems.isSettledBelow('drift/')).toBe(false);
    await look(2);
    expect(await told()).toEqual(['proxy.drift.detected LocalService', 'proxy.drift.cleared LocalService']);
    expect(problems.isSettledBelow('drift/')).toBe(true);
  });

  it('stays as it is while no source can be told', async () => {
    await look(3);
    await practice.set(ben, { flags: 3, proxy: 'other.contoso.com:8080' });
    expect((await practice.proxy.contexts()).source).toBeNull();
    await look(9);
    expect(await told()).toEqual(bothDrift);
    await practice.proxy.copy({ source: anna }, actor);
    await practice.remove(ben);
    await look(3);
    expect(await told()).toEqual([...bothDrift, ...bothCleared]);
  });

  it('is not told again by the next process, and what went meanwhile is cleared', async () => {
    await look(3);
    problems = await begin();
    await look(9);
    expect(await told()).toEqual(bothDrift);
    await practice.proxy.copy({ targets: ['LocalSystem'] }, actor);
    await log.close();
    log = await EventLog.open(practice.dataDir, { logger: practice.logger });
    problems = await begin();
    await look(9);
    expect(await told()).toEqual([...bothDrift, 'proxy.drift.cleared LocalSystem']);
    problems = await begin();
    await look(9);
    expect(await told()).toHaveLength(3);
  });

  it('is told by a later look when the event could not be written', async () => {
    let full = true;
    problems = await begin((event) =>
      full ? Promise.reject(new Error('the disk is full')) : log.append(event),
    );
    await look();
    await expect(look()).rejects.toThrow('the disk is full');
    expect(problems.isOpen('drift/LocalSystem')).toBe(false);
    full = false;
    await look(2);
    expect(await told()).toEqual(bothDrift);
  });

  it('puts no setting into an event', async () => {
    await practice.set(anna, { flags: 3, proxy: `http=user:secret@${annasProxy}` });
    await practice.set(localService, { flags: 3, proxy: 'user:secret@elsewhere.contoso.com:8080' });
    await look(3);
    const { events } = await log.after(null, 9);
    expect(events).toHaveLength(2);
    expect(JSON.stringify(events)).not.toMatch(/secret|contoso|8080/);
  });
});
