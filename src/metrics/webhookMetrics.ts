/** Whether what has happened gets to whom it is sent to. No label names a receiver. */
import { Counter, type Registry } from 'prom-client';
import type { Clock } from '../lib/clock';
import { SERVICE_METRICS, gaugeOf, setOrRemove } from './serviceMetrics';

const OUTCOMES = ['delivered', 'failed', 'dead', 'missed'] as const;

/** How all webhooks do together. */
interface WebhookSummary {
  readonly states: Readonly<Record<string, number>>;
  readonly pending: number;
  /** RFC 3339; null without one. */
  readonly oldestDueSince: string | null;
  readonly dead: number;
}

/** Makes the metrics in `registry`; the result is told what comes of deliveries. */
export function createWebhookMetrics(
  registry: Registry,
  clock: Clock,
  summary: () => WebhookSummary,
): (outcome: (typeof OUTCOMES)[number], number: number) => void {
  const deliveries = new Counter({ ...SERVICE_METRICS.webhookDeliveries, registers: [registry] });
  // A rise from nothing cannot be seen.
  for (const outcome of OUTCOMES) deliveries.inc({ outcome }, 0);
  gaugeOf(registry, SERVICE_METRICS.webhooks, (gauge) => {
    for (const [state, number] of Object.entries(summary().states)) gauge.set({ state }, number);
  });
  gaugeOf(registry, SERVICE_METRICS.webhookPending, (gauge) => {
    gauge.set(summary().pending);
  });
  gaugeOf(registry, SERVICE_METRICS.webhookOldest, (gauge) => {
    const { oldestDueSince } = summary();
    const ageMs = oldestDueSince === null ? null : Date.parse(clock.now()) - Date.parse(oldestDueSince);
    setOrRemove(gauge, ageMs === null ? null : Math.max(0, ageMs / 1000));
  });
  gaugeOf(registry, SERVICE_METRICS.webhookDead, (gauge) => {
    gauge.set(summary().dead);
  });
  return (outcome, number) => {
    deliveries.inc({ outcome }, number);
  };
}
