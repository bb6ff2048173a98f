/** The answers that commands read, as far as they read them. */
import type { EndpointCheck, HealthReport } from '../../endpoints/report';
import type { JournalRecord } from '../../http/services';
import type { Problem } from '../../http/problems';
import type { Backup, ChangeOutcome, ProxyContext, ProxyContexts, ProxySettings } from '../../proxy/model';
import type { Sensor, SensorRestart } from '../../sensor/model';
import type { Finding } from '../../wininet/findings';
import { chosenBy, flag, listOf, number, orNull, record, type Shape, text } from './shape';

/** A list as the service gives it. */
export interface Page<T> {
  readonly items: readonly T[];
  /** Null: there are no more. */
  readonly next: string | null;
}

export function pageOf<T>(item: Shape<T>): Shape<Page<T>> {
  return record<Page<T>>({ items: listOf(item), next: orNull(text) });
}

const findings = listOf(record<Finding>({ severity: text, code: text, detail: text, remedy: text }));

const settings = record<ProxySettings>({
  flags: record<ProxySettings['flags']>({ proxy: flag, autoConfigUrl: flag, autoDetect: flag }),
  proxyServer: orNull(text),
  bypassList: listOf(text),
  autoConfigUrl: orNull(text),
});

export const contextAnswer = record<ProxyContext>({
  id: text,
  sid: text,
  account: text,
  usedBy: listOf(text),
  key: text,
  state: text,
  settings: orNull(settings),
  etag: text,
  comparison: text,
  findings,
});

export const contextsAnswer = record<ProxyContexts>({
  source: orNull(text),
  inSync: flag,
  contexts: listOf(contextAnswer),
  findings,
});

export const changeAnswer = record<ChangeOutcome>({
  changeId: orNull(text),
  changed: flag,
  dryRun: flag,
  backupId: orNull(text),
  results: listOf(
    record<ChangeOutcome['results'][number]>({
      target: text,
      changed: flag,
      before: orNull(settings),
      after: orNull(settings),
    }),
  ),
  restartRecommended: flag,
  sensorRestart: orNull(record<NonNullable<ChangeOutcome['sensorRestart']>>({ status: text, detail: text })),
  findings,
});

export const backupAnswer = record<Backup>({
  id: text,
  createdAt: text,
  kind: text,
  actor: text,
  ticket: orNull(text),
  reason: orNull(text),
  sha256: text,
  sizeBytes: number,
  values: listOf(record<Backup['values'][number]>({ context: text, state: text })),
});

const ANY_RECORD = { id: text, at: text, kind: text, outcome: text, actor: text, ticket: orNull(text) };

/** An entry of the journal; of a kind that came later than this program, what all have. */
export const journalAnswer = chosenBy<JournalRecord>(({ kind }) => {
  switch (kind) {
    case 'backupsDeleted':
      return record({ ...ANY_RECORD, backups: listOf(record({})) });
    case 'webhook':
      return record({ ...ANY_RECORD, name: text, action: text });
    case 'copy':
    case 'put':
    case 'delete':
    case 'restore':
      return record({ ...ANY_RECORD, contexts: listOf(record({ context: text })) });
    default:
      return record(ANY_RECORD);
  }
});

const verdict = record<EndpointCheck['warnings'][number]>({
  code: text,
  phase: text,
  detail: text,
  remedy: text,
});

export const checkAnswer = record<EndpointCheck>({
  context: text,
  endpoint: record<EndpointCheck['endpoint']>({ host: text, port: number }),
  status: text,
  durationMs: number,
  route: record<EndpointCheck['route']>({ via: text, proxy: orNull(text) }),
  failure: orNull(verdict),
  warnings: listOf(verdict),
});

export const summaryAnswer = record<Omit<HealthReport, 'checks'>>({
  status: text,
  durationMs: number,
  findings,
});

export const reportAnswer = record<HealthReport>({
  status: text,
  durationMs: number,
  findings,
  checks: listOf(checkAnswer),
});

export const sensorAnswer = record<Sensor>({
  installed: orNull(flag),
  version: orNull(text),
  path: orNull(text),
  services: listOf(
    record<Sensor['services'][number]>({
      name: text,
      account: orNull(text),
      startType: orNull(text),
      state: orNull(text),
      detail: orNull(text),
    }),
  ),
  configuration: record<Sensor['configuration']>({
    state: text,
    endpoint: orNull(record<{ host: string; port: number }>({ host: text, port: number })),
  }),
  findings,
});

export const restartAnswer = record<SensorRestart>({
  changeId: orNull(text),
  dryRun: flag,
  durationMs: number,
  steps: listOf(
    record<SensorRestart['steps'][number]>({ action: text, service: text, state: text, durationMs: number }),
  ),
  findings,
});

export const problemAnswer = record<Problem>({
  title: text,
  status: number,
  detail: text,
  code: text,
  type: text,
});

/** The faults that a problem document may list. */
export const faultsAnswer = listOf(
  record<NonNullable<Problem['errors']>[number]>({ detail: text, pointer: text }),
);
