/** A finished check as the report shows it. */
import { hostAndPort } from '../wininet/hostName';
import { type Hop, hopText } from '../wininet/pacAnswer';
import type { Route } from '../wininet/route';
import type { Endpoint } from './catalogue';
import { skippedPhases } from './probe/probe';
import type { Reached } from './reach';
import type { CheckPhase, CheckRoute, CheckVerdict, EndpointCheck, HealthStatus } from './report';
import { verdictKind, verdictOf, type FailureCode, type WarningCode } from './verdicts/verdicts';

/** A check whose route has been looked for. */
export interface RoutedCheck {
  /** The context's id. */
  readonly context: string;
  readonly endpoint: Endpoint;
  readonly route: Route;
  /** How long it took to find, in milliseconds: scripts are fetched and run. */
  readonly routeMs: number;
}

/** What the reporter needs beside the check. */
export interface Circumstances {
  /** RFC 3339 UTC. */
  readonly checkedAt: string;
  /** Above it a check is slow, in milliseconds. */
  readonly slowMs: number;
}

/** The worst: unhealthy, then unknown (it may hide anything), then degraded. Without any check nothing is known. */
export function overallStatus(statuses: readonly HealthStatus[]): HealthStatus {
  if (statuses.length === 0) return 'unknown';
  return (
    (['unhealthy', 'unknown', 'degraded'] as const).find((status) => statuses.includes(status)) ?? 'healthy'
  );
}

/** The report of a check that ended with its route, because that cannot be told. */
export function unroutedCheck(
  { context, endpoint, routeMs }: RoutedCheck,
  route: Extract<Route, { kind: 'unknown' }>,
  { checkedAt }: Circumstances,
): EndpointCheck {
  const failure = verdictOf(`route-${route.reason}`, route.because);
  return {
    context,
    endpoint: shownEndpoint(endpoint),
    status: 'unknown',
    checkedAt,
    durationMs: routeMs,
    route: { via: route.via, proxy: null, because: route.because, candidates: [] },
    phases: [
      { name: 'route', status: 'fail', durationMs: routeMs, detail: failure.detail },
      ...skippedPhases(),
    ],
    failure,
    warnings: [],
    failedOver: [],
    tls: null,
    http: null,
  };
}

/** The report of a check that was probed. */
export function probedCheck(
  { context, endpoint, routeMs }: RoutedCheck,
  route: Extract<Route, { kind: 'known' }>,
  reached: Reached,
  { checkedAt, slowMs }: Circumstances,
): EndpointCheck {
  const { result, failedOver } = reached;
  const durationMs = routeMs + reached.durationMs;
  const routeWarnings = warningsOf(route, reached);
  const phase: CheckPhase = {
    name: 'route',
    status: routeWarnings.length === 0 ? 'pass' : 'warn',
    durationMs: routeMs,
    detail: route.because,
  };
  const phases = [phase, ...result.phases];
  const slow = result.failure === null && durationMs > slowMs ? [slowness(phases, durationMs, slowMs)] : [];
  const warnings = [...routeWarnings, ...result.warnings, ...slow];
  return {
    context,
    endpoint: shownEndpoint(endpoint),
    status: statusOf(result.failure, warnings),
    checkedAt,
    durationMs,
    route: shownRoute(route, reached.way),
    phases,
    failure: result.failure,
    warnings,
    failedOver: [...failedOver],
    tls: result.tls,
    http: result.http,
  };
}

function statusOf(failure: CheckVerdict | null, warnings: readonly CheckVerdict[]): HealthStatus {
  if (failure !== null) return verdictKind(failure.code as FailureCode).outcome;
  return warnings.length === 0 ? 'healthy' : 'degraded';
}

function warningsOf(route: Extract<Route, { kind: 'known' }>, reached: Reached): readonly CheckVerdict[] {
  const doubts = route.doubts.map(({ reason, seen }) => {
    const code: WarningCode = `route-${reason}`;
    return verdictOf(code, seen);
  });
  if (reached.failedOver.length === 0) return doubts;
  const failed = reached.failedOver.map(({ way, failure }) => `${way} (${failure.code})`).join(', ');
  return [...doubts, verdictOf('route-failover', `${failed}; then ${hopText(reached.way)}`)];
}

/** Said of the phase that took longest, whichever that is. */
function slowness(phases: readonly CheckPhase[], durationMs: number, slowMs: number): CheckVerdict {
  const slowest = phases.reduce((worst, phase) => (phase.durationMs > worst.durationMs ? phase : worst));
  const seen = `${durationMs} ms, ${slowest.durationMs} of them in ${slowest.name}; the limit is ${slowMs}`;
  return { ...verdictOf('slow', seen), phase: slowest.name };
}

function shownEndpoint({ host, port, region, origin }: Endpoint): EndpointCheck['endpoint'] {
  return { host, port, region, origin };
}

function shownRoute({ via, hops, because }: Extract<Route, { kind: 'known' }>, way: Hop): CheckRoute {
  const proxy = way.kind === 'direct' ? null : hostAndPort(way.host, way.port);
  return { via, proxy, because, candidates: hops.map(hopText) };
}
