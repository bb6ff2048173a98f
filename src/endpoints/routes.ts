/** The routes of an account to the endpoints: its settings, and what the proxy scripts that they name say. */
import { createRouter, needsPac, type Route, type RouteTarget, type ScriptOutcome } from '../wininet/route';
import type { ContextProxy } from './contextProxy';
import type { ProxyScripts, ScriptSource } from './pac/proxyScripts';

/** What is to be reached: an endpoint as it is (over TLS), or a target whose scheme is stated. */
export type Place = Omit<RouteTarget, 'scheme'> & Partial<Pick<RouteTarget, 'scheme'>>;

/** How long the scripts may take, and for whom. */
export interface RouteLimits {
  /** For all scripts together, in milliseconds; one that takes longer counts as one that cannot be had. */
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
export function createRoutes(scripts: ProxyScripts): RoutesFor {
  return async (context, places, limits) => {
    const ask = timeLimited(scripts, limits);
    const { inForce } = context;
    const choose = createRouter(context);
    const targets = places.map(({ scheme = 'https', host, port }) => ({ scheme, host, port }));
    const none: readonly (ScriptOutcome | null)[] = targets.map(() => null);
    const detected = inForce?.autoDetect ? await ask({ kind: 'autoDetect' }, targets) : none;
    const url = inForce?.autoConfigUrl ?? null;
    // Whether a script can be had is the same for all targets: WinINET loads it once.
    const asksPac = url !== null && needsPac(inForce, detected[0] ?? null);
    const configured = asksPac ? await ask({ kind: 'url', url }, targets) : none;
    return targets.map((target, index) =>
      choose(target, { autoDetect: detected[index] ?? null, pac: configured[index] ?? null }),
    );
  };
}

function timeLimited(scripts: ProxyScripts, { timeoutMs, signal }: RouteLimits) {
  const timeIsUp = AbortSignal.timeout(timeoutMs);
  const either = AbortSignal.any([signal, timeIsUp]);
  return async (source: ScriptSource, targets: readonly RouteTarget[]): Promise<readonly ScriptOutcome[]> => {
    try {
      return await scripts.ask(source, targets, either);
    } catch (error) {
      if (signal.aborted || !timeIsUp.aborted) throw error;
      const seen = `it was not there within the ${timeoutMs} ms that the route may take`;
      return targets.map(() => ({ kind: 'unavailable', reason: 'pac-unreachable', seen }));
    }
  };
}
