/** The phase `tls`: the handshake with the endpoint, judged by the probe itself so that the reason can be named. */
import { X509Certificate } from 'node:crypto';
import { isIP, type Socket } from 'node:net';
import { connect, type DetailedPeerCertificate, type TLSSocket } from 'node:tls';
import { messageOf, systemCodeOf } from '../../lib/errors';
import { shownText } from '../../wininet/hostName';
import type { FailureCode } from '../failures';
import type { TlsReport } from '../report';
import { connectionOf, type Phase, type ProbeRun } from './phase';
import { PhaseFailure } from './phaseFailure';

const MAX_CHAIN = 10;
const MAX_NAME_SHOWN = 200;
const CLOSED = new Set(['ECONNRESET', 'ECONNABORTED', 'EPIPE', 'ETIMEDOUT']);

/** OpenSSL's and Node's words for what is wrong with a chain whose issuer is known. Everything else: untrusted. */
const VERIFY_FAILURES: Readonly<Record<string, FailureCode>> = {
  CERT_HAS_EXPIRED: 'tls-expired',
  CERT_NOT_YET_VALID: 'tls-not-yet-valid',
  ERR_TLS_CERT_ALTNAME_INVALID: 'tls-name-mismatch',
};

/** Shakes hands, reports what was seen, then fails if the chain, its dates or its names do not fit. */
export const tlsPhase: Phase = {
  name: 'tls',
  timeout: () => 'tls-timeout',
  run: async (run) => {
    const secured = await handshake(run, connectionOf(run)).catch((error: unknown) => {
      throw handshakeFailure(error);
    });
    run.socket = secured;
    const problem = secured.authorized ? null : String(secured.authorizationError);
    const code = problem === null ? null : (VERIFY_FAILURES[problem] ?? 'tls-untrusted');
    run.tls = readReport(run, secured, code === 'tls-untrusted');
    if (code !== null) throw new PhaseFailure(code, seen(run.tls, shownText(problem ?? '')));
    const { protocol, cipher, issuer, trust } = run.tls;
    const warning =
      trust === 'public' ? '' : '; only a private root stands behind it, so that inspection is suspected';
    return { status: 'pass', detail: `${protocol}, ${cipher}, issued by ${issuer}${warning}` };
  },
};

function handshake(run: ProbeRun, socket: Socket): Promise<TLSSocket> {
  const { host } = run.endpoint;
  return new Promise((resolve, reject) => {
    const secured = run.own(
      connect({
        socket,
        host,
        // RFC 6066 forbids addresses in SNI.
        ...(isIP(host) === 0 ? { servername: host } : {}),
        secureContext: run.trust.context,
        ALPNProtocols: ['http/1.1'],
        minVersion: 'TLSv1.2',
        // Not blind trust: nothing is sent before the verdict above, which tells the reasons apart.
        rejectUnauthorized: false,
      }),
    );
    secured.once('error', reject);
    const onClose = (): void => {
      reject(Object.assign(new Error('closed'), { code: 'ECONNRESET' }));
    };
    secured.once('close', onClose);
    secured.once('secureConnect', () => {
      secured.off('error', reject).off('close', onClose);
      // Not at once: this runs inside OpenSSL's callback, and to end the connection in there crashes Node 20.
      setImmediate(resolve, secured);
    });
  });
}

function handshakeFailure(error: unknown): PhaseFailure {
  const code = systemCodeOf(error);
  if (code !== undefined && CLOSED.has(code)) return new PhaseFailure('tls-closed');
  const reason =
    error instanceof Error && 'reason' in error ? String(error.reason) : (code ?? messageOf(error));
  return new PhaseFailure('tls-protocol', shownText(reason));
}

function readReport(run: ProbeRun, socket: TLSSocket, untrusted: boolean): TlsReport {
  try {
    return tlsReport(run, socket, untrusted);
  } catch {
    // Whoever answers may show anything that OpenSSL lets pass: odd times, odd keys.
    throw new PhaseFailure('tls-untrusted', 'its certificate cannot be read');
  }
}

function tlsReport(run: ProbeRun, socket: TLSSocket, untrusted: boolean): TlsReport {
  const chain = chainOf(socket);
  const [der] = chain;
  if (der === undefined) throw new Error('the endpoint showed no certificate');
  const leaf = new X509Certificate(der);
  const trust = untrusted ? 'untrusted' : run.trust.endsInPublicRoot(chain) ? 'public' : 'private';
  const cipher = socket.getCipher();
  return {
    protocol: socket.getProtocol() ?? 'unknown',
    cipher: cipher.standardName,
    issuer: distinguishedName(leaf.issuer),
    subject: distinguishedName(leaf.subject),
    validTo: new Date(leaf.validTo).toISOString(),
    fingerprint256: leaf.fingerprint256.replaceAll(':', '').toLowerCase(),
    trust,
    inspection: trust === 'public' ? 'none' : 'suspected',
    // Node does not show whether CertificateRequest was among the handshake's messages.
    clientCertificateRequested: null,
  };
}

/**
 * The chain as Node joins it, leaf first, DER. Not by getPeerX509Certificate: on Node 20 that takes the certificate out of
 * the connection's own chain, which then reads as empty.
 */
function chainOf(socket: TLSSocket): readonly Buffer[] {
  const chain: Buffer[] = [];
  let certificate: DetailedPeerCertificate | undefined = socket.getPeerCertificate(true);
  while (certificate?.raw !== undefined && chain.length < MAX_CHAIN) {
    chain.push(certificate.raw);
    const issuer: DetailedPeerCertificate | undefined = certificate.issuerCertificate;
    certificate = issuer === certificate ? undefined : issuer;
  }
  return chain;
}

/** Node's one line for each attribute, on one line, most specific first (as RFC 4514 writes names). */
function distinguishedName(lines: string): string {
  return lines.split('\n').reverse().join(', ').replace(/\p{C}/gu, '?').slice(0, MAX_NAME_SHOWN);
}

function seen({ subject, issuer, validTo }: TlsReport, problem: string): string {
  return `${problem}; subject ${subject}, issuer ${issuer}, valid to ${validTo}`;
}
