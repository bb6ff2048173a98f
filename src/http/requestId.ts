import { randomUUID } from 'node:crypto';
import type { Request, Response } from 'express';
import { HttpProblem } from './httpProblem';
import { setFacts } from './requestFacts';
import type { RequestFacts } from './requestFacts';
import type { Services } from './services';
import type { Step } from './steps';

/** Longer than any address of the contract. What exceeds 16 KiB together with the headers, Node refuses before (431). */
const MAX_URI_BYTES = 8 * 1024;
const SANE = /^[A-Za-z0-9._-]{1,128}$/;

/**
 * The first step: names the request (X-Request-Id as sent if it looks sane, else a new one), sends the name back on
 * every answer, and logs a line when the answer is done: `debug` for a success, `info` otherwise. Never the token, and
 * the route's pattern in place of the path.
 */
export function requestId(services: Services): Step {
  return (request, response) => {
    const sent = request.headers['x-request-id'];
    const id = typeof sent === 'string' && SANE.test(sent) ? sent : randomUUID();
    const facts: RequestFacts = { services, requestId: id, holder: null };
    setFacts(request, facts);
    response.setHeader('X-Request-Id', id);
    const startedAt = services.clock.monotonicMs();
    services.requests.begun();
    response.on('close', () => {
      finish(request, response, facts, startedAt);
    });
  };
}

/** Refuses an address that is longer than any needs to be. */
export const refuseLongUri: Step = ({ url }) => {
  if (url.length > MAX_URI_BYTES)
    throw new HttpProblem('uri-too-long', 'Path and query may have 8 KiB together.');
};

function finish(request: Request, response: Response, facts: RequestFacts, startedAt: number): void {
  const { services, holder } = facts;
  const { method } = request;
  const route = routeOf(request);
  const status = response.statusCode;
  const aborted = !response.writableFinished;
  const durationMs = services.clock.monotonicMs() - startedAt;
  services.requests.ended({ method, route, status, aborted, seconds: durationMs / 1000 });
  // Of those whom nobody knows, wrong tokens alone, which are counted: else anybody could roll the log over.
  const isRefusal = status >= 400 && status < 500 && status !== 401 && holder === null;
  services.logger[(status < 400 && !aborted) || isRefusal ? 'debug' : 'info']('request', {
    method,
    route,
    status,
    durationMs: Math.round(durationMs * 10) / 10,
    requestId: facts.requestId,
    actor: holder?.name ?? null,
    ...(aborted ? { aborted } : {}),
  });
}

/** The matched route's pattern, such as `/proxy/contexts/:id`; null when none matched. */
function routeOf(request: Request): string | null {
  const route: unknown = request.route;
  if (typeof route !== 'object' || route === null || !('path' in route)) return null;
  return typeof route.path === 'string' ? route.path : null;
}
