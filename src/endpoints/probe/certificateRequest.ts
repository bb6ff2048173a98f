/** Whether the other side asks for a client certificate, seen without a look at the handshake's bytes. */
import type { TLSSocket } from 'node:tls';

/**
 * Watches a handshake that has just begun. What is given back tells whether the other side has asked for a client
 * certificate: final once the handshake is over; before that, only `true` is. Null while nothing can be told.
 *
 * It stands on this: OpenSSL's client fills its list of shared signature algorithms while it reads a CertificateRequest (RFC
 * 5246, section 7.4.4; RFC 8446, section 4.3.2), and nowhere else. The moment to look is when the keys of the application
 * data are made: in TLS 1.2 behind ServerHelloDone, in TLS 1.3 behind the server's Finished, and so before a server ends a
 * handshake for the want of a certificate. Later is too late: once a handshake has failed, Node 20 crashes on the question.
 */
export function watchCertificateRequest(socket: TLSSocket): () => boolean | null {
  let asked: boolean | null = null;
  // The event's argument is a secret: it is neither looked at nor kept.
  socket.on('keylog', () => {
    const shared: unknown = socket.getSharedSigalgs();
    asked = Array.isArray(shared) ? shared.length > 0 : null;
  });
  return () => asked;
}
