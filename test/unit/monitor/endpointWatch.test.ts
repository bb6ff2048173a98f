import type { ServiceEvent } from '../../../src/events/event';
import { lookAtEndpoints, type WatchedCheck } from '../../../src/monitor/endpointWatch';
import { Problems } from '../../../src/monitor/problems';
import { systemClock } from '../../../src/lib/clock';

let events: ServiceEvent[];
let problems: Problems;

beforeEach(() => {
  events = [];
  problems = new Problems({
    rule: { needed: 2, of: 3 },
    record: (event) => Promise.resolve(void events.push(event)),
    clock: systemClock,
    open: new Map(),
  });
});

function check(
  status: WatchedCheck['status'],
  host = 'one.contoso.com',
  context = 'LocalService',
): WatchedCheck {
  const failure = { code: 'proxy-auth-required', phase: 'proxyConnect', remedy: 'Let it through.' };
  return {
    context,
    endpoint: { host, port: 443, region: 'sensor' },
    status,
    route: { via: 'proxy', proxy: 'proxy.contoso.com:8080' },
    failure: status === 'unhealthy' ? failure : null,
  };
}

async function look(...checks: readonly WatchedCheck[]): Promise<void> {
  await lookAtEndpoints(checks, problems);
}

const told = () => events.map(({ type, problem }) => `${type} ${String(problem)}`);
const problem = 'endpoint/LocalService/one.contoso.com:443';

describe('an endpoint', () => {
  it('is told when it fails, with the failure, and when it has recovered', async () => {
    for (let time = 0; time < 4; time += 1) await look(check('unhealthy'));
    expect(told()).toEqual([`endpoint.unhealthy ${problem}`]);
    expect(events[0]).toMatchObject({
      subject: 'one.contoso.com:443',
      severity: 'critical',
      summary: 'LocalService does not reach one.contoso.com:443: proxy-auth-required.',
      data: { code: 'proxy-auth-required', phase: 'proxyConnect', remedy: 'Let it through.', via: 'proxy' },
    });
    for (let time = 0; time < 4; time += 1) await look(check('healthy'));
    expect(told()).toEqual([`endpoint.unhealthy ${problem}`, `endpoint.recovered ${problem}`]);
    expect(events[1]).toMatchObject({ resolved: true, data: { probed: true, begunBy: events[0]?.id } });
  });

  it('is a problem of its own for each account and each endpoint', async () => {
    const mixed = [
      check('unhealthy'),
      check('healthy', 'two.contoso.com'),
      check('unhealthy', 'fd00::1', 'LocalSystem'),
    ];
    await look(...mixed);
    await look(...mixed);
    expect(told()).toEqual([
      `endpoint.unhealthy ${problem}`,
      'endpoint.unhealthy endpoint/LocalSystem/[fd00::1]:443',
    ]);
  });

  it('is reached when it is degraded, and nothing is known of it when it is unknown', async () => {
    await look(check('unhealthy'));
    for (let time = 0; time < 9; time += 1) await look(check('unknown'));
    expect(told()).toEqual([]);
    await look(check('unhealthy'));
    for (let time = 0; time < 9; time += 1) await look(check('unknown'));
    expect(told()).toEqual([`endpoint.unhealthy ${problem}`]);
    for (let time = 0; time < 3; time += 1) await look(check('degraded'));
    expect(told()).toHaveLength(2);
  });

  it('makes one event while it flaps', async () => {
    for (let time = 0; time < 20; time += 1) await look(check(time % 2 === 0 ? 'unhealthy' : 'healthy'));
    expect(told()).toEqual([`endpoint.unhealthy ${problem}`]);
  });

  it('that is not probed any more does not stay a problem', async () => {
    await look(check('unhealthy'));
    await look(check('unhealthy'));
    for (let time = 0; time < 4; time += 1) await look(check('healthy', 'two.contoso.com'));
    expect(told()).toEqual([`endpoint.unhealthy ${problem}`, `endpoint.recovered ${problem}`]);
    expect(events[1]).toMatchObject({ subject: 'one.contoso.com:443', data: { probed: false } });
  });
});
