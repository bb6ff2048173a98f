import { EventLog } from '../../../src/events/eventLog';
import { systemClock } from '../../../src/lib/clock';
import type { WatchedCheck } from '../../../src/monitor/endpointWatch';
import { type Monitor, type MonitorParts, startMonitor } from '../../../src/monitor/monitor';
import type { Pause } from '../../../src/monitor/rounds';
import {
  actor,
  anna,
  annasProxy,
  localService,
  localSystem,
  openPractice,
  type Practice,
} from '../../support/practice';
import { VirtualTime } from '../../support/virtualTime';

let practice: Practice;
let log: EventLog;
let monitor: Monitor | undefined;

beforeEach(async () => {
  practice = await openPractice({ source: anna });
  log = await EventLog.open(practice.dataDir, { logger: practice.logger });
  practice.logger.lines.length = 0;
});
afterEach(async () => {
  await monitor?.stop();
  monitor = undefined;
  await practice.proxy.close();
  await log.close();
  await practice.close();
});

const settings: MonitorParts['settings'] = {
  intervalS: 60,
  probeIntervalS: 0,
  damping: { needed: 2, of: 3 },
  onDrift: 'report',
  driftTicket: null,
};
const sensor = { installed: true, version: '2.240.1', services: [], configuration: { endpoint: null } };
/** Ends only when it is hurried or stopped, but for the first look. */
const untilHurried: Pause = (ms, signal) =>
  new Promise((resolve) => {
    if (ms === 0 || signal?.aborted === true) resolve();
    else
      signal?.addEventListener('abort', () => {
        resolve();
      });
  });

async function start(parts: Partial<MonitorParts> = {}, set: Partial<MonitorParts['settings']> = {}) {
  monitor = await startMonitor({
    settings: { ...settings, ...set },
    dataDir: practice.dataDir,
    contexts: () => practice.proxy.contexts(),
    onContextsChange: (listener) => {
      practice.proxy.onRegistryChange(listener);
    },
    sensor: () => Promise.resolve(sensor),
    checkEndpoints: () => Promise.resolve([]),
    repairs: practice.proxy,
    events: { record: (event) => log.append(event), newestFirst: () => log.newestFirst() },
    looked: () => undefined,
    clock: systemClock,
    logger: practice.logger,
    ...parts,
  });
}

/** Events without a disk: virtual time goes on while one is waited for. */
function inMemory() {
  const types: string[] = [];
  const record: MonitorParts['events']['record'] = ({ type }) => Promise.resolve(void types.push(type));
  return { types, events: { record, newestFirst: () => log.newestFirst() } };
}

/** Resolves once the condition holds; looks at it again and again. */
async function until(condition: () => boolean | Promise<boolean>): Promise<void> {
  while (!(await condition())) await new Promise((resolve) => setTimeout(resolve, 5));
}

const told = async () => (await log.after(null, 999)).events.map(({ type, subject }) => `${type} ${subject}`);
const warnings = () => practice.logger.lines.filter((line) => line.includes('could not look'));

describe('the looks at the accounts', () => {
  it('come by the interval while all is settled, and quicker while it is open whether something has changed', async () => {
    const time = new VirtualTime();
    const kept = inMemory();
    const at: number[] = [];
    const comparison = () => (at.length === 3 || at.length === 4 ? 'different' : 'identical');
    const contexts = () => {
      at.push(time.clock.monotonicMs() / 1000);
      const account = { id: 'LocalService', sid: localService, usedBy: ['AATPSensor'], etag: '"x"' };
      return Promise.resolve({ source: null, contexts: [{ ...account, comparison: comparison() } as const] });
    };
    await start({
      contexts,
      ...kept,
      onContextsChange: () => undefined,
      clock: time.clock,
      pause: time.pause,
    });
    await until(() => at.length >= 9);
    await monitor?.stop();
    // Good, good; bad, bad; good, good, good; then still.
    expect(at.slice(0, 9)).toEqual([0, 60, 120, 130, 140, 150, 160, 220, 280]);
    expect(kept.types).toEqual(['proxy.drift.detected', 'proxy.drift.cleared']);
  });

  it('come when the registry says that something has changed, and once more after it', async () => {
    const time = new VirtualTime();
    const asked: number[] = [];
    let looks = 0;
    await start({
      looked: (watch) => (looks += Number(watch === 'contexts')),
      pause: (ms, signal) => {
        asked.push(ms);
        return untilHurried(ms, signal);
      },
      clock: { ...time.clock, monotonicMs: () => looks * 10_000 },
    });
    await until(() => looks === 1);
    expect(await told()).toEqual([]);
    await practice.set(localService, { flags: 3, proxy: 'elsewhere.contoso.com:8080' });
    await until(() => looks > 1);
    await until(async () => (await told()).length === 2);
    const before = looks;
    await practice.set(localService, { flags: 3, proxy: 'another.contoso.com:8080' });
    await until(() => looks > before);
    // Though all is settled, for a notice may come in the middle of a change.
    await until(() => asked.at(-1) === 10_000);
  });

  it('come once in ten seconds, however many notices come: a burst is one sample', async () => {
    const time = new VirtualTime();
    const kept = inMemory();
    const at: number[] = [];
    let notice = (): void => undefined;
    const contexts = () => {
      const seconds = time.clock.monotonicMs() / 1000;
      at.push(seconds);
      const account = { id: 'LocalService', sid: localService, usedBy: ['AATPSensor'], etag: '"x"' };
      // It differs for five seconds alone.
      const comparison = seconds >= 60 && seconds < 65 ? 'different' : 'identical';
      return Promise.resolve({ source: null, contexts: [{ ...account, comparison } as const] });
    };
    const pause: Pause = async (ms, signal) => {
      // While it differs, the registry tells of a change again and again.
      if (at.at(-1) === 60) for (let count = 0; count < 5; count += 1) setImmediate(notice);
      await time.pause(ms, signal);
    };
    await start({
      contexts,
      ...kept,
      onContextsChange: (listener) => (notice = listener),
      clock: time.clock,
      pause,
    });
    await until(() => at.length >= 4);
    await monitor?.stop();
    expect(at.slice(0, 4)).toEqual([0, 60, 70, 80]);
    expect(kept.types).toEqual([]);
  });

  it('that fail are said once, and do not end the watch', async () => {
    const time = new VirtualTime();
    let looks = 0;
    const contexts = () => {
      looks += 1;
      return looks < 4 ? Promise.reject(new Error('the registry is gone')) : practice.proxy.contexts();
    };
    await start({ contexts, clock: time.clock, pause: time.pause });
    await until(async () => (await told()).length === 2);
    expect(warnings()).toHaveLength(1);
    expect(warnings()[0]).toContain('the registry is gone');
  });
});

