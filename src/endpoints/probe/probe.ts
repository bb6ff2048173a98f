/**
 * One probe: the phases of the table, in order, within one time limit. A new phase is one file and one line here. The
 * phase `route` is the caller's, because two accounts with the same route share one probe.
 */
import type { Socket } from 'node:net';
import type { Clock } from '../../lib/clock';
import type { Endpoint } from '../catalogue';
import { failureOf } from '../failures';
import type { CheckFailure, CheckPhase, HttpReport, TlsReport } from '../report';
import { connectPhase, resolvePhase } from './connect';
import type { Network } from './network';
import type { Phase, ProbeRun, Way } from './phase';
import { PhaseFailure } from './phaseFailure';
import { proxyConnectPhase } from './proxyConnect';
import { requestPhase } from './request';
import { tlsPhase } from './tls';
import type { TrustStore } from './trust';

const PHASES: readonly Phase[] = [resolvePhase, connectPhase, proxyConnectPhase, tlsPhase, requestPhase];

/** What to probe. */
export interface ProbeRequest {
  readonly endpoint: Endpoint;
  readonly way: Way;
  /** For all phases together, in milliseconds. */
  readonly timeoutMs: number;
}

/** What came of it. `phases` are those after `route`. */
export interface ProbeResult {
  readonly phases: readonly CheckPhase[];
  readonly failure: CheckFailure | null;
  readonly tls: TlsReport | null;
  readonly http: HttpReport | null;
}

/** Probes one endpoint on one way. Rejects only when `signal` is aborted; its sockets are gone when it settles. */
export type Probe = (request: ProbeRequest, signal?: AbortSignal) => Promise<ProbeResult>;

/** The parts that a probe stands on. */
export interface ProbeParts {
  readonly network: Network;
  readonly trust: TrustStore;
  readonly clock: Clock;
}

/** Makes the probe. */
export function createProbe(parts: ProbeParts): Probe {
  return async (request, signal) => {
    signal?.throwIfAborted();
    const stop = new AbortController();
    const timer = setTimeout(() => {
      stop.abort(TIME_IS_UP);
    }, request.timeoutMs);
    const onGone = (): void => {
      stop.abort(signal?.reason);
    };
    signal?.addEventListener('abort', onGone, { once: true });
    const { run, end } = newRun(parts, request, stop.signal);
    try {
      return await runPhases(run, parts.clock);
    } finally {
      clearTimeout(timer);
      signal?.removeEventListener('abort', onGone);
      stop.abort(TIME_IS_UP);
      end();
    }
  };
}

const TIME_IS_UP = new Error('the time is up');

/** The phases that are not run, for a check that ends before the probe. */
export function skippedPhases(): CheckPhase[] {
  return PHASES.map(skipped);
}

async function runPhases(run: ProbeRun, clock: Clock): Promise<ProbeResult> {
  const phases: CheckPhase[] = [];
  let failure: CheckFailure | null = null;
  for (const phase of PHASES) {
    if (failure !== null) {
      phases.push(skipped(phase));
      continue;
    }
    const started = clock.monotonicMs();
    const outcome = await attempt(phase, run);
    const durationMs = Math.round(clock.monotonicMs() - started);
    if (outcome instanceof PhaseFailure) {
      failure = failureOf(outcome.code, outcome.seen);
      phases.push({ name: phase.name, status: 'fail', durationMs, detail: failure.detail });
    } else {
      phases.push({
        name: phase.name,
        ...outcome,
        durationMs: outcome.status === 'skipped' ? 0 : durationMs,
      });
    }
  }
  return { phases, failure, tls: run.tls, http: run.http };
}

async function attempt(phase: Phase, run: ProbeRun) {
  try {
    run.signal.throwIfAborted();
    return await untilAborted(phase.run(run), run.signal);
  } catch (error) {
    if (run.signal.aborted && run.signal.reason === TIME_IS_UP)
      return new PhaseFailure(phase.timeout(run.way));
    if (error instanceof PhaseFailure && !run.signal.aborted) return error;
    throw error;
  }
}

/** Waits no longer than the signal lets it: a DNS look-up, for one, cannot be cancelled. */
function untilAborted<T>(work: Promise<T>, signal: AbortSignal): Promise<T> {
  return new Promise((resolve, reject) => {
    const stop = (): void => {
      reject(signal.reason instanceof Error ? signal.reason : new Error('aborted', { cause: signal.reason }));
    };
    signal.addEventListener('abort', stop, { once: true });
    void work.then(resolve, reject).finally(() => {
      signal.removeEventListener('abort', stop);
    });
  });
}

function newRun(
  { network, trust }: ProbeParts,
  { endpoint, way }: ProbeRequest,
  signal: AbortSignal,
): { readonly run: ProbeRun; readonly end: () => void } {
  const sockets = new Set<Socket>();
  const own = <T extends Socket>(socket: T): T => {
    // A socket without a listener for its errors would end the process.
    socket.on('error', () => undefined);
    sockets.add(socket);
    return socket;
  };
  return {
    run: { endpoint, way, network, trust, signal, own, addresses: [], socket: null, tls: null, http: null },
    end: () => {
      // The outermost first: to pull the TCP socket away from under a handshake crashes Node 20.
      for (const socket of [...sockets].reverse()) socket.destroy();
    },
  };
}

function skipped({ name }: Phase): CheckPhase {
  return { name, status: 'skipped', durationMs: 0, detail: 'a phase before it failed' };
}
