/** The address of a proxy script, as the registry or a redirect has it: hostile until parsed. */
import { hostName, portNumber, shownText } from '../../wininet/hostName';
import { ScriptUnavailableError } from './scriptUnavailable';

/** WinINET's own limit (wininet.h, INTERNET_MAX_URL_LENGTH). */
const MAX_URL_LENGTH = 2083;
const MAX_SHOWN = 200;

/** Parses an address. Throws `ScriptUnavailableError` `pac-url-not-supported` for all but plain http and https. */
export function scriptUrl(text: string, base?: URL): URL {
  if (text.length > MAX_URL_LENGTH) throw refused(`it has more than ${MAX_URL_LENGTH} characters`);
  // A URL parser would quietly drop a CR or LF.
  if (/\p{Cc}/u.test(text)) throw refused('it holds control characters');
  let url: URL;
  try {
    url = new URL(text.trim(), base);
  } catch {
    throw refused('it is no URL');
  }
  const scheme = url.protocol.slice(0, -1);
  // `C:\proxy.pac` parses as a URL too.
  if (scheme.length === 1) throw refused('paths of files are not supported for services');
  if (scheme === 'file') throw refused('file: addresses are not supported for services');
  if (scheme !== 'http' && scheme !== 'https') {
    throw refused(`${shownText(scheme, 20)}: addresses are not supported`);
  }
  if (base === undefined && !/^https?:\/\//i.test(text.trim())) throw refused('it is no URL');
  if (url.username !== '' || url.password !== '') throw refused('it holds credentials');
  if (hostName(url.hostname) === null) throw refused('it names no host that can be used');
  if (url.port !== '' && portNumber(url.port) === null) throw refused('its port cannot be used');
  url.hash = '';
  return url;
}

/** The host of an address, for a socket: IPv6 without brackets. */
export function hostOf(url: URL): string {
  return url.hostname.replace(/^\[(.*)\]$/, '$1');
}

/** The port that an address leads to. */
export function portOf(url: URL): number {
  if (url.port !== '') return Number(url.port);
  return url.protocol === 'https:' ? 443 : 80;
}

/** An address for a person: without query, which may hold a secret. */
export function shownUrl(url: URL): string {
  return shownText(`${url.protocol}//${url.host}${url.pathname}`.replaceAll('@', '?'), MAX_SHOWN);
}

function refused(seen: string): ScriptUnavailableError {
  return new ScriptUnavailableError('pac-url-not-supported', seen);
}
