/** The phase `request`: `GET` of the ping over the trusted connection (RFC 9112). */
import { systemCodeOf } from '../../lib/errors';
import { hostAndPort } from '../../wininet/hostName';
import { dateOffsetMs } from './httpDate';
import { connectionOf, type Phase, type ProbeRun } from './phase';
import { PhaseFailure } from './phaseFailure';
import { HeadError, readResponseHead, type ResponseHead } from './responseHead';

const HTTPS_PORT = 443;
/** What Kerberos lets pass (RFC 4120, section 1.6, recommends five minutes). */
const MAX_CLOCK_OFFSET_MS = 5 * 60_000;
/** What web servers answer to whoever shows no certificate: nginx 400, IIS 403 (403.7), others 401. */
const WITHOUT_CERTIFICATE = new Set([400, 401, 403]);
/** The refusals that the sensor takes for a missing licence. */
const FORBIDDEN = new Set([401, 402, 403]);

/** Asks for the ping and judges the answer: 200, and 503 as older workspaces answer it, are healthy. */
export const requestPhase: Phase = {
  name: 'request',
  timeout: () => 'http-timeout',
  run: async (run) => {
    const socket = connectionOf(run);
    socket.write(pingRequest(run));
    const { head, rest } = await readResponseHead(socket).catch((error: unknown) => {
      throw headFailure(error);
    });
    const { status } = head;
    const clockOffsetMs = dateOffsetMs(head.fields, run.clock);
    run.http = { status, clockOffsetMs };
    if (clockOffsetMs !== null && Math.abs(clockOffsetMs) > MAX_CLOCK_OFFSET_MS) {
      run.warn('clock-offset', offsetText(clockOffsetMs));
    }
    if (status === 503) return { status: 'pass', detail: 'the endpoint answered 503' };
    if (status !== 200) throw statusFailure(status, run.tls?.clientCertificateRequested ?? null);
    if (isPage(head, rest)) throw new PhaseFailure('http-captive-page', 'it answered 200 with HTML');
    return { status: 'pass', detail: 'the endpoint answered 200' };
  },
};

/** The request as it is sent: nothing in it is secret. */
export function pingRequest({ endpoint: { host, port, path } }: ProbeRun): string {
  return `GET ${path} HTTP/1.1\r\nHost: ${hostField(host, port)}\r\nUser-Agent: sensorproxy\r\nAccept: */*\r\nConnection: close\r\n\r\n`;
}

/** The default port is left out (RFC 9110, section 7.2). */
function hostField(host: string, port: number): string {
  if (port !== HTTPS_PORT) return hostAndPort(host, port);
  return host.includes(':') ? `[${host}]` : host;
}

function statusFailure(status: number, certificateRequested: boolean | null): PhaseFailure {
  const answered = `it answered ${status}`;
  if (certificateRequested === true && WITHOUT_CERTIFICATE.has(status)) {
    return new PhaseFailure('http-client-certificate-required', `${answered} after it had asked for one`);
  }
  if (status >= 300 && status <= 399) return new PhaseFailure('http-redirect', answered);
  if (FORBIDDEN.has(status)) return new PhaseFailure('http-forbidden', answered);
  return new PhaseFailure('http-unexpected-status', answered);
}

/** The ping answers `Ok` or a version number; sign-in pages are HTML. A chunk's size may stand before it. */
function isPage({ fields }: ResponseHead, rest: Buffer): boolean {
  if (/^\s*(?:text\/html|application\/xhtml\+xml)\b/i.test(fields.get('content-type')?.[0] ?? ''))
    return true;
  return /^\s*(?:[0-9a-f]+\r\n\s*)?<(?:!doctype|html|head|body|script|meta)\b/i.test(
    rest.toString('latin1', 0, 200),
  );
}

function offsetText(ms: number): string {
  const seconds = Math.round(Math.abs(ms) / 1000);
  return `the answer’s Date is ${seconds} s ${ms > 0 ? 'ahead of' : 'behind'} this machine’s clock`;
}

function headFailure(error: unknown): unknown {
  if (!(error instanceof HeadError)) return error;
  // In TLS 1.3 a server says so only after the handshake, as an alert (RFC 8446, section 6.2).
  if (systemCodeOf(error.cause)?.endsWith('ALERT_CERTIFICATE_REQUIRED')) {
    return new PhaseFailure('http-client-certificate-required');
  }
  return new PhaseFailure(error.problem === 'closed' ? 'http-closed' : 'http-malformed', error.seen);
}
