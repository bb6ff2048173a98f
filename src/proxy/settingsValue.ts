import { createHash } from 'node:crypto';
import type { RegistryValue } from '../registry/registry';
import { RegistryType } from '../registry/registry';
import {
  type ConnectionSettings,
  type MalformedSettings,
  decodeConnectionSettings,
  hasFlag,
  settingsText,
} from '../wininet/connectionSettings';
import { parseBypassList } from '../wininet/bypassList';
import type { ProxySettings } from './model';

/** The value that the whole product is about. */
export const SETTINGS_VALUE = 'DefaultConnectionSettings';

/** Longer values are not interpreted: real ones have some hundred bytes, and any user can write a huge one. */
const MAX_VALUE_BYTES = 64 * 1024;

/** The key of an account's proxy settings. */
export function connectionsKey(sid: string): string {
  return `${internetSettingsKey(sid)}\\Connections`;
}

/** The key of an account's legacy values (`ProxyEnable` and its like), which is also the parent of {@link connectionsKey}. */
export function internetSettingsKey(sid: string): string {
  return `HKEY_USERS\\${sid}\\Software\\Microsoft\\Windows\\CurrentVersion\\Internet Settings`;
}

/** A stored value and what it means. `raw` is undefined exactly when `state` is `absent`. */
export type SettingsValue =
  | { readonly state: 'absent'; readonly raw?: undefined }
  | { readonly state: 'configured'; readonly raw: RegistryValue; readonly decoded: ConnectionSettings }
  | { readonly state: 'malformed'; readonly raw: RegistryValue; readonly error: MalformedSettings };

/** Interprets what the registry holds. Never throws: a wrong type or broken bytes are a state. */
export function interpretValue(raw: RegistryValue | undefined): SettingsValue {
  if (raw === undefined) return { state: 'absent' };
  if (raw.type !== RegistryType.binary) {
    const reason = `the value has the registry type ${raw.type}; REG_BINARY (3) is expected`;
    return { state: 'malformed', raw, error: { offset: 0, reason } };
  }
  if (isTooLong(raw)) {
    const reason = `the value is ${raw.data.length} bytes long; more than ${MAX_VALUE_BYTES} are not interpreted`;
    return { state: 'malformed', raw, error: { offset: MAX_VALUE_BYTES, reason } };
  }
  const decoded = decodeConnectionSettings(raw.data);
  return decoded.ok
    ? { state: 'configured', raw, decoded: decoded.settings }
    : { state: 'malformed', raw, error: decoded.error };
}

/** Whether a value is longer than any real one; it is not shown either. */
export function isTooLong(raw: RegistryValue | undefined): boolean {
  return raw !== undefined && raw.data.length > MAX_VALUE_BYTES;
}

/** The settings as answers show them, or null when there are none that can be decoded. */
export function toProxySettings(value: SettingsValue): ProxySettings | null {
  if (value.state !== 'configured') return null;
  const { decoded } = value;
  const text = settingsText(decoded);
  return {
    version: decoded.version,
    counter: decoded.counter,
    flags: {
      direct: hasFlag(decoded, 'direct'),
      proxy: hasFlag(decoded, 'proxy'),
      autoConfigUrl: hasFlag(decoded, 'autoConfigUrl'),
      autoDetect: hasFlag(decoded, 'autoDetect'),
    },
    proxyServer: text.proxyServer || null,
    bypassList: parseBypassList(text.bypassList),
    autoConfigUrl: text.autoConfigUrl || null,
  };
}

/** The raw bytes in lower-case hex, or null when absent. */
export function toHex(raw: RegistryValue | undefined): string | null {
  if (raw === undefined) return null;
  return Buffer.from(raw.data.buffer, raw.data.byteOffset, raw.data.byteLength).toString('hex');
}

/** A strong entity tag (RFC 9110, 8.8.3): equal exactly when type and bytes are. */
export function entityTag(raw: RegistryValue | undefined): string {
  if (raw === undefined) return '"absent"';
  return `"${createHash('sha256').update(`${raw.type}:`).update(raw.data).digest('hex').slice(0, 32)}"`;
}

/** Whether two stored values are the same, type and bytes; two absences are. */
export function sameValue(a: RegistryValue | undefined, b: RegistryValue | undefined): boolean {
  if (a === b) return true;
  if (a === undefined || b === undefined) return false;
  return a.type === b.type && Buffer.compare(a.data, b.data) === 0;
}
