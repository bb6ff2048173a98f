/** Examples of the problem documents, for the components of the contract. */
import type { Problem } from '../src/http/problems';
import { problemDefinition, statusOf } from '../src/http/problemDefinitions';
import type { OpenApiDocument } from './openapiTypes';

/** An example of each problem that an operation names. */
export function problemExamples(paths: OpenApiDocument['paths']): Record<string, object> {
  const named = JSON.stringify(paths).matchAll(/"#\/components\/examples\/([^"]+)"/g);
  const codes = [...new Set([...named].map(([, code = '']) => code))].sort(compare);
  return Object.fromEntries(codes.map((code) => [code, problemExample(code)]));
}

/** The members that a problem has besides those of every problem. */
const EXTENSIONS: Readonly<Record<string, object>> = {
  'validation-failed': {
    errors: [{ detail: 'It must be text, and be given once.', in: 'query', pointer: '/source' }],
  },
  'settings-invalid': {
    errors: [{ detail: 'Windows refuses a leading dot: write *.example.com.', pointer: '/bypassList/1' }],
  },
  'webhook-invalid': {
    errors: [
      {
        detail: 'There is no field sumary (at /text). docs/webhooks.md lists the fields.',
        pointer: '/template',
      },
    ],
  },
  'webhook-host-not-allowed': {
    errors: [
      {
        detail:
          'The host, with its port, is not listed in SENSORPROXY_WEBHOOK_HOSTS. Have the operator add it.',
        pointer: '/url',
      },
    ],
  },
  'source-malformed': { offset: 12 },
  'source-ambiguous': {
    candidates: [
      { sid: 'S-1-5-21-1004336348-1177238915-682003330-1104', account: 'CONTOSO\\anna.admin' },
      { sid: 'S-1-5-21-1004336348-1177238915-682003330-1105', account: 'CONTOSO\\ben.admin' },
    ],
  },
  'write-failed': {
    failed: { target: 'LocalService', code: 'registry-access-denied', detail: 'access denied (5).' },
    restored: ['LocalService', 'LocalSystem'],
    notRestored: [],
    backupId: '20261124T061512345Z-9f86d081',
  },
  'sensor-restart-failed': {
    failed: { step: 'wait', service: 'AATPSensorUpdater', state: 'stopPending', code: 'timeout' },
    steps: [
      { action: 'stop', service: 'AATPSensorUpdater', state: 'stopPending', durationMs: 3 },
      { action: 'wait', service: 'AATPSensorUpdater', state: 'stopPending', durationMs: 119_990 },
    ],
    changeId: '20261124T061620100Z-5a1e0c77',
  },
  'journal-unavailable': {
    failed: {
      target: null,
      code: 'journal-unavailable',
      detail: 'the journal could not be written (ENOSPC).',
    },
    restored: ['LocalService', 'LocalSystem'],
    notRestored: [],
    backupId: '20261124T061512345Z-9f86d081',
  },
};

function problemExample(code: string): object {
  const row = definitionOf(code);
  const value: Problem = {
    type: `/problems/${code}`,
    title: row.title,
    status: statusOf(row),
    detail: `${row.meaning} ${row.remedy}`,
    instance: 'urn:sensorproxy:request:7f3f0c0e-7a51-4f6e-9d2b-0f6f5f0a3c11',
    code,
    ...EXTENSIONS[code],
  };
  return { summary: row.title, value };
}

/** A row of the problem table; throws for a code that is not in it. */
export function definitionOf(code: string) {
  const row = problemDefinition(code);
  if (row === undefined) throw new Error(`a controller names the problem ${code}, which is not in the table`);
  return row;
}

/** Order by code unit, the same on every machine. */
export function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
