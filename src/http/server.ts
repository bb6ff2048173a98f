import { type IncomingMessage, type Server, type ServerResponse, createServer } from 'node:http';
import { randomUUID } from 'node:crypto';
import type { AddressInfo, Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import type { Express } from 'express';
import { HttpProblem } from './httpProblem';
import { PROBLEM_JSON, toProblem } from './problems';

/** A server that listens. */
export interface RunningServer {
  readonly address: AddressInfo;
  /** Such as `http://127.0.0.1:8484`. */
  readonly url: string;
  /**
   * Takes no new connections, closes those that are idle, lets what is in flight finish, and resolves when all is done;
   * what is not done after {@link STOP_TIMEOUT_MS} is cut off.
   */
  stop(): Promise<void>;
}

/** How long a stop waits for what is in flight: the whole end shall take no more than 10 s. */
const STOP_TIMEOUT_MS = 9_000;

const LIMITS = {
  maxHeaderSize: 16 * 1024,
  headersTimeout: 10_000,
  requestTimeout: 30_000,
  keepAliveTimeout: 5_000,
  connectionsCheckingInterval: 2_000,
  // Node's own refusal has no body: requestId.ts refuses in its place.
  requireHostHeader: false,
};

/** Listens. Rejects with the system's error (`EADDRINUSE`, …). Port 0 lets the system choose. */
export async function startServer(
  app: Express,
  { host, port }: { readonly host: string; readonly port: number },
): Promise<RunningServer> {
  const server = createServer(LIMITS, app);
  const begun = new WeakMap<Duplex, ServerResponse>();
  server.prependListener('request', (request: IncomingMessage, response: ServerResponse) => {
    begun.set(request.socket, response);
  });
  server.on('clientError', (error: Error, socket: Duplex) => {
    const response = begun.get(socket);
    // What follows a request must not get into the answer to it.
    if (response?.headersSent === true && !response.writableFinished) socket.destroy();
    else answerMalformed(error, socket);
  });
  // An expectation that is not 100-continue is ignored, as RFC 9110 (10.1.1) allows; Node's own answer has no body.
  server.on('checkExpectation', app);
  const silent = silentConnections(server);
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen({ host, port }, () => {
      server.off('error', reject);
      resolve();
    });
  });
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('the server has no TCP address');
  return { address, url: urlOf(address), stop: once(() => stop(server, silent)) };
}

function urlOf({ address, family, port }: AddressInfo): string {
  return `http://${family === 'IPv6' ? `[${address}]` : address}:${port}`;
}

/** Connections that have asked for nothing yet, which Node does not count among the idle ones. */
function silentConnections(server: Server): ReadonlySet<Socket> {
  const silent = new Set<Socket>();
  server.on('connection', (socket: Socket) => {
    silent.add(socket);
    socket.once('close', () => silent.delete(socket));
  });
  server.on('request', (request: IncomingMessage) => silent.delete(request.socket));
  return silent;
}

async function stop(server: Server, silent: ReadonlySet<Socket>): Promise<void> {
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
  for (const socket of silent) socket.destroy();
  await closed;
  clearInterval(sweep);
  clearTimeout(giveUp);
}

function once<T>(action: () => Promise<T>): () => Promise<T> {
  let result: Promise<T> | undefined;
  return () => (result ??= action());
}

/** What Node's parser refuses never reaches Express; it gets its problem document here, and the connection is closed. */
function answerMalformed(error: Error & { readonly code?: string }, socket: Duplex): void {
  if (error.code === 'ECONNRESET' || !socket.writable) {
    socket.destroy();
    return;
  }
  const id = randomUUID();
  const { body } = toProblem(problemOf(error.code), id);
  const text = JSON.stringify(body);
  socket.end(
    [
      `HTTP/1.1 ${body.status} ${body.title}`,
      `Content-Type: ${PROBLEM_JSON}`,
      `Content-Length: ${Buffer.byteLength(text)}`,
      'Cache-Control: no-store',
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
