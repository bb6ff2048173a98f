/** How the process does. */
import { monitorEventLoopDelay } from 'node:perf_hooks';
import type { Registry } from 'prom-client';
import type { Clock } from '../lib/clock';
import { SERVICE_METRICS, gaugeOf } from './serviceMetrics';

const RESOLUTION_MS = 20;
const NANOSECONDS = 1e9;

/** Makes the metrics in `registry`; the result ends the measuring. */
export function createProcessMetrics(registry: Registry, clock: Clock): () => void {
  const delay = monitorEventLoopDelay({ resolution: RESOLUTION_MS });
  delay.enable();
  const startedAt = Date.parse(clock.now()) / 1000 - process.uptime();
  gaugeOf(registry, SERVICE_METRICS.startTime).set(startedAt);
  gaugeOf(registry, SERVICE_METRICS.residentMemory, (gauge) => {
    gauge.set(process.memoryUsage.rss());
  });
  gaugeOf(registry, SERVICE_METRICS.eventLoopLag, (gauge) => {
    // What is measured includes the timer's own interval.
    const lag = (value: number): number => Math.max(0, value / NANOSECONDS - RESOLUTION_MS / 1000);
    const measured = delay.count > 0;
    gauge.set({ measure: 'median' }, measured ? lag(delay.percentile(50)) : 0);
    gauge.set({ measure: 'p99' }, measured ? lag(delay.percentile(99)) : 0);
    gauge.set({ measure: 'max' }, measured ? lag(delay.max) : 0);
    delay.reset();
  });
  return () => {
    delay.disable();
  };
}