describe('self-repair', () => {
  it('is off unless it is asked for', async () => {
    const time = new VirtualTime();
    let looks = 0;
    await start({ looked: () => (looks += 1), clock: time.clock, pause: time.pause });
    await until(() => looks > 20);
    expect((await practice.journal.page({ limit: 9 })).items).toEqual([]);
  });

  it('puts back what a person has approved once drift was told, in the journal with its ticket, and drift is cleared', async () => {
    const time = new VirtualTime();
    const { changeId } = await practice.proxy.copy({}, actor);
    await practice.set(localService, { flags: 1 });
    await practice.remove(localSystem);
    await start({ clock: time.clock, pause: time.pause }, { onDrift: 'copy', driftTicket: 'CHG7' });
    await until(async () => (await told()).length === 4);
    const { items } = await practice.journal.page({ limit: 9 });
    expect(items).toHaveLength(2);
    expect(items[0]).toMatchObject({
      kind: 'copy',
      actor: 'drift-watch',
      outcome: 'applied',
      ticket: 'CHG7',
    });
    expect(items[0]?.reason).toContain(changeId);
    expect(items[0]?.contexts[1]).toMatchObject({
      context: 'LocalService',
      after: { proxyServer: annasProxy },
    });
    expect((await told()).slice(2)).toEqual([
      'proxy.drift.cleared LocalSystem',
      'proxy.drift.cleared LocalService',
    ]);
  });

  it('writes nothing when it is the source that has changed: a person must approve that', async () => {
    const time = new VirtualTime();
    await practice.proxy.copy({}, actor);
    await practice.set(anna, { flags: 3, proxy: 'evil.example:3128' });
    let looks = 0;
    await start({ looked: () => (looks += 1), clock: time.clock, pause: time.pause }, { onDrift: 'copy' });
    await until(() => looks > 20);
    await monitor?.stop();
    expect((await practice.journal.page({ limit: 9 })).items).toHaveLength(1);
    expect(await told()).toEqual(['proxy.drift.detected LocalSystem', 'proxy.drift.detected LocalService']);
    const refused = practice.logger.lines.filter((line) => line.includes('is not repaired now'));
    expect(refused[0]).toContain('a person must approve it');
    // Once an hour; there may be many looks before the watch is stopped, a minute apart at most.
    expect(refused.length).toBeLessThanOrEqual(1 + looks / 60);
  });
});

describe('the probes', () => {
  const check: WatchedCheck = {
    context: 'LocalService',
    endpoint: { host: 'one.contoso.com', port: 443, region: 'sensor' },
    status: 'unhealthy',
    route: { via: 'direct', proxy: null },
    failure: { code: 'connect-timeout', phase: 'connect', remedy: '' },
  };

  it('come by the interval, a tenth more or less, the first at some time within a minute', async () => {
    const time = new VirtualTime();
    const kept = inMemory();
    const at: number[] = [];
    const chances = [0.5, 0, 1, 0.5];
    const checkEndpoints = () => {
      at.push(time.clock.monotonicMs() / 1000);
      return Promise.resolve([check]);
    };
    const random = () => chances.shift() ?? 0.5;
    const contexts = () => Promise.resolve({ source: null, contexts: [] });
    await start(
      { ...kept, contexts, checkEndpoints, random, clock: time.clock, pause: time.pause },
      { probeIntervalS: 300 },
    );
    await until(() => at.length >= 4);
    expect(at.slice(0, 4)).toEqual([30, 300, 630, 930]);
    await until(() => kept.types.length === 1);
    expect(kept.types).toEqual(['endpoint.unhealthy']);
  });

  it('under way end with the watch, which waits for them and says nothing of it', async () => {
    let ended = false;
    let begun = false;
    const checkEndpoints = (signal: AbortSignal) =>
      new Promise<never>((_resolve, reject) => {
        begun = true;
        signal.addEventListener('abort', () => {
          setTimeout(() => {
            ended = true;
            reject(new Error('aborted'));
          }, 10);
        });
      });
    await start({ checkEndpoints, random: () => 0, pause: untilHurried }, { probeIntervalS: 300 });
    await until(() => begun);
    await monitor?.stop();
    expect(ended).toBe(true);
    expect(warnings()).toEqual([]);
  });
});
