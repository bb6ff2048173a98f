/**
 * Every way in which a check can fail, in one flat table. The code is stable; the summary says what happened; the remedy
 * says what to do, in plain words. Failures to reach the proxy and failures to reach the endpoint have different codes.
 */
import type { CheckFailure, PhaseName } from './report';

/** A row of the table. */
export interface FailureKind {
  readonly code: string;
  /** The phase that fails with this code. */
  readonly phase: PhaseName;
  readonly summary: string;
  readonly remedy: string;
}

const ENDPOINT_DNS =
  'Make sure that this machine can look up public names (a forwarder or root hints on its DNS server), or send the account through a proxy, which looks the name up itself.';
const ENDPOINT_FIREWALL =
  'Allow TCP 443 from this machine to the endpoint in the firewall (service tag AzureAdvancedThreatProtection), or send the account through a proxy.';
const PROXY_NAME = 'Correct the proxy’s name in the account’s settings, or add it to the DNS.';
const PROXY_UP =
  'Check that the proxy runs and listens on that port, that the address and port in the account’s settings are right, and that a firewall lets this machine reach it.';
const PROXY_TO_ENDPOINT =
  'The proxy itself was reached. Ask its administrator why it cannot reach the endpoint: its log names the reason (DNS, firewall, parent proxy).';
const INSPECTION =
  'If a device on the way opens TLS traffic, exempt the sensor’s endpoints from it: the vendor does not support inspection. If the root is one that this machine should trust, install it or name it in SENSORPROXY_EXTRA_CA.';
const HTTP_PATH =
  'Check that nothing between this machine and the endpoint answers in its place, and try again later.';

