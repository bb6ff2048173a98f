import { isIP } from 'node:net';
import { DomainError } from '../lib/errors';
import { hostName, portNumber } from '../wininet/hostName';

/** An address to use in place of what the DNS says, for one host and port. */
export interface ResolveOverride {
  /** In lower case; IPv6 without brackets. */
  readonly host: string;
  readonly port: number;
  /** IPv4 or IPv6, without brackets. */
  readonly address: string;
}

/**
 * Parses `host:port:address`, several by commas, as curl's `--resolve` takes them one by one; an IPv6 address stands in
 * brackets. The same host and port twice gives two addresses, tried side by side. Throws `DomainError`
 * `resolve-malformed`, naming the entry (counted from 1).
 */
export function parseResolveOverrides(text: string): readonly ResolveOverride[] {
  return text.split(',').map((entry, index) => parseOverride(entry.trim(), index + 1));
}

function parseOverride(text: string, position: number): ResolveOverride {
  const bad = (reason: string) =>
    new DomainError('invalid', 'resolve-malformed', `entry ${position}: ${reason}.`);
  const parts = /^(\[[^[\]]*\]|[^:[\]]*):([^:]*):(\[[^[\]]*\]|[^:[\]]*)$/.exec(text);
  if (parts === null) throw bad('it must be host:port:address, with an IPv6 address in brackets');
  const [, hostText = '', portText = '', addressText = ''] = parts;
  const host = hostName(hostText);
  if (host === null) throw bad('its host is no host name');
  const port = portNumber(portText);
  if (port === null) throw bad('its port must be a number from 1 to 65535');
  const address = addressText.replace(/^\[(.*)\]$/, '$1');
  const family = isIP(address);
  if (family === 0 || (family === 6) !== addressText.startsWith('[')) {
    throw bad('its address must be an IP address, IPv6 in brackets');
  }
  return { host, port, address };
}
