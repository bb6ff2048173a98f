/** What answers and requests look like, by operationId; the compiler and `test/openapi.test.ts` hold them to the shapes. */
import type { EndpointList } from '../src/endpoints/report';
import type { JournalPage } from '../src/http/controllers/changes.controller';
import type { Liveness } from '../src/http/controllers/operations.controller';
import { NDJSON } from '../src/http/ndjson';
import type { Readiness } from '../src/http/services';
import { changeAsMarkdown } from '../src/proxy/evidence';
import type {
  Backup,
  BackupPage,
  Change,
  ChangeOutcome,
  CopyRequest,
  ProxyContext,
  ProxyContexts,
  ProxySettings,
  PutSettingsRequest,
  RestoreRequest,
} from '../src/proxy/model';
import { allowlistExample, allowlistTextExamples } from './openapiAllowlistExamples';
import { eventsExample } from './openapiEventsExample';
import {
  healthExample,
  healthHistoryExample,
  healthLinesExample,
  metricsExample,
  unhealthyExample,
} from './openapiHealthExample';
import {
  webhookAnswerExamples,
  webhookChangeExample,
  webhookRequestExamples,
} from './openapiWebhookExamples';
import {
  restartExample,
  restartRecordExample,
  restartRequestExample,
  sensorExample,
} from './openapiSensorExamples';

const USER = 'S-1-5-21-1004336348-1177238915-682003330-1104';
const BACKUP_ID = '20261124T061512345Z-9f86d081';
const CHANGE_ID = '20261124T061512350Z-2c26b46b';
const REQUEST_ID = '7f3f0c0e-7a51-4f6e-9d2b-0f6f5f0a3c11';
const WHY = { ticket: 'CHG0031337', reason: 'The sensor on DC01 cannot reach its service.' };

const settings: ProxySettings = {
  version: 70,
  counter: 3,
  flags: { direct: true, proxy: true, autoConfigUrl: false, autoDetect: false },
  proxyServer: 'proxy.contoso.com:8080',
  bypassList: ['*.contoso.com', '<local>'],
  autoConfigUrl: null,
};
const hex =
  '46000000030000000300000016000000' +
  Buffer.from('proxy.contoso.com:8080').toString('hex') +
  '15000000' +
  Buffer.from('*.contoso.com;<local>').toString('hex') +
  '00000000' +
  '00'.repeat(32);

const context: ProxyContext = {
  id: 'LocalSystem',
  sid: 'S-1-5-18',
  account: 'NT AUTHORITY\\SYSTEM',
  profilePath: null,
  usedBy: ['AATPSensorUpdater'],
  key: connections('S-1-5-18'),
  state: 'configured',
  settings,
  hex,
  etag: '"2c26b46b68ffc68ff99b453c1d304134"',
  comparison: 'identical',
  findings: [],
};

const contexts: ProxyContexts = {
  source: USER,
  inSync: false,
  machine: { proxySettingsPerUser: true, winHttp: { state: 'absent', proxyServer: null, bypassList: [] } },
  contexts: [
    context,
    {
      ...context,
      id: 'LocalService',
      sid: 'S-1-5-19',
      account: 'NT AUTHORITY\\LOCAL SERVICE',
      usedBy: ['AATPSensor'],
      key: connections('S-1-5-19'),
      state: 'absent',
      settings: null,
      hex: null,
      etag: '"absent"',
      comparison: 'absent',
    },
    {
      ...context,
      id: USER,
      sid: USER,
      account: 'CONTOSO\\anna',
      profilePath: 'C:\\Users\\anna',
      usedBy: [],
      key: connections(USER),
    },
  ],
  findings: [],
};

const sharedFinding = {
  code: 'applies-to-all-services',
  severity: 'info',
  detail: 'Every program that uses WinINET as LocalService gets this proxy, not the sensor alone.',
  remedy: 'Make sure that the proxy lets those programs through too.',
} as const;

const copied: ChangeOutcome = {
  changeId: CHANGE_ID,
  changed: true,
  dryRun: false,
  source: { id: USER, sid: USER },
  backupId: BACKUP_ID,
  results: [
    { target: 'LocalSystem', changed: false, before: settings, after: settings },
    { target: 'LocalService', changed: true, before: null, after: settings },
  ],
  restartRecommended: true,
  sensorRestart: null,
  findings: [sharedFinding],
};

const backup: Backup = {
  id: BACKUP_ID,
  createdAt: '2026-11-24T06:15:12.345Z',
  kind: 'copy',
  actor: 'admin',
  ...WHY,
  values: [{ context: 'LocalService', sid: 'S-1-5-19', key: connections('S-1-5-19'), state: 'absent' }],
  sha256: '9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08',
  sizeBytes: 342,
};

