/** Verdicts about the TLS handshake with the endpoint. */
import type { VerdictKind } from './verdictKind';

const INSPECTION =
  'If a device on the way opens TLS traffic, exempt the sensor’s endpoints from it: the vendor does not support inspection. If the root is one that this machine should trust, install it or name it in SENSORPROXY_EXTRA_CA.';

/** Verdicts about the TLS handshake with the endpoint. */
export const TLS_VERDICTS = [
  {
    code: 'tls-untrusted',
    phase: 'tls',
    outcome: 'unhealthy',
    summary: 'no trusted root stands behind the certificate',
    remedy: INSPECTION,
  },
  {
    code: 'tls-name-mismatch',
    phase: 'tls',
    outcome: 'unhealthy',
    summary: 'the certificate is for other names than the endpoint’s',
    remedy: `Something else answered: check name resolution and SENSORPROXY_RESOLVE. ${INSPECTION}`,
  },
  {
    code: 'tls-expired',
    phase: 'tls',
    outcome: 'unhealthy',
    summary: 'a certificate of the chain has expired',
    remedy: `Check this machine’s clock first. ${INSPECTION}`,
  },
  {
    code: 'tls-not-yet-valid',
    phase: 'tls',
    outcome: 'unhealthy',
    summary: 'a certificate of the chain is not valid yet',
    remedy: `Check this machine’s clock first: it is probably slow. ${INSPECTION}`,
  },
  {
    code: 'tls-inspection-suspected',
    phase: 'tls',
    outcome: 'degraded',
    summary: 'the chain holds only by a root of this machine’s own, as where a device opens TLS traffic',
    remedy: INSPECTION,
  },
  {
    code: 'tls-not-tls',
    phase: 'tls',
    outcome: 'unhealthy',
    summary: 'what answered does not speak TLS',
    remedy:
      'Check that the endpoint’s address and port are right, and that no filter on the way answers in its place.',
  },
  {
    code: 'tls-protocol',
    phase: 'tls',
    outcome: 'unhealthy',
    summary: 'no TLS protocol or cipher could be agreed on',
    remedy:
      'TLS 1.2 or later is needed. A device on the way may speak only older versions, or what answered does not speak TLS at all.',
  },
  {
    code: 'tls-client-certificate-required',
    phase: 'tls',
    outcome: 'unknown',
    summary: 'the endpoint ends the handshake because it was shown no client certificate',
    remedy:
      'Only the sensor holds such a certificate, so that this check ends here; everything before it passed. Look at the sensor’s own log.',
  },
  {
    code: 'tls-closed',
    phase: 'tls',
    outcome: 'unhealthy',
    summary: 'the connection was closed during the TLS handshake',
    remedy:
      'A firewall that looks at the name in the handshake (SNI) closes connections so: allow the endpoint’s name in it.',
  },
  {
    code: 'tls-timeout',
    phase: 'tls',
    outcome: 'unhealthy',
    summary: 'the TLS handshake was not finished in time',
    remedy:
      'Try a longer timeoutMs. If it stays so, a device on the way drops the handshake: allow the endpoint’s name in it.',
  },
] as const satisfies readonly VerdictKind[];
