import { DomainError } from '../../../src/lib/errors';
import type { RestartRequest } from '../../../src/sensor/model';
import { noServiceManager } from '../../../src/sensor/serviceControl';
import {
  CONFIGURATION,
  type PracticeSensor,
  SERVICES,
  configurationText,
  healthyServices,
  openPracticeSensor,
} from '../../support/practiceSensor';
import { actor } from '../../support/practice';

let practice: PracticeSensor;

afterEach(() => practice.close());

const restart = (request: RestartRequest = {}) => practice.sensor.restart(request, actor);

async function failureOf(restarting: Promise<unknown>): Promise<DomainError> {
  const error = await restarting.then(
    () => new Error('it did not fail'),
    (reason: unknown) => reason,
  );
  if (!(error instanceof DomainError)) throw error;
  return error;
}

const runs = () => ['AATPSensor', 'AATPSensorUpdater'].map((name) => practice.manager.stateOf(name));

describe('a restart', () => {
  it('stops what depends on the updater, then the updater, starts it, and waits for the sensor', async () => {
    practice = await openPracticeSensor();
    const done = await restart({ ticket: 'CHG1', reason: 'a test' });
    expect(practice.manager.asked).toEqual([
      'stop AATPSensor',
      'stop AATPSensorUpdater',
      'start AATPSensorUpdater',
    ]);
    expect(done).toMatchObject({ restarted: true, dryRun: false, findings: [] });
    expect(done.steps.map(({ action, service, state }) => `${action} ${service} ${state}`)).toEqual([
      'stop AATPSensor stopPending',
      'wait AATPSensor stopped',
      'stop AATPSensorUpdater stopPending',
      'wait AATPSensorUpdater stopped',
      'start AATPSensorUpdater startPending',
      'wait AATPSensorUpdater running',
      'wait AATPSensor running',
    ]);
    expect(done.durationMs).toBe(8500);
    expect(done.steps.reduce((sum, { durationMs }) => sum + durationMs, 0)).toBe(8500);
    expect(runs()).toEqual(['running', 'running']);
  });

  it('is recorded with who, when, why and every step', async () => {
    practice = await openPracticeSensor();
    const done = await restart({ ticket: 'CHG1', reason: 'a test' });
    expect(practice.records).toEqual([
      {
        id: done.changeId,
        at: '2026-11-24T06:00:00.000Z',
        kind: 'sensorRestart',
        actor: 'admin',
        requestId: 'test-request',
        ticket: 'CHG1',
        reason: 'a test',
        changeId: null,
        outcome: 'applied',
        failure: null,
        durationMs: done.durationMs,
        steps: done.steps,
      },
    ]);
  });

  it('stops dependants of dependants first, and starts those that ran again', async () => {
    const services = {
      ...healthyServices(),
      Watcher: { state: 'running' as const, dependsOn: ['AATPSensor'] },
      Idle: { state: 'stopped' as const, dependsOn: ['AATPSensorUpdater'] },
    };
    practice = await openPracticeSensor({ services });
    await restart();
    expect(practice.manager.asked).toEqual([
      'stop Watcher',
      'stop AATPSensor',
      'stop AATPSensorUpdater',
      'start AATPSensorUpdater',
      'start Watcher',
    ]);
    expect(practice.manager.stateOf('Watcher')).toBe('running');
    expect(practice.manager.stateOf('Idle')).toBe('stopped');
  });

  it('stops the sensor last where the service manager knows of no dependency', async () => {
    const { AATPSensor, AATPSensorUpdater } = healthyServices();
    practice = await openPracticeSensor({
      services: { AATPSensorUpdater, AATPSensor: { ...AATPSensor, dependsOn: [] } },
    });
    await restart();
    expect(practice.manager.asked).toEqual([
      'stop AATPSensorUpdater',
      'stop AATPSensor',
      'start AATPSensorUpdater',
    ]);
  });

  it('starts the sensor when the updater has not done so for half a minute', async () => {
    const { AATPSensor, AATPSensorUpdater } = healthyServices();
    practice = await openPracticeSensor({
      services: { AATPSensor, AATPSensorUpdater: { ...AATPSensorUpdater, starts: undefined } },
    });
    const done = await restart();
    expect(practice.manager.asked.at(-1)).toBe('start AATPSensor');
    expect(done.durationMs).toBeGreaterThan(30_000);
    expect(runs()).toEqual(['running', 'running']);
  });

  it('starts a sensor that did not run', async () => {
    const { AATPSensor, AATPSensorUpdater } = healthyServices();
    practice = await openPracticeSensor({
      services: {
        AATPSensor: { ...AATPSensor, state: 'stopped' },
        AATPSensorUpdater: { ...AATPSensorUpdater, state: 'stopped' },
      },
    });
    expect(await restart()).toMatchObject({ restarted: true });
    expect(practice.manager.asked).toEqual(['start AATPSensorUpdater']);
    expect(runs()).toEqual(['running', 'running']);
  });

  it('asks again when a service runs again as soon as it is stopped', async () => {
    practice = await openPracticeSensor();
    practice.manager.change('AATPSensor', { revives: 2 });
    expect(await restart()).toMatchObject({ restarted: true });
    expect(practice.manager.asked.slice(0, 4)).toEqual([
      'stop AATPSensor',
      'stop AATPSensor',
      'stop AATPSensor',
      'stop AATPSensorUpdater',
    ]);
  });

  it('stops again what came up again while the updater still ran', async () => {
    practice = await openPracticeSensor();
    practice.manager.beforeStop('AATPSensorUpdater', () => {
      practice.manager.change('AATPSensor', { state: 'running' });
    });
    expect(await restart()).toMatchObject({ restarted: true });
    expect(practice.manager.asked).toEqual([
      'stop AATPSensor',
      'stop AATPSensorUpdater',
      'stop AATPSensor',
      'stop AATPSensorUpdater',
      'start AATPSensorUpdater',
    ]);
  });

  it('takes no offence at a service that went on its way before it was asked', async () => {
    practice = await openPracticeSensor();
    practice.manager.beforeStop('AATPSensorUpdater', () => void practice.manager.stop('AATPSensorUpdater'));
    expect(await restart()).toMatchObject({ restarted: true });
    expect(runs()).toEqual(['running', 'running']);
  });

  it('waits for a service that is on its way before it asks it', async () => {
    practice = await openPracticeSensor();
    await practice.manager.stop('AATPSensor');
    await restart();
    expect(practice.manager.asked).toEqual([
      'stop AATPSensor',
      'stop AATPSensorUpdater',
      'start AATPSensorUpdater',
    ]);
    practice.manager.change('AATPSensor', { state: 'stopped' });
    practice.manager.asked.length = 0;
    await practice.manager.start('AATPSensor');
    await restart();
    expect(practice.manager.asked).toEqual([
      'start AATPSensor',
      'stop AATPSensor',
      'stop AATPSensorUpdater',
      'start AATPSensorUpdater',
    ]);
  });

  it('serves a machine that has the updater alone', async () => {
    const { AATPSensorUpdater } = healthyServices();
    practice = await openPracticeSensor({ services: { AATPSensorUpdater } });
    expect((await restart()).steps.at(-1)).toMatchObject({ service: 'AATPSensorUpdater', state: 'running' });
  });

  it('tells what keeps the sensor from using the accounts’ proxy', async () => {
    practice = await openPracticeSensor();
    const text = configurationText({ SensorProxyConfiguration: { Url: 'http://own:1' } });
    practice.files.set(CONFIGURATION, { state: 'read', text });
    await practice.setText('AATPSensor', 'ObjectName', 'LocalSystem');
    const { findings } = await restart();
    expect(findings.map(({ code }) => code)).toEqual(['sensor-account-unexpected', 'sensor-own-proxy']);
  });
});

