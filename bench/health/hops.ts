/** The practice network between the service and the endpoints: two forward proxies, and a delaying relay for each hop. */
import { createServer } from 'node:http';
import { connect, type Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { listenOnLoopback, type LoopbackServer } from '../../test/support/scriptedServer';
import { serveParent } from './child';
import { startDelay } from './delay';

/** Where the tunnels end, and how long each hop takes. */
export interface HopsSettings {
  readonly endpointPort: number;
  readonly oneWayMs: number;
}

/** The proxies as a client reaches them. */
export interface HopsReport {
  /** Ports of the relays before the two proxies. */
  readonly proxies: readonly number[];
  /** Tunnels that were ever asked for. */
  readonly tunnels: number;
  /** Connections to the proxies and endpoints that are open now. */
  readonly open: number;
}

serveParent(async (settings) => {
  const { endpointPort, oneWayMs } = settings as HopsSettings;
  const behind = await startDelay({ target: endpointPort, oneWayMs });
  const proxies = await Promise.all([0, 1].map(() => startProxy(behind.port, oneWayMs)));
  const before = await Promise.all(proxies.map(({ port }) => startDelay({ target: port, oneWayMs })));
  const report = (): HopsReport => ({
    proxies: before.map(({ port }) => port),
    tunnels: sum(proxies, (proxy) => proxy.accepted()),
    open: sum([behind, ...proxies, ...before], (server) => server.open()),
  });
  return report;
});

/**
 * A forward proxy that leads every name to one port. Loopback connects at once: it waits for the round trip that its
 * connection to the endpoint would take before it says that there is a tunnel.
 */
function startProxy(upstreamPort: number, oneWayMs: number): Promise<LoopbackServer> {
  const server = createServer((_request, response) => response.writeHead(405).end());
  server.on('connect', (_request, client: Duplex, head: Buffer) => {
    const upstream = connect({ host: '127.0.0.1', port: upstreamPort, noDelay: true });
    end(upstream, client);
    setTimeout(() => {
      client.write('HTTP/1.1 200 Connection established\r\n\r\n');
      upstream.write(head);
      upstream.pipe(client).pipe(upstream);
    }, 2 * oneWayMs);
  });
  return listenOnLoopback(server);
}

/** Either side ends with the other. */
function end(upstream: Socket, client: Duplex): void {
  for (const [one, other] of [
    [upstream, client],
    [client, upstream],
  ] as const) {
    one.on('error', () => undefined);
    one.once('close', () => other.destroy());
  }
}

function sum(servers: readonly LoopbackServer[], count: (server: LoopbackServer) => number): number {
  return servers.reduce((total, server) => total + count(server), 0);
}
