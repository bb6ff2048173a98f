/** Sends one request, bounded in time and size, past any proxy and without following redirects. */
import * as http from 'node:http';
import * as https from 'node:https';
import type { LookupFunction } from 'node:net';
import type { SecureContext } from 'node:tls';
import { systemCodeOf } from '../lib/errors';
import { reasonOf } from '../lib/waiting';
import { type WebhookRules, hostOf, portOf } from './allowedHosts';
import { DeliveryFailure, type Exchange, type HttpAnswer, type HttpRequest } from './exchange';
import { UrlRefused, webhookUrl } from './webhookUrl';

/** What sending stands on. */
export interface SendParts {
  readonly rules: WebhookRules;
  /** The addresses of a host, best first. Rejects with the system's error. */
  readonly addressesOf: (host: string, port: number) => Promise<readonly string[]>;
  /** The roots that are trusted, read on first use. */
  readonly tlsContext: () => SecureContext;
  /** For a request with its answer; 10 seconds unless stated. */
  readonly timeoutMs?: number;
}

const TIMEOUT_MS = 10_000;
const MAX_BODY = 64 * 1024;
const MAX_HEAD = 16 * 1024;
const MAX_INTERIM = 8;
/** Each address of a host gets this long before the next is tried. */
const ATTEMPT_MS = 1000;

/** Makes the {@link Exchange} of the real network. The address is checked against the rules each time. */
export function createExchange(parts: SendParts): Exchange {
  return async (request, signal) => {
    signal.throwIfAborted();
    return exchange(parts, { ...request, url: checked(request.url, parts.rules) }, signal);
  };
}

function checked(url: URL, rules: WebhookRules): URL {
  try {
    return webhookUrl(url.href, rules);
  } catch (error) {
    if (!(error instanceof UrlRefused)) throw error;
    throw new DeliveryFailure(`the address may not be used any more: ${error.message}`);
  }
}

function exchange(parts: SendParts, { url, method, headers, body }: HttpRequest, signal: AbortSignal) {
  return new Promise<HttpAnswer>((resolve, reject) => {
    const timeoutMs = parts.timeoutMs ?? TIMEOUT_MS;
    let answer: (() => HttpAnswer) | null = null;
    let settled = false;
    const request = open(parts, { url, method, headers, body });
    const settle = (outcome: HttpAnswer | Error): void => {
      if (settled) return;
      settled = true;
      clearTimeout(timer);
      signal.removeEventListener('abort', stop);
      request.destroy();
      if (outcome instanceof Error) reject(outcome);
      else resolve(outcome);
    };
    const stop = (): void => {
      settle(reasonOf(signal));
    };
    // Once the status is there, it counts, whatever becomes of the body.
    const fail = (failure: DeliveryFailure): void => {
      settle(answer === null ? failure : answer());
    };
    const timer = setTimeout(() => {
      fail(new DeliveryFailure(`no answer within ${timeoutMs / 1000} s`));
    }, timeoutMs);
    signal.addEventListener('abort', stop, { once: true });
    request.on('error', (error) => {
      fail(unreachable(error));
    });
    request.once('close', () => {
      fail(new DeliveryFailure('the receiver closed the connection without an answer'));
    });
    request.once('upgrade', (_response, socket) => {
      socket.destroy();
      fail(new DeliveryFailure('the receiver wants to change the protocol', { status: 101 }));
    });
    let interim = 0;
    request.on('information', () => {
      interim += 1;
      if (interim > MAX_INTERIM) fail(new DeliveryFailure('the receiver sends interim answers without end'));
    });
    request.once('response', (response) => {
      const soFar = readBody(response, settle);
      answer = soFar;
      response.on('error', () => {
        settle(soFar());
      });
    });
    request.end(body ?? undefined);
  });
}

/** Settles when the body has ended or is too large; what comes back gives the answer with what is there so far. */
function readBody(response: http.IncomingMessage, settle: (answer: HttpAnswer) => void): () => HttpAnswer {
  const chunks: Buffer[] = [];
  let length = 0;
  const answer = (complete: boolean): HttpAnswer => ({
    status: response.statusCode ?? 0,
    retryAfter: response.headers['retry-after'],
    text: Buffer.concat(chunks).toString('utf8'),
    complete,
  });
  response.on('data', (chunk: Buffer) => {
    chunks.push(chunk.subarray(0, MAX_BODY - length));
    length += chunk.length;
    if (length > MAX_BODY) settle(answer(false));
  });
  response.once('end', () => {
    settle(answer(response.complete));
  });
  return () => answer(false);
}

function open({ addressesOf, tlsContext }: SendParts, { url, method, headers, body }: HttpRequest) {
  const isTls = url.protocol === 'https:';
  const options = {
    host: hostOf(url),
    port: portOf(url),
    path: url.pathname + url.search,
    method,
    headers: {
      'user-agent': 'sensorproxy',
      ...headers,
      ...(body === null ? {} : { 'content-length': Buffer.byteLength(body) }),
    },
    agent: false,
    lookup: lookupBy(addressesOf, portOf(url)),
    maxHeaderSize: MAX_HEAD,
    insecureHTTPParser: false,
    autoSelectFamilyAttemptTimeout: ATTEMPT_MS,
    ...(isTls ? { secureContext: tlsContext(), rejectUnauthorized: true } : {}),
  };
  return isTls ? https.request(options) : http.request(options);
}

function lookupBy(addressesOf: SendParts['addressesOf'], port: number): LookupFunction {
  return (host, { all }, callback) => {
    void Promise.resolve()
      .then(() => addressesOf(host, port))
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

/** By the system's or OpenSSL's code alone: their messages may hold addresses. */
function unreachable(error: Error): DeliveryFailure {
  const first = error instanceof AggregateError ? (error.errors as readonly unknown[])[0] : undefined;
  const code = systemCodeOf(error) ?? systemCodeOf(first) ?? '';
  return new DeliveryFailure(
    `the receiver could not be reached (${/^[A-Z][A-Z0-9_]{0,60}$/.test(code) ? code : 'no answer'})`,
  );
}
