import { constants, X509Certificate } from 'node:crypto';
import type { Socket } from 'node:net';
import { type SecureContextOptions, type TlsOptions, TLSSocket } from 'node:tls';
import type { Clock } from '../lib/clock';
import type { KeyPair } from '../lib/keyPair';
import type { Logger } from '../lib/logger';

/** What the server shows over TLS, and whom it asks for a certificate. */
export interface TlsSettings {
  readonly certFile: string;
  readonly keyFile: string;
  /** What the two files held at the start. */
  readonly pair: KeyPair;
  /** PEM of the authorities whose client certificates count; null: none is asked for. */
  readonly clientCa: string | null;
  /** How often the files are looked at, in milliseconds; 2000 unless stated. */
  readonly lookMs?: number;
}

const HANDSHAKE_TIMEOUT_MS = 10_000;

/** The part that is made anew with each pair. All of it: what is left out falls back to Node's defaults. */
export function secureContextOptions(pair: KeyPair, clientCa: string | null): SecureContextOptions {
  return {
    cert: pair.cert,
    key: pair.key,
    ...(clientCa === null ? {} : { ca: clientCa }),
    minVersion: 'TLSv1.2',
    secureOptions: constants.SSL_OP_NO_RENEGOTIATION | constants.SSL_OP_CIPHER_SERVER_PREFERENCE,
  };
}

/** A client certificate that does not hold is no reason to hang up: a token may come. See {@link verifiedCertificate}. */
export function tlsOptions({ pair, clientCa }: TlsSettings): TlsOptions {
  return {
    ...secureContextOptions(pair, clientCa),
    requestCert: clientCa !== null,
    rejectUnauthorized: false,
    handshakeTimeout: HANDSHAKE_TIMEOUT_MS,
    ALPNProtocols: ['http/1.1'],
  };
}

const byConnection = new WeakMap<TLSSocket, X509Certificate | null>();

/** The client's certificate, where the handshake has verified it against the authorities; else undefined. */
export function verifiedCertificate(socket: Socket): X509Certificate | undefined {
  // `authorized` is false wherever no certificate is asked for.
  if (!(socket instanceof TLSSocket) || !socket.authorized) return undefined;
  let certificate = byConnection.get(socket);
  if (certificate === undefined) {
    // An empty object stands for no certificate.
    const peer: { readonly raw?: Buffer } = socket.getPeerCertificate();
    certificate = peer.raw === undefined ? null : new X509Certificate(peer.raw);
    byConnection.set(socket, certificate);
  }
  return certificate ?? undefined;
}

/** Says in the log which certificate is shown from now on, with a warning when it does not hold today. */
export function logCertificate(
  message: string,
  pair: KeyPair,
  { logger, clock }: { readonly logger: Logger; readonly clock: Clock },
): void {
  const { sha256, validFrom, validTo } = pair;
  logger.info(message, { sha256, validFrom, validTo });
  const now = clock.now();
  if (now > validTo) logger.warn('the TLS certificate has expired: callers will refuse it', { validTo });
  if (now < validFrom)
    logger.warn('the TLS certificate does not hold yet: callers will refuse it', { validFrom });
}
