import { createServer as createHttpServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { createServer as createHttpsServer } from 'node:https';
import type { KeyAndCertificate } from './certificates';
import { listenOnLoopback, type LoopbackServer } from './scriptedServer';

/** What is served at a path: a script's text, or whatever the function does. */
export type Served = string | ((request: IncomingMessage, response: ServerResponse) => void);

/** A web server on loopback that serves proxy scripts, with the requests that it has seen. */
export interface PacServer extends LoopbackServer {
  /** Of a path on this server. */
  url(path: string): string;
  /** Puts something at a path; also while the server runs. */
  serve(path: string, what: Served): void;
  readonly requests: readonly IncomingMessage[];
}

/** Starts the server: with a certificate over TLS. */
export async function startPacServer(certificate?: KeyAndCertificate): Promise<PacServer> {
  const requests: IncomingMessage[] = [];
  const pages = new Map<string, Served>();
  const answer = (request: IncomingMessage, response: ServerResponse): void => {
    requests.push(request);
    const page = pages.get(request.url ?? '');
    if (page === undefined) response.writeHead(404).end('not here');
    else if (typeof page === 'string') response.end(page);
    else page(request, response);
  };
  const server = certificate ? createHttpsServer(certificate, answer) : createHttpServer(answer);
  const listening = await listenOnLoopback(server);
  const scheme = certificate ? 'https' : 'http';
  return {
    ...listening,
    requests,
    url: (path) => `${scheme}://127.0.0.1:${listening.port}${path}`,
    serve: (path, what) => {
      pages.set(path, what);
    },
  };
}
