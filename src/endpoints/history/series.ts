import type { EndpointCheck, HealthStatus } from '../report';
import { type KeptResult, keptResult } from './healthResult';

/** How many results of one endpoint and context are kept, and how many failures older than those. */
export const KEPT = { recent: 100, olderFailures: 100 } as const;

/** What one endpoint and context showed: the last results, and before them the failures alone. */
export class Series {
  private readonly recent: KeptResult[] = [];
  private readonly olderFailures: KeptResult[] = [];
  private lastCheck: EndpointCheck | undefined;

  /** The last check, in full but for its chain of certificates; undefined before the first. */
  get latest(): EndpointCheck | undefined {
    return this.lastCheck;
  }

  /** Takes in a check. What gives way is a success, or a failure older than all that are kept. */
  add(check: EndpointCheck, sequence: number): void {
    this.lastCheck = { ...check, failedOver: [], tls: check.tls && { ...check.tls, chain: [] } };
    this.recent.push(keptResult(check, sequence, this.recent.at(-1)));
    if (this.recent.length <= KEPT.recent) return;
    const dropped = this.recent.shift();
    if (dropped === undefined || !isFailure(dropped.status)) return;
    this.olderFailures.push(dropped);
    if (this.olderFailures.length > KEPT.olderFailures) this.olderFailures.shift();
  }

  /** Newest first, those before `sequence`, at most `limit`. */
  newest(before: number, limit: number, status?: HealthStatus): readonly KeptResult[] {
    const found: KeptResult[] = [];
    for (const results of [this.recent, this.olderFailures]) {
      for (let index = results.length - 1; index >= 0 && found.length < limit; index -= 1) {
        const result = results[index];
        if (result === undefined || result.sequence >= before) continue;
        if (status === undefined || result.status === status) found.push(result);
      }
    }
    return found;
  }
}

function isFailure(status: HealthStatus): boolean {
  return status === 'unhealthy' || status === 'unknown';
}
