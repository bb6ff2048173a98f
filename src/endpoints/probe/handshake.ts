/** The TLS handshake with the endpoint, and the names of the ways in which it fails. */
import { isIP, type Socket } from 'node:net';
import {
  checkServerIdentity,
  connect,
  type ConnectionOptions,
  type DetailedPeerCertificate,
  type TLSSocket,
} from 'node:tls';
import { messageOf, systemCodeOf } from '../../lib/errors';
import { shownText } from '../../wininet/hostName';
import { watchCertificateRequest } from './certificateRequest';
import type { ProbeRun } from './phase';
import { PhaseFailure } from './phaseFailure';

const CLOSED = new Set(['ECONNRESET', 'ECONNABORTED', 'EPIPE', 'ETIMEDOUT']);

/** OpenSSL's words for a record that is none. The third has the place of the second in OpenSSL 3.2 and later. */
const NOT_TLS = new Set([
  'ERR_SSL_WRONG_VERSION_NUMBER',
  'ERR_SSL_PACKET_LENGTH_TOO_LONG',
  'ERR_SSL_DATA_LENGTH_TOO_LONG',
  'ERR_SSL_UNKNOWN_PROTOCOL',
  'ERR_SSL_HTTP_REQUEST',
  'ERR_SSL_HTTPS_PROXY_REQUEST',
]);

/** What servers say to an empty Certificate message (RFC 5246, sections 7.2.2 and 7.4.6). */
const FOR_WANT_OF_CERTIFICATE = new Set([
  'handshake_failure',
  'no_certificate',
  'bad_certificate',
  'unsupported_certificate',
  'certificate_unknown',
  'certificate_required',
  'unknown_ca',
  'access_denied',
]);

/** A handshake that is over. */
export interface Handshake {
  readonly secured: TLSSocket;
  /** Whether the endpoint asked for a client certificate; null when that could not be seen. */
  readonly certificateRequested: boolean | null;
  /** What the endpoint showed, joined to its issuers. */
  readonly peer: DetailedPeerCertificate;
}

/** How the probe speaks TLS, with an endpoint or with a proxy. */
export function tlsOptions(run: ProbeRun, socket: Socket, host: string): ConnectionOptions {
  return {
    socket,
    host,
    // RFC 6066 forbids addresses in SNI.
    ...(isIP(host) === 0 ? { servername: host } : {}),
    secureContext: run.trust.context,
    ALPNProtocols: ['http/1.1'],
    minVersion: 'TLSv1.2',
    // Not blind trust: the phase judges the chain, and tells the reasons apart.
    rejectUnauthorized: false,
  };
}

/** Shakes hands, whatever the certificate. Throws `PhaseFailure` when that fails. */
export function shakeHands(run: ProbeRun, socket: Socket): Promise<Handshake> {
  const { host } = run.endpoint;
  let peer: DetailedPeerCertificate | undefined;
  return new Promise((resolve, reject) => {
    const secured = run.own(
      connect({
        ...tlsOptions(run, socket, host),
        // Node has read the chain for this, which takes as long as a signature: it is kept.
        checkServerIdentity: (name, certificate) => {
          peer = certificate as DetailedPeerCertificate;
          return checkServerIdentity(name, certificate);
        },
      }),
    );
    const certificateRequested = watchCertificateRequest(secured);
    const onError = (error: unknown): void => {
      reject(handshakeFailure(error, certificateRequested() === true));
    };
    const onClose = (): void => {
      onError(Object.assign(new Error('closed'), { code: 'ECONNRESET' }));
    };
    secured.once('error', onError).once('close', onClose);
    secured.once('secureConnect', () => {
      secured.off('error', onError).off('close', onClose);
      // Not at once: this runs inside OpenSSL's callback, and to end the connection in there crashes Node 20.
      setImmediate(() => {
        const certificate = peer ?? secured.getPeerCertificate(true);
        resolve({ secured, certificateRequested: certificateRequested(), peer: certificate });
      });
    });
  });
}

/** The failure's name. `asked`: the endpoint had asked for a client certificate by then. */
function handshakeFailure(error: unknown, asked: boolean): PhaseFailure {
  const code = systemCodeOf(error) ?? '';
  if (CLOSED.has(code))
    return new PhaseFailure('tls-closed', asked ? 'it had asked for a client certificate' : null);
  if (NOT_TLS.has(code)) return new PhaseFailure('tls-not-tls', shownText(reasonOf(error)));
  const alert = alertOf(code);
  if (alert === null) return new PhaseFailure('tls-protocol', shownText(reasonOf(error)));
  const seen = `it answered with the alert ${alert}`;
  // A server can miss it inside a handshake only before TLS 1.3; later, the phase `request` hears of it.
  if (asked && FOR_WANT_OF_CERTIFICATE.has(alert))
    return new PhaseFailure('tls-client-certificate-required', seen);
  return new PhaseFailure('tls-protocol', seen);
}

/** The alert of RFC 8446, section 6, that an OpenSSL code names: `ERR_SSL_SSLV3_ALERT_HANDSHAKE_FAILURE`. */
function alertOf(code: string): string | null {
  const name = /^ERR_SSL_(?:SSLV3|TLSV1|TLSV13|SSL\/TLS)_(?:ALERT_)?([A-Z_]+)$/.exec(code)?.[1];
  return name?.toLowerCase() ?? null;
}

/** OpenSSL's word for what went wrong, else the system's. It may be anything: to be cleaned before it is shown. */
export function reasonOf(error: unknown): string {
  if (typeof error === 'object' && error !== null && 'reason' in error) return String(error.reason);
  return systemCodeOf(error) ?? messageOf(error);
}
