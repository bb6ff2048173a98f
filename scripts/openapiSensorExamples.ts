/** Examples of `/sensor` and of its restart in the journal. */
import type { RestartRequest, Sensor, SensorRestart, SensorRestartRecord } from '../src/sensor/model';

const RESTART_ID = '20261124T061620100Z-5a1e0c77';

const crypto = { systemDefaultTlsVersions: 1, schUseStrongCrypto: 1, ok: true, detail: null };

/** `GET /sensor` of a healthy machine whose sensor has a proxy of its own. */
export const sensorExample: Sensor = {
  installed: true,
  version: '2.240.18316.1234',
  path: 'C:\\Program Files\\Azure Advanced Threat Protection Sensor\\2.240.18316.1234',
  services: [
    {
      name: 'AATPSensor',
      expectedAccount: 'NT AUTHORITY\\LocalService',
      installed: true,
      account: 'NT AUTHORITY\\LocalService',
      startType: 'automatic',
      detail: null,
      state: 'running',
      processId: 4312,
    },
    {
      name: 'AATPSensorUpdater',
      expectedAccount: 'LocalSystem',
      installed: true,
      account: 'LocalSystem',
      startType: 'automatic',
      detail: null,
      state: 'running',
      processId: 2920,
    },
  ],
  configuration: {
    state: 'read',
    detail: null,
    endpoint: { host: 'contososensorapi.atp.azure.com', port: 443 },
    ownProxy: true,
  },
  v3: {
    present: false,
    detail:
      'Its process SenseIdentity does not run. The service Sense (Defender for Endpoint) is not in the registry.',
  },
  strongCrypto: [
    { key: 'HKEY_LOCAL_MACHINE\\SOFTWARE\\Microsoft\\.NETFramework\\v4.0.30319', ...crypto },
    { key: 'HKEY_LOCAL_MACHINE\\SOFTWARE\\WOW6432Node\\Microsoft\\.NETFramework\\v4.0.30319', ...crypto },
  ],
  findings: [
    {
      code: 'sensor-own-proxy',
      severity: 'warning',
      detail:
        'The sensor was given a proxy of its own (SensorProxyConfiguration) and does not use WinINET: a copy will not matter to it.',
      remedy:
        'Change that proxy with the vendor’s tools, or remove it there to have the sensor use the accounts’ proxy.',
    },
  ],
};

/** `POST /sensor/restart`. */
export const restartExample: SensorRestart = {
  changeId: RESTART_ID,
  dryRun: false,
  restarted: true,
  durationMs: 9350,
  steps: [
    { action: 'stop', service: 'AATPSensor', state: 'stopPending', durationMs: 4 },
    { action: 'wait', service: 'AATPSensor', state: 'stopped', durationMs: 2260 },
    { action: 'stop', service: 'AATPSensorUpdater', state: 'stopPending', durationMs: 3 },
    { action: 'wait', service: 'AATPSensorUpdater', state: 'stopped', durationMs: 510 },
    { action: 'start', service: 'AATPSensorUpdater', state: 'startPending', durationMs: 6 },
    { action: 'wait', service: 'AATPSensorUpdater', state: 'running', durationMs: 1020 },
    { action: 'wait', service: 'AATPSensor', state: 'running', durationMs: 5540 },
  ],
  findings: [],
};

/** The body of `POST /sensor/restart`: Swagger UI fills it in, so that it must do no harm. */
export const restartRequestExample: RestartRequest = {
  ticket: 'CHG0031337',
  reason: 'The sensor shall notice its new proxy.',
  dryRun: true,
};

/** The journal's entry of a restart after the change `changeId`. */
export function restartRecordExample(
  why: Pick<SensorRestartRecord, 'requestId' | 'ticket' | 'reason' | 'changeId'>,
): SensorRestartRecord {
  return {
    id: RESTART_ID,
    at: '2026-11-24T06:16:20.100Z',
    kind: 'sensorRestart',
    actor: 'admin',
    ...why,
    outcome: 'applied',
    failure: null,
    durationMs: restartExample.durationMs,
    steps: restartExample.steps,
  };
}
