import type { Request, RequestHandler, Response } from 'express';

/** What is done with every request before its route is looked for. Refuses it by throwing a problem. */
export type Step = (request: Request, response: Response) => void;

/**
 * The steps, in this order, as one middleware: Express takes paths apart and puts them together again around each one, which
 * costs more than any of these steps.
 */
export function inOrder(...steps: readonly Step[]): RequestHandler {
  return (request, response, next) => {
    for (const step of steps) step(request, response);
    next();
  };
}
