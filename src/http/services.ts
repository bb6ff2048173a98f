import type { AllowlistMaker } from '../endpoints/allowlist/answer';
import type { MetricsDocument } from '../endpoints/healthMetrics';
import type { HealthHistoryRequest } from '../endpoints/history/healthHistory';
import type { HealthHistoryPage } from '../endpoints/history/healthResult';
import type { EndpointList } from '../endpoints/report';
import type { HealthCheck } from '../endpoints/runs/sharedRuns';
import type { Journal } from '../journal/journal';
import type { Clock } from '../lib/clock';
import type { Logger } from '../lib/logger';
import type { Change } from '../proxy/model';
import type { ProxyService } from '../proxy/proxyService';
import type { SensorRestartRecord } from '../sensor/model';
import type { SensorService } from '../sensor/sensorService';

/** Everything that the HTTP layer asks of the rest; `compose.ts` makes it. */
export interface Services {
  readonly proxy: ProxyService;
  readonly changes: Pick<Journal<JournalRecord>, 'find' | 'page'>;
  readonly sensor: Pick<SensorService, 'show' | 'restart'>;
  readonly health: HealthCheck;
  /** The results of what `health` has checked. */
  readonly healthHistory: {
    /** Errors: `cursor-invalid`. */
    page(request: HealthHistoryRequest): Promise<HealthHistoryPage>;
  };
  /** What Prometheus reads: the last results. Contacts nothing. */
  metrics(): Promise<MetricsDocument>;
  /** The endpoints in force: the sensor's own, what is configured, the catalogue. */
  endpoints(): Promise<EndpointList>;
  readonly allowlist: AllowlistMaker;
  /** Asks each part whether it works. Never rejects. */
  readiness(): Promise<Readiness>;
  /** The token's holder, or undefined for a wrong one; takes the same time for every wrong one. */
  authenticate(token: string): TokenHolder | undefined;
  readonly logger: Logger;
  readonly clock: Clock;
}

/** One entry of the journal: a change of settings, or a restart of the sensor (`kind` is `sensorRestart`). */
export type JournalRecord = Change | SensorRestartRecord;

/** Whom a token stands for. */
export interface TokenHolder {
  readonly name: string;
}

/** Whether the service can do its work, part by part. */
export interface Readiness {
  readonly ready: boolean;
  readonly parts: readonly ReadinessPart[];
}

/** One part that the service stands on. */
export interface ReadinessPart {
  /** Such as `registry` or `dataDir`. */
  readonly name: string;
  readonly ready: boolean;
  /** What was seen. It is shown without a token: no path, no name of an account. */
  readonly detail: string;
}
