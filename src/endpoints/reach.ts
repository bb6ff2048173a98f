/** Takes the ways of a route in order, until one leads on. */
import type { Clock } from '../lib/clock';
import { type Hop, hopText } from '../wininet/pacAnswer';
import type { Endpoint } from './catalogue';
import type { Probe, ProbeResult } from './probe/probe';
import type { FailedTry } from './report';

/** What came of it: the last way that was tried, and those before it. */
export interface Reached {
  readonly way: Hop;
  readonly result: ProbeResult;
  readonly failedOver: readonly FailedTry[];
  /** All tries together, in milliseconds. */
  readonly durationMs: number;
}

/** What to reach. */
export interface ReachRequest {
  readonly endpoint: Endpoint;
  readonly ways: readonly [Hop, ...Hop[]];
  /** For all ways together, in milliseconds. */
  readonly timeoutMs: number;
}

/**
 * A way that cannot be connected to makes place for the next; what a proxy or the endpoint says is final (inferred: WinINET
 * takes the next proxy of a list when it cannot connect to one). Each way gets its share of the time that is left.
 */
export async function reach(
  { probe, clock }: { readonly probe: Probe; readonly clock: Clock },
  { endpoint, ways, timeoutMs }: ReachRequest,
  signal: AbortSignal,
): Promise<Reached> {
  const started = clock.monotonicMs();
  const failedOver: FailedTry[] = [];
  const [first, ...others] = ways;
  let way = first;
  for (;;) {
    const left = timeoutMs - (clock.monotonicMs() - started);
    const share = Math.max(1, Math.ceil(left / (others.length + 1)));
    const result = await probe({ endpoint, way, timeoutMs: share }, signal);
    const next = others.shift();
    if (next === undefined || result.failure === null || !isUnreachable(result)) {
      return { way, result, failedOver, durationMs: Math.round(clock.monotonicMs() - started) };
    }
    failedOver.push({ way: hopText(way), phases: [...result.phases], failure: result.failure });
    way = next;
  }
}

function isUnreachable({ failure }: ProbeResult): boolean {
  return failure?.phase === 'resolve' || failure?.phase === 'connect';
}
