/**
 * The proxy list: `[scheme=][scheme://]host[:port]`, separated by semicolons or spaces, as WINHTTP_PROXY_INFO and
 * INTERNET_PROXY_INFO describe it. It comes from the registry, so it is hostile until parsed.
 */
import { hostAndPort, hostName, portNumber } from './hostName';

/** An entry that names a proxy. */
export interface ProxyServer {
  /** Counted from 1. */
  readonly position: number;
  /** What it serves, in lower case (`http`, `https`, `ftp`, `socks`); null serves every scheme. */
  readonly scheme: string | null;
  /**
   * How it is spoken to. A `scheme://` of `http` or `https` is decoration: WinINET speaks plain HTTP to its proxies
   * (inferred; it has no option for TLS to a proxy).
   */
  readonly kind: 'http' | 'socks';
  /** A name in lower-case ASCII or an address; IPv6 without brackets. */
  readonly host: string;
  readonly port: number;
  /** The entry in canonical form, made from what was parsed and never from the raw text. */
  readonly text: string;
}

/** An entry that cannot be used. Its text is not kept: it may hold credentials. */
export interface MalformedProxyEntry {
  readonly position: number;
  readonly scheme: string | null;
  /** What is wrong, in words that hold nothing of the entry. */
  readonly problem: string;
}

export type ProxyListEntry = ProxyServer | MalformedProxyEntry;

const DEFAULT_PORT = { http: 80, socks: 1080 } as const;
const PREFIXES: Readonly<Record<string, ProxyServer['kind']>> = {
  http: 'http',
  https: 'http',
  socks: 'socks',
  socks4: 'socks',
  socks4a: 'socks',
  socks5: 'socks',
};

/** Parses a proxy list. Never throws; what cannot be used stays in its place as a {@link MalformedProxyEntry}. */
export function parseProxyList(text: string): readonly ProxyListEntry[] {
  // Only blanks and semicolons separate: a CR, LF or NUL makes its entry malformed instead of vanishing.
  return text
    .split(/[; \t]+/)
    .filter((entry) => entry !== '')
    .map((entry, index) => parseEntry(entry, index + 1));
}

function parseEntry(text: string, position: number): ProxyListEntry {
  const equals = text.indexOf('=');
  const named = equals < 0 ? null : text.slice(0, equals).toLowerCase();
  const scheme = named !== null && isScheme(named) ? named : null;
  const malformed = (problem: string): MalformedProxyEntry => ({ position, scheme, problem });
  if (named !== null && scheme === null) return malformed('what stands before = is no scheme');
  const rest = text.slice(equals + 1);
  const prefix = /^([a-z][a-z0-9+.-]{0,15}):\/\//i.exec(rest)?.[1]?.toLowerCase();
  const kind = kindOf(scheme, prefix);
  if (kind === null) return malformed('what stands before :// is no kind of proxy');
  const authority = prefix === undefined ? rest : rest.slice(prefix.length + 3).replace(/\/$/, '');
  if (authority.includes('@')) {
    return malformed('it holds credentials, which WinINET does not take from a proxy list');
  }
  const parts = splitPort(authority);
  const host = hostName(parts.host);
  if (host === null) return malformed(parts.host === '' ? 'it names no host' : 'its host is no host name');
  const port = parts.port === null ? DEFAULT_PORT[kind] : portNumber(parts.port);
  if (port === null) return malformed('its port is no number from 1 to 65535');
  const shownKind = kind === 'socks' && scheme !== 'socks' ? 'socks://' : '';
  const label = scheme === null ? '' : `${scheme}=`;
  return { position, scheme, kind, host, port, text: `${label}${shownKind}${hostAndPort(host, port)}` };
}

/** `socks=` is a SOCKS proxy whatever stands behind it (inferred). Null for a prefix that is no kind of proxy. */
function kindOf(scheme: string | null, prefix: string | undefined): ProxyServer['kind'] | null {
  const named =
    prefix === undefined ? 'http' : Object.hasOwn(PREFIXES, prefix) ? PREFIXES[prefix] : undefined;
  if (named === undefined) return null;
  return scheme === 'socks' ? 'socks' : named;
}

function isScheme(text: string): boolean {
  return /^[a-z][a-z0-9+.-]{0,15}$/.test(text);
}

/** Host and port of an authority. Several colons without brackets are an IPv6 address without a port. */
function splitPort(text: string): { readonly host: string; readonly port: string | null } {
  const colon = text.lastIndexOf(':');
  if (colon < 0 || text.endsWith(']')) return { host: text, port: null };
  if (text.indexOf(':') !== colon && !text.startsWith('[')) return { host: text, port: null };
  return { host: text.slice(0, colon), port: text.slice(colon + 1) };
}
