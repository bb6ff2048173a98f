/** One run of the health check that several callers wait for. */
import { reasonOf } from '../../lib/waiting';
import type { HealthQuery, HealthWatcher } from '../health';
import type { EndpointCheck, HealthReport } from '../report';

/** Told how a run goes on. */
export interface RunWatcher {
  /** Each check as it ends; one that joins late is told those that are done first. */
  readonly onCheck?: (check: EndpointCheck) => void;
  /** Once, when the run goes on to probe: what was asked for is there. Before the first check. */
  readonly onBegun?: () => void;
}

/**
 * The health check itself. `onBegun` is called once everything that is asked for was found and probing begins; a check that
 * never calls it is taken to have begun with the first result.
 */
export type StartChecks = (
  query: HealthQuery,
  signal: AbortSignal,
  watcher: HealthWatcher,
) => Promise<HealthReport>;

/** How a run is made. */
export interface RunParts {
  readonly start: StartChecks;
  readonly query: HealthQuery;
  /** Told each check once, however many wait for it. */
  readonly record: (check: EndpointCheck) => void;
  /** Told when the last one who waited has left, just before the run is cancelled. */
  readonly onAbandoned: () => void;
}

/** A run under way. It begins when it is made, and is cancelled when nobody waits for it any more. */
export class Run {
  /** Rejects when the run fails or is cancelled. */
  readonly outcome: Promise<HealthReport>;
  private readonly stop = new AbortController();
  private readonly watchers = new Set<RunWatcher>();
  private readonly done: EndpointCheck[] = [];
  private begun = false;

  constructor(private readonly parts: RunParts) {
    this.outcome = this.start();
    // Whoever waits is told; when nobody is left, nobody needs to be.
    this.outcome.catch(() => undefined);
  }

  /** Whether everybody left before it had ended. */
  get abandoned(): boolean {
    return this.stop.signal.aborted;
  }

  /** Waits for the report. Rejects with the run's error, or with the signal's reason once that is aborted. */
  join(signal: AbortSignal, { onCheck, onBegun }: RunWatcher): Promise<HealthReport> {
    const seat: RunWatcher = { onCheck, onBegun };
    this.watchers.add(seat);
    if (this.begun) onBegun?.();
    for (const check of this.done) onCheck?.(check);
    return new Promise((resolve, reject) => {
      const leave = (): void => {
        reject(reasonOf(signal));
        this.leave(seat);
      };
      const settle = (): void => {
        signal.removeEventListener('abort', leave);
        this.watchers.delete(seat);
      };
      signal.addEventListener('abort', leave, { once: true });
      this.outcome.finally(settle).then(resolve, reject);
    });
  }

  private async start(): Promise<HealthReport> {
    const report = await this.parts.start(this.parts.query, this.stop.signal, {
      onCheck: (check) => {
        this.finished(check);
      },
      onBegun: () => {
        this.begin();
      },
    });
    // What a cancelled run still brings is nobody's: it may be half of the truth.
    this.stop.signal.throwIfAborted();
    this.begin();
    return report;
  }

  private begin(): void {
    if (this.begun || this.abandoned) return;
    this.begun = true;
    for (const { onBegun } of [...this.watchers]) onBegun?.();
  }

  private finished(check: EndpointCheck): void {
    if (this.abandoned) return;
    this.begin();
    this.done.push(check);
    this.parts.record(check);
    for (const { onCheck } of [...this.watchers]) onCheck?.(check);
  }

  private leave(seat: RunWatcher): void {
    this.watchers.delete(seat);
    if (this.watchers.size > 0 || this.abandoned) return;
    this.parts.onAbandoned();
    this.stop.abort();
  }
}
