import { createSharedRuns } from '../../src/endpoints/runs/sharedRuns';
import { type InFlightRoom, createInFlight } from '../../src/http/inFlight';
import { systemClock } from '../../src/lib/clock';
import { faultyRegistry } from '../support/faultyRegistry';
import { actor, openPractice } from '../support/practice';
import { controlledCheck, runAt } from '../unit/endpoints/controlledRun';
import { AUTHORITY, type Served, held, serve, until, untilClosed } from './clients';
import { bodyOf } from './service';

let served: Served | undefined;

afterEach(async () => {
  await served?.close();
  served = undefined;
});

async function listen(...parts: Parameters<typeof serve>): Promise<Served> {
  served = await serve(...parts);
  return served;
}

describe('sizes', () => {
  it('an address of more than 8 KiB is refused with 414, before the token is looked at', async () => {
    const { service } = await listen();
    const long = `/proxy/contexts?source=${'x'.repeat(8 * 1024)}`;
    const response = await service.call('GET', long, { token: null });
    expect(response.status).toBe(414);
    expect(bodyOf(response)).toMatchObject({ code: 'uri-too-long' });
    expect((await service.call('GET', `/${'x'.repeat(8 * 1024 - 1)}`)).status).toBe(404);
    expect((await service.call('GET', `/${'x'.repeat(8 * 1024)}`)).status).toBe(414);
  });

  it('a body of more than 64 KiB is refused with 413, told in advance or not', async () => {
    const { service, open } = await listen();
    const body = JSON.stringify({ reason: 'x'.repeat(65 * 1024) });
    const told = await service.call('POST', '/proxy/copy', { body });
    expect(told.status).toBe(413);
    expect(bodyOf(told)).toMatchObject({ code: 'body-too-large' });
    const headers = [
      'POST /proxy/copy HTTP/1.1',
      AUTHORITY,
      `Authorization: Bearer ${service.token}`,
      'Content-Type: application/json',
      'Transfer-Encoding: chunked',
      'Connection: close',
    ].join('\r\n');
    const socket = open(`${headers}\r\n\r\n10400\r\n${'x'.repeat(0x10400)}\r\n0\r\n\r\n`);
    expect((await untilClosed(socket)).text).toMatch(/^HTTP\/1\.1 413 /);
  });

  it('headers of more than 16 KiB are refused with 431, many small ones too', async () => {
    const { open } = await listen();
    const many = Array.from({ length: 1200 }, (_, index) => `X-${index}: 0123456789`).join('\r\n');
    const socket = open(`GET /livez HTTP/1.1\r\n${AUTHORITY}\r\n${many}\r\n\r\n`);
    expect((await untilClosed(socket)).text).toMatch(/^HTTP\/1\.1 431 /);
  });
});

