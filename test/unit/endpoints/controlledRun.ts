import type { HealthQuery } from '../../../src/endpoints/health';
import type { EndpointCheck, HealthReport } from '../../../src/endpoints/report';
import type { StartChecks } from '../../../src/endpoints/runs/run';
import { reportOf } from './checks';

/** A run of a health check that goes on only when the test says so. */
export interface ControlledRun {
  readonly query: HealthQuery;
  readonly signal: AbortSignal;
  begin(): void;
  tell(check: EndpointCheck): void;
  /** Ends it with a report of these checks; all that were told unless stated. */
  finish(checks?: EndpointCheck[]): void;
  fail(error: Error): void;
}

/** A health check in the test's hand: each call becomes a run in `runs`. An abort rejects, as the real one does. */
export function controlledCheck(): { readonly start: StartChecks; readonly runs: readonly ControlledRun[] } {
  const runs: ControlledRun[] = [];
  const start: StartChecks = (query, signal, { onCheck, onBegun }) =>
    new Promise<HealthReport>((resolve, reject) => {
      const told: EndpointCheck[] = [];
      signal.addEventListener('abort', () => {
        reject(new Error('the probes were cancelled'));
      });
      runs.push({
        query,
        signal,
        begin: () => {
          onBegun?.();
        },
        tell: (check) => {
          told.push(check);
          onCheck?.(check);
        },
        finish: (checks = told) => {
          resolve(reportOf(checks));
        },
        fail: reject,
      });
    });
  return { start, runs };
}

/** The run with this number; fails when there is none. */
export function runAt(runs: readonly ControlledRun[], index: number): ControlledRun {
  const run = runs[index];
  if (run === undefined) throw new Error(`there is no run ${index}; ${runs.length} have begun`);
  return run;
}
