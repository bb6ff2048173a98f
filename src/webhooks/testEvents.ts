/** The events of a test. */
import type { ServiceEvent } from '../events/event';
import type { Clock } from '../lib/clock';
import { newRecordId } from '../lib/recordId';
import { PRESETS } from './presets/presets';
import type { StoredWebhook } from './stored';

/** One event, or with tickets two: a problem of the test's own, and its end. `data.test` is true in each. */
export function testEvents(
  { eventTypes, preset }: StoredWebhook,
  machine: string,
  clock: Clock,
): readonly ServiceEvent[] {
  const open: ServiceEvent = {
    id: newRecordId(clock),
    at: clock.now(),
    type: eventTypes[0] ?? 'sensor.changed',
    subject: 'test',
    // A new one each time: no two tests share a ticket.
    problem: `test/${newRecordId(clock)}`,
    resolved: false,
    severity: 'info',
    summary: `Test of a webhook of sensorproxy on ${machine}. Nothing is wrong.`,
    data: { test: true },
  };
  if (PRESETS[preset].takesAll) return [open];
  return [
    open,
    {
      ...open,
      id: newRecordId(clock),
      resolved: true,
      summary: `The test of sensorproxy on ${machine} is over.`,
    },
  ];
}
