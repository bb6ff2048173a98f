/** How many connections there are, and which must go when there are too many, or when one takes no answer. */
import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';

/** Bounds of a server's connections. */
export interface ConnectionBounds {
  /** Beyond it, each new one has the one closed that is of least use. */
  readonly most: number;
  /** How long a reader may take none of what waits for it. */
  readonly stalledMs: number;
}

/** A connection, and what it is asked under way. */
interface Connection {
  readonly socket: Socket;
  readonly exchanges: Set<{ readonly request: IncomingMessage; readonly response: ServerResponse }>;
}

/**
 * Keeps a server, of HTTP or of HTTPS, within bounds. When a connection is too many, the one goes that has had no whole
 * request for longest: idle, or with headers or a body that drip; where all have one, the first whose answer is not taken.
 * Where all are worked on, the new one goes. To be called before the server listens.
 */
export function boundConnections(server: Server, { most, stalledMs }: ConnectionBounds): void {
  /** In the order in which they fell idle. By the peer, since HTTPS has one socket in another. */
  const connections = new Map<string, Connection>();
  server.on('connection', (socket: Socket) => {
    const peer = peerOf(socket);
    if (connections.size >= most && !makeRoom(connections)) {
      socket.destroy();
      return;
    }
    connections.set(peer, { socket, exchanges: new Set() });
    socket.once('close', () => {
      if (connections.get(peer)?.socket === socket) connections.delete(peer);
    });
  });
  server.on('request', (request, response) => {
    const peer = peerOf(request.socket);
    const connection = connections.get(peer);
    if (connection === undefined) return;
    const exchange = { request, response };
    connection.exchanges.add(exchange);
    response.on('close', () => {
      connection.exchanges.delete(exchange);
      // It is idle since now: to the end of the order.
      if (connections.get(peer) === connection) {
        connections.delete(peer);
        connections.set(peer, connection);
      }
    });
  });
  closeStalled(server, stalledMs);
}

/** Closes the connection that is of least use; false when all are of use. */
function makeRoom(connections: Map<string, Connection>): boolean {
  const dispensable: readonly ((connection: Connection) => boolean)[] = [
    // Bodies that drip are no better than idleness, or a new connection would go before those.
    ({ exchanges }) => [...exchanges].every(({ request }) => !request.complete),
    // An answer that is not taken, all of it there or not yet: a file is streamed.
    ({ exchanges }) =>
      [...exchanges].some(({ response }) => response.writableEnded || response.writableNeedDrain),
  ];
  for (const isDispensable of dispensable) {
    for (const [peer, connection] of connections) {
      if (!isDispensable(connection)) continue;
      connections.delete(peer);
      connection.socket.destroy();
      return true;
    }
  }
  return false;
}

/** Node tells of a socket on which nothing has moved; one that waits for our work is left alone. */
function closeStalled(server: Server, stalledMs: number): void {
  server.setTimeout(stalledMs, (socket: Socket & { readonly _httpMessage?: ServerResponse | null }) => {
    const isIdle = (socket._httpMessage ?? null) === null;
    if (isIdle || socket.writableLength > 0) socket.destroy();
  });
}

/** Tells connections apart; over TLS a request has another socket than the connection that it came over. */
export function peerOf(socket: Socket): string {
  const known = peers.get(socket);
  if (known !== undefined) return known;
  const { localAddress, remoteAddress, remotePort } = socket;
  const peer = `${localAddress ?? ''} ${remoteAddress ?? ''} ${remotePort ?? ''}`;
  peers.set(socket, peer);
  return peer;
}

/** A socket is asked for its addresses once, and not with each request. */
const peers = new WeakMap<Socket, string>();
