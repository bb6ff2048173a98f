/** What is looked up when Prometheus asks: bounded, at most every ten seconds, and never in the way of the rest. */
import { Counter, type Registry } from 'prom-client';
import type { Clock } from '../lib/clock';
import type { Logger } from '../lib/logger';
import { within } from '../lib/waiting';
import { SERVICE_METRICS, gaugeOf, setOrRemove } from './serviceMetrics';

/** Where the state comes from; `compose` joins it to those who know. */
export interface StateSources {
  /** Whether each of the sensor's accounts drifts; empty while no source can be told. */
  readonly drift: () => Promise<ReadonlyMap<string, boolean>>;
  readonly backups: () => Promise<BackupSummary>;
  readonly journal: () => { readonly entries: number; readonly bytes: number; readonly damaged: number };
  readonly clock: Clock;
  readonly logger: Logger;
}

/** How many backups there are, and when the newest and the oldest were made (RFC 3339; null without one). */
export interface BackupSummary {
  readonly count: number;
  readonly newestAt: string | null;
  readonly oldestAt: string | null;
}

const KEPT_MS = 10_000;
const WAIT_MS = 2_000;

/** Makes the metrics in `registry`; the result looks, unless it has done so just now. It never rejects. */
export function createStateMetrics(registry: Registry, sources: StateSources): () => Promise<void> {
  const { clock, logger } = sources;
  const errors = new Counter({ ...SERVICE_METRICS.readErrors, registers: [registry] });
  const look = (part: string, task: () => Promise<void>): (() => Promise<void>) => {
    errors.inc({ part }, 0);
    return occasionally(clock, task, () => {
      errors.inc({ part });
      logger.warn('a part could not be looked at for the metrics', { part });
    });
  };
  journalGauges(registry, sources);
  const looks = [look('drift', driftLook(registry, sources)), look('backups', backupLook(registry, sources))];
  return async () => {
    await Promise.all(looks.map((one) => one()));
  };
}

/** Does the task if it was not done for {@link KEPT_MS}; never twice at a time, and nobody waits longer than {@link WAIT_MS}. */
function occasionally(clock: Clock, task: () => Promise<void>, onFailure: () => void): () => Promise<void> {
  let lastMs: number | null = null;
  let running = false;
  let waited: Promise<void> = Promise.resolve();
  return () => {
    const due = lastMs === null || clock.monotonicMs() - lastMs >= KEPT_MS;
    if (due && !running) {
      lastMs = clock.monotonicMs();
      running = true;
      const work = task().finally(() => {
        running = false;
      });
      waited = within(work, WAIT_MS, onFailure);
    }
    return waited;
  };
}

function driftLook(registry: Registry, { drift, clock }: StateSources): () => Promise<void> {
  const gauge = gaugeOf(registry, SERVICE_METRICS.drift);
  const checked = gaugeOf(registry, SERVICE_METRICS.driftChecked);
  checked.remove({});
  return async () => {
    const found = await drift();
    gauge.reset();
    for (const [context, drifts] of found) gauge.set({ context }, Number(drifts));
    checked.set(Date.parse(clock.now()) / 1000);
  };
}

function backupLook(registry: Registry, { backups, clock }: StateSources): () => Promise<void> {
  let summary: BackupSummary = { count: 0, newestAt: null, oldestAt: null };
  const age = (at: string | null): number | null =>
    at === null ? null : Math.max(0, (Date.parse(clock.now()) - Date.parse(at)) / 1000);
  const count = gaugeOf(registry, SERVICE_METRICS.backups);
  gaugeOf(registry, SERVICE_METRICS.newestBackup, (gauge) => {
    setOrRemove(gauge, age(summary.newestAt));
  });
  gaugeOf(registry, SERVICE_METRICS.oldestBackup, (gauge) => {
    setOrRemove(gauge, age(summary.oldestAt));
  });
  return async () => {
    summary = await backups();
    count.set(summary.count);
  };
}

function journalGauges(registry: Registry, { journal }: StateSources): void {
  gaugeOf(registry, SERVICE_METRICS.journalEntries, (gauge) => {
    gauge.set(journal().entries);
  });
  gaugeOf(registry, SERVICE_METRICS.journalBytes, (gauge) => {
    gauge.set(journal().bytes);
  });
  gaugeOf(registry, SERVICE_METRICS.journalDamaged, (gauge) => {
    gauge.set(journal().damaged);
  });
}
