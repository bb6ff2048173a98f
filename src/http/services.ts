import type { X509Certificate } from 'node:crypto';
import type { CertificateHolder } from '../auth/clientCertificates';
import type { FailureLimit } from '../auth/failureLimit';
import type { TokenHolder } from '../auth/tokenStore';
import type { AllowlistMaker } from '../endpoints/allowlist/answer';
import type { HealthHistoryRequest } from '../endpoints/history/healthHistory';
import type { HealthHistoryPage } from '../endpoints/history/healthResult';
import type { EndpointList } from '../endpoints/report';
import type { HealthCheck } from '../endpoints/runs/sharedRuns';
import type { EventLog } from '../events/eventLog';
import type { Journal } from '../journal/journal';
import type { Clock } from '../lib/clock';
import type { Logger } from '../lib/logger';
import type { MetricsDocument } from '../metrics/serviceMetrics';
import type { BackupsDeleted, Change } from '../proxy/model';
import type { ProxyService } from '../proxy/proxyService';
import type { SensorRestartRecord } from '../sensor/model';
import type { SensorService } from '../sensor/sensorService';
import type { WebhookChange } from '../webhooks/model';
import type { WebhookService } from '../webhooks/webhookService';
import type { InFlight } from './inFlight';
import type { RequestMetrics } from './requestMetrics';
import type { IdempotencyKeys } from './idempotency/keys';
import type { HostRule } from './hostCheck';

/** Everything that the HTTP layer asks of the rest; `compose.ts` makes it. */
export interface Services {
  readonly proxy: ProxyService;
  readonly changes: Pick<Journal<JournalRecord>, 'find' | 'page'>;
  /** What has happened. */
  readonly events: Pick<EventLog, 'page'>;
  readonly sensor: Pick<SensorService, 'show' | 'restart'>;
  readonly health: HealthCheck;
  /** The results of what `health` has checked. */
  readonly healthHistory: {
    /** Errors: `cursor-invalid`. */
    page(request: HealthHistoryRequest): Promise<HealthHistoryPage>;
  };
  /** What Prometheus reads. Contacts no endpoint. */
  metrics(): Promise<MetricsDocument>;
  /** The endpoints in force: the sensor's own, what is configured, the catalogue. */
  endpoints(): Promise<EndpointList>;
  readonly allowlist: AllowlistMaker;
  readonly webhooks: Pick<
    WebhookService,
    'create' | 'page' | 'get' | 'patch' | 'remove' | 'test' | 'deliveries' | 'replay'
  >;
  /** Asks each part whether it works. Never rejects. */
  readiness(): Promise<Readiness>;
  /** The token's holder, or undefined for a wrong one; the time it takes tells nothing. */
  authenticate(token: string): TokenHolder | undefined;
  /** Whom a client certificate stands for that the connection has verified, or undefined. */
  authenticateCertificate(certificate: X509Certificate): CertificateHolder | undefined;
  /** Which hosts a request may name. */
  readonly hosts: HostRule;
  /** Counts wrong tokens. */
  readonly failures: FailureLimit;
  /** What was asked for with an `Idempotency-Key`, and answered. */
  readonly idempotency: IdempotencyKeys;
  /** Which requests are worked on. */
  readonly inFlight: InFlight;
  /** Counts requests. */
  readonly requests: RequestMetrics;
  readonly logger: Logger;
  readonly clock: Clock;
}

/**
 * One entry of the journal: a change of settings, a restart of the sensor (`kind` is `sensorRestart`), a deletion of backups
 * by rule (`backupsDeleted`), or what was done to a webhook (`webhook`).
 */
export type JournalRecord = Change | SensorRestartRecord | BackupsDeleted | WebhookChange;

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
