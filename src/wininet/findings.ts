/**
 * What a person should know about an account's settings. Each rule is one function; docs/findings.md has the table.
 * All are pure: the facts come in, findings come out.
 */
import {
  type ConnectionSettings,
  ConnectionSettingsVersion,
  hasFlag,
  settingsText,
} from './connectionSettings';
import { type InForceSettings, inForce } from './inForce';
import { bypassEntryFault, parseBypassList } from './bypassList';
import { parseProxyList } from './proxyList';

/** Something that the reader should know, with what to do about it. */
export interface Finding {
  /** A stable slug; see docs/findings.md. */
  readonly code: string;
  /** `blocking`: what was asked cannot have its effect. `warning`: likely wrong. `info`: worth knowing. */
  readonly severity: 'info' | 'warning' | 'blocking';
  /** What was seen. */
  readonly detail: string;
  /** What to do. */
  readonly remedy: string;
}

/** The legacy values beside the `Connections` key; undefined where absent or of another type. */
export interface LegacySettings {
  readonly proxyEnable: number | undefined;
  readonly proxyServer: string | undefined;
  readonly proxyOverride: string | undefined;
  readonly autoConfigUrl: string | undefined;
}

/** Findings about one account's well-formed settings. */
export function settingsFindings(settings: ConnectionSettings): readonly Finding[] {
  const force = inForce(settings);
  return [
    unknownVersion(settings),
    noDirectFlag(settings),
    proxyWithoutServer(settings),
    autoDetectOnly(force),
    loopbackProxy(force),
    credentials(settings),
    ...bypassFindings(force),
  ].filter((finding) => finding !== null);
}

/** Compares the legacy values with what is in force; null when they agree or there are none. */
export function legacyFinding(settings: ConnectionSettings | null, legacy: LegacySettings): Finding | null {
  if (Object.values(legacy).every((value) => value === undefined)) return null;
  const force = settings && inForce(settings);
  const proxyServer = (legacy.proxyEnable === 1 && legacy.proxyServer) || null;
  const differing = [
    !sameList(proxyServer, force?.proxyServer ?? null) && 'ProxyEnable/ProxyServer',
    proxyServer !== null &&
      force?.proxyServer &&
      !sameList(legacy.proxyOverride, force.bypassList) &&
      'ProxyOverride',
    (legacy.autoConfigUrl || null) !== (force?.autoConfigUrl ?? null) && 'AutoConfigURL',
  ].filter((name) => typeof name === 'string');
  if (differing.length === 0) return null;
  return {
    code: 'legacy-values-differ',
    severity: 'info',
    detail: `The legacy values (${differing.join(', ')}) say something else than DefaultConnectionSettings. WinINET merges them only when it next runs as this account.`,
    remedy:
      'Trust DefaultConnectionSettings. Remove or align the legacy values if another program reads them.',
  };
}

function unknownVersion({ version }: ConnectionSettings): Finding | null {
  if (version === ConnectionSettingsVersion.ie7 || version === ConnectionSettingsVersion.ie5) return null;
  const old = version < ConnectionSettingsVersion.ie5 ? ' .NET reads a version below 60 as auto-detect.' : '';
  return {
    code: 'unknown-version',
    severity: 'warning',
    detail: `The value's version is ${version}; 70 and 60 are known.${old}`,
    remedy:
      'Compare with the settings dialog of that account before you rely on what is shown, or set the proxy anew.',
  };
}

function noDirectFlag(settings: ConnectionSettings): Finding | null {
  if (hasFlag(settings, 'direct')) return null;
  return {
    code: 'no-direct-flag',
    severity: 'warning',
    detail: 'The direct flag (1) is off. WinINET does not honour a proxy whose flags lack it.',
    remedy: 'Set the proxy anew, in the settings dialog or with PUT /proxy/contexts/{id}: both set the flag.',
  };
}

function proxyWithoutServer(settings: ConnectionSettings): Finding | null {
  if (!hasFlag(settings, 'proxy') || settingsText(settings).proxyServer !== '') return null;
  return {
    code: 'proxy-without-server',
    severity: 'warning',
    detail: 'The proxy flag is on, but no proxy is named.',
    remedy: 'Name the proxy, or switch the flag off.',
  };
}

function autoDetectOnly(force: InForceSettings): Finding | null {
  if (!force.autoDetect || force.autoConfigUrl !== null || force.proxyServer !== null) return null;
  return {
    code: 'auto-detect-only',
    severity: 'info',
    detail: 'Only auto-detect (WPAD) is on: where no WPAD server answers, connections go direct.',
    remedy: 'If the way to the Internet leads through a proxy without WPAD, name it.',
  };
}

function loopbackProxy(force: InForceSettings): Finding | null {
  const local = parseProxyList(force.proxyServer ?? '').some(
    (entry) => 'host' in entry && isLoopback(entry.host),
  );
  if (!local) return null;
  return {
    code: 'loopback-proxy',
    severity: 'warning',
    detail:
      'The proxy is on this machine. Debugging tools set such a proxy for one session; it goes when they end.',
    remedy: 'Make sure that a permanent service listens there before services are sent through it.',
  };
}

function credentials(settings: ConnectionSettings): Finding | null {
  const { proxyServer, bypassList, autoConfigUrl } = settingsText(settings);
  if (![proxyServer, bypassList, autoConfigUrl].some((text) => text.includes('@'))) return null;
  return {
    code: 'credentials-in-settings',
    severity: 'warning',
    detail:
      'A stored string seems to hold a user name or a password. WinINET takes none from there, and every program of the account can read them.',
    remedy: 'Set the proxy anew without them, and change the password.',
  };
}

function bypassFindings(force: InForceSettings): readonly (Finding | null)[] {
  const entries = parseBypassList(force.bypassList ?? '');
  const dotted = entries.filter((entry) => bypassEntryFault(entry) === 'leading-dot').length;
  const slashed = entries.filter((entry) => bypassEntryFault(entry) === 'slash').length;
  return [
    dotted === 0
      ? null
      : {
          code: 'bypass-leading-dot',
          severity: 'warning',
          detail: `${count(dotted)} of the bypass list begins with a dot. Windows refuses a list with such an entry as a whole.`,
          remedy: 'Write *.example.com in place of .example.com.',
        },
    slashed === 0
      ? null
      : {
          code: 'bypass-slash-sends-all-direct',
          severity: 'warning',
          detail: `${count(slashed)} of the bypass list holds a slash. Measured on Windows: it sends every destination direct.`,
          remedy:
            'Write host names, or addresses with a wildcard such as 10.1.*, in place of networks and URLs.',
        },
  ];
}

function count(entries: number): string {
  return entries === 1 ? 'One entry' : `${entries} entries`;
}

function isLoopback(host: string): boolean {
  return /^(?:localhost|loopback|127(?:\.\d{1,3}){3}|\[?::1\]?)$/i.test(host);
}

function sameList(a: string | null | undefined, b: string | null | undefined): boolean {
  const canonical = (list: string | null | undefined) =>
    parseBypassList((list ?? '').toLowerCase()).join(';');
  return canonical(a) === canonical(b);
}
