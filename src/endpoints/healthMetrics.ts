/** The last check of each endpoint and context as Prometheus reads it, in the manner of blackbox_exporter. */
import { Gauge, type Registry } from 'prom-client';
import type { EndpointCheck, HealthStatus } from './report';

/** One value of a metric, with the labels that it has besides those of every metric here. */
interface Sample {
  readonly labels?: Readonly<Record<string, string>>;
  readonly value: number;
}

/** A metric: what a check says of it; nothing when it says nothing. */
interface Metric {
  readonly name: string;
  readonly help: string;
  readonly labels?: readonly string[];
  readonly samples: (check: EndpointCheck) => readonly Sample[];
}

const STATUSES: readonly HealthStatus[] = ['healthy', 'degraded', 'unhealthy', 'unknown'];
const COMMON_LABELS = ['context', 'host', 'port', 'region'] as const;

/** Every metric there is; `docs/metrics.md` has the same table. */
export const HEALTH_METRICS: readonly Metric[] = [
  {
    name: 'sensorproxy_probe_success',
    help: '1 if the endpoint could be reached (healthy or degraded), 0 if not or if that cannot be told.',
    samples: ({ status }) => one(status === 'healthy' || status === 'degraded'),
  },
  {
    name: 'sensorproxy_probe_status',
    help: 'The status of the check: 1 for the one that it has, 0 for the others.',
    labels: ['status'],
    samples: (check) =>
      STATUSES.map((status) => ({ labels: { status }, value: Number(check.status === status) })),
  },
  {
    name: 'sensorproxy_probe_duration_seconds',
    help: 'How long the check took, all phases together.',
    samples: ({ durationMs }) => one(durationMs / 1000),
  },
  {
    name: 'sensorproxy_probe_phase_duration_seconds',
    help: 'How long a phase of the check took. Phases that were skipped are left out.',
    labels: ['phase'],
    samples: (check) =>
      phasesTaken(check).map(({ name, durationMs }) => ({
        labels: { phase: name },
        value: durationMs / 1000,
      })),
  },
  {
    name: 'sensorproxy_probe_phase_success',
    help: '1 if a phase of the check passed, also with a warning, 0 if it failed. Phases that were skipped are left out.',
    labels: ['phase'],
    samples: (check) =>
      phasesTaken(check).map(({ name, status }) => ({
        labels: { phase: name },
        value: Number(status !== 'fail'),
      })),
  },
  {
    name: 'sensorproxy_probe_failure_info',
    help: 'Always 1; code and phase tell of the failure. Only there while the check fails.',
    labels: ['code', 'phase'],
    samples: ({ failure }) =>
      failure === null ? [] : [{ labels: { code: failure.code, phase: failure.phase }, value: 1 }],
  },
  {
    name: 'sensorproxy_probe_http_status_code',
    help: 'The status of the answer of the endpoint. Only there if it answered.',
    samples: ({ http }) => one(http?.status),
  },
  {
    name: 'sensorproxy_probe_tls_certificate_expiry_timestamp_seconds',
    help: 'When the certificate of the endpoint expires, in Unix time. Only there after a TLS handshake.',
    samples: ({ tls }) => one(tls === null ? null : unixTime(tls.validTo)),
  },
  {
    name: 'sensorproxy_probe_tls_certificate_days_left',
    help: 'Whole days that the certificate of the endpoint was still valid when it was checked; negative when it had expired.',
    samples: ({ tls }) => one(tls?.daysLeft),
  },
  {
    name: 'sensorproxy_probe_tls_inspection_suspected',
    help: '1 if something on the way may open the traffic, 0 if not. Only there after a TLS handshake.',
    samples: ({ tls }) => one(tls === null ? null : tls.inspection === 'suspected'),
  },
  {
    name: 'sensorproxy_probe_clock_offset_seconds',
    help: 'How far the clock of the endpoint is ahead of the clock of this machine. Only there if its answer had a Date.',
    samples: ({ http }) => one(seconds(http?.clockOffsetMs)),
  },
  {
    name: 'sensorproxy_probe_last_run_timestamp_seconds',
    help: 'When the check was done, in Unix time. All other values are from then.',
    samples: ({ checkedAt }) => one(unixTime(checkedAt)),
  },
];

/** Makes the metrics in `registry`: they tell of the checks that there are when they are read. They contact nothing. */
export function registerHealthMetrics(registry: Registry, checks: () => readonly EndpointCheck[]): void {
  for (const { name, help, labels = [], samples } of HEALTH_METRICS) {
    new Gauge<string>({
      name,
      help,
      labelNames: [...COMMON_LABELS, ...labels],
      registers: [registry],
      collect() {
        this.reset();
        for (const check of checks()) {
          const { host, port, region } = check.endpoint;
          const common = { context: check.context, host, port, region };
          for (const { labels: own, value } of samples(check)) {
            if (Number.isFinite(value)) this.set({ ...common, ...own }, value);
          }
        }
      },
    });
  }
}

function one(value: number | boolean | null | undefined): readonly Sample[] {
  return value === null || value === undefined ? [] : [{ value: Number(value) }];
}

function phasesTaken({ phases }: EndpointCheck): EndpointCheck['phases'] {
  return phases.filter(({ status }) => status !== 'skipped');
}

function unixTime(time: string): number {
  return Date.parse(time) / 1000;
}

function seconds(ms: number | null | undefined): number | undefined {
  return typeof ms === 'number' ? ms / 1000 : undefined;
}
