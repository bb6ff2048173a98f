/** The health check: every endpoint through every account's own proxy. */
import { setMaxListeners } from 'node:events';
import type { Clock } from '../lib/clock';
import { assertNever, DomainError } from '../lib/errors';
import { hostAndPort } from '../wininet/hostName';
import { createRouter, type Route } from '../wininet/route';
import type { Endpoint } from './catalogue';
import type { ContextProxy, ProxyFor } from './contextProxy';
import { failureOf } from './failures';
import type { Way } from './probe/phase';
import { type Probe, type ProbeResult, skippedPhases } from './probe/probe';
import type { CheckPhase, CheckRoute, EndpointCheck, HealthReport, HealthStatus } from './report';
import { sideBySide } from './sideBySide';

/** The accounts that the sensor runs as: checked when none is asked for. */
const DEFAULT_CONTEXTS: readonly string[] = ['LocalSystem', 'LocalService'];

/** Milliseconds for one check: default and bounds. */
const TIMEOUT_MS = { default: 10_000, min: 100, max: 60_000 } as const;

const CONCURRENCY = 16;

/** What the health check stands on. */
export interface HealthParts {
  readonly proxyFor: ProxyFor;
  /** The endpoints to probe, narrowed to some regions if any are asked for. Errors: `region-unknown`. */
  readonly endpoints: (regions: readonly string[]) => Promise<readonly Endpoint[]>;
  readonly probe: Probe;
  readonly clock: Clock;
  /** Probes at a time; 16 unless stated. */
  readonly concurrency?: number;
}

/** What is asked for. Nothing here names a host: only catalogue and configured endpoints are ever contacted. */
export interface HealthQuery {
  /** Context ids; the sensor's two accounts when there are none. */
  readonly contexts?: readonly string[];
  /** Regions, as the endpoints name them; all that are configured unless stated. */
  readonly regions?: readonly string[];
  /** For each check, 100 to 60000; 10000 unless stated. */
  readonly timeoutMs?: number;
}

/** Checks the endpoints' health. */
export interface Health {
  /**
   * Probes each endpoint through each context's own proxy, side by side. Rejects with `DomainError`
   * (`context-not-found`, `region-unknown`, `timeout-out-of-range`), or with the signal's reason once that is aborted.
   */
  check(query: HealthQuery, signal?: AbortSignal): Promise<HealthReport>;
}

/** Makes the health check. */
export function createHealth(parts: HealthParts): Health {
  return { check: (query, signal) => check(parts, query, signal) };
}

/** The worst: unhealthy, then unknown (it may hide anything), then degraded. Without any check nothing is known. */
export function overallStatus(statuses: readonly HealthStatus[]): HealthStatus {
  if (statuses.length === 0) return 'unknown';
  return (
    (['unhealthy', 'unknown', 'degraded'] as const).find((status) => statuses.includes(status)) ?? 'healthy'
  );
}

async function check(parts: HealthParts, query: HealthQuery, signal?: AbortSignal): Promise<HealthReport> {
  const { clock, probe, concurrency = CONCURRENCY } = parts;
  const timeoutMs = query.timeoutMs ?? TIMEOUT_MS.default;
  if (!(timeoutMs >= TIMEOUT_MS.min && timeoutMs <= TIMEOUT_MS.max)) {
    const detail = `timeoutMs must be from ${TIMEOUT_MS.min} to ${TIMEOUT_MS.max}.`;
    throw new DomainError('invalid', 'timeout-out-of-range', detail);
  }
  signal?.throwIfAborted();
  // Each probe listens to it; Node takes more than ten listeners for a leak.
  if (signal) setMaxListeners(0, signal);
  const checkedAt = clock.now();
  const started = clock.monotonicMs();
  const endpoints = await parts.endpoints(query.regions ?? []);
  const contexts = await lookUpContexts(parts.proxyFor, query.contexts ?? []);
  const planned = contexts.flatMap((context) => planFor(context, endpoints, clock));
  // By key, so that checks with the same way to the same endpoint share one probe.
  const probes = new Map(
    planned.flatMap(({ key, endpoint, way }) => (way === null ? [] : [[key, { endpoint, way }]])),
  );
  const results = await sideBySide([...probes], concurrency, async ([key, { endpoint, way }]) => {
    signal?.throwIfAborted();
    return [key, await probe({ endpoint, way, timeoutMs }, signal)] as const;
  });
  const byKey = new Map(results);
  const checks = planned.map((one) => finish(one, byKey.get(one.key)));
  return {
    status: overallStatus(checks.map(({ status }) => status)),
    checkedAt,
    durationMs: Math.round(clock.monotonicMs() - started),
    checks,
  };
}