const change: Change = {
  id: CHANGE_ID,
  at: '2026-11-24T06:15:12.350Z',
  kind: 'copy',
  actor: 'admin',
  requestId: REQUEST_ID,
  ...WHY,
  source: { id: USER, sid: USER },
  backupId: BACKUP_ID,
  outcome: 'applied',
  failure: null,
  restoredBackupId: null,
  contexts: [
    {
      context: 'LocalService',
      sid: 'S-1-5-19',
      account: 'NT AUTHORITY\\LOCAL SERVICE',
      beforeHex: null,
      afterHex: hex,
      before: null,
      after: settings,
    },
  ],
};

const restart = restartRecordExample({ requestId: REQUEST_ID, ...WHY, changeId: CHANGE_ID });

/** Answers that come with 503 in place of a problem: what was asked was found out, and it is not well. */
export const unavailableExamples = {
  checkHealth: unhealthyExample,
  getReadiness: {
    ready: false,
    parts: [
      { name: 'registry', ready: true, detail: 'the driver regfile answers' },
      { name: 'dataDir', ready: false, detail: 'it cannot be written (ENOSPC)' },
      { name: 'journal', ready: true, detail: 'it is open' },
      { name: 'recovery', ready: true, detail: 'no interrupted change waits' },
      { name: 'tokens', ready: true, detail: 'they can be read' },
    ],
  } satisfies Readiness,
} as const;

/** Bodies of successful answers. */
export const answerExamples = {
  listContexts: contexts,
  getContext: context,
  putContext: {
    ...copied,
    source: null,
    results: [{ target: 'LocalService', changed: true, before: null, after: { ...settings, counter: 1 } }],
  } satisfies ChangeOutcome,
  deleteContext: {
    ...copied,
    source: null,
    results: [{ target: 'LocalService', changed: true, before: settings, after: null }],
  } satisfies ChangeOutcome,
  copyProxy: {
    ...copied,
    restartRecommended: false,
    sensorRestart: {
      status: 'restarted',
      changeId: restart.id,
      code: null,
      detail: 'The sensor was restarted.',
    },
  } satisfies ChangeOutcome,
  listBackups: { items: [backup], next: null } satisfies BackupPage,
  getBackup: backup,
  restoreBackup: {
    ...copied,
    source: null,
    results: [{ target: 'LocalService', changed: true, before: settings, after: null }],
  } satisfies ChangeOutcome,
  listChanges: {
    items: [restart, webhookChangeExample(REQUEST_ID), change],
    next: 'MTI',
  } satisfies JournalPage,
  getChange: change,
  listEvents: eventsExample,
  listEndpoints: {
    items: [
      {
        host: 'triprd1wceun2sensorapi.atp.azure.com',
        port: 443,
        path: '/tri/sensor/api/ping',
        region: 'Europe',
        origin: 'catalogue',
        from: '2020-07',
        until: '2021-11',
        current: true,
        probed: true,
      },
    ],
  } satisfies EndpointList,
  getAllowlist: allowlistExample,
  checkHealth: healthExample,
  listHealthHistory: healthHistoryExample,
  getSensor: sensorExample,
  restartSensor: restartExample,
  ...webhookAnswerExamples,
  getLiveness: { alive: true } satisfies Liveness,
  getReadiness: {
    ready: true,
    parts: [
      { name: 'registry', ready: true, detail: 'the driver regfile answers' },
      { name: 'dataDir', ready: true, detail: 'it can be written' },
      { name: 'journal', ready: true, detail: 'it is open' },
      { name: 'recovery', ready: true, detail: 'no interrupted change waits' },
      { name: 'tokens', ready: true, detail: 'they can be read' },
    ],
  } satisfies Readiness,
} as const;

/** Answers in another media type than JSON, by operationId and media type. */
export const otherExamples: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  getBackupFile: {
    'application/octet-stream': `Windows Registry Editor Version 5.00\r\n\r\n[${connections('S-1-5-19')}]\r\n"DefaultConnectionSettings"=-\r\n`,
  },
  getChange: { 'text/markdown': changeAsMarkdown(change) },
  getAllowlist: allowlistTextExamples,
  checkHealth: { [NDJSON]: healthLinesExample },
  getMetrics: { 'text/plain': metricsExample },
};

/** Bodies of requests. */
export const requestExamples = {
  putContext: {
    proxyServer: 'proxy.contoso.com:8080',
    bypassList: ['*.contoso.com', '<local>'],
    ...WHY,
  } satisfies PutSettingsRequest,
  copyProxy: {
    source: 'CurrentUser',
    targets: ['LocalSystem', 'LocalService'],
    dryRun: true,
    ...WHY,
  } satisfies CopyRequest,
  restoreBackup: { dryRun: true, ...WHY } satisfies RestoreRequest,
  restartSensor: restartRequestExample,
  ...webhookRequestExamples,
} as const;

function connections(sid: string): string {
  return `HKEY_USERS\\${sid}\\Software\\Microsoft\\Windows\\CurrentVersion\\Internet Settings\\Connections`;
}
