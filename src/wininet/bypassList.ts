/**
 * The bypass list: which destinations go past the static proxy. Rules and their sources: domain facts, section 4
 * (Microsoft's WINHTTP_PROXY_INFO for the grammar; the measurements of proxy-watch 0.3.1 for bare names, leading dots,
 * slashes and the implicit entries).
 */
import { shownText } from './hostName';

/** Where a request goes, as far as routing looks at it. The host in lower case; IPv6 without brackets. */
export interface RouteTarget {
  readonly scheme: 'http' | 'https';
  readonly host: string;
  readonly port: number;
}

/** Whether the proxy is passed by; `because` names the entry or the rule, null when the list has nothing to say. */
export type BypassVerdict =
  | { readonly bypassed: true; readonly because: string }
  | { readonly bypassed: false; readonly because: string | null };

/** Sent direct without being listed, unless `<-loopback>` is. Measured: the rest of 127.0.0.0/8 is not among them. */
const IMPLICIT = new Set(['localhost', 'loopback', '127.0.0.1', '::1']);

/** Splits a bypass list by semicolons and white space. Never throws. */
export function parseBypassList(text: string): readonly string[] {
  return text.split(/[;\s]+/).filter((entry) => entry !== '');
}

/**
 * Reads a bypass list once, for many targets. What it gives back is linear in the list's length for each target, whatever
 * the list holds.
 */
export function compileBypassList(entries: readonly string[]): (target: RouteTarget) => BypassVerdict {
  const rules = entries.map(compile);
  const slashed = rules.find(({ entry }) => bypassEntryFault(entry) === 'slash');
  if (slashed !== undefined) {
    const because = `bypass list entry ${shownText(slashed.entry)}: a slash sends every destination direct`;
    return () => ({ bypassed: true, because });
  }
  const dotted = rules.find(({ entry }) => bypassEntryFault(entry) === 'leading-dot');
  const inUse = dotted === undefined ? rules : [];
  const loopbackProxied = inUse.some(({ pattern }) => pattern === '<-loopback>');
  const refused =
    dotted === undefined
      ? null
      : `the bypass list is refused as a whole, because its entry ${shownText(dotted.entry)} begins with a dot`;
  return (target) => {
    if (IMPLICIT.has(target.host) && !loopbackProxied) {
      return { bypassed: true, because: `implicit bypass of ${target.host}` };
    }
    const matched = inUse.find((rule) => matches(rule, target));
    if (matched === undefined) return { bypassed: false, because: refused };
    return { bypassed: true, because: `bypass list entry ${shownText(matched.entry)}` };
  };
}

/** What is wrong with an entry, so that the whole list does something else than it says; null when nothing is. */
export function bypassEntryFault(entry: string): 'slash' | 'leading-dot' | null {
  const { rest } = withoutScheme(entry.toLowerCase());
  if (rest.includes('/')) return 'slash';
  return rest.startsWith('.') ? 'leading-dot' : null;
}

/** One entry, taken apart. */
interface BypassRule {
  /** As it stands in the list. */
  readonly entry: string;
  /** In lower case, as what follows; null for any. */
  readonly scheme: string | null;
  /** What stands behind the scheme: the pattern and the port. */
  readonly rest: string;
  readonly pattern: string;
  /** Digits or `*`; null for any. */
  readonly port: string | null;
}

function compile(entry: string): BypassRule {
  const { scheme, rest } = withoutScheme(entry.toLowerCase());
  const { pattern, port } = withoutPort(rest);
  // A run of stars says no more than one, and a list may hold thousands.
  return { entry, scheme, rest, pattern: pattern.replace(/\*{2,}/g, '*'), port };
}

function matches({ scheme, pattern, port }: BypassRule, target: RouteTarget): boolean {
  if (scheme !== null && scheme !== target.scheme) return false;
  if (port !== null && port !== '*' && port !== String(target.port)) return false;
  if (pattern === '<local>') return !/[.:]/.test(target.host);
  return matchesWildcard(pattern, target.host);
}

function withoutScheme(entry: string): { readonly scheme: string | null; readonly rest: string } {
  const scheme = /^([a-z][a-z0-9+.-]{0,15}):\/\//.exec(entry)?.[1];
  if (scheme === undefined) return { scheme: null, rest: entry };
  return { scheme, rest: entry.slice(scheme.length + 3) };
}

function withoutPort(text: string): { readonly pattern: string; readonly port: string | null } {
  const bracketed = /^\[([^[\]]*)\](?::(\d{1,5}|\*))?$/.exec(text);
  if (bracketed?.[1] !== undefined) return { pattern: bracketed[1], port: bracketed[2] ?? null };
  const colon = text.indexOf(':');
  // Several colons: an IPv6 address, compared as text.
  if (colon < 0 || text.includes(':', colon + 1)) return { pattern: text, port: null };
  return { pattern: text.slice(0, colon), port: text.slice(colon + 1) };
}

/**
 * Whether a text fits a pattern in which `*` stands for any characters, none included, and everything else for itself.
 * Looks for each literal part once, from left to right, so that no pattern makes it go back.
 */
export function matchesWildcard(pattern: string, text: string): boolean {
  const first = pattern.indexOf('*');
  if (first < 0) return pattern === text;
  const last = pattern.lastIndexOf('*');
  const head = pattern.slice(0, first);
  const tail = pattern.slice(last + 1);
  if (head.length + tail.length > text.length || !text.startsWith(head) || !text.endsWith(tail)) return false;
  const end = text.length - tail.length;
  let at = head.length;
  for (const part of pattern.slice(first, last).split('*')) {
    if (part === '') continue;
    const found = part.length > end - at ? -1 : text.indexOf(part, at);
    if (found < 0 || found + part.length > end) return false;
    at = found + part.length;
  }
  return true;
}
