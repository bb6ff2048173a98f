import type { Clock } from '../../lib/clock';
import type { HealthReport } from '../report';

/** The oldest result that anybody may ask for, in milliseconds. */
export const MAX_AGE_MS = 3_600_000;

/** A report, and what its run was asked for. */
export interface RecentReport {
  readonly report: HealthReport;
  readonly contexts: readonly string[];
  /** When its run began, on the monotonic clock. */
  readonly startedMs: number;
}

/** The last finished results, one for each question; the longest kept are dropped first. */
export class RecentReports {
  private readonly reports = new Map<string, RecentReport>();

  constructor(
    private readonly clock: Clock,
    private readonly room = 64,
  ) {}

  /** The result of an equal request, counted from when its run began; undefined when there is none as young as that. */
  get(key: string, maxAgeMs: number): RecentReport | undefined {
    const found = this.reports.get(key);
    return found !== undefined && maxAgeMs > 0 && this.ageOf(found) <= maxAgeMs ? found : undefined;
  }

  /** Keeps a finished result in place of the last one of an equal request, unless that began later. */
  keep(key: string, recent: RecentReport): void {
    const before = this.reports.get(key);
    if (before !== undefined && before.startedMs > recent.startedMs) return;
    this.reports.delete(key);
    this.reports.set(key, recent);
    for (const [other, each] of this.reports) {
      if (this.reports.size > this.room || this.ageOf(each) > MAX_AGE_MS) this.reports.delete(other);
    }
  }

  private ageOf({ startedMs }: RecentReport): number {
    return this.clock.monotonicMs() - startedMs;
  }
}
