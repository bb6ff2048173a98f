/**
 * The binary format of `DefaultConnectionSettings` and `SavedLegacySettings`, the two REG_BINARY values under
 * `…\Internet Settings\Connections`. Microsoft does not document it; the layout here is what observed values and
 * other readers agree on (docs/wininet-format.md has the table and its sources).
 *
 * Decoding never reads past the end and allocates nothing by a declared length: the fields are views of the input.
 * Encoding what was decoded gives the same bytes back, whatever they are.
 */
import { decodeText, encodeText } from './text';

/** Version numbers seen in the first field. Others are decoded by the same layout and reported by a finding. */
export const ConnectionSettingsVersion = { ie5: 0x3c, ie7: 0x46 } as const;

/** Bits of the flags field. They alone decide what is in force; a string stays when its flag is off. */
const ConnectionFlag = { direct: 1, proxy: 2, autoConfigUrl: 4, autoDetect: 8 } as const;

/** One decoded value. The byte fields are views of the decoded buffer: do not write to them. */
export interface ConnectionSettings {
  /** u32 at offset 0: 0x3C or 0x46. */
  readonly version: number;
  /** u32 at offset 4: raised by one at each change. */
  readonly counter: number;
  /** u32 at offset 8: {@link ConnectionFlag}. Unknown bits are kept. */
  readonly flags: number;
  /** The proxy list as stored. */
  readonly proxyServer: Uint8Array;
  /** The bypass list as stored. */
  readonly bypassList: Uint8Array;
  /** The PAC file's URL as stored. */
  readonly autoConfigUrl: Uint8Array;
  /** Everything behind the PAC URL: opaque, may hold uninitialised memory, may be short or missing. */
  readonly trailer: Uint8Array;
}

/** A value that cannot be decoded: `offset` is where, `reason` is what stands there. */
export interface MalformedSettings {
  readonly offset: number;
  readonly reason: string;
}

export type Decoded<T> =
  { readonly ok: true; readonly settings: T } | { readonly ok: false; readonly error: MalformedSettings };

const HEADER_BYTES = 12;
const EMPTY_TRAILER_BYTES = 32;
const NO_BYTES = new Uint8Array(0);

/** Decodes a value, or says at which offset it stops making sense. Never throws. */
export function decodeConnectionSettings(bytes: Uint8Array): Decoded<ConnectionSettings> {
  const { length } = bytes;
  if (length < HEADER_BYTES) {
    return malformed(
      length,
      `the value ends after ${length} bytes; version, counter and flags alone take ${HEADER_BYTES}`,
    );
  }
  const proxyEnd = stringEnd(bytes, HEADER_BYTES);
  if (proxyEnd < 0) return badString(bytes, HEADER_BYTES, 'proxy list');
  const bypassEnd = stringEnd(bytes, proxyEnd);
  if (bypassEnd < 0) return badString(bytes, proxyEnd, 'bypass list');
  const pacEnd = stringEnd(bytes, bypassEnd);
  if (pacEnd < 0) return badString(bytes, bypassEnd, 'PAC URL');
  return {
    ok: true,
    settings: {
      version: u32(bytes, 0),
      counter: u32(bytes, 4),
      flags: u32(bytes, 8),
      proxyServer: view(bytes, HEADER_BYTES + 4, proxyEnd),
      bypassList: view(bytes, proxyEnd + 4, bypassEnd),
      autoConfigUrl: view(bytes, bypassEnd + 4, pacEnd),
      trailer: view(bytes, pacEnd, length),
    },
  };
}

/** Encodes settings: the inverse of {@link decodeConnectionSettings}, byte for byte. */
export function encodeConnectionSettings(settings: ConnectionSettings): Uint8Array {
  const { proxyServer, bypassList, autoConfigUrl, trailer } = settings;
  const strings = proxyServer.length + bypassList.length + autoConfigUrl.length;
  const bytes = new Uint8Array(HEADER_BYTES + 12 + strings + trailer.length);
  putU32(bytes, 0, settings.version);
  putU32(bytes, 4, settings.counter);
  putU32(bytes, 8, settings.flags);
  let at = putString(bytes, HEADER_BYTES, proxyServer);
  at = putString(bytes, at, bypassList);
  at = putString(bytes, at, autoConfigUrl);
  if (trailer.length > 0) bytes.set(trailer, at);
  return bytes;
}

