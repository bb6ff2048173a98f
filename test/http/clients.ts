import { once } from 'node:events';
import { request as httpRequest } from 'node:http';
import { type Socket, connect } from 'node:net';
import { createApp } from '../../src/http/app';
import { type RunningServer, type ServerSettings, startServer } from '../../src/http/server';
import type { Services } from '../../src/http/services';
import { type Service, openService } from './service';

/** The Host header of a request that is written by hand. */
export const AUTHORITY = 'Host: 127.0.0.1';

/** What came back. */
export interface Answer {
  readonly status: number;
  readonly code: unknown;
  readonly retryAfter: string | undefined;
}

/** A service behind a real server, and clients of all kinds. */
export interface Served {
  readonly service: Service;
  readonly url: string;
  /** The connections of {@link open} that are open. */
  readonly sockets: ReadonlySet<Socket>;
  /** A connection on which `text` is written. */
  readonly open: (text?: string) => Socket;
  /** A request on a connection of its own. */
  readonly ask: (
    path: string,
    options?: { readonly method?: string; readonly token?: string | null },
  ) => Promise<Answer>;
  /** A request of a valid token whose body does not come. */
  readonly drippingBody: () => string;
  close(): Promise<void>;
}

/** Serves, with other limits and services where a test wants them. */
export async function serve(
  limits: ServerSettings['limits'] = {},
  change: (services: Services) => Partial<Services> = () => ({}),
): Promise<Served> {
  const service = await openService();
  const app = createApp({ ...service.services, ...change(service.services) });
  const server: RunningServer = await startServer(app, { host: '127.0.0.1', port: 0, limits });
  const sockets = new Set<Socket>();
  const headers = `${AUTHORITY}\r\nAuthorization: Bearer ${service.token}`;
  return {
    service,
    url: server.url,
    sockets,
    open: (text = '') => {
      const socket = connect(server.address.port, '127.0.0.1');
      sockets.add(socket);
      socket.on('error', () => undefined);
      socket.once('close', () => sockets.delete(socket));
      if (text !== '') socket.write(text);
      return socket;
    },
    ask: (path, { method = 'GET', token = service.token } = {}) => ask(server.url + path, method, token),
    drippingBody: () =>
      `POST /proxy/copy HTTP/1.1\r\n${headers}\r\nContent-Type: application/json\r\nContent-Length: 1000\r\n\r\n{`,
    close: async () => {
      for (const socket of sockets) socket.destroy();
      await server.stop();
      await service.close();
    },
  };
}

function ask(url: string, method: string, token: string | null): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const headers = token === null ? {} : { authorization: `Bearer ${token}` };
    const call = httpRequest(url, { method, headers, agent: false }, (response) => {
      let text = '';
      response.on('data', (chunk: Buffer) => (text += chunk.toString()));
      response.on('end', () => {
        const { code } = JSON.parse(text === '' ? '{}' : text) as { readonly code?: unknown };
        resolve({ status: response.statusCode ?? 0, code, retryAfter: response.headers['retry-after'] });
      });
      response.on('error', reject);
    });
    call.on('error', reject);
    call.end();
  });
}

/** All that comes back until the other side closes, and after how many milliseconds it does. */
export async function untilClosed(socket: Socket): Promise<{ readonly text: string; readonly ms: number }> {
  const started = performance.now();
  let text = '';
  socket.on('data', (chunk: Buffer) => (text += chunk.toString('latin1')));
  await once(socket, 'close');
  return { text, ms: performance.now() - started };
}

/** A gate that the test opens; `arrived` tells how many stand before it. */
export interface Held {
  readonly arrived: () => number;
  readonly release: () => void;
  /** Services whose list of endpoints waits at the gate. */
  readonly endpoints: (services: Services) => Pick<Services, 'endpoints'>;
  readonly wait: () => Promise<void>;
}

/** Makes a gate, closed. */
export function held(): Held {
  let release = (): void => undefined;
  const released = new Promise<void>((resolve) => (release = resolve));
  let arrived = 0;
  const wait = () => {
    arrived += 1;
    return released;
  };
  return {
    arrived: () => arrived,
    release,
    wait,
    endpoints: (services) => ({
      endpoints: async () => {
        await wait();
        return services.endpoints();
      },
    }),
  };
}

/** Waits until it is so. */
export async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await new Promise((resolve) => setTimeout(resolve, 5));
}
