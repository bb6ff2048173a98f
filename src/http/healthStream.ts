/** A run of the health check as lines of JSON, each check as it ends. */
import type { Request, Response } from 'express';
import type { RunWatcher } from '../endpoints/runs/run';
import type { EndpointCheck, HealthReport } from '../endpoints/report';
import { logFault } from './errorHandler';
import { JsonLines } from './ndjson';
import { type Problem, toProblem } from './problems';
import { factsOf } from './requestFacts';

/** One line: any number of checks, then a summary, or a problem when the run failed on its way. */
export type HealthLine =
  | { readonly type: 'check'; readonly check: EndpointCheck }
  | ({ readonly type: 'summary' } & Omit<HealthReport, 'checks'>)
  | { readonly type: 'problem'; readonly problem: Problem };

/**
 * Sends a run as it goes. The headers are out when the run has begun; rejects with what went wrong before that, so that it
 * gets a status of its own. A HEAD is answered when the run has begun, and waits no longer.
 */
export async function streamHealth(
  request: Request,
  response: Response,
  run: (watcher: RunWatcher) => Promise<HealthReport>,
): Promise<void> {
  const lines = new JsonLines(response);
  const send = (line: HealthLine): void => {
    lines.write(line);
  };
  const onBegun = (): void => {
    lines.begin();
    if (request.method === 'HEAD') response.end();
  };
  try {
    const { status, checkedAt, durationMs, findings } = await run({
      onBegun,
      onCheck: (check) => {
        send({ type: 'check', check });
      },
    });
    send({ type: 'summary', status, checkedAt, durationMs, findings });
  } catch (error) {
    if (!lines.begun) throw error;
    if (response.destroyed || response.writableEnded) return;
    const answer = toProblem(error, factsOf(request).requestId);
    if (answer.body.status >= 500) logFault(error, answer, request);
    send({ type: 'problem', problem: answer.body });
  }
  await lines.end();
}
