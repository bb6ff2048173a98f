/** What the service tells of itself, for Prometheus. */
import { Counter, Gauge, type Registry } from 'prom-client';

/** A document for Prometheus. */
export interface MetricsDocument {
  readonly contentType: string;
  readonly text: string;
}

/** Every metric of this folder; `docs/metrics.md` has the same table. */
export const SERVICE_METRICS = {
  changes: {
    name: 'sensorproxy_changes_total',
    help: 'Changes of proxy settings that were asked for, by how they ended.',
    labelNames: ['kind', 'outcome'],
  },
  driverErrors: {
    name: 'sensorproxy_registry_driver_errors_total',
    help: 'Calls in which the registry driver failed or was refused access.',
    labelNames: ['driver', 'operation'],
  },
  drift: {
    name: 'sensorproxy_proxy_drift',
    help: '1 if the proxy of the account is not that of the source, 0 if it is, as of the last look. Not there while no source can be told.',
    labelNames: ['context'],
  },
  driftChecked: {
    name: 'sensorproxy_proxy_drift_checked_timestamp_seconds',
    help: 'When the accounts were last compared with the source, in Unix time.',
    labelNames: [],
  },
  events: {
    name: 'sensorproxy_events_total',
    help: 'Events that were recorded.',
    labelNames: ['type'],
  },
  watching: {
    name: 'sensorproxy_watch_on',
    help: '1 if the accounts, the sensor and the endpoints are watched.',
    labelNames: [],
  },
  watchLooked: {
    name: 'sensorproxy_watch_last_look_timestamp_seconds',
    help: 'When the watch last looked, and could, in Unix time. Not there before.',
    labelNames: ['watch'],
  },
  webhooks: {
    name: 'sensorproxy_webhooks',
    help: 'Webhooks by their state.',
    labelNames: ['state'],
  },
  webhookDeliveries: {
    name: 'sensorproxy_webhook_deliveries_total',
    help: 'Deliveries that were made or given up, attempts that failed, and events that went before they could be sent. Tests are not counted.',
    labelNames: ['outcome'],
  },
  webhookPending: {
    name: 'sensorproxy_webhook_pending',
    help: 'Deliveries that are to be made. More events may wait behind them.',
    labelNames: [],
  },
  webhookOldest: {
    name: 'sensorproxy_webhook_oldest_pending_age_seconds',
    help: 'For how long the oldest delivery of an active webhook has waited. Not there without one.',
    labelNames: [],
  },
  webhookDead: {
    name: 'sensorproxy_webhook_dead',
    help: 'Deliveries that were given up and are kept.',
    labelNames: [],
  },
  backups: { name: 'sensorproxy_backups', help: 'Backups that are kept.', labelNames: [] },
  newestBackup: {
    name: 'sensorproxy_backup_newest_age_seconds',
    help: 'Age of the newest backup. Not there without one.',
    labelNames: [],
  },
  oldestBackup: {
    name: 'sensorproxy_backup_oldest_age_seconds',
    help: 'Age of the oldest backup. Not there without one.',
    labelNames: [],
  },
  journalEntries: {
    name: 'sensorproxy_journal_entries',
    help: 'Entries of the journal.',
    labelNames: [],
  },
  journalBytes: { name: 'sensorproxy_journal_bytes', help: 'Size of the journal.', labelNames: [] },
  journalDamaged: {
    name: 'sensorproxy_journal_damaged_lines',
    help: 'Lines of the journal that cannot be used, as far as it has been read.',
    labelNames: [],
  },
  readErrors: {
    name: 'sensorproxy_metrics_errors_total',
    help: 'Looks at a part, to tell of it here, that failed. Its values are those of the last look that did not.',
    labelNames: ['part'],
  },
  startTime: {
    name: 'sensorproxy_process_start_time_seconds',
    help: 'When the process was started, in Unix time.',
    labelNames: [],
  },
  residentMemory: {
    name: 'sensorproxy_process_resident_memory_bytes',
    help: 'Memory of the process that is in RAM.',
    labelNames: [],
  },
  eventLoopLag: {
    name: 'sensorproxy_event_loop_lag_seconds',
    help: 'How late the event loop was since the last reading: median, 99th percentile and maximum.',
    labelNames: ['measure'],
  },
} as const;

/** How a change ended, for whoever asked for it. */
export const CHANGE_OUTCOMES = [
  'applied',
  'unchanged',
  'dryRun',
  'refused',
  'failed',
  'rolledBack',
  'rollbackFailed',
] as const;
export type ChangeEnd = (typeof CHANGE_OUTCOMES)[number];

/** What is counted as it happens. */
export interface EventCounters {
  change(kind: string, outcome: ChangeEnd): void;
  driverError(driver: string, operation: string): void;
}

/** Makes the counters in `registry`, with a 0 for each thing that may happen: a rise from nothing cannot be seen. */
export function createEventCounters(
  registry: Registry,
  known: {
    readonly kinds: readonly string[];
    readonly driver: string;
    readonly operations: readonly string[];
  },
): EventCounters {
  const changes = new Counter({ ...SERVICE_METRICS.changes, registers: [registry] });
  const driverErrors = new Counter({ ...SERVICE_METRICS.driverErrors, registers: [registry] });
  for (const kind of known.kinds) for (const outcome of CHANGE_OUTCOMES) changes.inc({ kind, outcome }, 0);
  for (const operation of known.operations) driverErrors.inc({ driver: known.driver, operation }, 0);
  return {
    change: (kind, outcome) => {
      changes.inc({ kind, outcome });
    },
    driverError: (driver, operation) => {
      driverErrors.inc({ driver, operation });
    },
  };
}

/** The gauge with this row of the table. */
export function gaugeOf<const Label extends string>(
  registry: Registry,
  row: { readonly name: string; readonly help: string; readonly labelNames: readonly Label[] },
  collect?: (gauge: Gauge<Label>) => void,
): Gauge<Label> {
  return new Gauge<Label>({
    ...row,
    registers: [registry],
    ...(collect === undefined
      ? {}
      : {
          collect() {
            collect(this);
          },
        }),
  });
}

/** Sets a gauge without labels, or takes it away. */
export function setOrRemove(
  gauge: { set(value: number): void; remove(labels: object): void },
  value: number | null,
): void {
  if (value === null) gauge.remove({});
  else gauge.set(value);
}
