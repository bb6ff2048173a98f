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
/** Of a redirect that leads where it may not. */
const NEAR = 'EACCES';
/** Interim answers (1xx) before the final one. */
const MAX_INTERIM = 8;
const NO_BODY = Buffer.alloc(0);

/** What a GET stands on. */
export interface HttpParts {
  readonly network: Network;
  readonly trust: TrustStore;
  readonly limits: PacLimits;
}

/** What is asked for. */
export interface HttpRequest {
  readonly url: URL;
  readonly headers: http.OutgoingHttpHeaders;
  /** Whether this machine and its link may be asked: a redirect may not lead there, for what is there trusts its neighbours. */
  readonly mayBeNear: boolean;
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
  { url, headers, mayBeNear }: HttpRequest,
  signal: AbortSignal,
): Promise<HttpAnswer> {
  return new Promise((resolve, reject) => {
    const request = open(parts, { url, headers, mayBeNear });
    const stop = (): void => {
      settle(reasonOf(signal));
    };
    let settled = false;
    const settle = (outcome: HttpAnswer | Error): void => {
      if (settled) return;
      settled = true;
      signal.removeEventListener('abort', stop);
      request.destroy();
      if (outcome instanceof Error) reject(outcome);
      else resolve(outcome);
    };
    signal.addEventListener('abort', stop, { once: true });
    request.on('error', (error) => {
      settle(unreachable(url, error));
    });
    // Neither an upgrade nor heads without end are an answer.
    request.once('upgrade', (response, socket) => {
      socket.destroy();
      settle(answerOf(response, NO_BODY));
    });
    let interim = 0;
    request.on('information', () => {
      interim += 1;
      if (interim > MAX_INTERIM) settle(unreachable(url, new Error('interim answers without end')));
    });
    request.once('close', () => {
      // The response's own error says more, and comes behind it.
      setImmediate(() => {
        settle(unreachable(url, new Error('closed')));
      });
    });
    request.once('response', (response) => {
      response.on('error', (error) => {
        settle(unreachable(url, error));
      });
      if (response.statusCode === 200) readBody(response, parts.limits.bodyBytes, settle);
      else settle(answerOf(response, NO_BODY));
    });
    request.end();
    if (signal.aborted) stop();
  });
}

function open({ network, trust, limits }: HttpParts, { url, headers, mayBeNear }: HttpRequest) {
  const isTls = url.protocol === 'https:';
  const options: https.RequestOptions & { readonly autoSelectFamilyAttemptTimeout: number } = {
    host: hostOf(url),
    port: portOf(url),
    path: url.pathname + url.search,
    headers,
    agent: false,
    lookup: lookupBy(network, portOf(url), mayBeNear),
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
  const { socket } = response;
  const before = socket.bytesRead;
  const body = new GrowingBuffer();
  const tooLarge = (): void => {
    settle(new ScriptUnavailableError('pac-too-large', `it has more than ${most} bytes`));
  };
  response.on('data', (chunk: Buffer) => {
    body.append(chunk);
    // In chunks of a byte, six bytes travel for each.
    if (body.length > most || socket.bytesRead - before > 2 * most) tooLarge();
  });
  response.once('end', () => {
    settle(answerOf(response, body.bytes()));
  });
}

/** Bytes in one piece: a buffer for each piece that comes would take a hundred times their size. */
class GrowingBuffer {
  length = 0;
  private room = Buffer.allocUnsafe(16 * 1024);

  append(piece: Buffer): void {
    if (this.length + piece.length > this.room.length) {
      const larger = Buffer.allocUnsafe(2 * (this.length + piece.length));
      this.room.copy(larger, 0, 0, this.length);
      this.room = larger;
    }
    piece.copy(this.room, this.length);
    this.length += piece.length;
  }

  bytes(): Buffer {
    return this.room.subarray(0, this.length);
  }
}

function answerOf(response: http.IncomingMessage, body: Buffer): HttpAnswer {
  return { status: response.statusCode ?? 0, headers: response.headers, body };
}

/** Names are looked up as the probe does it, so that what overrides a name overrides it here too. */
function lookupBy(network: Network, port: number, mayBeNear: boolean): LookupFunction {
  return (host, { all }, callback) => {
    void Promise.resolve()
      .then(() => network.lookup(host, port))
      .then((addresses) => {
        const found = addresses.map((address) => ({ address, family: address.includes(':') ? 6 : 4 }));
        const [first] = found;
        if (!mayBeNear && addresses.some(isNear)) throw Object.assign(new Error('near'), { code: NEAR });
        if (first === undefined) throw Object.assign(new Error('no address'), { code: 'ENOTFOUND' });
        if (all === true) callback(null, found);
        else callback(null, first.address, first.family);
      })
      .catch((error: unknown) => {
        callback(error instanceof Error ? error : new Error('look-up failed', { cause: error }), '', 0);
      });
  };
}

/** This machine, its link, or no address at all. */
export function isNear(address: string): boolean {
  return /^(?:127\.|0\.|169\.254\.|::1?$|fe[89ab][0-9a-f]:|::ffff:(?:127\.|0\.|169\.254\.))/i.test(address);
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
