/** Verdicts about the route: what the settings and the scripts say. */
import type { VerdictKind } from './verdictKind';

const PAC_SERVER =
  'Open the PAC file’s address on this machine and mend what fails there, or set the proxy as the static proxy. Until then WinINET goes on to the next mechanism.';
const PAC_SCRIPT =
  'Mend the script (any JavaScript tool can run FindProxyForURL with the endpoint’s name), or set the proxy as the static proxy.';

/** Verdicts about the route: what the settings and the scripts say. */
export const ROUTE_VERDICTS = [
  {
    code: 'route-settings-malformed',
    phase: 'route',
    outcome: 'unknown',
    summary: 'the account’s proxy settings cannot be decoded',
    remedy:
      'Set the account’s proxy anew: copy it with POST /proxy/copy or set it with PUT /proxy/contexts/{id}.',
  },
  {
    code: 'route-proxy-entry-malformed',
    phase: 'route',
    outcome: 'unknown',
    summary: 'the entry of the proxy list that serves https cannot be used',
    remedy: 'Correct the proxy list: host:port, without credentials, spaces or control characters.',
  },
  {
    code: 'route-no-direct-flag',
    phase: 'route',
    outcome: 'degraded',
    summary: 'the direct flag (1) is off, and WinINET does not honour a proxy without it',
    remedy: 'Set the proxy anew, in the settings dialog or with PUT /proxy/contexts/{id}: both set the flag.',
  },
  {
    code: 'route-pac-url-not-supported',
    phase: 'route',
    outcome: 'degraded',
    summary: 'the PAC file’s address is not one that a service can read',
    remedy:
      'Put the PAC file on a web server and name its http or https address, without a user name, spaces or control characters: services do not read file: addresses.',
  },
  {
    code: 'route-pac-unreachable',
    phase: 'route',
    outcome: 'degraded',
    summary: 'the PAC file cannot be had',
    remedy: PAC_SERVER,
  },
  {
    code: 'route-pac-http-status',
    phase: 'route',
    outcome: 'degraded',
    summary: 'the PAC file’s server answered without the file',
    remedy: PAC_SERVER,
  },
  {
    code: 'route-pac-too-large',
    phase: 'route',
    outcome: 'degraded',
    summary: 'the PAC file is larger than 1 MiB',
    remedy: PAC_SCRIPT,
  },
  {
    code: 'route-pac-not-a-script',
    phase: 'route',
    outcome: 'degraded',
    summary: 'what stands at the PAC file’s address is no PAC file',
    remedy: PAC_SERVER,
  },
  {
    code: 'route-pac-threw',
    phase: 'route',
    outcome: 'degraded',
    summary: 'the PAC file’s script failed while it ran',
    remedy: PAC_SCRIPT,
  },
  {
    code: 'route-pac-limit',
    phase: 'route',
    outcome: 'degraded',
    summary: 'the PAC file’s script took too much time or memory and was stopped',
    remedy: PAC_SCRIPT,
  },
  {
    code: 'route-pac-answer-malformed',
    phase: 'route',
    outcome: 'degraded',
    summary: 'the PAC file’s answer cannot be used, or not all of it',
    remedy: PAC_SCRIPT,
  },
  {
    code: 'route-https-proxy',
    phase: 'route',
    outcome: 'degraded',
    summary: 'the PAC file names a proxy that is spoken to over TLS, which WinINET may not do',
    remedy:
      'Name an HTTP proxy (PROXY host:port): Windows’ documentation of PAC files knows PROXY, SOCKS and DIRECT.',
  },
  {
    code: 'route-socks',
    phase: 'route',
    outcome: 'degraded',
    summary: 'the route leads through a SOCKS proxy, which the sensor’s documentation does not know',
    remedy: 'Name an HTTP proxy for https.',
  },
  {
    code: 'route-failover',
    phase: 'route',
    outcome: 'degraded',
    summary: 'a proxy that the PAC file names first cannot be reached, and the next one was used',
    remedy: 'Mend the proxy that failed, or take it out of the PAC file: each connection loses time on it.',
  },
] as const satisfies readonly VerdictKind[];
