import type { Socket } from 'node:net';
import type { Clock } from '../../lib/clock';
import type { Hop } from '../../wininet/pacAnswer';
import type { Endpoint } from '../catalogue';
import type { CheckVerdict, HttpReport, PhaseName, TlsReport } from '../report';
import type { FailureCode, WarningCode } from '../verdicts/verdicts';
import type { Network } from './network';
import type { TrustStore } from './trust';

/** The way to an endpoint, once the route is known. The host comes from a parser, never raw from the registry. */
export type Way = Hop;

/** What the phases of one probe share. Each adds what it found for those after it. */
export interface ProbeRun {
  readonly endpoint: Endpoint;
  readonly way: Way;
  readonly network: Network;
  readonly trust: TrustStore;
  readonly clock: Clock;
  /** When the time is up, on the monotonic clock. */
  readonly deadlineMs: number;
  /** Aborted when the time is up or the caller has gone. */
  readonly signal: AbortSignal;
  /** Sees to it that a socket ends with the probe, whatever happens. Gives it back. */
  readonly own: <T extends Socket>(socket: T) => T;
  /** Says what is wrong although the probe goes on. `seen` holds nothing raw from the other side. */
  readonly warn: (code: WarningCode, seen: string | null) => void;
  readonly warnings: CheckVerdict[];
  /** Found by `resolve`. */
  addresses: readonly string[];
  /** The connection so far: TCP, then the tunnel, then TLS. */
  socket: Socket | null;
  tls: TlsReport | null;
  http: HttpReport | null;
}

/** What a phase has to say when it did not fail. */
export interface PhaseOutcome {
  readonly status: 'pass' | 'warn' | 'skipped';
  readonly detail: string;
}

/** One phase: works on the run, throws `PhaseFailure` when the endpoint cannot be reached this way. */
export interface Phase {
  readonly name: PhaseName;
  readonly run: (run: ProbeRun) => Promise<PhaseOutcome>;
  /** The code for a phase that is not done when the time is up. */
  readonly timeout: (way: Way) => FailureCode;
}

/** The connection that the phases before have made. */
export function connectionOf(run: ProbeRun): Socket {
  if (run.socket === null) throw new Error('a phase ran before there was a connection');
  return run.socket;
}
