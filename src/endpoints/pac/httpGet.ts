/** One GET of a proxy script, past any proxy, as WinINET does it. */
import * as http from 'node:http';
import * as https from 'node:https';
import type { LookupFunction } from 'node:net';
import { systemCodeOf } from '../../lib/errors';
import { hostAndPort } from '../../wininet/hostName';
import type { Network } from '../probe/network';
import type { TrustStore } from '../probe/trust';
import type { PacLimits } from './limits';
import { ScriptUnavailableError } from './scriptUnavailable';
import { hostOf, portOf } from './scriptUrl';
import { reasonOf } from '../../lib/waiting';

/** Each address of a host gets this long before the next is tried. */
const ATTEMPT_MS = 1000;

/** What a GET stands on. */
export interface HttpParts {
  readonly network: Network;
  readonly trust: TrustStore;
  readonly limits: PacLimits;
}

/** What a server answered. The body is read for 200 alone. */
export interface HttpAnswer {
  readonly status: number;
  readonly headers: http.IncomingHttpHeaders;
  readonly body: Buffer;
}

/**
 * Sends the request. Rejects with `ScriptUnavailableError`, or with the signal's reason; its socket is gone when it settles.
 */
export function httpGet(
  parts: HttpParts,
  url: URL,
  headers: http.OutgoingHttpHeaders,
  signal: AbortSignal,
): Promise<HttpAnswer> {
  return new Promise((resolve, reject) => {
    const request = open(parts, url, headers);
    const stop = (): void => {
      settle(reasonOf(signal));
    };
    const settle = (outcome: HttpAnswer | Error): void => {
      signal.removeEventListener('abort', stop);
      request.destroy();
      if (outcome instanceof Error) reject(outcome);
      else resolve(outcome);
    };
    signal.addEventListener('abort', stop, { once: true });
    request.on('error', (error) => {
      settle(unreachable(url, error));
    });
    request.once('response', (response) => {
      response.on('error', (error) => {
        settle(unreachable(url, error));
      });
      if (response.statusCode === 200) readBody(response, parts.limits.bodyBytes, settle);
      else settle(answerOf(response, []));
    });
    request.end();
    if (signal.aborted) stop();
  });
}

function open({ network, trust, limits }: HttpParts, url: URL, headers: http.OutgoingHttpHeaders) {
  const isTls = url.protocol === 'https:';
  const options: https.RequestOptions & { readonly autoSelectFamilyAttemptTimeout: number } = {
    host: hostOf(url),
    port: portOf(url),
    path: url.pathname + url.search,
    headers,
    agent: false,
    lookup: lookupBy(network, portOf(url)),
    maxHeaderSize: limits.headBytes,
    insecureHTTPParser: false,
    autoSelectFamilyAttemptTimeout: ATTEMPT_MS,
    ...(isTls ? { secureContext: trust.context, rejectUnauthorized: true } : {}),
  };
  return isTls ? https.request(options) : http.request(options);
}

function readBody(
  response: http.IncomingMessage,
  most: number,
  settle: (outcome: HttpAnswer | Error) => void,
): void {
  const coding = response.headers['content-encoding']?.trim().toLowerCase() ?? '';
  if (coding !== '' && coding !== 'identity') {
    settle(new ScriptUnavailableError('pac-not-a-script', 'it came compressed, which was not asked for'));
    return;
  }
  const chunks: Buffer[] = [];
  let size = 0;
  response.on('data', (chunk: Buffer) => {
    size += chunk.length;
    chunks.push(chunk);
    if (size > most) settle(new ScriptUnavailableError('pac-too-large', `it has more than ${most} bytes`));
  });
  response.once('end', () => {
    settle(answerOf(response, chunks));
  });
}

function answerOf(response: http.IncomingMessage, chunks: readonly Buffer[]): HttpAnswer {
  return { status: response.statusCode ?? 0, headers: response.headers, body: Buffer.concat(chunks) };
}

/** Names are looked up as the probe does it, so that what overrides a name overrides it here too. */
function lookupBy(network: Network, port: number): LookupFunction {
  return (host, { all }, callback) => {
    void Promise.resolve()
      .then(() => network.lookup(host, port))
      .then((addresses) => {
        const found = addresses.map((address) => ({ address, family: address.includes(':') ? 6 : 4 }));
        const [first] = found;
        if (first === undefined) throw Object.assign(new Error('no address'), { code: 'ENOTFOUND' });
        if (all === true) callback(null, found);
        else callback(null, first.address, first.family);
      })
      .catch((error: unknown) => {
        callback(error instanceof Error ? error : new Error('look-up failed', { cause: error }), '', 0);
      });
  };
}

function unreachable(url: URL, error: Error): ScriptUnavailableError {
  const code = systemCodeOf(error) ?? systemCodeOf(firstOf(error)) ?? 'no answer';
  const shown = /^[A-Z][A-Z0-9_]{0,60}$/.test(code) ? code : 'no answer';
  const where = hostAndPort(hostOf(url), portOf(url));
  return new ScriptUnavailableError('pac-unreachable', `${where} could not be reached (${shown})`);
}

/** Of a failure to connect to several addresses, the first. */
function firstOf(error: Error): unknown {
  return error instanceof AggregateError ? (error.errors as readonly unknown[])[0] : undefined;
}
