import { type Server, type ServerResponse, createServer } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import { randomUUID } from 'node:crypto';
import type { AddressInfo } from 'node:net';
import type { Duplex } from 'node:stream';
import type { Express } from 'express';
import type { Clock } from '../lib/clock';
import type { Logger } from '../lib/logger';
import { type ConnectionBounds, type Connections, type Exchange, boundConnections } from './connections';
import { HttpProblem } from './httpProblem';
import { messagesOf } from './messages';
import { PROBLEM_JSON, toProblem } from './problems';
import { securityHeadersOn } from './securityHeaders';
import { logCertificate, type TlsSettings, tlsOptions } from './tls';
import { keepUpToDate } from './tlsReload';

/** A server that listens. */
export interface RunningServer {
  readonly address: AddressInfo;
  /** Such as `http://127.0.0.1:8484`, or with `https` over TLS; at `localhost` where it listens on every address. */
  readonly url: string;
  /**
   * Takes no new connections, closes those that are idle, lets what is in flight finish, and resolves when all is done;
   * what is not done after {@link STOP_TIMEOUT_MS} is cut off.
   */
  stop(): Promise<void>;
}

/** How long a stop waits for what is in flight: the whole end shall take no more than 10 s. */
const STOP_TIMEOUT_MS = 9_000;

/** docs/configuration.md tells of these. */
const LIMITS = {
  maxHeaderSize: 16 * 1024,
  // From the first byte, or from the connection, to the end of the headers; and of the body.
  headersTimeout: 10_000,
  requestTimeout: 30_000,
  keepAliveTimeout: 5_000,
  connectionsCheckingInterval: 2_000,
  // Node's own refusal has no body: requestId.ts refuses in its place.
  requireHostHeader: false,
};

const CONNECTIONS: ConnectionBounds = { most: 512, stalledMs: 30_000 };

/** Where to listen, and whether with TLS. */
export interface ServerSettings {
  readonly host: string;
  /** 0 lets the system choose. */
  readonly port: number;
  readonly tls?: (TlsSettings & { readonly logger: Logger; readonly clock: Clock }) | null;
  /** Is told what Node's parser has refused, which no other log line tells of. */
  readonly logger?: Logger;
  /** In place of the limits that are built in: a test does not wait for those. */
  readonly limits?: Partial<Omit<typeof LIMITS, 'requireHostHeader'> & ConnectionBounds>;
}

/** Listens. Rejects with the system's error (`EADDRINUSE`, …). */
export async function startServer(
  app: Express,
  { host, port, tls = null, logger, limits }: ServerSettings,
): Promise<RunningServer> {
  const options = { ...LIMITS, ...limits };
  const { server, release } = tls === null ? withoutTls(app, options) : withTls(app, tls, options);
  const connections = boundConnections(server, { ...CONNECTIONS, ...limits });
  server.on('clientError', (error: Error, socket: Duplex) => {
    const last = connections.lastUnderWay(socket);
    if (last !== undefined && isOfWhatFollows(last)) socket.destroy();
    else answerMalformed(error, socket, logger);
  });
  // An expectation that is not 100-continue is ignored, as RFC 9110 (10.1.1) allows; Node's own answer has no body.
  server.on('checkExpectation', app);
  try {
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject);
      server.listen({ host, port }, () => {
        server.off('error', reject);
        resolve();
      });
    });
  } catch (error) {
    release();
    throw error;
  }
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('the server has no TCP address');
  return {
    address,
    url: urlOf(tls === null ? 'http' : 'https', address),
    stop: once(async () => {
      release();
      await stop(server, connections);
    }),
  };
}

/** What follows a request must not get into the answer to it, nor be taken for it. */
function isOfWhatFollows({ request, response }: Exchange): boolean {
  return !response.writableFinished && (request.complete || response.headersSent);
}

interface Opened {
  readonly server: Server;
  /** Lets go of what the server has besides its connections. */
  readonly release: () => void;
}

function withoutTls(app: Express, options: typeof LIMITS): Opened {
  return { server: createServer({ ...options, ...messagesOf(app) }, app), release: () => undefined };
}

function withTls(app: Express, tls: NonNullable<ServerSettings['tls']>, options: typeof LIMITS): Opened {
  const server = createTlsServer({ ...options, ...messagesOf(app), ...tlsOptions(tls) }, app);
  // Before Node's own listener, which would have the failure answered in HTTP.
  server.prependListener('tlsClientError', (_error, socket) => {
    socket.destroy();
  });
  logCertificate('the TLS certificate was read', tls.pair, tls);
  return { server, release: keepUpToDate(server, tls, tls) };
}

function urlOf(scheme: string, { address, family, port }: AddressInfo): string {
  // The address that stands for all is none that can be called.
  const host = address === '0.0.0.0' || address === '::' ? 'localhost' : address;
  return `${scheme}://${family === 'IPv6' && host === address ? `[${address}]` : host}:${port}`;
}

async function stop(server: Server, connections: Connections): Promise<void> {
  const closed = new Promise<void>((resolve) => {
    server.close(() => {
      resolve();
    });
  });
  // A connection falls idle when its last answer is out, and would else be kept for the next request.
  const sweep = setInterval(() => {
    server.closeIdleConnections();
  }, 50);
  server.on('request', (_request, response: ServerResponse) => {
    response.setHeader('Connection', 'close');
  });
  const giveUp = setTimeout(() => {
    server.closeAllConnections();
  }, STOP_TIMEOUT_MS);
  server.closeIdleConnections();
  for (const socket of connections.silent()) socket.destroy();
  await closed;
  clearInterval(sweep);
  clearTimeout(giveUp);
}

function once<T>(action: () => Promise<T>): () => Promise<T> {
  let result: Promise<T> | undefined;
  return () => (result ??= action());
}

/** What Node's parser refuses never reaches Express; it gets its problem document here, and the connection is closed. */
function answerMalformed(
  error: Error & { readonly code?: string },
  socket: Duplex,
  logger: Logger | undefined,
): void {
  if (error.code === 'ECONNRESET' || error.code?.startsWith('ERR_SSL_') || !socket.writable) {
    socket.destroy();
    return;
  }
  const id = randomUUID();
  const { body } = toProblem(problemOf(error.code), id);
  const text = JSON.stringify(body);
  logger?.info('a request was refused before it was read', { requestId: id, code: body.code });
  socket.end(
    [
      `HTTP/1.1 ${body.status} ${body.title}`,
      `Content-Type: ${PROBLEM_JSON}`,
      `Content-Length: ${Buffer.byteLength(text)}`,
      ...securityHeadersOn(socket).map(([name, value]) => `${name}: ${value}`),
      `X-Request-Id: ${id}`,
      'Connection: close',
      '',
      text,
    ].join('\r\n'),
    // A peer that does not close its side must not keep the connection.
    () => socket.destroy(),
  );
}

function problemOf(code: string | undefined): HttpProblem {
  switch (code) {
    case 'HPE_HEADER_OVERFLOW':
      return new HttpProblem('headers-too-large', 'Request line and headers may have 16 KiB together.');
    case 'ERR_HTTP_REQUEST_TIMEOUT':
      return new HttpProblem('request-timeout', 'The request did not arrive in time.');
    default:
      return new HttpProblem('request-malformed', 'The request is not HTTP as RFC 9112 has it.');
  }
}
