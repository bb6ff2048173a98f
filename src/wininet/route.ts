/**
 * How WinINET picks a proxy from an account's settings: auto-detect, then the PAC file, then the static proxy, then
 * direct (domain facts, section 4). Pure: what the scripts said comes in, and nothing is looked up or fetched here.
 *
 * What makes WinINET go on to the next mechanism was measured by Chromium's authors ("Proxy settings and fallback"): a
 * script that cannot be had or parsed. A script that fails while it runs sends the connection direct, whatever else is
 * set. The bypass list belongs to the static proxy alone.
 */
import { compileBypassList, parseBypassList, type RouteTarget } from './bypassList';
import type { InForceSettings } from './inForce';
import { type Hop, hopText, parsePacAnswer } from './pacAnswer';
import { parseProxyList, type ProxyListEntry } from './proxyList';

export type { RouteTarget } from './bypassList';
export type { Hop } from './pacAnswer';

/** Why a script cannot be had or is none: WinINET goes on to the next mechanism. */
export type ScriptUnavailable =
  'pac-url-not-supported' | 'pac-unreachable' | 'pac-http-status' | 'pac-too-large' | 'pac-not-a-script';

/** Why a script gave no answer: WinINET goes direct. */
export type ScriptFailed = 'pac-threw' | 'pac-limit';

/** What came of a proxy script for one target. `seen` is for a person and holds nothing raw from outside. */
export type ScriptOutcome =
  /** `answer`: what FindProxyForURL gave back, as it is. `from`: where the script came from, fit to be shown. */
  | { readonly kind: 'answer'; readonly answer: string; readonly from: string }
  /** Auto-detect alone: there is no WPAD server. */
  | { readonly kind: 'notFound'; readonly seen: string }
  | { readonly kind: 'unavailable'; readonly reason: ScriptUnavailable; readonly seen: string }
  | { readonly kind: 'failed'; readonly reason: ScriptFailed; readonly seen: string };

/** What the scripts said for the target; null for one that was not asked. */
export interface ScriptOutcomes {
  readonly autoDetect: ScriptOutcome | null;
  readonly pac: ScriptOutcome | null;
}

/** Something that may make a program of the account fail, or go another way, although a route can be told. */
export interface RouteDoubt {
  readonly reason:
    ScriptUnavailable | ScriptFailed | 'pac-answer-malformed' | 'no-direct-flag' | 'socks' | 'https-proxy';
  /** What was seen in this case; null when the reason says it all. */
  readonly seen: string | null;
}

/** Why a route cannot be told. */
export type RouteUnknownReason = 'settings-malformed' | 'proxy-entry-malformed';

