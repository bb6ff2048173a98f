/** The routes of an account to the endpoints: its settings, and what the proxy scripts that they name say. */
import type { Clock } from '../lib/clock';
import { createRouter, needsPac, type Route, type RouteTarget, type ScriptOutcome } from '../wininet/route';
import type { ContextProxy } from './contextProxy';
import type { ProxyScripts } from './pac/proxyScripts';

/** What is to be reached: an endpoint as it is (over TLS), or a target whose scheme is stated. */
export type Place = Omit<RouteTarget, 'scheme'> & Partial<Pick<RouteTarget, 'scheme'>>;

/** How long the scripts may take, and for whom. */
export interface RouteLimits {
  /** For all scripts together, in milliseconds. */
  readonly timeoutMs: number;
  readonly signal: AbortSignal;
}

/** The route to each place, in their order. Rejects only with the signal's reason. */
export type RoutesFor = (
  context: ContextProxy,
  places: readonly Place[],
  limits: RouteLimits,
) => Promise<readonly Route[]>;

/** Makes the chooser. A script is asked once for all places, and only when the settings lead to it. */
export function createRoutes(scripts: ProxyScripts, clock: Clock): RoutesFor {
  return async (context, places, { timeoutMs, signal }) => {
    const deadlineMs = clock.monotonicMs() + timeoutMs;
    const { inForce } = context;
    const choose = createRouter(context);
    const targets = places.map(({ scheme = 'https', host, port }) => ({ scheme, host, port }));
    const none: readonly (ScriptOutcome | null)[] = targets.map(() => null);
    const url = inForce?.autoConfigUrl ?? null;
    // Auto-detect may be silent: what comes after it shall have as much time.
    const detectMs = url === null ? timeoutMs : Math.ceil(timeoutMs / 2);
    const detected = inForce?.autoDetect
      ? await scripts.ask({ kind: 'autoDetect' }, targets, { timeoutMs: detectMs, signal })
      : none;
    // Whether a script can be had is the same for all targets: WinINET loads it once.
    const asksPac = url !== null && needsPac(inForce, detected[0] ?? null);
    const leftMs = Math.max(1, deadlineMs - clock.monotonicMs());
    const configured = asksPac
      ? await scripts.ask({ kind: 'url', url }, targets, { timeoutMs: Math.ceil(leftMs), signal })
      : none;
    return targets.map((target, index) =>
      choose(target, { autoDetect: detected[index] ?? null, pac: configured[index] ?? null }),
    );
  };
}
