/**
 * What of an account's settings WinINET acts on. The flags decide; a string whose flag is off is a memory of earlier
 * times. The counter and the trailer say nothing: WinINET rewrites both by itself, so that equal bytes are too strict a
 * test for drift.
 */
import { type ConnectionSettings, hasFlag, settingsText } from './connectionSettings';
import { byteText } from './text';

/** The settings that are acted on. Strings are null when their flag is off or nothing is stored. */
export interface InForceSettings {
  /** The direct flag; a proxy without it is not honoured in practice. */
  readonly direct: boolean;
  readonly autoDetect: boolean;
  readonly autoConfigUrl: string | null;
  readonly proxyServer: string | null;
  /** Only ever set beside a proxy: without one there is nothing to bypass. */
  readonly bypassList: string | null;
}

/** What is in force, as a function of the flags. */
export function inForce(settings: ConnectionSettings): InForceSettings {
  return select(settings, settingsText(settings));
}

/** `identical`: the same bytes. `equivalent`: other bytes, the same in force. */
export type SettingsComparison = 'identical' | 'equivalent' | 'different';

/**
 * Compares what two accounts' settings do. Host names compare without regard to case; the order and the separators of
 * the bypass list do not matter; the order of the proxy list does; a PAC URL compares to the letter.
 */
export function compareSettings(a: ConnectionSettings, b: ConnectionSettings): SettingsComparison {
  if (sameBytes(a, b)) return 'identical';
  return effect(a) === effect(b) ? 'equivalent' : 'different';
}

function select(
  settings: ConnectionSettings,
  text: { readonly proxyServer: string; readonly bypassList: string; readonly autoConfigUrl: string },
): InForceSettings {
  const proxyServer = (hasFlag(settings, 'proxy') && text.proxyServer) || null;
  return {
    direct: hasFlag(settings, 'direct'),
    autoDetect: hasFlag(settings, 'autoDetect'),
    autoConfigUrl: (hasFlag(settings, 'autoConfigUrl') && text.autoConfigUrl) || null,
    proxyServer,
    bypassList: (proxyServer !== null && text.bypassList) || null,
  };
}

function sameBytes(a: ConnectionSettings, b: ConnectionSettings): boolean {
  return (
    a.version === b.version &&
    a.counter === b.counter &&
    a.flags === b.flags &&
    Buffer.compare(a.proxyServer, b.proxyServer) === 0 &&
    Buffer.compare(a.bypassList, b.bypassList) === 0 &&
    Buffer.compare(a.autoConfigUrl, b.autoConfigUrl) === 0 &&
    Buffer.compare(a.trailer, b.trailer) === 0
  );
}

/** A canonical form of what is in force, made from bytes and not from shown text, so that no code page can blur it. */
function effect(settings: ConnectionSettings): string {
  const force = select(settings, {
    proxyServer: byteText(settings.proxyServer),
    bypassList: byteText(settings.bypassList),
    autoConfigUrl: byteText(settings.autoConfigUrl),
  });
  return JSON.stringify([
    force.direct,
    force.autoDetect,
    force.autoConfigUrl,
    entries(force.proxyServer),
    [...new Set(entries(force.bypassList))].sort(),
  ]);
}

function entries(list: string | null): string[] {
  return (list ?? '')
    .replace(/[A-Z]/g, (letter) => letter.toLowerCase())
    .split(/[; \t\r\n\v\f]+/)
    .filter((entry) => entry !== '');
}
