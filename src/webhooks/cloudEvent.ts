/** A service event as a CloudEvents 1.0 document in JSON (structured mode). */
import type { ServiceEvent } from '../events/event';

/** The media type of a document. */
export const CLOUD_EVENT_JSON = 'application/cloudevents+json';

/** CloudEvents, "type": prefixed, since receivers get events of many programs. */
const TYPE_PREFIX = 'sensorproxy.';

/** The document: required attributes, `time`, `subject`, and as `data` what the event says. `machine` is this machine's name. */
export function cloudEvent(event: ServiceEvent, machine: string): Readonly<Record<string, unknown>> {
  return {
    specversion: '1.0',
    id: event.id,
    source: `/sensorproxy/${encodeURIComponent(machine)}`,
    type: TYPE_PREFIX + event.type,
    subject: event.subject,
    time: event.at,
    datacontenttype: 'application/json',
    data: {
      severity: event.severity,
      summary: event.summary,
      problem: event.problem,
      resolved: event.resolved,
      details: event.data,
    },
  };
}
