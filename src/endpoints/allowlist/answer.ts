/** What `GET /endpoints/allowlist` answers, in each of its formats. */
import { assertNever } from '../../lib/errors';
import type { Endpoint } from '../catalogue';
import type { ProxyFor } from '../contextProxy';
import type { RoutesFor } from '../routes';
import { type Allowlist, allowlistOf } from './allowlist';
import { asCsv } from './csv';
import { asPac, schemeOf } from './pac';
import { asSquid } from './squid';
import { asText } from './text';

/**
 * `json`: with everything that is known of each host. `text`: `host:port`, one a line. `csv`: RFC 4180, with a header line.
 * `squid`: access lists for squid. `pac`: a PAC file with the routes that one account's settings give.
 */
export type AllowlistFormat = 'json' | 'text' | 'csv' | 'squid' | 'pac';

/** What is asked for. Nothing here names a host: only catalogue and configured endpoints appear. */
export interface AllowlistQuery {
  readonly format: AllowlistFormat;
  /** Id of the context whose routes `pac` gives; LocalService unless stated. No other format looks at it. */
  readonly context?: string;
}

/** The list, and how it is written when that is not JSON. */
export interface AllowlistAnswer {
  readonly list: Allowlist;
  /** Null for `json`. */
  readonly document: AllowlistDocument | null;
}

/** A list that is written out. */
export interface AllowlistDocument {
  readonly mediaType: string;
  /** The name to save it under; null for one that is to be read. */
  readonly fileName: string | null;
  readonly text: string;
}

/** What the allow-list stands on. */
export interface AllowlistParts {
  /** The endpoints in force. */
  readonly endpoints: () => Promise<readonly Endpoint[]>;
  readonly proxyFor: ProxyFor;
  readonly routesFor: RoutesFor;
}

/**
 * Makes the list. Rejects with `DomainError` (`context-not-found`, `route-unknown`), or with the signal's reason once that
 * is aborted.
 */
export type AllowlistMaker = (query: AllowlistQuery, signal: AbortSignal) => Promise<AllowlistAnswer>;

/** The account that the sensor itself runs as. */
const DEFAULT_CONTEXT = 'LocalService';
/** For the scripts that the account's settings name, in milliseconds. */
const ROUTE_MS = 10_000;
const TEXT = 'text/plain; charset=utf-8';

/** Makes the maker. */
export function createAllowlist(parts: AllowlistParts): AllowlistMaker {
  return async (query, signal) => {
    const list = allowlistOf(await parts.endpoints());
    return { list, document: await documentOf(parts, list, query, signal) };
  };
}

async function documentOf(
  parts: AllowlistParts,
  { items }: Allowlist,
  { format, context = DEFAULT_CONTEXT }: AllowlistQuery,
  signal: AbortSignal,
): Promise<AllowlistDocument | null> {
  switch (format) {
    case 'json':
      return null;
    case 'text':
      return { mediaType: TEXT, fileName: null, text: asText(items) };
    case 'squid':
      return { mediaType: TEXT, fileName: null, text: asSquid(items) };
    case 'csv': {
      const mediaType = 'text/csv; charset=utf-8; header=present';
      return { mediaType, fileName: 'sensorproxy-allowlist.csv', text: asCsv(items) };
    }
    case 'pac': {
      const account = await parts.proxyFor(context);
      const targets = items.map((item) => ({ scheme: schemeOf(item), host: item.host, port: item.port }));
      const routes = await parts.routesFor(account, targets, { timeoutMs: ROUTE_MS, signal });
      const routed = routes.flatMap((route, index) => {
        const item = items[index];
        return item === undefined ? [] : [{ item, route }];
      });
      const mediaType = 'application/x-ns-proxy-autoconfig';
      return { mediaType, fileName: 'sensorproxy-allowlist.pac', text: asPac(account.id, routed) };
    }
    default:
      return assertNever(format);
  }
}