describe('requests that are worked on', () => {
  const room: InFlightRoom = { reads: 2, changes: 1, health: 1 };

  it('beyond what there is room for get 503 with Retry-After, and leave room as they end', async () => {
    const gate = held();
    const inFlight = createInFlight(room);
    const { ask } = await listen({}, (services) => ({ inFlight, ...gate.endpoints(services) }));
    const slow = [ask('/endpoints'), ask('/endpoints')];
    await until(() => gate.arrived() === 2);
    const refused = { status: 503, code: 'too-busy', retryAfter: '1' };
    expect(await ask('/endpoints')).toEqual(refused);
    expect(await ask('/proxy/contexts', { token: null })).toEqual(refused);
    expect(await ask('/nowhere')).toEqual(refused);
    expect((await ask('/livez')).status).toBe(200);
    expect((await ask('/proxy/copy', { method: 'POST' })).status).toBe(200);
    expect(gate.arrived()).toBe(2);
    gate.release();
    expect((await Promise.all(slow)).map(({ status }) => status)).toEqual([200, 200]);
    expect((await ask('/endpoints')).status).toBe(200);
  });

  it('count on when their caller has gone, until the work has ended', async () => {
    const gate = held();
    const inFlight = createInFlight({ ...room, reads: 1 });
    const { ask, open, service } = await listen({}, (services) => ({
      inFlight,
      ...gate.endpoints(services),
    }));
    const token = `Authorization: Bearer ${service.token}`;
    const gone = open(`GET /endpoints HTTP/1.1\r\n${AUTHORITY}\r\n${token}\r\n\r\n`);
    await until(() => gate.arrived() === 1);
    gone.destroy();
    await new Promise((resolve) => setTimeout(resolve, 50));
    expect((await ask('/proxy/contexts')).code).toBe('too-busy');
    gate.release();
    let status = 0;
    while (status !== 200) ({ status } = await ask('/proxy/contexts'));
  });

  it('health checks have room of their own', async () => {
    const gate = held();
    const checkedAt = '2026-11-24T06:00:00.000Z';
    const { ask } = await listen({}, () => ({
      inFlight: createInFlight(room),
      health: async () => {
        await gate.wait();
        return { status: 'unknown', checkedAt, durationMs: 0, checks: [], findings: [] };
      },
    }));
    const slow = ask('/endpoints/health');
    await until(() => gate.arrived() === 1);
    expect((await ask('/endpoints/health')).code).toBe('too-busy');
    expect((await ask('/proxy/contexts')).status).toBe(200);
    gate.release();
    expect((await slow).status).toBe(200);
  });

  it('a body that drips takes no room', async () => {
    const { ask, open, drippingBody } = await listen({}, () => ({ inFlight: createInFlight(room) }));
    for (let count = 0; count < 5; count += 1) open(drippingBody());
    await new Promise((resolve) => setTimeout(resolve, 100));
    expect((await ask('/proxy/copy', { method: 'POST' })).status).toBe(200);
  });
});

describe('health checks that differ', () => {
  it('run at most so many at a time; equal ones join, and room comes back', async () => {
    const { start, runs } = controlledCheck();
    const check = createSharedRuns({ start, clock: systemClock, record: () => undefined, mostRuns: 2 });
    const { signal } = new AbortController();
    const first = [check({ timeoutMs: 101 }, signal), check({ timeoutMs: 102 }, signal)];
    await expect(check({ timeoutMs: 103 }, signal)).rejects.toMatchObject({ code: 'too-busy' });
    const joined = check({ timeoutMs: 101 }, signal);
    expect(runs).toHaveLength(2);
    for (const run of runs) run.finish();
    await Promise.all([...first, joined]);
    const next = check({ timeoutMs: 103 }, signal);
    runAt(runs, 2).finish();
    expect((await next).checks).toEqual([]);
  });
});

describe('changes', () => {
  it('that wait too long for the one before are refused, and never made', async () => {
    let release = (): void => undefined;
    let stuck = (): void => undefined;
    const isStuck = new Promise<void>((resolve) => (stuck = resolve));
    const released = new Promise<void>((resolve) => (release = resolve));
    const practice = await openPractice({
      lockWaitMs: 100,
      wrap: (registry) => ({
        ...faultyRegistry(registry, () => undefined),
        writeValue: async (...write) => {
          stuck();
          await released;
          return registry.writeValue(...write);
        },
      }),
    });
    try {
      const first = practice.proxy.copy({ targets: ['LocalService'] }, actor);
      await isStuck;
      const second = practice.proxy.copy({ targets: ['LocalSystem'] }, actor);
      await expect(second).rejects.toMatchObject({ kind: 'unavailable', code: 'busy-writing' });
      release();
      expect((await first).changed).toBe(true);
      expect((await practice.proxy.copy({ dryRun: true, targets: ['LocalSystem'] }, actor)).changed).toBe(
        true,
      );
      expect(practice.journal.size.entries).toBe(1);
    } finally {
      await practice.close();
    }
  });
});
