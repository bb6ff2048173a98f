/** Proxy scripts over HTTP: redirects, what is kept by its own headers, and one fetch for all who ask at the same time. */
import { isUtf8 } from 'node:buffer';
import type { IncomingHttpHeaders } from 'node:http';
import CachePolicy from 'http-cache-semantics';
import type { Clock } from '../../lib/clock';
import { httpGet, type HttpAnswer, type HttpParts, type HttpRequest, isNear } from './httpGet';
import { ScriptUnavailableError } from './scriptUnavailable';
import { hostOf, scriptUrl, shownUrl } from './scriptUrl';
import { reasonOf, untilAborted } from '../../lib/waiting';

const REDIRECTS = new Set([301, 302, 303, 307, 308]);
const HEADERS = {
  'user-agent': 'sensorproxy',
  accept: 'application/x-ns-proxy-autoconfig, */*',
  'accept-encoding': 'identity',
};

/** A script's text. Rejects with `ScriptUnavailableError`, or with the signal's reason. */
export type ScriptFiles = (url: URL, signal: AbortSignal) => Promise<string>;

/** Makes what fetches scripts, with nothing kept yet. */
export function createScriptFiles(parts: HttpParts & { readonly clock: Clock }): ScriptFiles {
  const get = createCache(parts);
  const { fetchMs, redirects } = parts.limits;
  const fetchText = async (first: URL, signal: AbortSignal): Promise<string> => {
    let url = first;
    for (let hop = 0; hop <= redirects; hop += 1) {
      const mayBeNear = hop === 0 || isNear(hostOf(first));
      if (!mayBeNear && isNear(hostOf(url))) {
        throw new ScriptUnavailableError(
          'pac-url-not-supported',
          'it is redirected to this machine or its link',
        );
      }
      const found = await get({ url, mayBeNear }, signal);
      if (typeof found === 'string') return found;
      url = redirectedTo(url, found);
    }
    throw new ScriptUnavailableError('pac-http-status', `more than ${redirects} redirects`);
  };
  return shared(fetchText, fetchMs);
}

interface Kept {
  readonly policy: CachePolicy;
  readonly text: string;
}

/** Gets one address: the text, or the answer that redirects to another. */
function createCache(parts: HttpParts & { readonly clock: Clock }) {
  const kept = new Map<string, Kept>();
  /** By the clock that tests hold still. */
  class Policy extends CachePolicy {
    now(): number {
      return Date.parse(parts.clock.now());
    }
  }
  const keep = (key: string, entry: Kept): void => {
    kept.delete(key);
    if (!entry.policy.storable()) return;
    kept.set(key, entry);
    const [oldest] = kept.keys();
    if (kept.size > parts.limits.cachedFiles && oldest !== undefined) kept.delete(oldest);
  };
  return async (
    { url, mayBeNear }: Pick<HttpRequest, 'url' | 'mayBeNear'>,
    signal: AbortSignal,
  ): Promise<string | HttpAnswer> => {
    const key = url.href;
    const request = { url: key, method: 'GET', headers: { ...HEADERS, host: url.host } };
    const known = kept.get(key);
    if (known?.policy.satisfiesWithoutRevalidation(request) && known.policy.age() < MAX_AGE_S)
      return known.text;
    const headers = known?.policy.revalidationHeaders(request) ?? request.headers;
    const answer = cacheable(await httpGet(parts, { url, headers, mayBeNear }, signal));
    if (known !== undefined && !REDIRECTS.has(answer.status)) {
      const { policy, modified } = known.policy.revalidatedPolicy({ ...request, headers }, answer);
      if (!modified) {
        keep(key, { policy, text: known.text });
        return known.text;
      }
    }
    if (REDIRECTS.has(answer.status)) return answer;
    if (answer.status !== 200) {
      throw new ScriptUnavailableError('pac-http-status', `${shownUrl(url)} answered ${answer.status}`);
    }
    const text = textOf(answer.body);
    // WinINET would guess how long a file without a word about it stays good; this asks each time.
    const policy = new Policy(request, answer, { shared: false, cacheHeuristic: 0 });
    keep(key, { policy, text });
    return text;
  };
}

/** What decides how long a file is kept, each short: the rest is the server's, and can take long to read. */
const CACHE_FIELDS = [
  'cache-control',
  'expires',
  'date',
  'age',
  'etag',
  'last-modified',
  'pragma',
  'location',
] as const;
const MAX_FIELD = 512;
/** No file is kept longer than this without being asked for again, whatever its server says. */
const MAX_AGE_S = 3600;

/**
 * The answer without what the cache need not know. The request's fields never change, so that `Vary` says nothing. An
 * address to go to may be as long as addresses are.
 */
function cacheable(answer: HttpAnswer): HttpAnswer {
  const headers: Record<string, string> = {};
  for (const field of CACHE_FIELDS) {
    const value = answer.headers[field];
    if (typeof value === 'string' && (value.length <= MAX_FIELD || field === 'location'))
      headers[field] = value;
  }
  if ((answer.headers['cache-control']?.length ?? 0) > MAX_FIELD) headers['cache-control'] = 'no-store';
  return { ...answer, headers };
}

function redirectedTo(from: URL, { status, headers }: { status: number; headers: IncomingHttpHeaders }): URL {
  if (headers.location === undefined) {
    throw new ScriptUnavailableError(
      'pac-http-status',
      `${shownUrl(from)} answered ${status} without an address`,
    );
  }
  const to = scriptUrl(headers.location, from);
  if (from.protocol === 'https:' && to.protocol === 'http:') {
    throw new ScriptUnavailableError('pac-url-not-supported', 'it is redirected from https: to http:');
  }
  return to;
}

function textOf(body: Buffer): string {
  const text = body.toString(isUtf8(body) ? 'utf8' : 'latin1');
  return text.startsWith('\uFEFF') ? text.slice(1) : text;
}

interface Underway {
  readonly text: Promise<string>;
  readonly stop: AbortController;
  waiting: number;
}

/** One fetch for all who want the same address. It is given up when nobody waits for it any more. */
function shared(fetchText: ScriptFiles, ms: number): ScriptFiles {
  const underway = new Map<string, Underway>();
  const start = (url: URL): Underway => {
    const stop = new AbortController();
    const timer = setTimeout(() => {
      stop.abort(new ScriptUnavailableError('pac-unreachable', `it did not come within ${ms / 1000} s`));
    }, ms);
    const one: Underway = {
      text: fetchText(url, stop.signal).finally(() => {
        clearTimeout(timer);
        if (underway.get(url.href) === one) underway.delete(url.href);
      }),
      stop,
      waiting: 0,
    };
    underway.set(url.href, one);
    return one;
  };
  return async (url, signal) => {
    signal.throwIfAborted();
    const one = underway.get(url.href) ?? start(url);
    one.waiting += 1;
    try {
      return await untilAborted(one.text, signal);
    } catch (error) {
      throw signal.aborted ? reasonOf(signal) : error;
    } finally {
      one.waiting -= 1;
      if (one.waiting === 0) {
        one.stop.abort(new Error('nobody waits for it'));
        if (underway.get(url.href) === one) underway.delete(url.href);
      }
    }
  };
}
