import { randomBytes } from 'node:crypto';
import { decodeCursor, encodeCursor } from '../../lib/cursor';
import type { EndpointCheck, HealthStatus } from '../report';
import { type HealthHistoryPage, shownResult } from './healthResult';
import { Series } from './series';

/** Which results to give. */
export interface HealthHistoryRequest {
  readonly limit: number;
  /** `next` of the last page. */
  readonly cursor?: string;
  /** Only of this context, as results name it. */
  readonly context?: string;
  readonly status?: HealthStatus;
}

/**
 * The results of the checks that this process has done, in memory: for each endpoint and context the last hundred, and up to
 * a hundred failures from before those. Of the endpoints and contexts, those that were not checked for longest are dropped.
 */
export class HealthHistory {
  private readonly series = new Map<string, Series>();
  /** In each cursor, since another process counts anew. */
  private readonly epoch = randomBytes(6).toString('hex');
  private sequence = 0;

  constructor(private readonly maxSeries = 1000) {}

  /** Takes in a check that was done. */
  record(check: EndpointCheck): void {
    const { context, endpoint } = check;
    const key = JSON.stringify([context, endpoint.host, endpoint.port]);
    const series = this.series.get(key) ?? new Series();
    this.sequence += 1;
    series.add(check, this.sequence);
    // Those that were checked last come last.
    this.series.delete(key);
    this.series.set(key, series);
    const [oldest] = this.series.keys();
    if (this.series.size > this.maxSeries && oldest !== undefined) this.series.delete(oldest);
  }

  /** Newest first; what is checked meanwhile does not shift the pages. Errors: `cursor-invalid`. */
  page({ limit, cursor, context, status }: HealthHistoryRequest): HealthHistoryPage {
    const before = cursor === undefined ? Infinity : this.positionOf(cursor);
    const found = [...this.series.values()]
      .filter(({ latest }) => context === undefined || latest?.context === context)
      .flatMap((series) => series.newest(before, limit + 1, status))
      .sort((a, b) => b.sequence - a.sequence);
    const items = found.slice(0, limit);
    const last = found.length > limit ? items.at(-1) : undefined;
    return {
      items: items.map(shownResult),
      next: last === undefined ? null : encodeCursor(`${this.epoch}.${last.sequence}`),
    };
  }

  /** The last check of each endpoint and context, without their chains of certificates. */
  latest(): readonly EndpointCheck[] {
    return [...this.series.values()].flatMap(({ latest }) => latest ?? []);
  }

  private positionOf(cursor: string): number {
    const prefix = `${this.epoch}.`;
    const sequenceIn = (text: string): number => {
      const digits = text.startsWith(prefix) ? text.slice(prefix.length) : '';
      return /^[1-9]\d{0,14}$/.test(digits) ? Number(digits) : Infinity;
    };
    return sequenceIn(decodeCursor(cursor, (text) => sequenceIn(text) <= this.sequence));
  }
}
