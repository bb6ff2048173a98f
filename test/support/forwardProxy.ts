import { createServer } from 'node:http';
import { connect, type Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { listenOnLoopback, type LoopbackServer } from './scriptedServer';

export interface ForwardProxyOptions {
  /** Where `host:port` really is: `address:port`. What is not listed gets 502. */
  readonly map: Readonly<Record<string, string>>;
  /** `user:password` that Basic authentication asks for. */
  readonly basicAuth?: string;
  /** Answers every CONNECT with 403. */
  readonly deny?: boolean;
}

/** A forward proxy on loopback. */
export interface ForwardProxy extends LoopbackServer {
  /** The `host:port` of each CONNECT that came, in order. */
  readonly connects: readonly string[];
}

/** Starts a small, well-behaved forward proxy that opens tunnels (CONNECT) and nothing else. */
export async function startForwardProxy(options: ForwardProxyOptions): Promise<ForwardProxy> {
  const connects: string[] = [];
  const upstreams = new Set<Socket>();
  const server = createServer((_request, response) => {
    response.writeHead(405, { Allow: 'CONNECT', Connection: 'close' }).end();
  });
  server.on('connect', (request, client: Duplex, head: Buffer) => {
    const authority = request.url ?? '';
    connects.push(authority);
    client.on('error', () => undefined);
    const refusal = refuse(options, authority, request.headers['proxy-authorization']);
    if (refusal !== null) {
      client.end(`HTTP/1.1 ${refusal}\r\nContent-Length: 0\r\nConnection: close\r\n\r\n`);
      return;
    }
    const [host = '', port = ''] = (options.map[authority] ?? '').split(':');
    const upstream = connect(Number(port), host);
    upstreams.add(upstream);
    upstream.once('close', () => {
      upstreams.delete(upstream);
      client.destroy();
    });
    client.once('close', () => upstream.destroy());
    upstream.on('error', () => {
      client.end('HTTP/1.1 503 Service Unavailable\r\nContent-Length: 0\r\n\r\n');
    });
    upstream.once('connect', () => {
      client.write('HTTP/1.1 200 Connection established\r\n\r\n');
      upstream.write(head);
      upstream.pipe(client).pipe(upstream);
    });
  });
  const listening = await listenOnLoopback(server);
  return {
    ...listening,
    connects,
    close: async () => {
      for (const upstream of upstreams) upstream.destroy();
      await listening.close();
    },
  };
}

function refuse({ map, basicAuth, deny }: ForwardProxyOptions, authority: string, given: string | undefined) {
  if (deny) return '403 Forbidden';
  const expected = basicAuth && `Basic ${Buffer.from(basicAuth).toString('base64')}`;
  if (expected && given !== expected) {
    return '407 Proxy Authentication Required\r\nProxy-Authenticate: Basic realm="proxy, of the tests"';
  }
  return map[authority] === undefined ? '502 Bad Gateway' : null;
}
