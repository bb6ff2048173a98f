/** The rows of the route's table: whole settings, as the registry holds them, and the route that they give. */
import type { ConnectionSettings } from '../../../src/wininet/connectionSettings';
import { inForce } from '../../../src/wininet/inForce';
import { hopText } from '../../../src/wininet/pacAnswer';
import {
  createRouter,
  type Route,
  type RouteDoubt,
  type RouteSettings,
  type RouteTarget,
  type RouteUnknownReason,
  type ScriptOutcome,
} from '../../../src/wininet/route';
import { encodeText } from '../../../src/wininet/text';

/** Where a rule comes from. `inferred`: nobody wrote it down or measured it; docs/routing.md says so too. */
export type Source =
  | 'domain facts, section 3: flags'
  | 'domain facts, section 4: order'
  | 'domain facts, section 4: proxy list'
  | 'domain facts, section 4: default ports'
  | 'domain facts, section 4: bypass list'
  | 'domain facts, section 4: PAC answers'
  | 'ProxySettingsPerUser'
  | 'WINHTTP_PROXY_INFO'
  | 'INTERNET_PROXY_INFO'
  | 'proxy-watch 0.3.1'
  | 'KB 4551930'
  | 'Chromium, Proxy settings and fallback'
  | 'ProxyUtils#1'
  | 'RFC 3986'
  | 'RFC 5891'
  | 'RFC 1035'
  | 'inferred';

/** The documented rules of the bypass list: the first column of the table in docs/routing.md. */
export const BYPASS_RULES = [
  'separators',
  'bare name',
  'wildcard',
  '* alone',
  'port',
  'scheme',
  '<local>',
  '<-loopback>',
  'implicit',
  'address',
  'leading dot',
  'slash',
  'case',
  'trailing dot',
  'dead entry',
] as const;
export type BypassRule = (typeof BYPASS_RULES)[number];

/** The value's fields; `state` and `scope` as the account's context has them. */
export interface CaseSettings {
  readonly flags: number;
  readonly proxy?: string;
  readonly bypass?: string;
  readonly pac?: string;
  readonly scope?: RouteSettings['scope'];
  readonly state?: RouteSettings['state'];
}

export interface RouteCase {
  /** A sentence. */
  readonly name: string;
  readonly settings: CaseSettings;
  readonly target: RouteTarget;
  readonly autoDetect: ScriptOutcome | null;
  readonly pac: ScriptOutcome | null;
  readonly via: Extract<Route, { kind: 'known' }>['via'] | RouteUnknownReason;
  /** As a PAC file writes them; empty when the route is unknown. */
  readonly hops: string;
  readonly because: string | RegExp;
  readonly doubts: readonly RouteDoubt['reason'][];
  readonly source: Source;
  readonly rule: BypassRule | null;
}

/** `https://host:443`, as most rows have it. */
export const ENDPOINT = 'https://contososensorapi.atp.azure.com:443';
const TARGET = /^(https?):\/\/(.+):(\d+)$/;

/** Reads `https://host:port`; an IPv6 host without brackets, as everywhere inside. */
export function targetOf(text: string): RouteTarget {
  const [, scheme, host = '', port] = TARGET.exec(text) ?? [];
  if (scheme !== 'http' && scheme !== 'https') throw new Error(`no target: ${text}`);
  return { scheme, host, port: Number(port) };
}

/** The settings as a router takes them, with what is in force told by the code that the product uses. */
export function settingsOf({ flags, proxy, bypass, pac, scope, state }: CaseSettings): RouteSettings {
  const stored: ConnectionSettings = {
    version: 0x46,
    counter: 7,
    flags,
    proxyServer: encodeText(proxy ?? ''),
    bypassList: encodeText(bypass ?? ''),
    autoConfigUrl: encodeText(pac ?? ''),
    trailer: new Uint8Array(32),
  };
  const known = state ?? 'configured';
  return {
    scope: scope ?? 'account',
    state: known,
    inForce: known === 'configured' ? inForce(stored) : null,
  };
}

export function routeOf({ settings, target, autoDetect, pac }: RouteCase): Route {
  return createRouter(settingsOf(settings))(target, { autoDetect, pac });
}

/** A route's hops as a PAC file writes them; empty for one that is not known. */
export function hopsText(route: Route): string {
  return route.kind === 'known' ? route.hops.map(hopText).join('; ') : '';
}

type Optional = 'target' | 'autoDetect' | 'pac' | 'doubts' | 'rule';

/** A row; what it leaves out is: the sensor's endpoint, no script asked, no doubt, no rule of the bypass list. */
export function row({
  target,
  ...given
}: Omit<RouteCase, Optional> &
  Partial<Omit<Pick<RouteCase, Optional>, 'target'>> & { readonly target?: string }): RouteCase {
  return {
    autoDetect: null,
    pac: null,
    doubts: [],
    rule: null,
    ...given,
    target: targetOf(target ?? ENDPOINT),
  };
}

/** A script's answer; WPAD's server and the PAC file's address are told apart by the row. */
export function answer(text: string, from = 'http://pac.contoso.com/proxy.pac'): ScriptOutcome {
  return { kind: 'answer', answer: text, from };
}