describe('a dry run', () => {
  it('says what would be stopped and started, and touches and records nothing', async () => {
    practice = await openPracticeSensor();
    const shown = await restart({ dryRun: true });
    expect(shown).toMatchObject({ changeId: null, dryRun: true, restarted: false, durationMs: 0 });
    expect(shown.steps.map(({ action, service, state }) => `${action} ${service} ${state}`)).toEqual([
      'stop AATPSensor running',
      'wait AATPSensor running',
      'stop AATPSensorUpdater running',
      'wait AATPSensorUpdater running',
      'start AATPSensorUpdater running',
      'wait AATPSensorUpdater running',
      'wait AATPSensor running',
    ]);
    expect(practice.manager.asked).toEqual([]);
    expect(practice.records).toEqual([]);
  });
});

describe.each([false, true])('a restart (dry run: %s)', (dryRun) => {
  it('is refused without a sensor', async () => {
    practice = await openPracticeSensor({ services: {} });
    expect(await failureOf(restart({ dryRun }))).toMatchObject({
      kind: 'conflict',
      code: 'sensor-not-installed',
    });
  });

  it('is refused without a service manager', async () => {
    practice = await openPracticeSensor({ control: noServiceManager });
    expect(await failureOf(restart({ dryRun }))).toMatchObject({
      kind: 'unavailable',
      code: 'service-manager-unavailable',
    });
    expect(practice.records).toEqual([]);
  });

  it.each(['AATPSensor', 'AATPSensorUpdater'])('is refused while %s is disabled', async (service) => {
    practice = await openPracticeSensor();
    await practice.setNumber(`${SERVICES}\\${service}`, 'Start', 4);
    expect(await failureOf(restart({ dryRun }))).toMatchObject({ kind: 'conflict', code: 'sensor-disabled' });
    expect(practice.manager.asked).toEqual([]);
  });

  it('is refused when the service manager does not answer', async () => {
    practice = await openPracticeSensor();
    practice.manager.change('AATPSensorUpdater', { silent: 'query' });
    expect(await failureOf(restart({ dryRun }))).toMatchObject({ code: 'service-manager-unavailable' });
    practice.manager.change('AATPSensorUpdater', { silent: undefined });
    expect(await restart({ dryRun })).toMatchObject({ restarted: !dryRun });
  });

  it('is refused while another one is under way', async () => {
    practice = await openPracticeSensor();
    const first = restart();
    expect(await failureOf(restart({ dryRun }))).toMatchObject({
      kind: 'conflict',
      code: 'sensor-restart-running',
    });
    expect(await first).toMatchObject({ restarted: true });
    expect(await restart()).toMatchObject({ restarted: true });
  });

  it('is refused once the service stops', async () => {
    practice = await openPracticeSensor();
    await practice.sensor.close();
    expect(await failureOf(restart({ dryRun }))).toMatchObject({ kind: 'unavailable', code: 'stopping' });
  });
});
