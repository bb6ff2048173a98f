import { mkdir, rmdir } from 'node:fs/promises';
import path from 'node:path';
import type { ServiceEvent } from '../../../src/events/event';
import { systemClock } from '../../../src/lib/clock';
import { SensorWatch, type WatchedSensor } from '../../../src/monitor/sensorWatch';
import { temporaryFolder } from '../../support/temporaryFolder';

let folder: Awaited<ReturnType<typeof temporaryFolder>>;
let events: ServiceEvent[];

beforeEach(async () => {
  folder = await temporaryFolder();
  events = [];
});
afterEach(() => folder.remove());

async function* newestFirst() {
  yield* await Promise.resolve([...events].reverse());
}

function open(): Promise<SensorWatch> {
  const record = (event: ServiceEvent) => Promise.resolve(void events.push(event));
  const file = path.join(folder.path, 'sensor-seen.json');
  return SensorWatch.open({ rule: { needed: 2, of: 3 }, record, clock: systemClock, file }, newestFirst());
}

function sensor(
  change: { version?: string | null; state?: string; account?: string; host?: string } = {},
): WatchedSensor {
  const {
    version = '2.240.1',
    state = 'running',
    account = 'NT AUTHORITY\\LocalService',
    host = 'a.contoso.com',
  } = change;
  return {
    installed: true,
    version,
    services: [{ name: 'AATPSensor', installed: true, account, startType: 'automatic', state }],
    configuration: { endpoint: { host, port: 443 } },
  };
}

const gone: WatchedSensor = {
  installed: false,
  version: null,
  services: [{ name: 'AATPSensor', installed: false, account: null, startType: null, state: null }],
  configuration: { endpoint: null },
};

async function look(watch: SensorWatch, ...looks: readonly WatchedSensor[]): Promise<void> {
  for (const each of looks) await watch.look(each);
}

const told = () => events.map(({ summary }) => summary);

describe('the sensor', () => {
  it('makes no event by being seen for the first time, or by staying as it is', async () => {
    const watch = await open();
    await look(watch, sensor(), sensor(), sensor());
    expect(events).toEqual([]);
    expect(watch.settled).toBe(true);
  });

  it('is told when it has changed, once, with what it was and what it is', async () => {
    const watch = await open();
    await look(watch, sensor(), sensor(), sensor({ version: '2.241.1', host: 'b.contoso.com' }));
    expect([events, watch.settled]).toEqual([[], false]);
    await look(
      watch,
      ...Array.from({ length: 4 }, () => sensor({ version: '2.241.1', host: 'b.contoso.com' })),
    );
    expect(events).toHaveLength(1);
    expect(events[0]).toMatchObject({
      type: 'sensor.changed',
      subject: 'sensor',
      problem: null,
      severity: 'info',
      summary:
        'The sensor has changed: version from 2.240.1 to 2.241.1, endpoint from a.contoso.com:443 to b.contoso.com:443.',
      data: { changes: [{ what: 'version', before: '2.240.1', after: '2.241.1' }, { what: 'endpoint' }] },
    });
  });

  it('that no longer runs is a warning, and so is one that was removed', async () => {
    const watch = await open();
    await look(watch, sensor(), sensor(), sensor({ state: 'stopped' }), sensor({ state: 'stopped' }));
    await look(watch, sensor(), sensor(), gone, gone);
    expect(events.map(({ severity }) => severity)).toEqual(['warning', 'info', 'warning']);
    expect(told().at(-1)).toContain('AATPSensor.state from running to notInstalled');
  });

  it('makes no event by a restart, or by a service that flaps from look to look', async () => {
    const watch = await open();
    await look(watch, sensor(), sensor(), sensor({ state: 'stopPending' }), sensor({ state: 'stopPending' }));
    await look(watch, sensor({ state: 'stopped' }), sensor({ state: 'startPending' }), sensor(), sensor());
    for (let time = 0; time < 6; time += 1) await look(watch, sensor({ state: 'stopped' }), sensor());
    expect(events).toEqual([]);
  });

  it('has not changed where something cannot be told, or can be told again', async () => {
    const watch = await open();
    const unknown = { ...sensor({ version: null, state: 'unknown' }), configuration: { endpoint: null } };
    await look(watch, unknown, unknown, sensor(), sensor(), unknown, unknown, sensor(), sensor());
    expect(events).toEqual([]);
  });

  it('is compared with what an earlier process has seen, before and after the first event', async () => {
    await look(await open(), sensor(), sensor());
    await look(await open(), sensor({ version: '2.241.1' }), sensor({ version: '2.241.1' }));
    expect(told()).toEqual(['The sensor has changed: version from 2.240.1 to 2.241.1.']);
    await look(await open(), sensor({ version: '2.241.1' }), sensor({ version: '2.241.1' }));
    await look(await open(), sensor({ version: '2.242.1' }), sensor({ version: '2.242.1' }));
    expect(told().slice(1)).toEqual(['The sensor has changed: version from 2.241.1 to 2.242.1.']);
  });

  it('is noted by a later look when it could not be noted, without being told twice', async () => {
    const file = path.join(folder.path, 'sensor-seen.json');
    const watch = await open();
    await mkdir(file);
    await expect(look(watch, sensor(), sensor())).rejects.toThrow();
    await rmdir(file);
    await look(watch, sensor());
    await look(await open(), sensor({ version: '2.241.1' }), sensor({ version: '2.241.1' }));
    expect(told()).toEqual(['The sensor has changed: version from 2.240.1 to 2.241.1.']);
  });

  it('makes a summary of one line, whatever the registry says', async () => {
    const watch = await open();
    const odd = sensor({ account: 'CONTOSO\\svc\r\n{"forged": "line"}' });
    await look(watch, sensor(), sensor(), odd, odd);
    expect(told()[0]).toMatch(/^[^\p{Cc}]+$/u);
  });
});
