/**
 * One probe: the phases of the table, in order, within one time limit. A new phase is one file and one line here. The
 * phase `route` is the caller's, because two accounts with the same route share one probe.
 */
import type { Socket } from 'node:net';
import type { Clock } from '../../lib/clock';
import { untilAborted } from '../../lib/waiting';
import type { Endpoint } from '../catalogue';
import type { CheckPhase, CheckVerdict, HttpReport, TlsReport } from '../report';
import { verdictOf } from '../verdicts/verdicts';
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
  readonly failure: CheckVerdict | null;
  readonly warnings: readonly CheckVerdict[];
  readonly tls: TlsReport | null;
  readonly http: HttpReport | null;
}

/** Probes one endpoint on one way. Rejects only when `signal` is aborted; its sockets are gone when it settles. */
export type Probe = (request: ProbeRequest, signal: AbortSignal) => Promise<ProbeResult>;

/** The parts that a probe stands on. */
export interface ProbeParts {
  readonly network: Network;
  readonly trust: TrustStore;
  readonly clock: Clock;
}

/** Makes the probe. */
export function createProbe(parts: ProbeParts): Probe {
  return async (request, signal) => {
    signal.throwIfAborted();
    const stop = new AbortController();
    const timer = setTimeout(() => {
      stop.abort(TIME_IS_UP);
    }, request.timeoutMs);
    const onGone = (): void => {
      stop.abort(signal.reason);
    };
    signal.addEventListener('abort', onGone, { once: true });
    const { run, end } = newRun(parts, request, stop.signal);
    try {
      return await runPhases(run);
    } finally {
      clearTimeout(timer);
      signal.removeEventListener('abort', onGone);
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

async function runPhases(run: ProbeRun): Promise<ProbeResult> {
  const phases: CheckPhase[] = [];
  let failure: CheckVerdict | null = null;
  for (const phase of PHASES) {
    if (failure !== null) {
      phases.push(skipped(phase));
      continue;
    }
    const started = run.clock.monotonicMs();
    const outcome = await attempt(phase, run);
    const durationMs = Math.round(run.clock.monotonicMs() - started);
    const { name } = phase;
    if (outcome instanceof PhaseFailure) {
      failure = verdictOf(outcome.code, outcome.seen);
      phases.push({ name, status: 'fail', durationMs, detail: failure.detail });
    } else {
      const { status, detail } = outcome;
      phases.push({ name, status, durationMs: status === 'skipped' ? 0 : durationMs, detail });
    }
  }
  return { phases, failure, warnings: run.warnings, tls: run.tls, http: run.http };
}

async function attempt(phase: Phase, run: ProbeRun) {
  try {
    run.signal.throwIfAborted();
    // A DNS look-up, for one, cannot be cancelled.
    return await untilAborted(phase.run(run), run.signal);
  } catch (error) {
    if (run.signal.aborted && run.signal.reason === TIME_IS_UP)
      return new PhaseFailure(phase.timeout(run.way));
    if (error instanceof PhaseFailure && !run.signal.aborted) return error;
    throw error;
  }
}

function newRun(
  { network, trust, clock }: ProbeParts,
  { endpoint, way, timeoutMs }: ProbeRequest,
  signal: AbortSignal,
): { readonly run: ProbeRun; readonly end: () => void } {
  const sockets = new Set<Socket>();
  const own = <T extends Socket>(socket: T): T => {
    // A socket without a listener for its errors would end the process.
    socket.on('error', () => undefined);
    sockets.add(socket);
    return socket;
  };
  const warnings: CheckVerdict[] = [];
  const warn: ProbeRun['warn'] = (code, seen) => {
    warnings.push(verdictOf(code, seen));
  };
  const deadlineMs = clock.monotonicMs() + timeoutMs;
  const fixed = { endpoint, way, network, trust, clock, deadlineMs, signal, own, warn, warnings };
  return {
    run: { ...fixed, addresses: [], socket: null, tls: null, http: null },
    end: () => {
      // The outermost first: to pull the TCP socket away from under a handshake crashes Node 20.
      for (const socket of [...sockets].reverse()) socket.destroy();
    },
  };
}

function skipped({ name }: Phase): CheckPhase {
  return { name, status: 'skipped', durationMs: 0, detail: 'a phase before it failed' };
}
