import { type Server, type ServerResponse, createServer } from 'node:http';
import { randomUUID } from 'node:crypto';
import type { AddressInfo } from 'node:net';
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

/** How long a stop waits for what is in flight. */
export const STOP_TIMEOUT_MS = 10_000;

const LIMITS = {
  maxHeaderSize: 16 * 1024,
  headersTimeout: 10_000,
  requestTimeout: 30_000,
  keepAliveTimeout: 5_000,
  connectionsCheckingInterval: 2_000,
};

/** Listens. Rejects with the system's error (`EADDRINUSE`, …). Port 0 lets the system choose. */
export async function startServer(
  app: Express,
  { host, port }: { readonly host: string; readonly port: number },
): Promise<RunningServer> {
  const server = createServer(LIMITS, app);
  server.on('clientError', answerMalformed);
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen({ host, port }, () => {
      server.off('error', reject);
      resolve();
    });
  });
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('the server has no TCP address');
  return { address, url: urlOf(address), stop: once(() => stop(server)) };
}

function urlOf({ address, family, port }: AddressInfo): string {
  return `http://${family === 'IPv6' ? `[${address}]` : address}:${port}`;
}

async function stop(server: Server): Promise<void> {
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
  const { body } = toProblem(problemOf(error.code), randomUUID());
  const text = JSON.stringify(body);
  socket.end(
    [
      `HTTP/1.1 ${body.status} ${body.title}`,
      `Content-Type: ${PROBLEM_JSON}`,
      `Content-Length: ${Buffer.byteLength(text)}`,
      'Cache-Control: no-store',
      'Connection: close',
      '',
      text,
    ].join('\r\n'),
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
