import type { ErrorRequestHandler, NextFunction, Request, RequestHandler, Response } from 'express';
import { DomainError } from '../lib/errors';
import { HttpProblem } from './httpProblem';
import { PROBLEM_JSON, type ProblemAnswer, toProblem } from './problems';
import { factsOf } from './requestFacts';

/** The last middleware: whatever was thrown or passed on becomes a problem document. */
export const errorHandler: ErrorRequestHandler = (
  error: unknown,
  request: Request,
  response: Response,
  next: NextFunction,
) => {
  const { services, requestId } = factsOf(request);
  // The caller has gone, which is often what the error is about: nobody is there to be answered.
  if (response.destroyed) return;
  const answer = toProblem(error, requestId);
  if (answer.body.status >= 500) logFault(error, answer, request);
  if (response.headersSent) {
    // Too late for an answer: Express's own handler closes the connection, so that nobody takes half an answer for one.
    services.logger.error('an answer broke off', { requestId });
    next(error);
    return;
  }
  sendProblem(response, answer);
};

/** Nothing is served at the path. */
export const notFound: RequestHandler = (_request, _response, next) => {
  next(new HttpProblem('path-not-found', 'Nothing is served at this path. /docs shows what is.'));
};

/** For a path that exists: OPTIONS gets the methods, any other method 405 with them. */
export function otherMethods(methods: readonly string[]): RequestHandler {
  const allow = methods.join(', ');
  return (request, response, next) => {
    if (request.method === 'OPTIONS') {
      response.setHeader('Allow', allow);
      response.status(204).end();
      return;
    }
    next(new HttpProblem('method-not-allowed', `This path takes ${allow}.`, { headers: { Allow: allow } }));
  };
}

function sendProblem(response: Response, { body, headers }: ProblemAnswer): void {
  const bytes = Buffer.from(JSON.stringify(body));
  response.statusCode = body.status;
  for (const [name, value] of Object.entries(headers)) response.setHeader(name, value);
  response.removeHeader('ETag');
  response.setHeader('Content-Type', PROBLEM_JSON);
  response.setHeader('Content-Length', bytes.length);
  response.end(bytes);
}

/** The log gets what the caller does not: the causes, and the stack of what nobody expected. */
export function logFault(error: unknown, { body }: ProblemAnswer, request: Request): void {
  const { services, requestId, holder } = factsOf(request);
  const causes: string[] = [];
  for (let cause: unknown = error; cause instanceof Error && causes.length < 8; cause = cause.cause) {
    causes.push(`${cause.name}: ${cause.message}`);
  }
  const expected = error instanceof DomainError;
  services.logger.error(expected ? 'a request failed' : 'unexpected error', {
    requestId,
    actor: holder?.name ?? null,
    code: body.code,
    causes: causes.length > 0 ? causes : ['something was thrown that is no Error'],
    ...(!expected && error instanceof Error ? { stack: error.stack } : {}),
  });
}
