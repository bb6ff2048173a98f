/**
 * HTTP to one service. Redirects are not followed, since the token would go with them; proxies of the environment are not
 * used; an answer has bounds of size and time.
 */
import { Agent as HttpAgent, request as httpRequest, type IncomingMessage } from 'node:http';
import { Agent as HttpsAgent, request as httpsRequest } from 'node:https';
import type { PeerCertificate } from 'node:tls';
import { messageOf } from '../../lib/errors';
import { type ClientFailure, unreachable } from './failure';
import { parseJson } from './json';
import type { Shape } from './shape';
import { connectionFailure } from './connectionFailure';
import { refusal } from './refusal';
import type { Target, Trust } from './target';

/** What is asked. */
export interface ClientRequest {
  readonly method?: 'GET' | 'POST';
  /** Of the service, such as `/proxy/contexts`; what was typed in it is encoded. */
  readonly path: string;
  /** What is undefined is left out; of a list, each is sent. */
  readonly query?: Readonly<Record<string, string | number | readonly string[] | undefined>>;
  /** Sent as JSON. */
  readonly body?: object;
  /** The only media type that will do; JSON unless stated. */
  readonly accept?: string;
  /** A name of the request, by which it can be asked again. */
  readonly idempotencyKey?: string;
}

export const MAX_BYTES = 64 * 1024 * 1024;
/** Of an answer that is no success. */
const MAX_PROBLEM_BYTES = 1024 * 1024;
const CONNECT_MS = 10_000;
const JSON_TYPE = 'application/json';

/** Asks a service. What goes wrong is a `ClientFailure`. */
export class HttpClient {
  constructor(
    private readonly target: Target,
    private readonly maxBytes = MAX_BYTES,
  ) {}

  /** An answer of JSON that has what is read of it. */
  async json<T>(request: ClientRequest, shape: Shape<T>): Promise<T> {
    return this.checked(this.parse(await this.text(request)), shape);
  }

  /** An answer of text. */
  async text(request: ClientRequest): Promise<string> {
    return (await this.bytes(request)).toString('utf8');
  }

  async bytes(request: ClientRequest): Promise<Buffer> {
    const chunks: Buffer[] = [];
    await this.exchange(request, (chunk) => chunks.push(chunk));
    return Buffer.concat(chunks);
  }

  /** An answer of JSON values, one a line, each taken as it comes. */
  async lines(request: ClientRequest, take: (value: unknown) => void): Promise<void> {
    let rest = '';
    const decoder = new TextDecoder();
    await this.exchange(request, (chunk) => {
      const [first = '', ...others] = decoder.decode(chunk, { stream: true }).split('\n');
      rest += first;
      for (const next of others) {
        take(this.parse(rest));
        rest = next;
      }
    });
    if (rest !== '') throw unreachable(`The answer of ${this.name} broke off.`);
  }

  /** A value that came, which is only read as a `T` if it has that shape. */
  checked<T>(value: unknown, shape: Shape<T>): T {
    const fault = shape.fault(value, 'answer');
    if (fault === null) return value as T;
    throw this.notTheService(`the answer has not the form that this program knows (${fault})`);
  }

  /** What the service is called in messages. */
  get name(): string {
    return this.target.url.href.replace(/\/$/, '');
  }

  /** The failure that says that what answers cannot be the service. */
  notTheService(why: string): ClientFailure {
    return unreachable(
      `What answers at ${this.name} is not sensorproxy, or another version of it: ${why}. Check --url.`,
    );
  }

  private parse(text: string): unknown {
    try {
      return parseJson(text);
    } catch (error) {
      throw this.notTheService(`the answer ${messageOf(error)}`);
    }
  }

  private async exchange(request: ClientRequest, take: (chunk: Buffer) => void): Promise<void> {
    const { accept = JSON_TYPE } = request;
    const call = this.open(request);
    try {
      const response = await call.response;
      const status = response.statusCode ?? 0;
      if (status >= 200 && status < 300) {
        if (mediaType(response) !== accept) throw this.notTheService(`the answer is not ${accept}`);
        await this.read(response, take, this.maxBytes);
        return;
      }
      throw await this.failureOf(response, status);
    } catch (error) {
      throw call.failure(error);
    } finally {
      call.close();
    }
  }

