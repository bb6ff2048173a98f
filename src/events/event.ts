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

/** A place in the feed: behind the event with this number and id. */
export interface FeedPlace {
  /** Numbers rise in the order in which events were recorded, whatever the clock said. */
  readonly seq: number;
  readonly id: string;
}

/** Some events of the feed. */
export interface FeedPart {
  /** Oldest first. */
  readonly events: readonly ServiceEvent[];
  /** The place behind them; where there are none, the one that was asked for. */
  readonly place: FeedPlace | null;
  /** How many events between both places are not among these: they are no longer kept, or cannot be read. */
  readonly missed: number;
}

/** Events in the order in which they were recorded; they are on the disk before anybody is told. */
export interface EventFeed {
  /** At most `limit` events behind a place; null: from the first that ever was. */
  after(place: FeedPlace | null, limit: number): Promise<FeedPart>;
  /** The place behind the newest event; null when there is none. */
  newest(): Promise<FeedPlace | null>;
  /** Calls the listener after each event that was recorded; the function that comes back ends that. It must not throw. */
  onRecorded(listener: () => void): () => void;
}
