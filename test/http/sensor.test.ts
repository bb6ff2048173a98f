import { cp } from 'node:fs/promises';
import path from 'node:path';
import { compose } from '../../src/compose';
import { readConfig } from '../../src/config';
import type { EndpointList, HealthReport } from '../../src/endpoints/report';
import type { JournalPage } from '../../src/http/controllers/changes.controller';
import { systemClock } from '../../src/lib/clock';
import type { ChangeOutcome } from '../../src/proxy/model';
import type { Sensor, SensorRestart } from '../../src/sensor/model';
import { type FakeService, FakeServiceManager } from '../support/fakeServiceManager';
import { CONFIGURATION, configurationText } from '../support/practiceSensor';
import { temporaryFolder } from '../support/temporaryFolder';
import { type CallOptions, type Service, bodyOf, openService } from './service';

/** Everything of it comes about at once: real time passes here. */
function services(): Record<string, FakeService> {
  return {
    AATPSensorUpdater: { state: 'running', starts: { name: 'AATPSensor', afterMs: 0 } },
    AATPSensor: { state: 'running', dependsOn: ['AATPSensorUpdater'] },
  };
}

const ENDPOINT = 'WorkspaceApplicationSensorApiWebClientConfigurationServiceEndpoint';
/** Nothing listens on TCP port 2 either, and nothing leaves the machine. */
const localEndpoint = configurationText({ [ENDPOINT]: { Address: '127.0.0.1', Port: 2 } });

let manager: FakeServiceManager;
let service: Service;

async function open(text: string | null = localEndpoint) {
  manager = new FakeServiceManager(services(), systemClock);
  service = await openService({}, undefined, {
    control: manager,
    readTextFile: (location) =>
      Promise.resolve(
        text !== null && location === CONFIGURATION ? { state: 'read', text } : { state: 'absent' },
      ),
    processRunning: () => Promise.resolve(false),
  });
}

afterEach(() => service.close());

const restart = (body?: CallOptions['body']) => service.call('POST', '/sensor/restart', { body });
const journal = async () => (bodyOf(await service.call('GET', '/changes')) as JournalPage).items;

describe('the sensor', () => {
  it('is shown with its services, its endpoint and its findings', async () => {
    await open(configurationText({ SensorProxyConfiguration: { Url: 'http://own:1', Password: 'secret' } }));
    const response = await service.call('GET', '/sensor');
    expect(response.status).toBe(200);
    expect(bodyOf(response)).toMatchObject({
      installed: true,
      version: '2.240.18316.1234',
      services: [{ state: 'running' }, { state: 'running' }],
      configuration: { state: 'read', ownProxy: true, endpoint: { port: 443 } },
      findings: [{ code: 'sensor-own-proxy', severity: 'warning' }],
    });
    expect(response.text).not.toMatch(/secret|own:1/);
  });

  it('is shown, as far as it can be told, on a machine without a service manager', async () => {
    service = await openService();
    const response = await service.call('GET', '/sensor');
    expect(response.status).toBe(200);
    const { services: shown, configuration, v3 } = bodyOf(response) as Sensor;
    expect(shown.map(({ state, account }) => [state, account])).toEqual([
      ['unknown', 'NT AUTHORITY\\LocalService'],
      ['unknown', 'LocalSystem'],
    ]);
    expect(shown[0]?.detail).toContain('no Windows service manager');
    expect(configuration.state).toBe('absent');
    expect(v3.present).toBeNull();
    const refused = await restart();
    expect(refused.status).toBe(503);
    expect(bodyOf(refused)).toMatchObject({ code: 'service-manager-unavailable' });
  });

  it('needs a token', async () => {
    await open();
    for (const [method, location] of [
      ['GET', '/sensor'],
      ['POST', '/sensor/restart'],
    ] as const)
      expect((await service.call(method, location, { token: null })).status).toBe(401);
    expect(manager.asked).toEqual([]);
  });
});