  /** What an answer says that is no success. */
  private async failureOf(response: IncomingMessage, status: number): Promise<ClientFailure> {
    if (status >= 300 && status < 400) {
      const where = response.headers.location ?? 'elsewhere';
      return unreachable(
        `${this.name} answers with a redirect (to ${where.slice(0, 200)}), which is not followed: the token would go with it. Give the service’s own --url.`,
      );
    }
    const chunks: Buffer[] = [];
    await this.read(response, (chunk) => chunks.push(chunk), Math.min(this.maxBytes, MAX_PROBLEM_BYTES));
    const isProblem = mediaType(response) === 'application/problem+json';
    const failure = isProblem ? refusal(Buffer.concat(chunks).toString('utf8'), this.name) : undefined;
    return failure ?? this.notTheService(`status ${status}, without a problem document`);
  }

  private async read(
    response: IncomingMessage,
    take: (chunk: Buffer) => void,
    maxBytes: number,
  ): Promise<void> {
    let size = 0;
    for await (const chunk of response as AsyncIterable<Buffer>) {
      size += chunk.length;
      if (size > maxBytes) {
        throw unreachable(
          `The answer of ${this.name} has more than ${maxBytes} bytes, and was not read further.`,
        );
      }
      take(chunk);
    }
  }

  /** Sends the request. `failure` tells what an error of it means, with what is known of the connection by then. */
  private open(request: ClientRequest) {
    const { url, token, tls, timeoutMs } = this.target;
    const { method = 'GET', body, accept = JSON_TYPE, idempotencyKey } = request;
    const text = body === undefined ? undefined : JSON.stringify(body);
    const state = { connected: false, timedOut: false };
    const options = {
      method,
      path: url.pathname.replace(/\/$/, '') + request.path + queryOf(request.query),
      headers: {
        Accept: accept,
        Authorization: `Bearer ${token}`,
        'User-Agent': 'sensorproxy',
        ...(text === undefined
          ? {}
          : { 'Content-Type': JSON_TYPE, 'Content-Length': Buffer.byteLength(text) }),
        ...(idempotencyKey === undefined ? {} : { 'Idempotency-Key': `"${idempotencyKey}"` }),
      },
    };
    // An agent of its own: the global one may be set to use a proxy of the environment.
    const call =
      url.protocol === 'https:'
        ? httpsRequest(url, { ...options, ...tlsOptions(tls), agent: new HttpsAgent() })
        : httpRequest(url, { ...options, agent: new HttpAgent() });
    const giveUp = (): void => {
      state.timedOut = true;
      call.destroy(new Error('timed out'));
    };
    const whole = setTimeout(giveUp, timeoutMs);
    const connecting = setTimeout(giveUp, Math.min(timeoutMs, CONNECT_MS));
    call.once('socket', (socket) => {
      socket.once(url.protocol === 'https:' ? 'secureConnect' : 'connect', () => {
        state.connected = true;
        clearTimeout(connecting);
      });
    });
    const response = new Promise<IncomingMessage>((resolve, reject) => {
      call.once('response', resolve);
      // It stays: an error after the answer has begun is the answer's too.
      call.on('error', reject);
    });
    call.end(text);
    return {
      response,
      failure: (error: unknown): unknown =>
        connectionFailure(error, { ...state, ...request, name: this.name, url }),
      close: () => {
        clearTimeout(whole);
        clearTimeout(connecting);
        call.destroy();
      },
    };
  }
}

function tlsOptions({ ca, pinned }: Trust) {
  // Stated, since the environment (NODE_TLS_REJECT_UNAUTHORIZED) could switch it off.
  const checked = { ca, rejectUnauthorized: true };
  if (pinned === undefined) return checked;
  return {
    ...checked,
    // What is trusted is the certificate itself, not the authority above it.
    allowPartialTrustChain: true,
    checkServerIdentity: (_host: string, shown: PeerCertificate) =>
      shown.fingerprint256 === pinned ? undefined : new PinMismatch(),
  };
}

/** The service shows another certificate than the file that it reads its own from. */
class PinMismatch extends Error {
  readonly code = 'PIN_MISMATCH';
}

function mediaType({ headers }: IncomingMessage): string {
  return (headers['content-type'] ?? '').replace(/;.*$/s, '').trim().toLowerCase();
}

function queryOf(query: ClientRequest['query'] = {}): string {
  const pairs = Object.entries(query).flatMap(([name, value]) =>
    value === undefined ? [] : [value].flat().map((one): [string, string] => [name, String(one)]),
  );
  return pairs.length === 0 ? '' : `?${new URLSearchParams(pairs).toString()}`;
}
