/**
 * What a PAC file's `FindProxyForURL` gives back: `DIRECT`, `PROXY h:p`, `HTTP h:p`, `HTTPS h:p`, `SOCKS h:p`, several by
 * semicolons, tried in order (domain facts, section 4). It comes from a script on the network, so it is hostile until parsed.
 */
import { hostAndPort, hostName, portNumber } from './hostName';

/** One way to the target. `https` is a proxy that is spoken to over TLS. Hosts come from a parser, never raw. */
export type Hop =
  | { readonly kind: 'direct' }
  | {
      readonly kind: 'proxy';
      readonly protocol: 'http' | 'https' | 'socks';
      /** A name in lower-case ASCII or an address; IPv6 without brackets. */
      readonly host: string;
      readonly port: number;
    };

/** An answer taken apart. */
export interface PacAnswer {
  /** Those that can be used, in the script's order, each once; {@link MAX_HOPS} at most. */
  readonly hops: readonly Hop[];
  /** What is wrong with those that cannot, in words that hold nothing of the answer. */
  readonly problems: readonly string[];
}

/** More alternatives than this are not tried. */
export const MAX_HOPS = 8;
const MAX_ANSWER_LENGTH = 16 * 1024;

const KINDS: Readonly<Record<string, { protocol: 'http' | 'https' | 'socks'; port: number }>> = {
  PROXY: { protocol: 'http', port: 80 },
  HTTP: { protocol: 'http', port: 80 },
  HTTPS: { protocol: 'https', port: 443 },
  SOCKS: { protocol: 'socks', port: 1080 },
  SOCKS4: { protocol: 'socks', port: 1080 },
  SOCKS5: { protocol: 'socks', port: 1080 },
};

/** Parses an answer. Never throws. */
export function parsePacAnswer(text: string): PacAnswer {
  if (text.length > MAX_ANSWER_LENGTH) {
    return { hops: [], problems: [`the answer is longer than ${MAX_ANSWER_LENGTH} characters`] };
  }
  const hops = new Map<string, Hop>();
  const problems: string[] = [];
  let tooMany = false;
  const entries = text
    .split(';')
    .map((entry) => entry.trim())
    .filter((entry) => entry !== '');
  for (const [index, entry] of entries.entries()) {
    const hop = parseHop(entry);
    if (typeof hop === 'string') problems.push(`entry ${index + 1} ${hop}`);
    else if (hops.size < MAX_HOPS) hops.set(hopText(hop), hop);
    else if (!hops.has(hopText(hop))) tooMany = true;
  }
  if (tooMany) problems.unshift(`it names more than ${MAX_HOPS} ways, of which the first are tried`);
  return { hops: [...hops.values()], problems: problems.slice(0, MAX_HOPS) };
}

/** A hop as a PAC file writes it: `DIRECT`, `PROXY proxy.contoso.com:8080`. */
export function hopText(hop: Hop): string {
  if (hop.kind === 'direct') return 'DIRECT';
  const keyword = { http: 'PROXY', https: 'HTTPS', socks: 'SOCKS' }[hop.protocol];
  return `${keyword} ${hostAndPort(hop.host, hop.port)}`;
}

/** A hop, or what is wrong with the entry. */
function parseHop(entry: string): Hop | string {
  const [, word = '', rest = ''] = /^(\S+)\s*(.*)$/s.exec(entry) ?? [];
  if (word.toUpperCase() === 'DIRECT')
    return rest === '' ? { kind: 'direct' } : 'has something behind DIRECT';
  const kind = Object.hasOwn(KINDS, word.toUpperCase()) ? KINDS[word.toUpperCase()] : undefined;
  if (kind === undefined) return 'begins with no keyword that WinINET knows';
  if (rest.includes('@')) return 'holds credentials, which WinINET does not take from a PAC file';
  const parts = /^(\[[^[\]]*\]|[^:[\]\s]*)(?::(\S*))?$/.exec(rest);
  const host = hostName(parts?.[1] ?? '');
  if (host === null) return 'names no host that can be used';
  const port = parts?.[2] === undefined ? kind.port : portNumber(parts[2]);
  if (port === null) return 'has a port that is no number from 1 to 65535';
  return { kind: 'proxy', protocol: kind.protocol, host, port };
}
