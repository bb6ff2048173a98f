/** The phase `proxyConnect`: asks the proxy for a tunnel to the endpoint (RFC 9110, section 9.3.6; SOCKS version 4). */
import type { Socket } from 'node:net';
import { hostAndPort } from '../../wininet/hostName';
import { connectionOf, type Phase, type ProbeRun } from './phase';
import { PhaseFailure } from './phaseFailure';
import { secureProxy, speaksTls } from './proxyTls';
import { HeadError, readResponseHead, type ResponseHead } from './responseHead';
import { socksConnect } from './socks';

const MAX_SCHEMES = 5;

/** What a web server answers to CONNECT: bad request, no such page, no such method. */
const NO_PROXY = new Set([400, 404, 405, 501]);

/** Opens the tunnel; skipped on a direct way. */
export const proxyConnectPhase: Phase = {
  name: 'proxyConnect',
  timeout: () => 'proxy-timeout',
  run: async (run) => {
    const { way } = run;
    if (way.kind === 'direct') return { status: 'skipped', detail: 'no proxy on this route' };
    const { host, port } = run.endpoint;
    if (way.protocol === 'socks') {
      await socksConnect(connectionOf(run), await endpointAddresses(run), port);
      return { status: 'pass', detail: `the SOCKS proxy connected to ${hostAndPort(host, port)}` };
    }
    if (way.protocol === 'https') run.socket = await secureProxy(run, connectionOf(run), way.host);
    try {
      await tunnel(connectionOf(run), hostAndPort(host, port));
    } catch (error) {
      throw await failureOf(error, run, way);
    }
    return { status: 'pass', detail: `the proxy opened a tunnel to ${hostAndPort(host, port)}` };
  },
};

async function tunnel(socket: Socket, authority: string): Promise<void> {
  socket.write(`CONNECT ${authority} HTTP/1.1\r\nHost: ${authority}\r\nUser-Agent: sensorproxy\r\n\r\n`);
  const { head, rest } = await readResponseHead(socket);
  if (head.status < 200 || head.status > 299) throw refusal(head);
  // A TLS server stays silent until it is spoken to: bytes behind the head are a page, and no tunnel.
  if (rest.length > 0) throw new PhaseFailure('proxy-not-a-proxy', 'a page follows its answer to CONNECT');
}

/** What an answer that could not be read means. */
async function failureOf(
  error: unknown,
  run: ProbeRun,
  { protocol, host, port }: Extract<ProbeRun['way'], { kind: 'proxy' }>,
): Promise<unknown> {
  if (!(error instanceof HeadError)) return error;
  if (protocol === 'http') {
    if (error.problem === 'tls') return new PhaseFailure('proxy-tls-expected', error.seen);
    // Most TLS servers close without a word on plain HTTP.
    if (error.problem === 'closed' && (await speaksTls(run, host, port))) {
      return new PhaseFailure('proxy-tls-expected', 'it closes on plain HTTP and speaks TLS');
    }
  }
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
  if (NO_PROXY.has(head.status)) return new PhaseFailure('proxy-not-a-proxy', answered);
  if (head.status >= 500) return new PhaseFailure('proxy-server-error', answered);
  return new PhaseFailure('proxy-refused-connect', answered);
}

/** SOCKS version 4 takes addresses alone, so that this machine looks the endpoint up. */
async function endpointAddresses({
  network,
  endpoint: { host, port },
}: ProbeRun): Promise<readonly string[]> {
  try {
    return await network.lookup(host, port);
  } catch {
    const seen = 'the endpoint’s name could not be looked up on this machine, as version 4 needs it';
    throw new PhaseFailure('proxy-socks-refused', seen);
  }
}

/** The schemes that Proxy-Authenticate names (RFC 9110, section 11.6.1): tokens that no `=` follows. */
export function offeredSchemes(values: readonly string[]): readonly string[] {
  const names = values
    .flatMap((value) => value.replace(/"[^"]*"/g, '""').split(','))
    .map((part) => /^\s*([A-Za-z][A-Za-z0-9-]{0,30})(?![^\s])(?!\s*=)/.exec(part)?.[1])
    .filter((name) => name !== undefined);
  return [...new Set(names)].slice(0, MAX_SCHEMES);
}
