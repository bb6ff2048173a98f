/** Verdicts about what the proxy answers. */
import type { VerdictKind } from './verdictKind';

const PROXY_TO_ENDPOINT =
  'The proxy itself was reached. Ask its administrator why it cannot reach the endpoint: its log names the reason (DNS, firewall, parent proxy).';
const PROXY_TLS =
  'Name the proxy’s plain port: WinINET speaks plain HTTP to its proxies, and a PAC file’s HTTPS keyword is for proxies that want TLS.';

/** Verdicts about what the proxy answers. */
export const PROXY_VERDICTS = [
  {
    code: 'proxy-auth-required',
    phase: 'proxyConnect',
    outcome: 'unhealthy',
    summary: 'the proxy asks for a user name and password',
    remedy:
      'Let the proxy pass the sensor’s endpoints without authentication: the settings that were copied cannot hold credentials, and a service can answer only as the computer account (HOST$).',
  },
  {
    code: 'proxy-forbidden',
    phase: 'proxyConnect',
    outcome: 'unhealthy',
    summary: 'the proxy forbids the connection (403)',
    remedy:
      'Allow CONNECT to the endpoint on port 443 for this machine. Services authenticate as the computer account (HOST$): a proxy that knows only users often answers 403, and the sensor then reports a licence error.',
  },
  {
    code: 'proxy-server-error',
    phase: 'proxyConnect',
    outcome: 'unhealthy',
    summary: 'the proxy could not reach the endpoint or failed itself',
    remedy: PROXY_TO_ENDPOINT,
  },
  {
    code: 'proxy-refused-connect',
    phase: 'proxyConnect',
    outcome: 'unhealthy',
    summary: 'the proxy answered CONNECT with something else than a tunnel',
    remedy:
      'Check that the address is a forward proxy that allows CONNECT to port 443, and not a web server.',
  },
  {
    code: 'proxy-not-a-proxy',
    phase: 'proxyConnect',
    outcome: 'unhealthy',
    summary: 'what answered speaks HTTP, but is no forward proxy',
    remedy: 'Check the address and the port in the account’s settings: a web server listens there.',
  },
  {
    code: 'proxy-not-http',
    phase: 'proxyConnect',
    outcome: 'unhealthy',
    summary: 'what answered at the proxy’s address does not speak HTTP',
    remedy:
      'Check the proxy’s port in the account’s settings: another service listens there, or the proxy wants TLS.',
  },
  {
    code: 'proxy-tls-expected',
    phase: 'proxyConnect',
    outcome: 'unhealthy',
    summary: 'the proxy wants TLS, and was spoken to in plain HTTP',
    remedy: PROXY_TLS,
  },
  {
    code: 'proxy-tls-failed',
    phase: 'proxyConnect',
    outcome: 'unhealthy',
    summary: 'the TLS handshake with the proxy failed',
    remedy: PROXY_TLS,
  },
  {
    code: 'proxy-tls-untrusted',
    phase: 'proxyConnect',
    outcome: 'unhealthy',
    summary: 'the proxy’s own certificate is not valid for it',
    remedy: 'Install the root of the proxy’s certificate, correct its names, or name the proxy’s plain port.',
  },
  {
    code: 'proxy-socks-refused',
    phase: 'proxyConnect',
    outcome: 'unhealthy',
    summary: 'the SOCKS proxy refused the connection',
    remedy:
      'Look into the SOCKS proxy’s log. WinINET speaks SOCKS version 4, which looks names up on this machine.',
  },
  {
    code: 'proxy-not-socks',
    phase: 'proxyConnect',
    outcome: 'unhealthy',
    summary: 'what answered at the SOCKS proxy’s address does not speak SOCKS version 4',
    remedy: 'Name an HTTP proxy, or allow version 4: WinINET speaks no other.',
  },
  {
    code: 'proxy-closed',
    phase: 'proxyConnect',
    outcome: 'unhealthy',
    summary: 'the proxy closed the connection before it answered',
    remedy: 'Look into the proxy’s log: an access rule or a crash. Check that the port is the proxy’s.',
  },
  {
    code: 'proxy-timeout',
    phase: 'proxyConnect',
    outcome: 'unhealthy',
    summary: 'the proxy took the connection but did not answer CONNECT in time',
    remedy: PROXY_TO_ENDPOINT,
  },
] as const satisfies readonly VerdictKind[];
