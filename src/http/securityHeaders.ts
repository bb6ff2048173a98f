import type { Duplex } from 'node:stream';
import { TLSSocket } from 'node:tls';
import type { Step } from './steps';

/** Of every answer. The Content-Security-Policy is that of what is no page: nothing may be loaded, run or framed. */
const HEADERS: readonly (readonly [name: string, value: string])[] = [
  ['Cache-Control', 'no-store'],
  ['Content-Security-Policy', "default-src 'none'; frame-ancestors 'none'"],
  ['Cross-Origin-Opener-Policy', 'same-origin'],
  ['Cross-Origin-Resource-Policy', 'same-origin'],
  ['Referrer-Policy', 'no-referrer'],
  ['X-Content-Type-Options', 'nosniff'],
  ['X-Frame-Options', 'DENY'],
];

/** For a year. Not for names below this one, which are other machines' (RFC 6797). */
const OVER_TLS = [...HEADERS, ['Strict-Transport-Security', 'max-age=31536000']] as const;

/** The headers that every answer on this connection has. */
export function securityHeadersOn(socket: Duplex): readonly (readonly [name: string, value: string])[] {
  return socket instanceof TLSSocket ? OVER_TLS : HEADERS;
}

/**
 * Sets the headers of every answer. Pages (`docs.ts`, `problemPages.ts`) replace the Content-Security-Policy by one under
 * which they work.
 */
export const securityHeaders: Step = (request, response) => {
  for (const [name, value] of securityHeadersOn(request.socket)) response.setHeader(name, value);
};
