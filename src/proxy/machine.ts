import { RegistryType, dwordValue } from '../registry/registry';
import { parseBypassList } from '../wininet/bypassList';
import type { Finding } from '../wininet/findings';
import { decodeWinHttpSettings, winHttpUsesProxy } from '../wininet/winHttpSettings';
import type { MachineProxy, ProxyContext, WinHttpProxy } from './model';
import type { Snapshot } from './snapshot';

/** Machine-wide facts: the per-user policy (on unless ProxySettingsPerUser is 0) and WinHTTP's proxy. */
export function showMachine(snapshot: Snapshot): MachineProxy {
  return { proxySettingsPerUser: dwordValue(snapshot.policy) !== 0, winHttp: showWinHttp(snapshot) };
}

/** The policy that makes every account's own settings meaningless; null when it is not set. */
export function machinePolicyFinding(machine: MachineProxy): Finding | null {
  if (machine.proxySettingsPerUser) return null;
  return {
    code: 'machine-policy-overrides',
    severity: 'blocking',
    detail:
      'The policy ProxySettingsPerUser is 0: WinINET uses the settings of the machine (HKLM) and ignores those of every account. A copy has no effect.',
    remedy: "Set the machine's proxy by that policy, or have the policy removed.",
  };
}

/** WinHTTP has a proxy and the sensor's accounts have none; null otherwise. */
export function winHttpOnlyFinding(machine: MachineProxy, contexts: readonly ProxyContext[]): Finding | null {
  const sensorHasNone = contexts
    .filter(({ usedBy }) => usedBy.length > 0)
    .every(({ settings }) => !settings || !(settings.flags.proxy || settings.flags.autoConfigUrl));
  if (machine.winHttp.state !== 'configured' || !sensorHasNone) return null;
  return {
    code: 'winhttp-only',
    severity: 'warning',
    detail:
      'WinHTTP has a proxy (netsh winhttp), but the accounts of the sensor have none. The sensor uses WinINET.',
    remedy: "Copy a user's proxy to LocalSystem and LocalService with POST /proxy/copy.",
  };
}

function showWinHttp({ winHttp }: Snapshot): WinHttpProxy {
  if (winHttp === undefined) return withoutProxy('absent');
  const decoded = winHttp.type === RegistryType.binary ? decodeWinHttpSettings(winHttp.data) : undefined;
  if (!decoded?.ok) return withoutProxy('malformed');
  if (!winHttpUsesProxy(decoded.settings)) return withoutProxy('direct');
  return {
    state: 'configured',
    proxyServer: decoded.settings.proxyServer,
    bypassList: parseBypassList(decoded.settings.bypassList),
  };
}

function withoutProxy(state: WinHttpProxy['state']): WinHttpProxy {
  return { state, proxyServer: null, bypassList: [] };
}
