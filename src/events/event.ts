/** What has happened: transitions, not samples. */

/** Every type there is, as CloudEvents' `type` has it behind a prefix. */
export const EVENT_TYPES = [
  'proxy.drift.detected',
  'proxy.drift.cleared',
  'proxy.changed',
  'proxy.restored',
  'endpoint.unhealthy',
  'endpoint.recovered',
  'sensor.changed',
] as const;

export type EventType = (typeof EVENT_TYPES)[number];

/** One event. Its fields hold no secret: it is sent to other machines. */
export interface ServiceEvent {
  /** Unique, and ordered by time: a record id, as changes have. */
  readonly id: string;
  /** When it was noticed: ISO 8601, UTC. */
  readonly at: string;
  readonly type: EventType;
  /** What it is about: an account's id such as `LocalService`, an endpoint as `host:port`, or `sensor`. */
  readonly subject: string;
  /**
   * The same for all events of one problem, such as `drift/LocalService` or `endpoint/LocalService/host:443`: what begins it
   * and what ends it. Null for what is no problem.
   */
  readonly problem: string | null;
  /** Whether this event ends its problem. */
  readonly resolved: boolean;
  readonly severity: 'info' | 'warning' | 'critical';
  /** One line for people. */
  readonly summary: string;
  /** What is known besides, by type; see docs/events.md. */
  readonly data: Readonly<Record<string, unknown>>;
}

/** Events in the order in which they were recorded; they are on the disk before anybody is told. */
export interface EventFeed {
  /** At most `limit` events after the one with this id, oldest first; null: from the oldest that is kept. */
  after(id: string | null, limit: number): Promise<readonly ServiceEvent[]>;
  /** The id of the newest event; null when there is none. */
  newestId(): Promise<string | null>;
  /** Calls the listener after each event that was recorded; the function that comes back ends that. It must not throw. */
  onRecorded(listener: () => void): () => void;
}
