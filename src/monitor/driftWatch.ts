/** Whether the sensor's accounts have the source's proxy. */
import type { Problems } from './problems';

/** The accounts, as far as they are looked at; see `GET /proxy/contexts`. */
export interface WatchedContexts {
  /** The SID of the source; null while none can be told. */
  readonly source: string | null;
  readonly contexts: readonly WatchedContext[];
}

/** One account. */
export interface WatchedContext {
  readonly id: string;
  readonly sid: string;
  readonly usedBy: readonly string[];
  readonly etag: string;
  readonly comparison: 'identical' | 'equivalent' | 'different' | 'absent' | 'notCompared';
}

/** What a look has found. */
export interface Drift {
  /** Accounts that drift now, and for so long that it has been said. */
  readonly drifting: readonly string[];
  /** The SID of the source; null while none can be told. */
  readonly source: string | null;
  /** The same text while nothing has changed that a copy depends on. */
  readonly situation: string;
}

export const DRIFT = 'drift/';

/** Takes in one look. An account that cannot be compared tells nothing. Rejects when an event could not be written. */
export async function lookAtDrift(shown: WatchedContexts, problems: Problems): Promise<Drift> {
  const compared = shown.contexts.filter(
    ({ usedBy, comparison }) => usedBy.length > 0 && comparison !== 'notCompared',
  );
  for (const context of compared) {
    await problems.sample(DRIFT + context.id, drifts(context), {
      begins: () => ({
        type: 'proxy.drift.detected',
        subject: context.id,
        severity: 'warning',
        summary:
          context.comparison === 'absent'
            ? `${context.id} has no proxy settings; the source has.`
            : `${context.id} has other proxy settings than the source.`,
        data: dataOf(context, shown),
      }),
      ends: () => ({
        type: 'proxy.drift.cleared',
        subject: context.id,
        severity: 'info',
        summary: `${context.id} has the source’s proxy settings again.`,
        data: dataOf(context, shown),
      }),
    });
  }
  const source = shown.contexts.find(({ sid }) => sid === shown.source);
  return {
    drifting: compared
      .filter((context) => drifts(context) && problems.isOpen(DRIFT + context.id))
      .map(({ id }) => id),
    source: shown.source,
    situation: JSON.stringify([
      shown.source,
      source?.etag,
      ...compared.map(({ id, comparison, etag }) => [id, comparison, etag]),
    ]),
  };
}

function drifts({ comparison }: WatchedContext): boolean {
  return comparison === 'different' || comparison === 'absent';
}

/** Not the settings themselves: they may hold credentials. */
function dataOf({ id, sid, comparison }: WatchedContext, { source }: WatchedContexts) {
  return { account: id, sid, source, comparison };
}
