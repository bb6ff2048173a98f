/** The list as a PAC file: the routes that an account's settings give, frozen for the hosts on the list. */
import { DomainError } from '../../lib/errors';
import { hostAndPort } from '../../wininet/hostName';
import { hopText } from '../../wininet/pacAnswer';
import type { Route } from '../../wininet/route';
import type { AllowlistItem } from './allowlist';

/** An item and the account's route to it. */
export interface RoutedItem {
  readonly item: AllowlistItem;
  readonly route: Route;
}

/** With what the host is spoken to, as far as routing looks at it. */
export function schemeOf({ purpose }: AllowlistItem): 'http' | 'https' {
  return purpose === 'certificates' ? 'http' : 'https';
}

/**
 * A PAC file in ECMAScript 3, which is what WinHTTP's engine takes, in plain ASCII. Every other host, and another scheme or
 * port of a listed one, goes direct. Throws `DomainError` `route-unknown`.
 */
export function asPac(context: string, routed: readonly RoutedItem[]): string {
  const entries = routed.map(({ item, route }) => {
    const key = `${schemeOf(item)}://${hostAndPort(item.host, item.port)}`;
    return `    ${JSON.stringify(key)}: ${JSON.stringify(answerOf(route))}`;
  });
  return `// The routes of ${asciiOnly(context)} to what the Defender for Identity sensor must reach, as its settings gave them
// when sensorproxy made this file (GET /endpoints/allowlist?format=pac). Everything else goes direct.
${doubtsOf(routed)}function FindProxyForURL(url, host) {
  var routes = {
${entries.join(',\n')}
  };
  var parts = /^(https?):\\/\\/(?:[^\\/?#@]*@)?(?:\\[[^\\]]*\\]|[^:\\/?#]*)(?::([0-9]+))?/i.exec(url);
  if (!parts) return "DIRECT";
  var scheme = parts[1].toLowerCase();
  var name = host.toLowerCase();
  if (name.indexOf(":") >= 0 && name.charAt(0) !== "[") name = "[" + name + "]";
  var key = scheme + "://" + name + ":" + (parts[2] || (scheme === "https" ? "443" : "80"));
  return Object.prototype.hasOwnProperty.call(routes, key) ? routes[key] : "DIRECT";
}
`;
}

function answerOf(route: Route): string {
  if (route.kind === 'known') return route.hops.map(hopText).join('; ');
  const why =
    route.reason === 'settings-malformed'
      ? 'its proxy settings cannot be decoded'
      : 'its proxy list has an entry that cannot be read';
  throw new DomainError(
    'unprocessable',
    'route-unknown',
    `The account's routes cannot be told: ${why}. GET /proxy/contexts shows what is wrong. Set its proxy anew (PUT /proxy/contexts/{id} or POST /proxy/copy), or ask for another context.`,
  );
}

/** What makes the account's programs perhaps go another way, in one line; empty when there is nothing. */
function doubtsOf(routed: readonly RoutedItem[]): string {
  const reasons = routed.flatMap(({ route }) =>
    route.kind === 'known' ? route.doubts.map(({ reason }) => `route-${reason}`) : [],
  );
  if (reasons.length === 0) return '';
  return `// In doubt: ${[...new Set(reasons)].join(', ')} (see GET /endpoints/health).\n`;
}

function asciiOnly(text: string): string {
  return text.replace(/[^ -~]/g, '?');
}
