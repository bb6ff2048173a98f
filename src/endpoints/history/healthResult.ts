/** One check as the history tells of it. These shapes become the OpenAPI document. */
import type {
  CheckedEndpoint,
  CheckRoute,
  EndpointCheck,
  HealthStatus,
  PhaseName,
  PhaseStatus,
} from '../report';

/** One page of the history, newest first. */
export interface HealthHistoryPage {
  items: HealthResult[];
  /** Pass as `cursor` for the next page; null on the last. */
  next: string | null;
}

/** A check that was done, in brief. */
export interface HealthResult {
  /** When the check was done, RFC 3339 UTC. */
  checkedAt: string;
  /** The account: `LocalSystem`, `LocalService`, `NetworkService`, or a SID. */
  context: string;
  endpoint: CheckedEndpoint;
  status: HealthStatus;
  route: ResultRoute;
  /** The first phase that failed; null when none did. */
  failure: ResultFailure | null;
  /** The codes of what was wrong although it may have worked. */
  warnings: string[];
  /** Milliseconds, all phases together. */
  durationMs: number;
  phases: ResultPhase[];
  /** The status of the endpoint's answer; null when there was none. */
  httpStatus: number | null;
  /** Whole days until the certificate expired, at that time; null when there was no TLS handshake. */
  daysLeft: number | null;
}

/** The way that was taken. */
export interface ResultRoute {
  via: CheckRoute['via'];
  /** `host:port` of the proxy; null when there is none or it cannot be told. */
  proxy: string | null;
}

/** Why the check failed. */
export interface ResultFailure {
  /** A stable slug, such as `proxy-auth-required`; docs/health.md lists them. */
  code: string;
  phase: PhaseName;
  /** What happened, for a person. */
  detail: string;
}

/** One step of the check. */
export interface ResultPhase {
  name: PhaseName;
  status: PhaseStatus;
  /** Milliseconds; 0 when skipped. */
  durationMs: number;
}

/** A result as it is kept; parts that most results of a series have in common are kept once, in `shared`. */
export interface KeptResult {
  /** Counts up over all results. */
  readonly sequence: number;
  readonly checkedAt: number;
  readonly status: HealthStatus;
  readonly durationMs: number;
  /** One number a phase. */
  readonly phaseMs: readonly number[];
  readonly daysLeft: number | null;
  readonly shared: SharedPart;
}

/** What changes seldom from one result to the next of the same endpoint and context. */
export interface SharedPart extends Pick<
  HealthResult,
  'context' | 'endpoint' | 'route' | 'failure' | 'warnings' | 'httpStatus'
> {
  readonly phases: readonly Omit<ResultPhase, 'durationMs'>[];
}

/** What is kept of a check; `last` lends its shared part if that is the same. */
export function keptResult(check: EndpointCheck, sequence: number, last?: KeptResult): KeptResult {
  const shared = sharedPart(check);
  const isSame = last !== undefined && JSON.stringify(last.shared) === JSON.stringify(shared);
  return {
    sequence,
    checkedAt: Date.parse(check.checkedAt),
    status: check.status,
    durationMs: check.durationMs,
    phaseMs: check.phases.map(({ durationMs }) => durationMs),
    daysLeft: check.tls?.daysLeft ?? null,
    shared: isSame ? last.shared : shared,
  };
}

/** A kept result as callers see it. */
export function shownResult({ shared, ...kept }: KeptResult): HealthResult {
  const { context, endpoint, route, failure, warnings, httpStatus, phases } = shared;
  return {
    checkedAt: new Date(kept.checkedAt).toISOString(),
    context,
    endpoint,
    status: kept.status,
    route,
    failure,
    warnings,
    durationMs: kept.durationMs,
    phases: phases.map((phase, index) => ({ ...phase, durationMs: kept.phaseMs[index] ?? 0 })),
    httpStatus,
    daysLeft: kept.daysLeft,
  };
}

function sharedPart({
  context,
  endpoint: { host, port, region, origin },
  ...check
}: EndpointCheck): SharedPart {
  const { failure } = check;
  return {
    context,
    endpoint: { host, port, region, origin },
    route: { via: check.route.via, proxy: check.route.proxy },
    failure: failure && { code: failure.code, phase: failure.phase, detail: failure.detail },
    warnings: check.warnings.map(({ code }) => code),
    httpStatus: check.http?.status ?? null,
    phases: check.phases.map(({ name, status }) => ({ name, status })),
  };
}
