/** Whether the endpoints can be reached. */
import type { Problems } from './problems';

/** A check, as far as it is looked at; see `GET /endpoints/health`. */
export interface WatchedCheck {
  readonly context: string;
  readonly endpoint: { readonly host: string; readonly port: number; readonly region: string };
  readonly status: 'healthy' | 'degraded' | 'unhealthy' | 'unknown';
  readonly route: { readonly via: string; readonly proxy: string | null };
  readonly failure: { readonly code: string; readonly phase: string; readonly remedy: string } | null;
}

export const ENDPOINT = 'endpoint/';

/**
 * Takes in the checks of one run. `unknown` tells nothing, `degraded` is not unhealthy. An endpoint that has a problem and is
 * checked no more counts as well, so that no problem stays open for ever. Rejects when an event could not be written.
 */
export async function lookAtEndpoints(checks: readonly WatchedCheck[], problems: Problems): Promise<void> {
  const seen = new Set(checks.map(problemOf));
  for (const check of checks) {
    if (check.status === 'unknown') continue;
    await problems.sample(problemOf(check), check.status === 'unhealthy', {
      begins: () => ({
        type: 'endpoint.unhealthy',
        subject: authorityOf(check),
        severity: 'critical',
        summary: `${check.context} does not reach ${authorityOf(check)}: ${check.failure?.code ?? 'unhealthy'}.`,
        data: { ...dataOf(check), code: check.failure?.code ?? null, phase: check.failure?.phase ?? null },
      }),
      ends: () => ({
        type: 'endpoint.recovered',
        subject: authorityOf(check),
        severity: 'info',
        summary: `${check.context} reaches ${authorityOf(check)} again.`,
        data: { ...dataOf(check), probed: true },
      }),
    });
  }
  for (const problem of problems.openBelow(ENDPOINT).filter((one) => !seen.has(one))) {
    await problems.sample(problem, false, {
      begins: () => unprobedFacts(problem),
      ends: () => unprobedFacts(problem),
    });
  }
  problems.keepOnly(ENDPOINT, seen);
}

function problemOf(check: WatchedCheck): string {
  return `${ENDPOINT}${check.context}/${authorityOf(check)}`;
}

function authorityOf({ endpoint: { host, port } }: WatchedCheck): string {
  return host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`;
}

function dataOf({ context, endpoint: { host, port, region }, status, route, failure }: WatchedCheck) {
  const { via, proxy } = route;
  return { context, host, port, region, status, via, proxy, remedy: failure?.remedy ?? null };
}

function unprobedFacts(problem: string) {
  const [, context = '', subject = ''] = problem.split('/');
  return {
    type: 'endpoint.recovered' as const,
    subject,
    severity: 'info' as const,
    summary: `${subject} is not probed any more as ${context} reaches it.`,
    data: { context, status: null, probed: false },
  };
}
