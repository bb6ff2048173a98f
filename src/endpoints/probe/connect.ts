/** The phases `resolve` and `connect`: of the endpoint when the way is direct, else of the proxy. */
import { isIP, type Socket } from 'node:net';
import { messageOf, systemCodeOf } from '../../lib/errors';
import { hostAndPort, shownText } from '../../wininet/hostName';
import type { FailureCode } from '../verdicts/verdicts';
import type { Phase, ProbeRun } from './phase';
import { PhaseFailure } from './phaseFailure';

/** Connection attempts to several addresses start this far apart (RFC 8305, section 8, recommends 250 ms). */
const ATTEMPT_DELAY_MS = 250;
const MAX_ADDRESSES = 6;

const UNREACHABLE = new Set(['EHOSTUNREACH', 'ENETUNREACH', 'EHOSTDOWN', 'ENETDOWN']);
const RESET = new Set(['ECONNRESET', 'ECONNABORTED', 'EPIPE']);

/** Looks up the host that the TCP connection goes to. */
export const resolvePhase: Phase = {
  name: 'resolve',
  timeout: (way) => (way.kind === 'proxy' ? 'proxy-dns-timeout' : 'dns-timeout'),
  run: async (run) => {
    const { host, port } = firstHop(run);
    if (isIP(host) !== 0) {
      run.addresses = [host];
      return { status: 'pass', detail: `${whose(run)} is given as an address` };
    }
    try {
      run.addresses = (await run.network.lookup(host, port)).slice(0, MAX_ADDRESSES);
    } catch (error) {
      const code = systemCodeOf(error);
      throw hopFailure(
        run,
        code === 'ENOTFOUND' || code === 'ENODATA' ? 'dns-not-found' : 'dns-failed',
        error,
      );
    }
    if (run.addresses.length === 0) throw hopFailure(run, 'dns-not-found');
    return { status: 'pass', detail: `${whose(run)} is at ${run.addresses.join(', ')}` };
  },
};

/** Opens the TCP connection. */
export const connectPhase: Phase = {
  name: 'connect',
  timeout: (way) => (way.kind === 'proxy' ? 'proxy-connect-timeout' : 'connect-timeout'),
  run: async (run) => {
    try {
      run.socket = await connectFirst(run);
    } catch (error) {
      throw hopFailure(run, connectCode(systemCodeOf(error)), error);
    }
    const { remoteAddress = '', remotePort = 0 } = run.socket;
    return {
      status: 'pass',
      detail: `connected to ${whose(run)} at ${hostAndPort(remoteAddress, remotePort)}`,
    };
  },
};

/** The first of the addresses to take the connection wins; the next is tried when one fails or is slow. */
function connectFirst(run: ProbeRun): Promise<Socket> {
  const { port } = firstHop(run);
  const waiting = [...run.addresses];
  const attempts: Socket[] = [];
  let failed = 0;
  return new Promise((resolve, reject) => {
    let timer: NodeJS.Timeout | undefined;
    const attempt = (): void => {
      clearTimeout(timer);
      const address = waiting.shift();
      if (address === undefined || run.signal.aborted) return;
      const socket = run.own(run.network.connect(address, port));
      attempts.push(socket);
      socket.once('connect', () => {
        clearTimeout(timer);
        waiting.length = 0;
        for (const other of attempts) if (other !== socket) other.destroy();
        resolve(socket);
      });
      socket.once('error', (error) => {
        failed += 1;
        if (failed === run.addresses.length) reject(error);
        attempt();
      });
      timer = setTimeout(attempt, ATTEMPT_DELAY_MS);
      timer.unref();
    };
    attempt();
  });
}

type HopFailure = 'dns-not-found' | 'dns-failed' | ReturnType<typeof connectCode>;

function connectCode(code: string | undefined) {
  if (code === 'ECONNREFUSED') return 'connect-refused';
  if (code === 'ETIMEDOUT') return 'connect-timeout';
  if (code !== undefined && UNREACHABLE.has(code)) return 'connect-unreachable';
  if (code !== undefined && RESET.has(code)) return 'connect-reset';
  return 'connect-failed';
}

/** The same failure has another code when it is the proxy that cannot be reached. */
function hopFailure(run: ProbeRun, code: HopFailure, error?: unknown): PhaseFailure {
  const { host, port } = firstHop(run);
  const full: FailureCode = run.way.kind === 'proxy' ? `proxy-${code}` : code;
  const reason = error === undefined ? '' : ` (${systemCodeOf(error) ?? shownText(messageOf(error))})`;
  return new PhaseFailure(full, `${hostAndPort(host, port)}${reason}`);
}

function firstHop({ endpoint, way }: ProbeRun): { readonly host: string; readonly port: number } {
  return way.kind === 'proxy' ? way : endpoint;
}

function whose({ way }: ProbeRun): string {
  return way.kind === 'proxy' ? 'the proxy' : 'the endpoint';
}
