import {
  type EventFeed,
  EVENT_TYPES,
  type FeedPart,
  type FeedPlace,
  type ServiceEvent,
} from '../../src/events/event';

/** A feed in memory. It outlives whatever reads it, as the log on the disk does. */
export class MemoryFeed implements EventFeed {
  readonly events: ServiceEvent[] = [];
  /** Whether reading fails. */
  broken = false;
  /** How many of them are no longer kept. */
  dropped = 0;
  private readonly listeners = new Set<() => void>();

  after(place: FeedPlace | null, limit: number): Promise<FeedPart> {
    if (this.broken) return Promise.reject(Object.assign(new Error('broken'), { code: 'EIO' }));
    const from = place?.seq ?? 0;
    const begin = Math.max(from, this.dropped);
    const events = this.events.slice(begin, begin + limit);
    const last = this.placeOf(begin + events.length);
    return Promise.resolve(
      events.length === 0
        ? { events, place, missed: 0 }
        : { events, place: last, missed: Math.max(0, this.dropped - from) },
    );
  }

  newest(): Promise<FeedPlace | null> {
    return Promise.resolve(this.placeOf(this.events.length));
  }

  onRecorded(listener: () => void): () => void {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  }

  /** Records an event: of a problem of LocalService unless stated. */
  record(fields: Partial<ServiceEvent> = {}): ServiceEvent {
    const nth = this.events.length;
    const type = fields.type ?? EVENT_TYPES[0];
    const event: ServiceEvent = {
      id: `20261124T06${String(Math.floor(nth / 60)).padStart(2, '0')}${String(nth % 60).padStart(2, '0')}000Z-${nth.toString(16).padStart(8, '0')}`,
      at: '2026-11-24T06:00:00.000Z',
      type,
      subject: 'LocalService',
      problem: 'drift/LocalService',
      resolved: false,
      severity: 'warning',
      summary: 'The proxy of LocalService differs from the user’s.',
      data: { context: 'LocalService' },
      ...fields,
    };
    this.events.push(event);
    for (const listener of this.listeners) listener();
    return event;
  }

  private placeOf(seq: number): FeedPlace | null {
    const event = this.events[seq - 1];
    return event === undefined ? null : { seq, id: event.id };
  }
}
