import { hostAndPort } from '../../wininet/hostName';
import type { AllowlistItem } from './allowlist';

/** `host:port`, one a line; an IPv6 address in brackets. */
export function asText(items: readonly AllowlistItem[]): string {
  return items.map(({ host, port }) => `${hostAndPort(host, port)}\n`).join('');
}
