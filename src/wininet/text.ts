import { isUtf8 } from 'node:buffer';

/**
 * The text of a stored string. The format has single-byte strings without a named code page: .NET Framework reads them
 * as UTF-8, WinINET writes them in the ANSI code page. Bytes that are not UTF-8 are therefore shown as Latin-1, so that
 * every byte stays visible. For showing only: comparing and copying work on the bytes.
 */
export function decodeText(bytes: Uint8Array): string {
  if (bytes.length === 0) return '';
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  return isUtf8(buffer) ? buffer.toString('utf8') : buffer.toString('latin1');
}

/** The bytes to store for a text: UTF-8, as .NET reads it. */
export function encodeText(text: string): Uint8Array {
  return Buffer.from(text, 'utf8');
}

/** One character for each byte, so that texts are equal exactly when the bytes are. */
export function byteText(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('latin1');
}
