/** Web Proxy Auto-Discovery by DNS, as WinINET does it: `wpad` in the machine's domain, then in each domain above. */
import { isIP } from 'node:net';
import { getDomain } from 'tldts';
import { hostName, shownText } from '../../wininet/hostName';
import type { Network } from '../probe/network';
import type { PacLimits } from './limits';
import { lookUp } from './lookups';

const MAX_SHOWN = 4;

/** Where a script is, or that there is none and what was seen. */
export type WpadResult =
  { readonly kind: 'found'; readonly url: URL } | { readonly kind: 'notFound'; readonly seen: string };

/**
 * The names to try for the search domains, best first, each once. Never above the domain that somebody registered: a `wpad`
 * in `co.uk` would be a stranger's.
 */
export function wpadNames(domains: readonly string[], most: number): readonly string[] {
  const names = new Set<string>();
  for (const domain of domains) {
    for (const name of namesIn(domain)) if (names.size < most && hostName(name) !== null) names.add(name);
  }
  return [...names];
}

function namesIn(domain: string): readonly string[] {
  const host = hostName(domain)?.replace(/\.$/, '') ?? '';
  if (host === '' || isIP(host) !== 0) return [];
  const registrable = getDomain(host, { allowPrivateDomains: true, validateHostname: false });
  if (registrable === null || (host !== registrable && !host.endsWith(`.${registrable}`))) return [];
  const labels = host.split('.');
  const steps = labels.length - registrable.split('.').length;
  return labels.slice(0, steps + 1).map((_, step) => ['wpad', ...labels.slice(step)].join('.'));
}

/** Looks for the server. The first name that has an address decides, whether or not a file is there. Never rejects. */
export async function findWpad(
  network: Network,
  searchDomains: () => Promise<readonly string[]>,
  limits: PacLimits,
): Promise<WpadResult> {
  let domains: readonly string[];
  try {
    domains = await searchDomains();
  } catch {
    return notFound('no WPAD server was looked for: the DNS search domains cannot be read');
  }
  if (domains.length === 0) {
    return notFound('no WPAD server was looked for: this machine has no DNS search domain');
  }
  const names = wpadNames(domains, limits.wpadNames);
  if (names.length === 0) {
    const shown = listed(domains.map((domain) => shownText(domain)));
    return notFound(`no WPAD server was looked for: no name comes of the DNS search domains (${shown})`);
  }
  // With the root's dot, so that no resolver puts a search domain behind it and finds another's.
  const lookups = names.map((name) => lookUp(network, { name: `${name}.`, port: 80 }, limits.lookupMs));
  let failed: string | null = null;
  for (const [index, lookup] of lookups.entries()) {
    const found = await lookup;
    const url = new URL(`http://${names[index] ?? ''}/wpad.dat`);
    if (found.addresses.length > 0) return { kind: 'found', url };
    failed ??= found.failed;
  }
  const doubt = failed === null ? '' : `; at least one look-up failed (${shownText(failed)})`;
  return notFound(`no WPAD server was found (${listed(names)})${doubt}`);
}

function listed(names: readonly string[]): string {
  const more = names.length > MAX_SHOWN ? ` and ${names.length - MAX_SHOWN} more` : '';
  return names.slice(0, MAX_SHOWN).join(', ') + more;
}

function notFound(seen: string): WpadResult {
  return { kind: 'notFound', seen: `${seen}; DHCP was not asked` };
}
