/**
 * Whether a request was meant for this service, and comes from no page but its own. A web page anywhere can let its own name
 * resolve to this machine (DNS rebinding) and would then share an origin with the service; its name in Host betrays it.
 */
import type { IncomingMessage } from 'node:http';
import { TLSSocket } from 'node:tls';
import { hostOfAddress, parseAuthority } from '../lib/authority';
import { HttpProblem } from './httpProblem';
import type { Step } from './steps';

/** Which names are the service's, besides the address that a connection was made to. */
export interface HostRule {
  /** As `parseAuthority` spells them. */
  readonly names: ReadonlySet<string>;
  /** Loopback's names are good on every address: somebody passes what comes to loopback on to this one. */
  readonly loopbackEverywhere: boolean;
}

const LOOPBACK: ReadonlySet<string> = new Set(['localhost', '127.0.0.1', '[::1]']);
const ABSOLUTE = /^([A-Za-z][A-Za-z0-9+.-]*):\/\/([^/?#]*)(.*)$/;

/** Makes the rule; `hostName` is the machine's, which is also known by its first label alone. */
export function createHostRule(settings: {
  readonly hostName: string;
  readonly allowedHosts: readonly string[];
  readonly loopbackEverywhere: boolean;
}): HostRule {
  const own = parseAuthority(settings.hostName)?.host;
  return {
    names: new Set([...(own === undefined ? [] : [own, own.replace(/\..*$/, '')]), ...settings.allowedHosts]),
    loopbackEverywhere: settings.loopbackEverywhere,
  };
}

/**
 * Refuses (`host-not-allowed`) what names another host, and (`origin-not-allowed`) what a page of another origin asks for, on
 * every path and method. A target in absolute form is taken by its own host, as RFC 9112 (3.2.2) has it, and goes on as a path.
 */
export function hostCheck(rule: HostRule): Step {
  return (request) => {
    const absolute = ABSOLUTE.exec(request.url);
    const problem =
      notOneHost(request) ?? wrongHost(request, rule, absolute) ?? wrongOrigin(request, absolute?.[2]);
    // Also where it is refused: what has no path, Express answers in its own way.
    if (absolute !== null) request.url = pathOf(absolute[3] ?? '');
    if (problem !== undefined) throw problem;
  };
}

/** Of many, Node keeps the first and drops the others; somebody on the way may have looked at another. */
function notOneHost({ headers, httpVersion, rawHeaders }: IncomingMessage): HttpProblem | undefined {
  if (headers.host === undefined && httpVersion === '1.1')
    return malformed('A request of HTTP/1.1 needs a Host header (RFC 9112, section 3.2).');
  let count = 0;
  for (let at = 0; at < rawHeaders.length; at += 2) {
    if (rawHeaders[at]?.toLowerCase() === 'host') count += 1;
  }
  return count > 1 ? malformed('A request has one Host header (RFC 9112, section 3.2).') : undefined;
}

function wrongHost(
  request: IncomingMessage,
  rule: HostRule,
  absolute: RegExpExecArray | null,
): HttpProblem | undefined {
  if (absolute !== null && absolute[1]?.toLowerCase() !== schemeOf(request)) return misdirected();
  // Without Host at all, it is HTTP/1.0 (see above): no browser.
  for (const text of [request.headers.host, absolute?.[2]]) {
    if (text === undefined) continue;
    const authority = parseAuthority(text);
    if (authority === undefined)
      return malformed('The Host is not host or host:port (RFC 9110, section 7.2).');
    if (!isOurs(authority.host, request, rule)) return misdirected();
  }
  return undefined;
}

/** Whatever port is named: it may be another machine's, that of a tunnel or a container. */
function isOurs(host: string, { socket }: IncomingMessage, rule: HostRule): boolean {
  if (rule.names.has(host)) return true;
  const address = hostOfAddress(socket.localAddress ?? '');
  if (address === undefined) return false;
  if (host === address) return true;
  const isLoopback = rule.loopbackEverywhere || address === '[::1]' || address.startsWith('127.');
  return isLoopback && LOOPBACK.has(host);
}

function wrongOrigin(request: IncomingMessage, authority = request.headers.host): HttpProblem | undefined {
  const { origin } = request.headers;
  const site = request.headers['sec-fetch-site'];
  if (origin === undefined && site === undefined) return undefined;
  const foreign = origin !== undefined && origin !== originOf(`${schemeOf(request)}://${authority ?? ''}`);
  // Another host of the same site is another machine.
  const isOwn = site === undefined || site === 'same-origin' || site === 'none';
  return foreign || !isOwn ? originNotAllowed() : undefined;
}

function originOf(url: string): string | undefined {
  return URL.canParse(url) ? new URL(url).origin : undefined;
}

function schemeOf({ socket }: IncomingMessage): 'http' | 'https' {
  return socket instanceof TLSSocket ? 'https' : 'http';
}

function pathOf(rest: string): string {
  const path = rest.replace(/#.*$/, '');
  return path.startsWith('/') ? path : `/${path}`;
}

function malformed(detail: string): HttpProblem {
  return new HttpProblem('request-malformed', detail);
}

function misdirected(): HttpProblem {
  const detail =
    'This service does not answer to that host. Use its address or the machine’s name, or add the name to SENSORPROXY_ALLOWED_HOSTS.';
  return new HttpProblem('host-not-allowed', detail);
}

function originNotAllowed(): HttpProblem {
  const detail =
    'A web page of another origin must not call this service. Open /docs here, or call from a program.';
  return new HttpProblem('origin-not-allowed', detail);
}
