import { DomainError } from '../../../src/lib/errors';
import type { RestartRequest } from '../../../src/sensor/model';
import { isSensorRestart, restartAsMarkdown } from '../../../src/sensor/evidence';
import { type PracticeSensor, openPracticeSensor } from '../../support/practiceSensor';
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

describe('a restart that fails', () => {
  it('names the step and the last state when a service does not stop in time', async () => {
    practice = await openPracticeSensor();
    practice.manager.change('AATPSensorUpdater', { hangs: 'stop' });
    const error = await failureOf(restart({ timeoutMs: 10_000 }));
    expect(error).toMatchObject({
      kind: 'unavailable',
      code: 'sensor-restart-failed',
      extensions: {
        failed: { step: 'wait', service: 'AATPSensorUpdater', state: 'stopPending', code: 'timeout' },
        changeId: practice.records[0]?.id,
      },
    });
    expect(error.detail).toContain('AATPSensorUpdater');
    expect(error.detail).toContain('stopPending');
  });

  it('starts again what it has stopped when a later service refuses to stop', async () => {
    practice = await openPracticeSensor();
    practice.manager.change('AATPSensorUpdater', { refuses: { stop: 1052 } });
    const error = await failureOf(restart());
    expect(error.extensions).toMatchObject({
      failed: { step: 'stop', service: 'AATPSensorUpdater', state: 'running', code: 'service-refused' },
    });
    expect(error.detail).toContain('1052');
    expect(error.detail).toContain('What ran before runs again.');
    expect(practice.manager.asked.at(-1)).toBe('start AATPSensor');
    expect(runs()).toEqual(['running', 'running']);
  });

  it('is recorded, with what was done after the failure', async () => {
    practice = await openPracticeSensor();
    practice.manager.change('AATPSensorUpdater', { refuses: { stop: 1052 } });
    await failureOf(restart({ ticket: 'CHG2' }));
    expect(practice.records).toEqual([
      expect.objectContaining({ outcome: 'failed', ticket: 'CHG2', changeId: null }),
    ]);
    expect(practice.records[0]?.failure).toContain('1052');
    expect(practice.records[0]?.steps.at(-1)).toMatchObject({
      action: 'wait',
      service: 'AATPSensor',
      state: 'running',
    });
  });

  it('says what does not run when it cannot be started', async () => {
    practice = await openPracticeSensor();
    practice.manager.change('AATPSensorUpdater', { refuses: { start: 1069 } });
    const error = await failureOf(restart());
    expect(error.extensions).toMatchObject({
      failed: { step: 'start', service: 'AATPSensorUpdater', state: 'stopped', code: 'service-refused' },
    });
    expect(error.detail).toContain('do not run now: AATPSensorUpdater (stopped)');
  });

  it('ends in time when a service is on its way for ever', async () => {
    practice = await openPracticeSensor();
    practice.manager.change('AATPSensor', { hangs: 'start', refuses: { start: 1053 } });
    const error = await failureOf(restart({ timeoutMs: 20_000 }));
    expect(error.extensions).toMatchObject({ failed: { service: 'AATPSensor', state: 'stopped' } });
    expect(practice.time.clock.monotonicMs()).toBeLessThanOrEqual(35_000);
  });

  it.each(['stop', 'start', 'query'] as const)(
    'ends in time when the service manager does not answer a %s',
    async (silent) => {
      practice = await openPracticeSensor();
      const restarting = failureOf(restart({ timeoutMs: 60_000 }));
      await new Promise((resolve) => setImmediate(resolve));
      practice.manager.change('AATPSensorUpdater', { silent });
      expect(await restarting).toMatchObject({ code: 'sensor-restart-failed' });
      expect(practice.time.clock.monotonicMs()).toBeLessThanOrEqual(75_000);
    },
  );

  it('says so when the service manager or a service goes away', async () => {
    practice = await openPracticeSensor();
    practice.manager.change('AATPSensor', { stopMs: 5000 });
    const restarting = failureOf(restart());
    await new Promise((resolve) => setImmediate(resolve));
    practice.manager.broken = 'It is going down (1115).';
    const error = await restarting;
    expect(error.extensions).toMatchObject({ failed: { code: 'service-manager-unavailable' } });
    expect(error.detail).toContain('1115');
    expect(practice.records).toHaveLength(1);
  });

  it('says which service is gone', async () => {
    practice = await openPracticeSensor();
    const restarting = failureOf(restart());
    await new Promise((resolve) => setImmediate(resolve));
    practice.manager.remove('AATPSensorUpdater');
    expect((await restarting).extensions).toMatchObject({ failed: { service: 'AATPSensorUpdater' } });
  });

  it('because this service stops leaves running what ran, and is recorded', async () => {
    practice = await openPracticeSensor();
    const restarting = failureOf(restart());
    await new Promise((resolve) => setImmediate(resolve));
    await practice.sensor.close();
    expect((await restarting).extensions).toMatchObject({ failed: { code: 'stopping' } });
    expect(runs()).toEqual(['running', 'running']);
    expect(practice.records).toEqual([expect.objectContaining({ outcome: 'failed' })]);
  });

  it('to be recorded is an error of its own', async () => {
    practice = await openPracticeSensor({ record: () => Promise.reject(new Error('ENOSPC')) });
    expect(await failureOf(restart())).toMatchObject({ code: 'sensor-restart-unrecorded' });
    expect(runs()).toEqual(['running', 'running']);
    expect(practice.logger.lines.join('')).toContain('a restart could not be recorded');
  });
});

