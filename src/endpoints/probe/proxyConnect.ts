/** The phase `proxyConnect`: asks the proxy for a tunnel to the endpoint (RFC 9110, section 9.3.6). */
import { hostAndPort } from '../../wininet/hostName';
import { connectionOf, type Phase } from './phase';
import { PhaseFailure } from './phaseFailure';
import { HeadError, readResponseHead, type ResponseHead } from './responseHead';

const MAX_SCHEMES = 5;

/** Opens the tunnel; skipped on a direct way. */
export const proxyConnectPhase: Phase = {
  name: 'proxyConnect',
  timeout: () => 'proxy-timeout',
  run: async (run) => {
    if (run.way.kind === 'direct') return { status: 'skipped', detail: 'no proxy on this route' };
    const socket = connectionOf(run);
    const authority = hostAndPort(run.endpoint.host, run.endpoint.port);
    socket.write(`CONNECT ${authority} HTTP/1.1\r\nHost: ${authority}\r\nUser-Agent: sensorproxy\r\n\r\n`);
    const { head, rest } = await readResponseHead(socket).catch((error: unknown) => {
      throw headFailure(error);
    });
    if (head.status < 200 || head.status > 299) throw refusal(head);
    // A TLS server stays silent until it is spoken to: bytes behind the head are no tunnel.
    if (rest.length > 0) throw new PhaseFailure('proxy-not-http', 'bytes follow the answer to CONNECT');
    return { status: 'pass', detail: `the proxy opened a tunnel to ${authority}` };
  },
};

function headFailure(error: unknown): unknown {
  if (!(error instanceof HeadError)) return error;
  return new PhaseFailure(error.problem === 'closed' ? 'proxy-closed' : 'proxy-not-http', error.seen);
}

function refusal(head: ResponseHead): PhaseFailure {
  const answered = `it answered ${head.status}`;
  if (head.status === 407) {
    const schemes = offeredSchemes(head.fields.get('proxy-authenticate') ?? []);
    const offer = schemes.length === 0 ? 'and offers no scheme' : `and offers ${schemes.join(', ')}`;
    return new PhaseFailure('proxy-auth-required', `${answered} ${offer}`);
  }
  if (head.status === 403) return new PhaseFailure('proxy-forbidden', answered);
  if (head.status >= 500) return new PhaseFailure('proxy-server-error', answered);
  return new PhaseFailure('proxy-refused-connect', answered);
}

/** The schemes that Proxy-Authenticate names (RFC 9110, section 11.6.1): tokens that no `=` follows. */
export function offeredSchemes(values: readonly string[]): readonly string[] {
  const names = values
    .flatMap((value) => value.replace(/"[^"]*"/g, '""').split(','))
    .map((part) => /^\s*([A-Za-z][A-Za-z0-9-]{0,30})(?![^\s])(?!\s*=)/.exec(part)?.[1])
    .filter((name) => name !== undefined);
  return [...new Set(names)].slice(0, MAX_SCHEMES);
}
