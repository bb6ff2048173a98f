/**
 * `WinHttpSettings`, the REG_BINARY of `netsh winhttp`: magic 0x18 (Vista) or 0x28 (Windows 8 and later), a zero, flags
 * (1 direct, 3 proxy), length + proxy list, length + bypass list. The sensor does not use it; it is read so that a
 * machine where only WinHTTP has a proxy can be told from one that has none.
 */
import type { Decoded } from './connectionSettings';
import { decodeText } from './text';

export interface WinHttpSettings {
  /** u32 at offset 0: 0x18 or 0x28. */
  readonly version: number;
  /** u32 at offset 4: 0 in every observed value. */
  readonly counter: number;
  /** u32 at offset 8. */
  readonly flags: number;
  readonly proxyServer: string;
  readonly bypassList: string;
}

const HEADER_BYTES = 12;
const PROXY_FLAG = 2;

/** Decodes a value, or says at which offset it stops making sense. Never throws, never reads past the end. */
export function decodeWinHttpSettings(bytes: Uint8Array): Decoded<WinHttpSettings> {
  const data = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (bytes.length < HEADER_BYTES) {
    return {
      ok: false,
      error: { offset: bytes.length, reason: `the value ends after ${bytes.length} bytes` },
    };
  }
  const proxyEnd = stringEnd(data, HEADER_BYTES);
  if (proxyEnd === undefined) return tooLong(HEADER_BYTES, 'proxy list');
  const bypassEnd = stringEnd(data, proxyEnd);
  if (bypassEnd === undefined) return tooLong(proxyEnd, 'bypass list');
  return {
    ok: true,
    settings: {
      version: data.getUint32(0, true),
      counter: data.getUint32(4, true),
      flags: data.getUint32(8, true),
      proxyServer: decodeText(bytes.subarray(HEADER_BYTES + 4, proxyEnd)),
      bypassList: decodeText(bytes.subarray(proxyEnd + 4, bypassEnd)),
    },
  };
}

/** Whether the settings send WinHTTP through a proxy. */
export function winHttpUsesProxy(settings: WinHttpSettings): boolean {
  return (settings.flags & PROXY_FLAG) !== 0 && settings.proxyServer !== '';
}

function stringEnd(data: DataView, at: number): number | undefined {
  if (at + 4 > data.byteLength) return undefined;
  const end = at + 4 + data.getUint32(at, true);
  return end > data.byteLength ? undefined : end;
}

function tooLong(offset: number, what: string): Decoded<never> {
  return { ok: false, error: { offset, reason: `the ${what} does not fit into the value` } };
}