/** Each context once, however often and in however many spellings it was asked for. */
async function lookUpContexts(proxyFor: ProxyFor, ids: readonly string[]): Promise<readonly ContextProxy[]> {
  const wanted = new Set(ids.length === 0 ? DEFAULT_CONTEXTS : ids);
  const found = await sideBySide([...wanted], CONCURRENCY, proxyFor);
  return [...new Map(found.map((context) => [context.id, context])).values()];
}

/** A check whose route is chosen. */
interface PlannedCheck {
  readonly context: string;
  readonly endpoint: Endpoint;
  readonly route: Route;
  /** Null when the route is unknown. */
  readonly way: Way | null;
  /** The same for checks that can share one probe. */
  readonly key: string;
  readonly routeMs: number;
}

function planFor(
  context: ContextProxy,
  endpoints: readonly Endpoint[],
  clock: Clock,
): readonly PlannedCheck[] {
  const choose = createRouter(context);
  return endpoints.map((endpoint) => {
    const started = clock.monotonicMs();
    const { host, port, path } = endpoint;
    const route = choose({ scheme: 'https', host, port });
    const way = wayOf(route);
    const key = JSON.stringify([way, host, port, path]);
    return {
      context: context.id,
      endpoint,
      route,
      way,
      key,
      routeMs: Math.round(clock.monotonicMs() - started),
    };
  });
}

function wayOf(route: Route): Way | null {
  switch (route.kind) {
    case 'direct':
      return { kind: 'direct' };
    case 'proxy':
      return { kind: 'proxy', host: route.host, port: route.port };
    case 'unknown':
      return null;
    default:
      return assertNever(route);
  }
}

function finish(
  { context, endpoint, route, routeMs }: PlannedCheck,
  probed: ProbeResult | undefined,
): EndpointCheck {
  const { host, port, region, origin } = endpoint;
  const common = { context, endpoint: { host, port, region, origin }, route: routeReport(route) };
  if (route.kind === 'unknown') {
    const failure = failureOf(`route-${route.reason}`, route.because);
    const phase: CheckPhase = { name: 'route', status: 'fail', durationMs: routeMs, detail: failure.detail };
    return {
      ...common,
      status: 'unknown',
      phases: [phase, ...skippedPhases()],
      failure,
      tls: null,
      http: null,
    };
  }
  if (probed === undefined) throw new Error('a check with a known route was not probed');
  const doubt = route.kind === 'proxy' && route.doubt !== null;
  const phase: CheckPhase = {
    name: 'route',
    status: doubt ? 'warn' : 'pass',
    durationMs: routeMs,
    detail: route.because,
  };
  const worked = doubt ? 'degraded' : 'healthy';
  return {
    ...common,
    status: probed.failure === null ? worked : 'unhealthy',
    phases: [phase, ...probed.phases],
    failure: probed.failure,
    tls: probed.tls,
    http: probed.http,
  };
}

function routeReport(route: Route): CheckRoute {
  const { because } = route;
  switch (route.kind) {
    case 'direct':
      return { via: 'direct', proxy: null, because };
    case 'proxy':
      return { via: 'proxy', proxy: hostAndPort(route.host, route.port), because };
    case 'unknown':
      return { via: route.via, proxy: route.proxy, because };
    default:
      return assertNever(route);
  }
}