describe('a restart after a change', () => {
  const cause = { changeId: 'change-1', actor, ticket: 'CHG3', reason: 'a copy' };

  it('is recorded with that change', async () => {
    practice = await openPracticeSensor();
    const result = await practice.sensor.restartAfter(cause);
    expect(result).toMatchObject({ status: 'restarted', changeId: practice.records[0]?.id, code: null });
    expect(practice.records[0]).toMatchObject({ changeId: 'change-1', ticket: 'CHG3', reason: 'a copy' });
  });

  it('says how it failed, and does not throw', async () => {
    practice = await openPracticeSensor();
    practice.manager.change('AATPSensorUpdater', { refuses: { stop: 1052 } });
    expect(await practice.sensor.restartAfter(cause)).toMatchObject({
      status: 'failed',
      changeId: practice.records[0]?.id,
      code: 'sensor-restart-failed',
    });
    practice.manager.broken = 'It is not there.';
    expect(await practice.sensor.restartAfter(cause)).toEqual({
      status: 'failed',
      changeId: null,
      code: 'service-manager-unavailable',
      detail: 'It is not there.',
    });
  });

  it('is said to have worked when only its record failed', async () => {
    practice = await openPracticeSensor({ record: () => Promise.reject(new Error('ENOSPC')) });
    expect(await practice.sensor.restartAfter(cause)).toMatchObject({
      status: 'restarted',
      changeId: null,
      code: 'sensor-restart-unrecorded',
    });
  });
});

describe('the evidence of a restart', () => {
  it('is a page of Markdown in which nothing from outside is markup', async () => {
    practice = await openPracticeSensor();
    await restart({ ticket: '[x](javascript:1)', reason: '<b>|pipe' });
    const [record] = practice.records;
    if (record === undefined) throw new Error('no record');
    const page = restartAsMarkdown(record);
    expect(page).toMatch(/^# Sensor restart \S+\n/);
    expect(page).toContain('| Ticket | \\[x\\]\\(javascript:1\\) |');
    expect(page).toContain('| Reason | \\<b\\>\\|pipe |');
    expect(page).toContain('| wait | AATPSensor | running | 5000 ms |');
    expect(page).not.toContain('After the change');
  });

  it('is taken for what it is when it is read back, and nothing else is', async () => {
    practice = await openPracticeSensor();
    await restart();
    const [record] = practice.records;
    expect(isSensorRestart(JSON.parse(JSON.stringify(record)))).toBe(true);
    for (const other of [
      null,
      5,
      {},
      { ...record, kind: 'copy' },
      { ...record, steps: [{}] },
      { ...record, id: 1 },
    ])
      expect(isSensorRestart(other)).toBe(false);
  });
});
