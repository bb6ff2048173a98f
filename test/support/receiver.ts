import { type IncomingHttpHeaders, type ServerResponse, createServer } from 'node:http';
import { type LoopbackServer, listenOnLoopback } from './scriptedServer';

/** A request that a receiver has got. */
export interface Received {
  readonly method: string;
  /** Path and query. */
  readonly path: string;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
}

/** What a receiver answers. */
export interface ReceiverAnswer {
  readonly status: number;
  readonly headers?: Readonly<Record<string, string>>;
  /** Sent as JSON; text as it is. */
  readonly body?: object | string;
}

/** A receiver of webhooks on loopback. */
export interface Receiver extends LoopbackServer {
  readonly url: string;
  readonly received: Received[];
}

/** Answers each request as `answer` says; null: `answer` has seen to it itself. */
export async function startReceiver(
  answer: (request: Received, response: ServerResponse) => ReceiverAnswer | null,
): Promise<Receiver> {
  const received: Received[] = [];
  const server = createServer((request, response) => {
    let body = '';
    request.on('data', (chunk: Buffer) => (body += chunk.toString('utf8')));
    request.on('end', () => {
      const { method = '', url = '', headers } = request;
      const one = { method, path: url, headers, body };
      received.push(one);
      const said = answer(one, response);
      if (said === null) return;
      const isText = typeof said.body === 'string';
      response.writeHead(said.status, {
        ...(said.body === undefined ? {} : { 'content-type': isText ? 'text/plain' : 'application/json' }),
        ...said.headers,
      });
      response.end(isText ? said.body : said.body && JSON.stringify(said.body));
    });
  });
  const listening = await listenOnLoopback(server);
  return { ...listening, url: `http://127.0.0.1:${listening.port}`, received };
}

/** Waits until it is so, for ten seconds at most. */
export async function eventually(condition: () => boolean, what = 'what was waited for'): Promise<void> {
  const until = performance.now() + 10_000;
  while (!condition()) {
    if (performance.now() > until) throw new Error(`${what} did not come`);
    await new Promise((resolve) => setTimeout(resolve, 2));
  }
}