/** Settings by name, as a person states them. A field that is null (or an empty list) is switched off and emptied. */
export interface NamedSettings {
  readonly proxyServer: string | null;
  readonly bypassList: readonly string[];
  readonly autoConfigUrl: string | null;
  readonly autoDetect: boolean;
}

/**
 * The settings that follow `current` when the named ones are set: version, unknown flag bits and trailer are kept, the
 * counter goes up by one. Without `current`, a fresh version 0x46 value with counter 1 and the empty trailer.
 * The direct bit is always set: WinINET does not honour a proxy flag without it (chentiangemalc/ProxyUtils#1).
 */
export function editConnectionSettings(
  current: ConnectionSettings | null,
  named: NamedSettings,
): ConnectionSettings {
  const known =
    ConnectionFlag.direct | ConnectionFlag.proxy | ConnectionFlag.autoConfigUrl | ConnectionFlag.autoDetect;
  const flags =
    ((current?.flags ?? 0) & ~known) |
    ConnectionFlag.direct |
    (named.proxyServer ? ConnectionFlag.proxy : 0) |
    (named.autoConfigUrl ? ConnectionFlag.autoConfigUrl : 0) |
    (named.autoDetect ? ConnectionFlag.autoDetect : 0);
  return {
    version: current?.version ?? ConnectionSettingsVersion.ie7,
    counter: ((current?.counter ?? 0) + 1) >>> 0,
    flags: flags >>> 0,
    proxyServer: encodeText(named.proxyServer ?? ''),
    bypassList: encodeText(named.bypassList.join(';')),
    autoConfigUrl: encodeText(named.autoConfigUrl ?? ''),
    trailer: current?.trailer ?? new Uint8Array(EMPTY_TRAILER_BYTES),
  };
}

/** Whether a flag bit is set. */
export function hasFlag(settings: ConnectionSettings, flag: keyof typeof ConnectionFlag): boolean {
  return (settings.flags & ConnectionFlag[flag]) !== 0;
}

/** The three strings as text (see {@link decodeText}). */
export function settingsText(settings: ConnectionSettings): {
  readonly proxyServer: string;
  readonly bypassList: string;
  readonly autoConfigUrl: string;
} {
  return {
    proxyServer: decodeText(settings.proxyServer),
    bypassList: decodeText(settings.bypassList),
    autoConfigUrl: decodeText(settings.autoConfigUrl),
  };
}

/** Where the length-prefixed string that starts at `at` ends, or -1 when it does not fit into the value. */
function stringEnd(bytes: Uint8Array, at: number): number {
  if (at + 4 > bytes.length) return -1;
  const end = at + 4 + u32(bytes, at);
  return end > bytes.length ? -1 : end;
}

function badString(bytes: Uint8Array, at: number, what: string): Decoded<never> {
  const left = bytes.length - at;
  if (left < 4)
    return malformed(at, `the value ends here, where the length of the ${what} (4 bytes) should stand`);
  return malformed(at, `the ${what} is said to be ${u32(bytes, at)} bytes long, but ${left - 4} are left`);
}

function malformed(offset: number, reason: string): Decoded<never> {
  return { ok: false, error: { offset, reason } };
}

function view(bytes: Uint8Array, start: number, end: number): Uint8Array {
  return start === end ? NO_BYTES : bytes.subarray(start, end);
}

function u32(bytes: Uint8Array, at: number): number {
  return (
    ((bytes[at] ?? 0) |
      ((bytes[at + 1] ?? 0) << 8) |
      ((bytes[at + 2] ?? 0) << 16) |
      ((bytes[at + 3] ?? 0) << 24)) >>>
    0
  );
}

function putU32(bytes: Uint8Array, at: number, value: number): void {
  bytes[at] = value;
  bytes[at + 1] = value >>> 8;
  bytes[at + 2] = value >>> 16;
  bytes[at + 3] = value >>> 24;
}

function putString(bytes: Uint8Array, at: number, value: Uint8Array): number {
  putU32(bytes, at, value.length);
  if (value.length > 0) bytes.set(value, at + 4);
  return at + 4 + value.length;
}
