import { type Received, type Receiver, type ReceiverAnswer, startReceiver } from './receiver';

/**
 * Stands for a ticket system that joins alerts by a key of the sender's: PagerDuty's Events API v2
 * (developer.pagerduty.com/docs/events-api-v2): `POST /v2/enqueue`, 202 with `dedup_key`, 400 "Event object is invalid".
 */
export interface EventsV2StandIn extends Receiver {
  /** By `dedup_key`; one that was resolved and is triggered again is a new one. */
  readonly alerts: { readonly key: string; summary: string; triggers: number; open: boolean }[];
}

export const routingKey = 'R0123456789ABCDEF0123456789ABCDE';

export async function startEventsV2(): Promise<EventsV2StandIn> {
  const alerts: EventsV2StandIn['alerts'] = [];
  const receiver = await startReceiver((request) => answer(request, alerts));
  return { ...receiver, alerts };
}

function answer(
  { method, path, headers, body }: Received,
  alerts: EventsV2StandIn['alerts'],
): ReceiverAnswer {
  if (method !== 'POST' || path !== '/v2/enqueue') return { status: 404 };
  if (headers['content-type'] !== 'application/json')
    return invalid(['Content-Type must be application/json']);
  const sent = JSON.parse(body) as Record<string, unknown>;
  const { routing_key, event_action, dedup_key, payload } = sent as {
    routing_key?: string;
    event_action?: string;
    dedup_key?: string;
    payload?: { summary?: unknown; source?: unknown; severity?: unknown };
  };
  const errors: string[] = [];
  if (routing_key !== routingKey) errors.push("'routing_key' is missing or invalid");
  if (!['trigger', 'acknowledge', 'resolve'].includes(event_action ?? ''))
    errors.push("'event_action' is invalid");
  if (typeof dedup_key !== 'string' || dedup_key.length > 255) errors.push("'dedup_key' is invalid");
  if (event_action === 'trigger') {
    if (typeof payload?.summary !== 'string' || payload.summary === '')
      errors.push("'summary' is missing or blank");
    if (typeof payload?.source !== 'string' || payload.source === '')
      errors.push("'source' is missing or blank");
    if (!['critical', 'warning', 'error', 'info'].includes(String(payload?.severity)))
      errors.push("'severity' is invalid");
  }
  if (errors.length > 0 || dedup_key === undefined) return invalid(errors);
  const open = alerts.find((alert) => alert.key === dedup_key && alert.open);
  if (event_action === 'resolve' && open !== undefined) open.open = false;
  if (event_action === 'trigger') {
    if (open === undefined)
      alerts.push({ key: dedup_key, summary: String(payload?.summary), triggers: 1, open: true });
    else open.triggers += 1;
  }
  return { status: 202, body: { status: 'success', message: 'Event processed', dedup_key } };
}

function invalid(errors: readonly string[]): ReceiverAnswer {
  return { status: 400, body: { status: 'invalid event', message: 'Event object is invalid', errors } };
}