/** The table. docs/health.md shows it; a test reaches every row. */
export const FAILURES = [
  {
    code: 'route-pac-not-supported',
    phase: 'route',
    summary: 'the route depends on a PAC file, which this version does not evaluate',
    remedy:
      'Evaluate the PAC file by hand for this endpoint, or set the proxy it would give as the static proxy.',
  },
  {
    code: 'route-auto-detect-not-supported',
    phase: 'route',
    summary: 'the route depends on auto-detect (WPAD), which this version does not look up',
    remedy: 'Set the proxy as the static proxy and switch auto-detect off, to make the route certain.',
  },
  {
    code: 'route-settings-malformed',
    phase: 'route',
    summary: 'the account’s proxy settings cannot be decoded',
    remedy:
      'Set the account’s proxy anew: copy it with POST /proxy/copy or set it with PUT /proxy/contexts/{id}.',
  },
  {
    code: 'route-proxy-entry-malformed',
    phase: 'route',
    summary: 'the entry of the proxy list that serves https cannot be used',
    remedy: 'Correct the proxy list: host:port, without credentials, spaces or control characters.',
  },
  {
    code: 'route-socks-not-supported',
    phase: 'route',
    summary: 'the only proxy for https is a SOCKS proxy, which this check does not speak',
    remedy: 'Name an HTTP proxy for https: the sensor’s documentation knows no other kind.',
  },
  {
    code: 'dns-not-found',
    phase: 'resolve',
    summary: 'the endpoint’s name does not exist in the DNS',
    remedy: ENDPOINT_DNS,
  },
  {
    code: 'dns-timeout',
    phase: 'resolve',
    summary: 'the DNS did not answer for the endpoint’s name in time',
    remedy: ENDPOINT_DNS,
  },
  {
    code: 'dns-failed',
    phase: 'resolve',
    summary: 'the endpoint’s name could not be looked up',
    remedy: ENDPOINT_DNS,
  },
  {
    code: 'proxy-dns-not-found',
    phase: 'resolve',
    summary: 'the proxy’s name does not exist in the DNS',
    remedy: PROXY_NAME,
  },
  {
    code: 'proxy-dns-timeout',
    phase: 'resolve',
    summary: 'the DNS did not answer for the proxy’s name in time',
    remedy: `Check that this machine’s DNS servers answer. ${PROXY_NAME}`,
  },
  {
    code: 'proxy-dns-failed',
    phase: 'resolve',
    summary: 'the proxy’s name could not be looked up',
    remedy: `Check that this machine’s DNS servers answer. ${PROXY_NAME}`,
  },
  {
    code: 'connect-refused',
    phase: 'connect',
    summary: 'the endpoint’s address refused the connection',
    remedy: ENDPOINT_FIREWALL,
  },
  {
    code: 'connect-timeout',
    phase: 'connect',
    summary: 'the endpoint did not answer in time; a firewall that drops packets looks like this',
    remedy: ENDPOINT_FIREWALL,
  },
  {
    code: 'connect-unreachable',
    phase: 'connect',
    summary: 'there is no network route to the endpoint',
    remedy: ENDPOINT_FIREWALL,
  },
  {
    code: 'connect-reset',
    phase: 'connect',
    summary: 'the connection to the endpoint was reset',
    remedy: ENDPOINT_FIREWALL,
  },
  {
    code: 'connect-failed',
    phase: 'connect',
    summary: 'the connection to the endpoint failed',
    remedy: ENDPOINT_FIREWALL,
  },
  {
    code: 'proxy-connect-refused',
    phase: 'connect',
    summary: 'the proxy’s address refused the connection',
    remedy: PROXY_UP,
  },
  {
    code: 'proxy-connect-timeout',
    phase: 'connect',
    summary: 'the proxy did not answer in time',
    remedy: PROXY_UP,
  },
  {
    code: 'proxy-connect-unreachable',
    phase: 'connect',
    summary: 'there is no network route to the proxy',
    remedy: PROXY_UP,
  },
  {
    code: 'proxy-connect-reset',
    phase: 'connect',
    summary: 'the connection to the proxy was reset',
    remedy: PROXY_UP,
  },
  {
    code: 'proxy-connect-failed',
    phase: 'connect',
    summary: 'the connection to the proxy failed',
    remedy: PROXY_UP,
  },
  {
    code: 'proxy-auth-required',
    phase: 'proxyConnect',
    summary: 'the proxy asks for a user name and password',
    remedy:
      'Let the proxy pass the sensor’s endpoints without authentication: the settings that were copied cannot hold credentials, and a service can answer only as the computer account (HOST$).',
  },
  {
    code: 'proxy-forbidden',
    phase: 'proxyConnect',
    summary: 'the proxy forbids the connection (403)',
    remedy:
      'Allow CONNECT to the endpoint on port 443 for this machine. Services authenticate as the computer account (HOST$): a proxy that knows only users often answers 403, and the sensor then reports a licence error.',
  },
  {
    code: 'proxy-server-error',
    phase: 'proxyConnect',
    summary: 'the proxy could not reach the endpoint or failed itself',
    remedy: PROXY_TO_ENDPOINT,
  },
  {
    code: 'proxy-refused-connect',
    phase: 'proxyConnect',
    summary: 'the proxy answered CONNECT with something else than a tunnel',
    remedy:
      'Check that the address is a forward proxy that allows CONNECT to port 443, and not a web server.',
  },
  {
    code: 'proxy-not-http',
    phase: 'proxyConnect',
    summary: 'what answered at the proxy’s address does not speak HTTP',
    remedy:
      'Check the proxy’s port in the account’s settings: another service listens there, or the proxy wants TLS.',
  },
  {
    code: 'proxy-closed',
    phase: 'proxyConnect',
    summary: 'the proxy closed the connection before it answered',
    remedy: 'Look into the proxy’s log: an access rule or a crash. Check that the port is the proxy’s.',
  },
  {
    code: 'proxy-timeout',
    phase: 'proxyConnect',
    summary: 'the proxy took the connection but did not answer CONNECT in time',
    remedy: PROXY_TO_ENDPOINT,
  },
  {
    code: 'tls-untrusted',
    phase: 'tls',
    summary: 'no trusted root stands behind the certificate',
    remedy: INSPECTION,
  },
  {
    code: 'tls-name-mismatch',
    phase: 'tls',
    summary: 'the certificate is for other names than the endpoint’s',
    remedy: `Something else answered: check name resolution and SENSORPROXY_RESOLVE. ${INSPECTION}`,
  },
  {
    code: 'tls-expired',
    phase: 'tls',
    summary: 'a certificate of the chain has expired',
    remedy: `Check this machine’s clock first. ${INSPECTION}`,
  },
  {
    code: 'tls-not-yet-valid',
    phase: 'tls',
    summary: 'a certificate of the chain is not valid yet',
    remedy: `Check this machine’s clock first: it is probably slow. ${INSPECTION}`,
  },
  {
    code: 'tls-protocol',
    phase: 'tls',
    summary: 'no TLS protocol or cipher could be agreed on',
    remedy:
      'TLS 1.2 or later is needed. A device on the way may speak only older versions, or what answered does not speak TLS at all.',
  },
  {
    code: 'tls-closed',
    phase: 'tls',
    summary: 'the connection was closed during the TLS handshake',
    remedy:
      'A firewall that looks at the name in the handshake (SNI) closes connections so: allow the endpoint’s name in it.',
  },
  {
    code: 'tls-timeout',
    phase: 'tls',
    summary: 'the TLS handshake was not finished in time',
    remedy:
      'Try a longer timeoutMs. If it stays so, a device on the way drops the handshake: allow the endpoint’s name in it.',
  },
  {
    code: 'http-unexpected-status',
    phase: 'request',
    summary: 'the answer was neither 200 nor 503',
    remedy: HTTP_PATH,
  },
  {
    code: 'http-redirect',
    phase: 'request',
    summary: 'the answer was a redirect, as a sign-in page gives it',
    remedy: 'Exempt the sensor’s endpoints from the sign-in page or web filter on the way.',
  },
  {
    code: 'http-client-certificate-required',
    phase: 'request',
    summary: 'the endpoint demands a client certificate before it answers',
    remedy:
      'Only the sensor holds such a certificate, so that this check ends here. Look at the sensor’s own log.',
  },
  { code: 'http-malformed', phase: 'request', summary: 'the answer was not HTTP', remedy: HTTP_PATH },
  {
    code: 'http-closed',
    phase: 'request',
    summary: 'the connection was closed before the answer came',
    remedy: HTTP_PATH,
  },
  {
    code: 'http-timeout',
    phase: 'request',
    summary: 'the answer did not come in time',
    remedy: `Try a longer timeoutMs. ${HTTP_PATH}`,
  },
] as const satisfies readonly FailureKind[];

/** The codes of the table. */
export type FailureCode = (typeof FAILURES)[number]['code'];

/** The failure as the report shows it. */
export function failureOf(code: FailureCode, seen: string | null): CheckFailure {
  const { phase, summary, remedy } = FAILURES.find((kind) => kind.code === code) ?? FAILURES[0];
  return { code, phase, detail: seen === null ? `${summary}.` : `${summary}: ${seen}.`, remedy };
}
