/** The address of a webhook: hostile until it is checked, when it is saved and again before each attempt. */
import { hostName } from '../wininet/hostName';
import { type WebhookRules, hostOf, isAllowed } from './allowedHosts';

/** What is wrong with an address; `host`: it is not on the allow-list. */
export class UrlRefused extends Error {
  override readonly name = 'UrlRefused';

  constructor(
    readonly because: 'form' | 'host',
    detail: string,
  ) {
    super(detail);
  }
}

const MAX_LENGTH = 2048;

/** Parses an address that a webhook may be sent to, without a trailing dot behind the host. Throws {@link UrlRefused}. */
export function webhookUrl(text: string, rules: WebhookRules): URL {
  const url = parse(text);
  if (!isAllowed(url, rules.hosts)) {
    throw new UrlRefused(
      'host',
      rules.hosts.length === 0
        ? 'No host may be sent to: SENSORPROXY_WEBHOOK_HOSTS is empty. Have the operator list this one.'
        : 'The host, with its port, is not listed in SENSORPROXY_WEBHOOK_HOSTS. Have the operator add it.',
    );
  }
  if (url.protocol === 'http:' && !rules.plaintext && !isLoopback(hostOf(url))) {
    throw new UrlRefused(
      'form',
      'It must be https. SENSORPROXY_WEBHOOK_PLAINTEXT=1 allows http beyond this machine.',
    );
  }
  return url;
}

function parse(text: string): URL {
  if (text.length > MAX_LENGTH) throw refused(`It may have ${MAX_LENGTH} characters.`);
  // A URL parser quietly drops tabs and line breaks, and takes a backslash for a slash.
  if (/[\s\p{Cc}\\]/u.test(text)) throw refused('It holds spaces, control characters or a backslash.');
  if (!/^https?:\/\/[^/]/i.test(text)) throw refused('It must begin with https:// (or http://) and a host.');
  let url: URL;
  try {
    url = new URL(text);
  } catch {
    throw refused('It is no URL.');
  }
  if (url.username !== '' || url.password !== '' || /^[^/]*\/\/[^/?#]*@/.test(text))
    throw refused('It holds a user name or password. Use credentials.');
  if (url.hash !== '' || text.includes('#')) throw refused('It has a fragment, which is never sent.');
  if (url.port === '0') throw refused('Its port cannot be used.');
  url.hostname = url.hostname.replace(/\.$/, '');
  if (hostName(url.hostname) === null || url.hostname.endsWith('.'))
    throw refused('It names no host that can be used.');
  return url;
}

function isLoopback(host: string): boolean {
  return host === 'localhost' || host === '::1' || /^127(?:\.\d{1,3}){3}$/.test(host);
}

function refused(detail: string): UrlRefused {
  return new UrlRefused('form', detail);
}
