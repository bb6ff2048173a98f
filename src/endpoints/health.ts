/** The health check: every endpoint through every account's own proxy. */
import { setMaxListeners } from 'node:events';
import type { Clock } from '../lib/clock';
import { DomainError } from '../lib/errors';
import type { Finding } from '../wininet/findings';
import type { Hop } from '../wininet/pacAnswer';
import type { Endpoint } from './catalogue';
import {
  type Circumstances,
  overallStatus,
  probedCheck,
  type RoutedCheck,
  unroutedCheck,
} from './checkReport';
import type { ContextProxy, ProxyFor } from './contextProxy';
import type { Gate } from '../lib/gate';
import type { Probe } from './probe/probe';
import { type Reached, reach, type ReachRequest } from './reach';
import type { EndpointCheck, HealthReport } from './report';
import type { RouteLimits, RoutesFor } from './routes';

/** The accounts that the sensor runs as: checked when none is asked for. */
export const DEFAULT_CONTEXTS: readonly string[] = ['LocalSystem', 'LocalService'];

/** Milliseconds for one check: default and bounds. */
const TIMEOUT_MS = { default: 10_000, min: 100, max: 60_000 } as const;

/** A healthy check takes about half a second; a person begins to wonder after three. */
const SLOW_MS = 3000;

type Ways = readonly [Hop, ...Hop[]];

/** What the health check stands on. */
export interface HealthParts {
  readonly proxyFor: ProxyFor;
  /** The endpoints to probe, narrowed to some regions if any are asked for. Errors: `region-unknown`. */
  readonly endpoints: (regions: readonly string[]) => Promise<readonly Endpoint[]>;
  readonly routesFor: RoutesFor;
  readonly probe: Probe;
  readonly clock: Clock;
  /** How many probes there may be at a time, of all checks together. */
  readonly gate: Gate;
  /** What the machine lacks for these endpoints. */
  readonly findings: (endpoints: readonly Endpoint[]) => readonly Finding[];
}

/** What is asked for. Nothing here names a host: only catalogue and configured endpoints are ever contacted. */
export interface HealthQuery {
  /** Context ids; the sensor's two accounts when there are none. */
  readonly contexts?: readonly string[];
  /** Regions, as the endpoints name them; all that are configured unless stated. */
  readonly regions?: readonly string[];
  /** For each check, 100 to 60000; 10000 unless stated. */
  readonly timeoutMs?: number;
  /** Milliseconds above which a check that works is `degraded`; 3000 unless stated. */
  readonly slowMs?: number;
}

/** Told how a check goes on. */
export interface HealthWatcher {
  /** Once, when everything that is asked for was found and probing begins. */
  readonly onBegun?: () => void;
  /** Each check, as it ends. */
  readonly onCheck?: (check: EndpointCheck) => void;
}

/** Checks the endpoints' health. */
export interface Health {
  /**
   * Probes each endpoint through each context's own proxy, side by side. Rejects with `DomainError` (`context-not-found`, `region-unknown`, `timeout-out-of-range`), or with the signal's reason once
   * that is aborted.
   */
  check(query: HealthQuery, signal: AbortSignal, watcher?: HealthWatcher): Promise<HealthReport>;
}

/** Makes the health check. */
export function createHealth(parts: HealthParts): Health {
  return { check: (query, signal, watcher = {}) => check(parts, query, signal, watcher) };
}

