/** The phase `request`: `GET` of the ping over the trusted connection (RFC 9112). */
import { systemCodeOf } from '../../lib/errors';
import { hostAndPort } from '../../wininet/hostName';
import { connectionOf, type Phase, type ProbeRun } from './phase';
import { PhaseFailure } from './phaseFailure';
import { HeadError, readResponseHead } from './responseHead';

const HTTPS_PORT = 443;

/** Asks for the ping and judges the status: 200, and 503 as older workspaces answer it, are healthy. */
export const requestPhase: Phase = {
  name: 'request',
  timeout: () => 'http-timeout',
  run: async (run) => {
    const socket = connectionOf(run);
    socket.write(
      `GET ${run.endpoint.path} HTTP/1.1\r\nHost: ${hostField(run)}\r\nUser-Agent: sensorproxy\r\nAccept: */*\r\nConnection: close\r\n\r\n`,
    );
    const { head } = await readResponseHead(socket).catch((error: unknown) => {
      throw headFailure(error);
    });
    const { status } = head;
    run.http = { status };
    if (status === 200 || status === 503)
      return { status: 'pass', detail: `the endpoint answered ${status}` };
    const redirect = status >= 300 && status <= 399;
    throw new PhaseFailure(redirect ? 'http-redirect' : 'http-unexpected-status', `it answered ${status}`);
  },
};

/** The default port is left out (RFC 9110, section 7.2). */
function hostField({ endpoint: { host, port } }: ProbeRun): string {
  if (port !== HTTPS_PORT) return hostAndPort(host, port);
  return host.includes(':') ? `[${host}]` : host;
}

function headFailure(error: unknown): unknown {
  if (!(error instanceof HeadError)) return error;
  // In TLS 1.3 a server says so only after the handshake, as an alert (RFC 8446, section 6.2).
  if (systemCodeOf(error.cause)?.endsWith('ALERT_CERTIFICATE_REQUIRED')) {
    return new PhaseFailure('http-client-certificate-required');
  }
  return new PhaseFailure(error.problem === 'closed' ? 'http-closed' : 'http-malformed', error.seen);
}