describe('its endpoint', () => {
  it('is listed, and probed beside the endpoints file', async () => {
    await open();
    const { items } = bodyOf(await service.call('GET', '/endpoints')) as EndpointList;
    expect(items.filter(({ probed }) => probed)).toMatchObject([
      { host: '127.0.0.1', port: 2, origin: 'sensor', region: 'sensor' },
      { host: '127.0.0.1', port: 1, origin: 'file' },
    ]);
    const response = await service.call('GET', '/endpoints/health?context=NetworkService');
    const { checks } = bodyOf(response) as HealthReport;
    expect(checks.map(({ endpoint }) => endpoint.origin)).toEqual(['sensor', 'file']);
    const narrowed = await service.call('GET', '/endpoints/health?context=NetworkService&region=sensor');
    expect((bodyOf(narrowed) as HealthReport).checks).toHaveLength(1);
  });

  it.each(['http://127.0.0.1/', '127.0.0.1\r\nHost: x', ''])(
    'is not probed, but found, when it is %j',
    async (address) => {
      await open(configurationText({ [ENDPOINT]: { Address: address, Port: 2 } }));
      const { items } = bodyOf(await service.call('GET', '/endpoints')) as EndpointList;
      expect(items.filter(({ origin }) => origin === 'sensor')).toEqual([]);
      const { findings } = bodyOf(await service.call('GET', '/sensor')) as Sensor;
      expect(findings.map(({ code }) => code)).toEqual(['sensor-endpoint-invalid']);
    },
  );
});