async function check(
  parts: HealthParts,
  query: HealthQuery,
  signal: AbortSignal,
  { onBegun, onCheck }: HealthWatcher,
): Promise<HealthReport> {
  const { clock } = parts;
  const timeoutMs = query.timeoutMs ?? TIMEOUT_MS.default;
  if (!(timeoutMs >= TIMEOUT_MS.min && timeoutMs <= TIMEOUT_MS.max)) {
    const detail = `timeoutMs must be from ${TIMEOUT_MS.min} to ${TIMEOUT_MS.max}.`;
    throw new DomainError('invalid', 'timeout-out-of-range', detail);
  }
  signal.throwIfAborted();
  const checkedAt = clock.now();
  const started = clock.monotonicMs();
  const endpoints = await parts.endpoints(query.regions ?? []);
  const contexts = await lookUpContexts(parts.proxyFor, query.contexts ?? []);
  onBegun?.();
  const reachable = sharedReach(parts);
  const circumstances = (): Circumstances => ({ checkedAt: clock.now(), slowMs: query.slowMs ?? SLOW_MS });
  const group = createGroup(signal);
  const checks = await group.all(
    contexts.map(async (context) => {
      // Half of the time: a proxy script that is not had leaves the rest for the way that WinINET then takes.
      const limits = { timeoutMs: Math.floor(timeoutMs / 2), signal: group.signal };
      const routed = await routedChecks(parts, context, endpoints, limits);
      return group.all(
        routed.map(async (one) => {
          // A route without a script takes no time to speak of; accounts whose checks have the same time share probes.
          const left = one.routeMs < 100 ? timeoutMs : timeoutMs - one.routeMs;
          const through = (ways: Ways) =>
            reachable({ endpoint: one.endpoint, ways, timeoutMs: left }, group.signal);
          const finished = await finish(one, circumstances, through);
          onCheck?.(finished);
          return finished;
        }),
      );
    }),
  );
  const all = checks.flat();
  return {
    status: overallStatus(all.map(({ status }) => status)),
    checkedAt,
    durationMs: Math.round(clock.monotonicMs() - started),
    checks: all,
    findings: [...parts.findings(endpoints)],
  };
}

/** Each context once, however often and in however many spellings it was asked for. */
async function lookUpContexts(proxyFor: ProxyFor, ids: readonly string[]): Promise<readonly ContextProxy[]> {
  const wanted = new Set(ids.length === 0 ? DEFAULT_CONTEXTS : ids);
  const found = await Promise.all([...wanted].map(proxyFor));
  return [...new Map(found.map((context) => [context.id, context])).values()];
}

async function routedChecks(
  { routesFor, clock }: HealthParts,
  context: ContextProxy,
  endpoints: readonly Endpoint[],
  limits: RouteLimits,
): Promise<readonly RoutedCheck[]> {
  const started = clock.monotonicMs();
  const routes = await routesFor(context, endpoints, limits);
  const routeMs = Math.round(clock.monotonicMs() - started);
  return endpoints.flatMap((endpoint, index) => {
    const route = routes[index];
    return route === undefined ? [] : [{ context: context.id, endpoint, route, routeMs }];
  });
}

async function finish(
  check: RoutedCheck,
  circumstances: () => Circumstances,
  reachThrough: (ways: Ways) => Promise<Reached>,
): Promise<EndpointCheck> {
  const { route } = check;
  if (route.kind === 'unknown') return unroutedCheck(check, route, circumstances());
  const reached = await reachThrough(route.hops);
  return probedCheck(check, route, reached, circumstances());
}

/** Checks with the same ways to the same endpoint share one probe. */
function sharedReach(parts: HealthParts) {
  const started = new Map<string, Promise<Reached>>();
  return (request: ReachRequest, signal: AbortSignal): Promise<Reached> => {
    const { ways, endpoint, timeoutMs } = request;
    const { host, port, path } = endpoint;
    const key = JSON.stringify([ways, host, port, path, timeoutMs]);
    let one = started.get(key);
    if (one === undefined) {
      one = parts.gate.run(() => reach(parts, request, signal), signal);
      started.set(key, one);
    }
    return one;
  };
}

/** Works that end together: the first failure, or an abort from outside, ends the others. */
function createGroup(outer: AbortSignal) {
  const stop = new AbortController();
  const signal = AbortSignal.any([outer, stop.signal]);
  // Each probe listens to it; Node takes more than ten listeners for a leak.
  setMaxListeners(0, signal);
  /** Waits for all of them, also when one has failed: nothing goes on behind the caller's back. */
  const all = async <T>(works: readonly Promise<T>[]): Promise<readonly T[]> => {
    for (const work of works) {
      work.catch((error: unknown) => {
        stop.abort(error);
      });
    }
    const settled = await Promise.allSettled(works);
    return settled.map((outcome) => {
      if (outcome.status === 'fulfilled') return outcome.value;
      throw signal.aborted ? signal.reason : outcome.reason;
    });
  };
  return { signal, all };
}
