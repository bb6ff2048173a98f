/** Whom webhooks may be sent to: SENSORPROXY_WEBHOOK_HOSTS. */
import { isIP } from 'node:net';
import { hostName } from '../wininet/hostName';

/** One entry of the allow-list. */
export interface AllowedHost {
  /** A name in lower-case ASCII, or an address; with `subdomains`, what stands behind `*.`. */
  readonly host: string;
  readonly subdomains: boolean;
  /** Null: the scheme's own port. `any`: each. */
  readonly port: number | 'any' | null;
}

/** The rules for addresses of webhooks. */
export interface WebhookRules {
  readonly hosts: readonly AllowedHost[];
  /** Whether http may be used beyond loopback. */
  readonly plaintext: boolean;
}

const ENTRY = /^(\*\.)?(\[[0-9a-f:.]+\]|[^\s:/@*[\]]+)(?::(\d{1,5}|\*))?$/i;

/** Parses `host`, `*.suffix`, each with `:port` or `:*` where wanted. Throws an `Error` that says what an entry is. */
export function parseAllowedHost(text: string): AllowedHost {
  const [, wildcard, name = '', portText] = ENTRY.exec(text) ?? [];
  const host = hostName(name)?.replace(/\.$/, '') ?? '';
  const port = portText === undefined ? null : portText === '*' ? 'any' : Number(portText);
  const portFits = typeof port !== 'number' || (port >= 1 && port <= 65535);
  if (host === '' || !portFits || (wildcard !== undefined && isIP(host) !== 0)) {
    throw new Error(
      'each must be a host name, an IP address (IPv6 in brackets) or *.suffix, with :port or :* behind it where the port is not the scheme’s own.',
    );
  }
  return { host, subdomains: wildcard !== undefined, port };
}

/** Whether the allow-list lets a webhook be sent to this address. */
export function isAllowed(url: URL, hosts: readonly AllowedHost[]): boolean {
  const host = hostOf(url);
  return hosts.some((entry) => {
    const named = entry.subdomains
      ? host.endsWith(`.${entry.host}`) && isIP(host) === 0
      : host === entry.host;
    if (!named) return false;
    return entry.port === 'any' || (entry.port === null ? url.port === '' : entry.port === portOf(url));
  });
}

/** The host of an address: IPv6 without brackets. */
export function hostOf(url: URL): string {
  return url.hostname.replace(/^\[(.*)\]$/, '$1');
}

/** The port that an address leads to. */
export function portOf(url: URL): number {
  if (url.port !== '') return Number(url.port);
  return url.protocol === 'https:' ? 443 : 80;
}
