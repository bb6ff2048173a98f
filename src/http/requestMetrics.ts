/** What is counted of requests. */
import { Counter, Gauge, Histogram, type Registry } from 'prom-client';

/** A request that is over. */
export interface RequestSample {
  readonly method: string;
  /** The route's pattern; null when none matched. */
  readonly route: string | null;
  readonly status: number;
  /** The caller went before its answer was out. */
  readonly aborted: boolean;
  readonly seconds: number;
}

/** Counts requests. */
export interface RequestMetrics {
  /** A request has come. */
  begun(): void;
  /** It is over, one way or the other. */
  ended(sample: RequestSample): void;
}

/** Every metric here; `docs/metrics.md` has the same table. */
export const REQUEST_METRICS = {
  total: {
    name: 'sensorproxy_http_requests_total',
    help: 'Requests that are over. The route is the pattern that matched, or none; the status is aborted where the caller went first.',
    labelNames: ['method', 'route', 'status'],
  },
  duration: {
    name: 'sensorproxy_http_request_duration_seconds',
    help: 'From the headers of a request to the end of its answer.',
    labelNames: ['method', 'route'],
  },
  inFlight: {
    name: 'sensorproxy_http_requests_in_flight',
    help: 'Requests that have come and are not over.',
    labelNames: [],
  },
} as const;

/** From what is kept in memory to a restart of the sensor. */
const BUCKETS = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 120];
/** A caller must not make series: what is none of these is `other`. */
const METHODS: ReadonlySet<string> = new Set(['GET', 'HEAD', 'PUT', 'POST', 'DELETE', 'OPTIONS', 'PATCH']);

/** Makes the metrics in `registry`. */
export function createRequestMetrics(registry: Registry): RequestMetrics {
  const registers = [registry];
  const total = new Counter({ ...REQUEST_METRICS.total, registers });
  const duration = new Histogram({ ...REQUEST_METRICS.duration, buckets: BUCKETS, registers });
  let underWay = 0;
  new Gauge({
    ...REQUEST_METRICS.inFlight,
    registers,
    collect() {
      this.set(underWay);
    },
  });
  return {
    begun: () => {
      underWay += 1;
    },
    ended: ({ method: sent, route: matched, status, aborted, seconds }) => {
      const method = METHODS.has(sent) ? sent : 'other';
      const route = matched ?? 'none';
      underWay -= 1;
      total.inc({ method, route, status: aborted ? 'aborted' : String(status) });
      duration.observe({ method, route }, seconds);
    },
  };
}
