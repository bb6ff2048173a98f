import { isIP } from 'node:net';
import { domainToASCII } from 'node:url';

const MAX_SHOWN = 80;
const MAX_NAME = 253;

/**
 * The host of a piece of text from outside, fit for a socket: a name in lower-case ASCII (an IDN becomes its A-label, RFC
 * 5891) or an address (IPv6 without brackets). Null for everything else: CR, LF, NUL, quotes, spaces, credentials, an
 * empty label, more than 253 characters. An underscore is let through, as Windows names may hold one.
 */
export function hostName(text: string): string | null {
  if (text.length > 4 * MAX_NAME) return null;
  const bare = /^\[[^[\]]*\]$/.test(text) ? text.slice(1, -1) : text;
  if (isIP(bare) === 6) return bare.includes('%') ? null : bare.toLowerCase();
  if (bare !== text) return null;
  // Letters, marks, digits and what joins them: a URL parser would quietly drop a CR or LF instead of refusing it.
  if (!/^[\p{L}\p{M}\p{N}._-]+$/u.test(text)) return null;
  const ascii = isAscii(text) ? text.toLowerCase() : domainToASCII(text);
  if (ascii === '' || ascii.length > MAX_NAME) return null;
  return /^[a-z0-9_-]{1,63}(?:\.[a-z0-9_-]{1,63})*\.?$/.test(ascii) ? ascii : null;
}

/** The TCP port that a text names, 1 to 65535, or null. */
export function portNumber(text: string): number | null {
  if (!/^\d{1,5}$/.test(text)) return null;
  const port = Number(text);
  return port >= 1 && port <= 65535 ? port : null;
}

/** `host:port` as a URI's authority writes it (RFC 3986, section 3.2): an IPv6 address in brackets. */
export function hostAndPort(host: string, port: number): string {
  return host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`;
}

/**
 * Text from outside, for a person's eyes: credentials and everything that is neither a letter, a digit nor plain
 * punctuation are taken out, and the rest is cut to `limit` characters.
 */
export function shownText(text: string, limit = MAX_SHOWN): string {
  const plain = text
    .slice(Math.max(0, text.lastIndexOf('@') + 1))
    .replace(/[^\p{L}\p{N} !#$&()*+,\-./:;<=>?[\]_|~]/gu, '?');
  const shown = text.includes('@') ? `…@${plain}` : plain;
  return shown.length > limit ? `${shown.slice(0, limit)}…` : shown;
}

function isAscii(text: string): boolean {
  return /^[ -~]*$/.test(text);
}
