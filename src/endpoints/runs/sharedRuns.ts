/** Equal requests share one run of the health check, and may be given a result that is young enough. */
import { createHash } from 'node:crypto';
import type { Clock } from '../../lib/clock';
import { DomainError } from '../../lib/errors';
import { DEFAULT_CONTEXTS, type HealthQuery } from '../health';
import type { EndpointCheck, HealthReport } from '../report';
import { inAskedOrder } from './askedOrder';
import { RecentReports } from './recentReports';
import { Run, type RunWatcher, type StartChecks } from './run';

/** What to probe; what is left out, the health check itself decides. */
export interface HealthRequest extends HealthQuery {
  /** A finished result of an equal request serves if it is not older than this, in milliseconds; 0 unless stated. */
  readonly maxAgeMs?: number;
}

/**
 * Probes the endpoints, or waits for an equal request that does so already. Errors: `context-not-found`, `region-unknown`,
 * `too-busy` when as many others are under way as may be.
 * Rejects with the signal's reason once that is aborted; the probes end when nobody else waits for them.
 */
export type HealthCheck = (
  request: HealthRequest,
  signal: AbortSignal,
  watcher?: RunWatcher,
) => Promise<HealthReport>;

/** What the sharing stands on. */
export interface SharedRunsParts {
  readonly start: StartChecks;
  readonly clock: Clock;
  /** Told each check once, as it ends. */
  readonly record: (check: EndpointCheck) => void;
  /** The settings of these contexts: whoever asks after they have changed asks for something else. */
  readonly settingsOf?: (contexts: readonly string[]) => Promise<unknown>;
  /** How many finished results are kept; 64 unless stated. */
  readonly room?: number;
  /** How many runs may be under way at a time; any number unless stated. */
  readonly mostRuns?: number;
}

/** Makes the shared health check. */
export function createSharedRuns(parts: SharedRunsParts): HealthCheck {
  const { start, clock, record, room, settingsOf, mostRuns = Infinity } = parts;
  const underWay = new Map<string, { readonly run: Run; readonly contexts: readonly string[] }>();
  const recent = new RecentReports(clock, room);

  const begin = (key: string, query: HealthQuery) => {
    const forget = (): void => {
      if (underWay.get(key)?.run === run) underWay.delete(key);
    };
    const contexts = query.contexts ?? [];
    const startedMs = clock.monotonicMs();
    const run = new Run({ start, query, record, onAbandoned: forget });
    const shared = { run, contexts };
    underWay.set(key, shared);
    run.outcome.then((report) => {
      forget();
      recent.keep(key, { report, contexts, startedMs });
    }, forget);
    return shared;
  };

  return async ({ maxAgeMs = 0, ...query }, signal, watcher = {}) => {
    signal.throwIfAborted();
    const asked = query.contexts ?? [];
    const settings = settingsOf && (await settingsOf(asked.length === 0 ? DEFAULT_CONTEXTS : asSet(asked)));
    signal.throwIfAborted();
    const key = keyOf(query, settings);
    const kept = recent.get(key, maxAgeMs);
    if (kept !== undefined) {
      watcher.onBegun?.();
      const report = inAskedOrder(kept.report, kept.contexts, asked);
      for (const check of report.checks) watcher.onCheck?.(check);
      return report;
    }
    const shared = underWay.get(key);
    if (shared === undefined && underWay.size >= mostRuns) throw tooBusy();
    const { run, contexts } = shared ?? begin(key, query);
    return inAskedOrder(await run.join(signal, watcher), contexts, asked);
  };
}

function tooBusy(): DomainError {
  const detail =
    'As many different health checks as this service runs at a time are under way. Nothing was probed; ask again soon.';
  return new DomainError('unavailable', 'too-busy', detail);
}

/** The same for equal requests: the order of the contexts and how often each is named do not matter. */
function keyOf({ contexts, regions, timeoutMs, slowMs }: HealthQuery, settings: unknown): string {
  const asked = [asSet(contexts), asSet(regions), timeoutMs ?? null, slowMs ?? null, settings];
  // Settings may be 64 KiB of anything.
  return createHash('sha256').update(JSON.stringify(asked)).digest('hex');
}

function asSet(values: readonly string[] = []): readonly string[] {
  return [...new Set(values)].sort();
}
