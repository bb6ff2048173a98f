import { type EventFeed, EVENT_TYPES, type ServiceEvent } from '../../src/events/event';

/** A feed in memory. It outlives whatever reads it, as the log on the disk does. */
export class MemoryFeed implements EventFeed {
  readonly events: ServiceEvent[] = [];
  /** Whether reading fails. */
  broken = false;
  private readonly listeners = new Set<() => void>();

  after(id: string | null, limit: number): Promise<readonly ServiceEvent[]> {
    if (this.broken) return Promise.reject(Object.assign(new Error('broken'), { code: 'EIO' }));
    return Promise.resolve(this.events.filter((event) => id === null || event.id > id).slice(0, limit));
  }

  newestId(): Promise<string | null> {
    return Promise.resolve(this.events.at(-1)?.id ?? null);
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
}
