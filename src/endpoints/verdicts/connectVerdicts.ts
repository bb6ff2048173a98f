/** Verdicts about names and TCP connections, of the endpoint or of the proxy. */
import type { VerdictKind } from './verdictKind';

const ENDPOINT_DNS =
  'Make sure that this machine can look up public names (a forwarder or root hints on its DNS server), or send the account through a proxy, which looks the name up itself.';
const ENDPOINT_FIREWALL =
  'Allow TCP 443 from this machine to the endpoint in the firewall (service tag AzureAdvancedThreatProtection), or send the account through a proxy.';
const PROXY_NAME = 'Correct the proxy’s name in the account’s settings, or add it to the DNS.';
const PROXY_UP =
  'Check that the proxy runs and listens on that port, that the address and port in the account’s settings are right, and that a firewall lets this machine reach it.';

/** Verdicts about names and TCP connections, of the endpoint or of the proxy. */
export const CONNECT_VERDICTS = [
  {
    code: 'dns-not-found',
    phase: 'resolve',
    outcome: 'unhealthy',
    summary: 'the endpoint’s name does not exist in the DNS',
    remedy: ENDPOINT_DNS,
  },
  {
    code: 'dns-timeout',
    phase: 'resolve',
    outcome: 'unhealthy',
    summary: 'the DNS did not answer for the endpoint’s name in time',
    remedy: ENDPOINT_DNS,
  },
  {
    code: 'dns-failed',
    phase: 'resolve',
    outcome: 'unhealthy',
    summary: 'the endpoint’s name could not be looked up',
    remedy: ENDPOINT_DNS,
  },
  {
    code: 'proxy-dns-not-found',
    phase: 'resolve',
    outcome: 'unhealthy',
    summary: 'the proxy’s name does not exist in the DNS',
    remedy: PROXY_NAME,
  },
  {
    code: 'proxy-dns-timeout',
    phase: 'resolve',
    outcome: 'unhealthy',
    summary: 'the DNS did not answer for the proxy’s name in time',
    remedy: `Check that this machine’s DNS servers answer. ${PROXY_NAME}`,
  },
  {
    code: 'proxy-dns-failed',
    phase: 'resolve',
    outcome: 'unhealthy',
    summary: 'the proxy’s name could not be looked up',
    remedy: `Check that this machine’s DNS servers answer. ${PROXY_NAME}`,
  },
  {
    code: 'connect-refused',
    phase: 'connect',
    outcome: 'unhealthy',
    summary: 'the endpoint’s address refused the connection',
    remedy: ENDPOINT_FIREWALL,
  },
  {
    code: 'connect-timeout',
    phase: 'connect',
    outcome: 'unhealthy',
    summary: 'the endpoint did not answer in time; a firewall that drops packets looks like this',
    remedy: ENDPOINT_FIREWALL,
  },
  {
    code: 'connect-unreachable',
    phase: 'connect',
    outcome: 'unhealthy',
    summary: 'there is no network route to the endpoint',
    remedy: ENDPOINT_FIREWALL,
  },
  {
    code: 'connect-reset',
    phase: 'connect',
    outcome: 'unhealthy',
    summary: 'the connection to the endpoint was reset',
    remedy: ENDPOINT_FIREWALL,
  },
  {
    code: 'connect-failed',
    phase: 'connect',
    outcome: 'unhealthy',
    summary: 'the connection to the endpoint failed',
    remedy: ENDPOINT_FIREWALL,
  },
  {
    code: 'proxy-connect-refused',
    phase: 'connect',
    outcome: 'unhealthy',
    summary: 'the proxy’s address refused the connection',
    remedy: PROXY_UP,
  },
  {
    code: 'proxy-connect-timeout',
    phase: 'connect',
    outcome: 'unhealthy',
    summary: 'the proxy did not answer in time',
    remedy: PROXY_UP,
  },
  {
    code: 'proxy-connect-unreachable',
    phase: 'connect',
    outcome: 'unhealthy',
    summary: 'there is no network route to the proxy',
    remedy: PROXY_UP,
  },
  {
    code: 'proxy-connect-reset',
    phase: 'connect',
    outcome: 'unhealthy',
    summary: 'the connection to the proxy was reset',
    remedy: PROXY_UP,
  },
  {
    code: 'proxy-connect-failed',
    phase: 'connect',
    outcome: 'unhealthy',
    summary: 'the connection to the proxy failed',
    remedy: PROXY_UP,
  },
] as const satisfies readonly VerdictKind[];