/** The way to a target. `because` is for a person and names the entry or the rule that decided. */
export type Route =
  | {
      readonly kind: 'known';
      /** What decided. A static proxy that the bypass list passes by is `direct`. */
      readonly via: 'direct' | 'proxy' | 'pac' | 'autoDetect';
      /** Tried in this order; at least one. */
      readonly hops: readonly [Hop, ...Hop[]];
      readonly because: string;
      readonly doubts: readonly RouteDoubt[];
    }
  | {
      readonly kind: 'unknown';
      readonly reason: RouteUnknownReason;
      readonly via: 'proxy' | 'unknown';
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

/** Gives the route to a target. Never throws. */
export type Router = (target: RouteTarget, scripts?: ScriptOutcomes) => Route;

const NOT_ASKED: ScriptOutcomes = { autoDetect: null, pac: null };
const DIRECT: Hop = { kind: 'direct' };
const ABSENT =
  'no proxy settings, so that programs go direct; auto-detect (WPAD) is not looked up, since its flag is not on';

/** The router of an account. The lists are parsed once, for they may be 64 KiB of anything. */
export function createRouter(settings: RouteSettings): Router {
  const choose = fromSettings(settings);
  if (settings.scope === 'account') return choose;
  return (target, scripts) => {
    const route = choose(target, scripts);
    return { ...route, because: `machine-wide settings (ProxySettingsPerUser is 0): ${route.because}` };
  };
}

/** Whether the PAC file's URL is looked at, given what came of auto-detect. */
export function needsPac(inForce: InForceSettings | null, autoDetect: ScriptOutcome | null): boolean {
  if ((inForce?.autoConfigUrl ?? null) === null) return false;
  return inForce?.autoDetect !== true || autoDetect === null || goesOn(autoDetect);
}

function fromSettings({ state, inForce }: RouteSettings): Router {
  if (state === 'absent') return () => direct(ABSENT);
  if (state === 'malformed' || inForce === null) {
    const because = 'the settings cannot be decoded';
    return () => ({ kind: 'unknown', reason: 'settings-malformed', via: 'unknown', because });
  }
  const manual = manualRouter(inForce);
  return (target, scripts = NOT_ASKED) => {
    const passed: Passed[] = [];
    if (inForce.autoDetect) {
      const found = fromScript('autoDetect', 'auto-detect (WPAD)', scripts.autoDetect);
      if ('kind' in found) return found;
      passed.push(found);
    }
    if (inForce.autoConfigUrl !== null) {
      const found = fromScript('pac', 'the PAC file', scripts.pac);
      if ('kind' in found) return after(passed, found);
      passed.push(found);
    }
    return after(passed, manual(target));
  };
}

/** A mechanism that was looked at and did not decide. */
interface Passed {
  readonly because: string;
  readonly doubt: RouteDoubt | null;
}

function goesOn({ kind }: ScriptOutcome): boolean {
  return kind === 'notFound' || kind === 'unavailable';
}

function doubtOf({ reason, seen }: Extract<ScriptOutcome, { kind: 'unavailable' | 'failed' }>): RouteDoubt {
  return { reason, seen };
}

/** The route that a script decides, or why it does not. */
function fromScript(via: 'autoDetect' | 'pac', what: string, outcome: ScriptOutcome | null): Route | Passed {
  if (outcome === null) return { because: `${what} was not asked`, doubt: null };
  switch (outcome.kind) {
    case 'notFound':
      return { because: `${what} is on, but ${outcome.seen}`, doubt: null };
    case 'unavailable':
      return { because: `${what} is set, but ${outcome.seen}`, doubt: doubtOf(outcome) };
    case 'failed':
      return {
        ...direct(`${what} gave no answer (${outcome.seen}), and WinINET then goes direct`, [
          doubtOf(outcome),
        ]),
        via,
      };
    default:
      return fromAnswer(via, `${what} at ${outcome.from}`, outcome.answer);
  }
}

function fromAnswer(via: 'autoDetect' | 'pac', what: string, answer: string): Route {
  const { hops, problems } = parsePacAnswer(answer);
  const doubts: RouteDoubt[] =
    problems.length === 0 ? [] : [{ reason: 'pac-answer-malformed', seen: problems.join(', ') }];
  const [first, ...rest] = hops;
  if (first === undefined) {
    const empty =
      problems.length === 0 ? [{ reason: 'pac-answer-malformed' as const, seen: 'it is empty' }] : doubts;
    return {
      ...direct(`${what} answered nothing that can be used, and WinINET then goes direct`, empty),
      via,
    };
  }
  const count = hops.length === 1 ? '' : `, the first of ${hops.length}`;
  return {
    kind: 'known',
    via,
    hops: [first, ...rest],
    because: `${what} answered ${hopText(first)}${count}`,
    doubts: [...doubts, ...protocolDoubts(hops)],
  };
}

/** The static proxy and its bypass list. */
function manualRouter(inForce: InForceSettings): (target: RouteTarget) => Route {
  if (inForce.proxyServer === null) return () => direct('no proxy in force');
  const entries = parseProxyList(inForce.proxyServer);
  const bypassed = compileBypassList(parseBypassList(inForce.bypassList ?? ''));
  return (target) => {
    const bypass = bypassed(target);
    if (bypass.bypassed) return direct(bypass.because);
    const route = throughList(entries, target.scheme, inForce.direct);
    return bypass.because === null ? route : { ...route, because: `${route.because}; ${bypass.because}` };
  };
}

function throughList(entries: readonly ProxyListEntry[], scheme: string, directFlag: boolean): Route {
  const entry = entryFor(entries, scheme);
  if (entry === undefined) return direct(`the proxy list names no proxy for ${scheme}`);
  if ('problem' in entry) {
    const label = entry.scheme === null ? '' : ` (${entry.scheme}=)`;
    const because = `static proxy, entry ${entry.position}${label} is malformed: ${entry.problem}`;
    return { kind: 'unknown', reason: 'proxy-entry-malformed', via: 'proxy', because };
  }
  const because = `static proxy, entry ${entry.text}`;
  const hop: Hop = { kind: 'proxy', protocol: entry.kind, host: entry.host, port: entry.port };
  const flag: RouteDoubt[] = directFlag ? [] : [{ reason: 'no-direct-flag', seen: null }];
  return { kind: 'known', via: 'proxy', hops: [hop], because, doubts: [...flag, ...protocolDoubts([hop])] };
}

/** The scheme's own entry, else one for all schemes, else a SOCKS proxy, which catches what is left. */
function entryFor(entries: readonly ProxyListEntry[], scheme: string): ProxyListEntry | undefined {
  return (
    entries.find((entry) => entry.scheme === scheme) ??
    entries.find((entry) => entry.scheme === null) ??
    entries.find((entry) => entry.scheme === 'socks')
  );
}

function protocolDoubts(hops: readonly Hop[]): readonly RouteDoubt[] {
  const has = (protocol: string) => hops.some((hop) => hop.kind === 'proxy' && hop.protocol === protocol);
  return [
    ...(has('socks') ? [{ reason: 'socks' as const, seen: null }] : []),
    ...(has('https') ? [{ reason: 'https-proxy' as const, seen: null }] : []),
  ];
}

function after(passed: readonly Passed[], route: Route): Route {
  if (passed.length === 0) return route;
  const because = [...passed.map((one) => one.because), route.because].join('; ');
  if (route.kind === 'unknown') return { ...route, because };
  const doubts = passed.map((one) => one.doubt).filter((doubt) => doubt !== null);
  return { ...route, because, doubts: [...doubts, ...route.doubts] };
}

function direct(because: string, doubts: readonly RouteDoubt[] = []): Extract<Route, { kind: 'known' }> {
  return { kind: 'known', via: 'direct', hops: [DIRECT], because, doubts };
}
