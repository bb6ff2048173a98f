/** What has happened without being asked for, and whether somebody looks. */
import { Counter, type Registry } from 'prom-client';
import type { Clock } from '../lib/clock';
import { SERVICE_METRICS, gaugeOf } from './serviceMetrics';

/** What is told of as it happens. */
export interface WatchMetrics {
  event(type: string): void;
  /** A look has worked. */
  looked(watch: string): void;
}

/** Makes the metrics in `registry`, with a 0 for each type of event: a rise from nothing cannot be seen. */
export function createWatchMetrics(
  registry: Registry,
  clock: Clock,
  known: { readonly types: readonly string[]; readonly on: boolean },
): WatchMetrics {
  const events = new Counter({ ...SERVICE_METRICS.events, registers: [registry] });
  for (const type of known.types) events.inc({ type }, 0);
  gaugeOf(registry, SERVICE_METRICS.watching).set(Number(known.on));
  const looked = gaugeOf(registry, SERVICE_METRICS.watchLooked);
  return {
    event: (type) => {
      events.inc({ type });
    },
    looked: (watch) => {
      looked.set({ watch }, Date.parse(clock.now()) / 1000);
    },
  };
}
