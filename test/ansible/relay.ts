/** A server that stands before an agent, or in its place, and does what no agent does. */
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { listenOnLoopback } from '../support/scriptedServer';

/** A request that came. */
export interface Seen {
  readonly method: string;
  readonly path: string;
  readonly headers: IncomingMessage['headers'];
  readonly body: string;
}

/** Passes a request on to the agent, and its answer back. */
export type PassOn = () => Promise<void>;

type Handle = (seen: Seen, response: ServerResponse, passOn: PassOn) => void | Promise<void>;

/** Starts one before the agent at `url`. */
export async function startRelay(url: string, handle: Handle) {
  const requests: Seen[] = [];
  const server = createServer((request, response) => {
    void bodyOf(request).then(async (body) => {
      const seen = { method: request.method ?? '', path: request.url ?? '', headers: request.headers, body };
      requests.push(seen);
      await handle(seen, response, async () => {
        const { status, headers, text } = await ask(url, seen);
        response.writeHead(status, headers).end(text);
      });
    });
  });
  const listening = await listenOnLoopback(server);
  return { url: `http://127.0.0.1:${listening.port}`, requests, close: () => listening.close() };
}

/** What the agent answers. */
export async function ask(url: string, { method, path, headers, body }: Seen) {
  const passed = ['authorization', 'content-type', 'if-match', 'idempotency-key', 'accept'] as const;
  const response = await fetch(url + path, {
    method,
    headers: Object.fromEntries(passed.flatMap((name) => (headers[name] ? [[name, headers[name]]] : []))),
    ...(body !== '' && { body }),
  });
  const etag = response.headers.get('etag');
  return {
    status: response.status,
    headers: {
      'content-type': response.headers.get('content-type') ?? '',
      ...(etag !== null && { etag }),
    },
    text: await response.text(),
  };
}

async function bodyOf(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks).toString();
}