describe('a restart', () => {
  it('restarts the sensor, and is in the journal as JSON and as Markdown', async () => {
    await open();
    const response = await restart({ ticket: 'CHG5', reason: 'a test' });
    expect(response.status).toBe(200);
    const done = bodyOf(response) as SensorRestart;
    expect(done).toMatchObject({ restarted: true, dryRun: false });
    expect(manager.asked).toEqual(['stop AATPSensor', 'stop AATPSensorUpdater', 'start AATPSensorUpdater']);
    expect(await journal()).toMatchObject([
      { id: done.changeId, kind: 'sensorRestart', ticket: 'CHG5', outcome: 'applied', changeId: null },
    ]);
    const location = `/changes/${done.changeId ?? ''}`;
    expect(bodyOf(await service.call('GET', location))).toMatchObject({ reason: 'a test', actor: 'admin' });
    const page = await service.call('GET', location, { headers: { Accept: 'text/markdown' } });
    expect(page.headers['content-type']).toBe('text/markdown; charset=utf-8');
    expect(page.text).toMatch(/^# Sensor restart /);
  });

  it('needs no body', async () => {
    await open();
    expect(bodyOf(await restart())).toMatchObject({ restarted: true });
  });

  it('only says what it would do on a dry run', async () => {
    await open();
    const response = await restart({ dryRun: true });
    expect(response.status).toBe(200);
    expect(bodyOf(response)).toMatchObject({ dryRun: true, restarted: false, changeId: null });
    expect(manager.asked).toEqual([]);
    expect(await journal()).toEqual([]);
  });

  it('that fails names the step, and is in the journal', async () => {
    await open();
    manager.change('AATPSensorUpdater', { refuses: { stop: 1052 } });
    const response = await restart();
    expect(response.status).toBe(503);
    const problem = bodyOf(response) as { changeId: string };
    expect(problem).toMatchObject({
      code: 'sensor-restart-failed',
      failed: { step: 'stop', service: 'AATPSensorUpdater', state: 'running', code: 'service-refused' },
    });
    expect(await journal()).toMatchObject([{ id: problem.changeId, outcome: 'failed' }]);
    expect(manager.stateOf('AATPSensor')).toBe('running');
  });

  it('is refused while another is under way, and without a sensor', async () => {
    await open();
    manager.change('AATPSensor', { stopMs: 300 });
    const [first, second] = await Promise.all([restart(), restart()]);
    expect([first.status, second.status].sort()).toEqual([200, 409]);
    manager.remove('AATPSensor');
    manager.remove('AATPSensorUpdater');
    const response = await restart();
    expect(response.status).toBe(409);
    expect(bodyOf(response)).toMatchObject({ code: 'sensor-not-installed' });
  });

  it.each<[string, CallOptions['body'], string]>([
    ['an unknown field', { force: true }, '/force'],
    ['the name of a service', { service: 'W32Time' }, '/service'],
    ['too little time', { timeoutMs: 999 }, '/timeoutMs'],
    ['too much time', { timeoutMs: 300_001 }, '/timeoutMs'],
    ['time in parts of milliseconds', { timeoutMs: 1000.5 }, '/timeoutMs'],
    ['time as text', { timeoutMs: '1000' }, '/timeoutMs'],
    ['a flag as text', { dryRun: 'true' }, '/dryRun'],
    ['a ticket with a line break', { ticket: 'CHG1\nCHG2' }, '/ticket'],
    ['a reason that is too long', { reason: 'x'.repeat(2001) }, '/reason'],
    ['null', { reason: null }, '/reason'],
  ])('with %s is refused, and nothing is touched', async (_what, body, pointer) => {
    await open();
    const response = await restart(body);
    expect(response.status).toBe(400);
    const problem = bodyOf(response) as { code: string; errors: { pointer: string }[] };
    expect(problem.code).toBe('validation-failed');
    expect(problem.errors.map((error) => error.pointer)).toContain(pointer);
    expect(manager.asked).toEqual([]);
  });

  it('goes on when the caller has gone', async () => {
    await open();
    manager.change('AATPSensor', { stopMs: 300 });
    const { default: request } = await import('supertest');
    const call = request(service.app)
      .post('/sensor/restart')
      .set('Authorization', `Bearer ${service.token}`)
      .timeout({ deadline: 100 });
    await expect(call).rejects.toThrow('Timeout');
    for (let tries = 0; (await journal()).length === 0 && tries < 40; tries += 1)
      await new Promise((resolve) => setTimeout(resolve, 50));
    expect(await journal()).toMatchObject([{ kind: 'sensorRestart', outcome: 'applied' }]);
  });
});

describe('a copy with restartSensor', () => {
  const copy = async (body: object) => {
    const response = await service.call('POST', '/proxy/copy', { body: { restartSensor: true, ...body } });
    expect(response.status).toBe(200);
    return bodyOf(response) as ChangeOutcome;
  };

  it('restarts the sensor after the change, and the journal joins the two', async () => {
    await open();
    const outcome = await copy({ ticket: 'CHG6' });
    const { changeId, sensorRestart } = outcome;
    expect(outcome).toMatchObject({
      changed: true,
      restartRecommended: false,
      sensorRestart: { status: 'restarted', code: null },
    });
    expect(await journal()).toMatchObject([
      { id: sensorRestart?.changeId, kind: 'sensorRestart', changeId, ticket: 'CHG6' },
      { id: changeId, kind: 'copy', ticket: 'CHG6' },
    ]);
    expect(manager.stateOf('AATPSensor')).toBe('running');
  });

  it('restarts nothing on a dry run, or when nothing changed', async () => {
    await open();
    expect(await copy({ dryRun: true })).toMatchObject({ sensorRestart: null, restartRecommended: true });
    await copy({ restartSensor: false });
    expect(await copy({})).toMatchObject({ changed: false, sensorRestart: null });
    expect(manager.asked).toEqual([]);
  });

  it('restarts nothing unasked', async () => {
    await open();
    const outcome = await copy({ restartSensor: false });
    expect(outcome).toMatchObject({ changed: true, restartRecommended: true, sensorRestart: null });
    expect(manager.asked).toEqual([]);
  });

  it('stands when the restart fails, and says so', async () => {
    await open();
    manager.change('AATPSensorUpdater', { refuses: { stop: 1052 } });
    const outcome = await copy({});
    expect(outcome).toMatchObject({
      changed: true,
      restartRecommended: true,
      sensorRestart: { status: 'failed', code: 'sensor-restart-failed' },
    });
    expect((await journal()).map(({ kind, outcome: end }) => `${kind} ${end}`)).toEqual([
      'sensorRestart failed',
      'copy applied',
    ]);
    expect(await copy({ restartSensor: false })).toMatchObject({ changed: false });
  });

  it('lets other changes go on while the sensor restarts', async () => {
    await open();
    manager.change('AATPSensor', { stopMs: 1000 });
    const copying = copy({});
    for (let tries = 0; manager.asked.length === 0 && tries < 100; tries += 1)
      await new Promise((resolve) => setTimeout(resolve, 10));
    expect(await copy({ restartSensor: false })).toMatchObject({ changed: false });
    expect(manager.asked).toEqual(['stop AATPSensor']);
    expect((await copying).sensorRestart?.status).toBe('restarted');
  });
});

it('the journal has both kinds again after the next start', async () => {
  await open();
  await restart();
  await service.call('POST', '/proxy/copy', { body: {} });
  const before = await journal();
  expect(before.map(({ kind }) => kind)).toEqual(['copy', 'sensorRestart']);
  const folder = await temporaryFolder();
  await cp(path.join(service.dataDir, 'journal'), path.join(folder.path, 'journal'), { recursive: true });
  const next = await compose(readConfig({ SENSORPROXY_DATA_DIR: folder.path }), service.services.logger);
  try {
    expect((await next.services.changes.page({ limit: 10 })).items).toEqual(before);
  } finally {
    await next.close();
    await folder.remove();
  }
});
