/**
 * How WinINET picks a proxy from an account's settings: auto-detect, then the PAC file, then the static proxy, then
 * direct (domain facts, section 4). Pure: no name is looked up and no file fetched.
 */
import { compileBypassList, parseBypassList, type RouteTarget } from './bypassList';
import { hostAndPort } from './hostName';
import type { InForceSettings } from './inForce';
import { parseProxyList, type ProxyListEntry } from './proxyList';

export type { RouteTarget } from './bypassList';

/** Why a route cannot be told from the settings alone. */
export type RouteUnknownReason =
  | 'auto-detect-not-supported'
  | 'pac-not-supported'
  | 'settings-malformed'
  | 'proxy-entry-malformed'
  | 'socks-not-supported';

/** The way to a target. `because` is for a person and names the entry or the rule that decided. */
export type Route =
  | { readonly kind: 'direct'; readonly because: string }
  | {
      readonly kind: 'proxy';
      readonly host: string;
      readonly port: number;
      readonly because: string;
      /** Why WinINET itself may not go this way although the settings name it; null when nothing speaks against it. */
      readonly doubt: string | null;
    }
  | {
      readonly kind: 'unknown';
      readonly reason: RouteUnknownReason;
      /** The mechanism that would decide; `unknown` when even that cannot be read. */
      readonly via: 'autoDetect' | 'pac' | 'proxy' | 'unknown';
      /** `host:port` of the proxy that cannot be used, where one is named. */
      readonly proxy: string | null;
      readonly because: string;
    };

/** The settings that decide. */
export interface RouteSettings {
  /** `machine`: HKLM's settings, because the machine-wide policy is on. */
  readonly scope: 'account' | 'machine';
  readonly state: 'configured' | 'absent' | 'malformed';
  /** Null unless `configured`. */
  readonly inForce: InForceSettings | null;
}

const ABSENT =
  'no proxy settings: programs go direct, unless auto-detect (WPAD) answers, which this version does not look up';

/** The route that programs of an account take to a target. Never throws. */
export function chooseRoute(settings: RouteSettings, target: RouteTarget): Route {
  return createRouter(settings)(target);
}

/** As {@link chooseRoute}, for many targets: the lists are parsed once, for they may be 64 KiB of anything. */
export function createRouter(settings: RouteSettings): (target: RouteTarget) => Route {
  const choose = fromSettings(settings);
  if (settings.scope === 'account') return choose;
  return (target) => {
    const route = choose(target);
    return { ...route, because: `machine-wide settings (ProxySettingsPerUser is 0): ${route.because}` };
  };
}

function fromSettings({ state, inForce }: RouteSettings): (target: RouteTarget) => Route {
  if (state === 'absent') return always({ kind: 'direct', because: ABSENT });
  if (state === 'malformed' || inForce === null) {
    return always(unknown('settings-malformed', 'unknown', 'the settings cannot be decoded'));
  }
  if (inForce.autoDetect) {
    const because = 'auto-detect (WPAD) is on and comes before everything else';
    return always(unknown('auto-detect-not-supported', 'autoDetect', because));
  }
  if (inForce.autoConfigUrl !== null) {
    return always(unknown('pac-not-supported', 'pac', 'a PAC file is set and comes before the static proxy'));
  }
  if (inForce.proxyServer === null) return always({ kind: 'direct', because: 'no proxy in force' });
  const entries = parseProxyList(inForce.proxyServer);
  const bypassed = compileBypassList(parseBypassList(inForce.bypassList ?? ''));
  return (target) => {
    const bypass = bypassed(target);
    if (bypass.bypassed) return { kind: 'direct', because: bypass.because };
    const route = throughList(entries, target.scheme, inForce.direct);
    return bypass.because === null ? route : { ...route, because: `${route.because}; ${bypass.because}` };
  };
}

function throughList(entries: readonly ProxyListEntry[], scheme: string, directFlag: boolean): Route {
  const entry = entryFor(entries, scheme);
  if (entry === undefined) return { kind: 'direct', because: `the proxy list names no proxy for ${scheme}` };
  if ('problem' in entry) {
    const label = entry.scheme === null ? '' : ` (${entry.scheme}=)`;
    const because = `static proxy, entry ${entry.position}${label} is malformed: ${entry.problem}`;
    return unknown('proxy-entry-malformed', 'proxy', because);
  }
  const because = `static proxy, entry ${entry.text}`;
  const { host, port } = entry;
  if (entry.kind === 'socks') {
    return { ...unknown('socks-not-supported', 'proxy', because), proxy: hostAndPort(host, port) };
  }
  if (directFlag) return { kind: 'proxy', host, port, because, doubt: null };
  const doubt = 'the direct flag (1) is off, and WinINET does not honour a proxy without it';
  return { kind: 'proxy', host, port, because: `${because}; ${doubt}`, doubt };
}

function always(route: Route): () => Route {
  return () => route;
}

/** The scheme's own entry, else one for all schemes, else a SOCKS proxy, which catches what is left. */
function entryFor(entries: readonly ProxyListEntry[], scheme: string): ProxyListEntry | undefined {
  return (
    entries.find((entry) => entry.scheme === scheme) ??
    entries.find((entry) => entry.scheme === null) ??
    entries.find((entry) => entry.scheme === 'socks')
  );
}

function unknown(
  reason: RouteUnknownReason,
  via: 'autoDetect' | 'pac' | 'proxy' | 'unknown',
  because: string,
): Extract<Route, { kind: 'unknown' }> {
  return { kind: 'unknown', reason, via, proxy: null, because };
}
