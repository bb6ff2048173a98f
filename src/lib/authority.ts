/** The authority of a URI (RFC 3986, section 3.2) as the Host header has it: a host and perhaps a port. */
import { isIP } from 'node:net';

/** A host in one spelling, so that texts can be compared: see {@link parseAuthority}. */
export interface Authority {
  /** Lower case, without a trailing dot; IPv6 in brackets, as short as can be. */
  readonly host: string;
  /** Null where none is stated. */
  readonly port: number | null;
}

const AUTHORITY = /^(\[[0-9A-Fa-f:.]{2,45}\]|[A-Za-z0-9._-]{1,255})(?::(\d{0,5}))?$/;

/** Parses `host` or `host:port`. Undefined for what is neither, and for user names, escapes and zones, which Host has not. */
export function parseAuthority(text: string): Authority | undefined {
  const [, name, digits = ''] = AUTHORITY.exec(text) ?? [];
  const port = digits === '' ? null : Number(digits);
  if (name === undefined || (port !== null && port > 65535)) return undefined;
  const host = name.startsWith('[') ? bracketed(name.slice(1, -1)) : name.toLowerCase().replace(/\.$/, '');
  return host === undefined || host === '' ? undefined : { host, port };
}

/** An IP address, such as a socket tells, in the spelling of {@link Authority}: IPv4 also where it is mapped into IPv6. */
export function hostOfAddress(address: string): string | undefined {
  const plain = address.replace(/%.*$/, '').replace(/^::ffff:(?=\d+\.)/i, '');
  return isIP(plain) === 4 ? plain : bracketed(plain);
}

function bracketed(address: string): string | undefined {
  return isIP(address) === 6 ? new URL(`http://[${address}]`).hostname : undefined;
}
