/** Events as they are made: with an id and a time, and with texts that may go to other machines. */
import type { Clock } from '../lib/clock';
import { newRecordId } from '../lib/recordId';
import type { ServiceEvent } from './event';

/** What is known of an event before it has an id. */
export type EventFacts = Omit<ServiceEvent, 'id' | 'at'>;

const MAX_TEXT = 300;

/** An event that is noticed now. */
export function newEvent(clock: Clock, facts: EventFacts): ServiceEvent {
  return { id: newRecordId(clock), at: clock.now(), ...facts, summary: plainText(facts.summary) };
}

/**
 * A text on one line: control characters become spaces, what looks like credentials (`user:password@`) becomes `…@`, and
 * what is longer than 300 characters is cut.
 */
export function plainText(text: string): string {
  const line = text
    .replace(/[\p{Cc}\p{Zl}\p{Zp}]+/gu, ' ')
    .replace(/[^\s/=;,@]*:[^\s@]*@/g, '…@')
    .trim();
  return line.length > MAX_TEXT ? `${line.slice(0, MAX_TEXT)}…` : line;
}

/** Whether a record that was read back has everything that an event has. */
export function isEvent(value: unknown): value is ServiceEvent {
  if (typeof value !== 'object' || value === null) return false;
  const event = value as Partial<Record<keyof ServiceEvent, unknown>>;
  const { id, at, type, subject, severity, summary, problem, resolved, data } = event;
  return (
    [id, at, type, subject, severity, summary].every((field) => typeof field === 'string') &&
    (problem === null || typeof problem === 'string') &&
    typeof resolved === 'boolean' &&
    typeof data === 'object' &&
    data !== null
  );
}
