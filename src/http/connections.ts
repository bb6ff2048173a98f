/** How many connections there are, and which must go when there are too many, or when one takes no answer. */
import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import type { Duplex } from 'node:stream';

/** Bounds of a server's connections. */
export interface ConnectionBounds {
  /** Beyond it, each new one has the one closed that is of least use. */
  readonly most: number;
  /** How long a reader may take none of what waits for it. */
  readonly stalledMs: number;
}

/** What a connection was asked, and the answer to it. */
export interface Exchange {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
}

/** What there is to know of a server's connections. */
export interface Connections {
  /** The last request of a connection, while it is not answered. */
  lastUnderWay(socket: Duplex): Exchange | undefined;
  /** The connections that have asked for nothing yet, which Node does not count among the idle ones. */
  silent(): readonly Socket[];
}

interface Connection {
  readonly socket: Socket;
  /** What is under way. An array and a number, which cost the garbage collector nothing with each request. */
  readonly exchanges: Exchange[];
  hasAsked: boolean;
  /** Where it stands in the order in which connections were opened or fell idle. */
  idleFrom: number;
}

/**
 * Keeps a server, of HTTP or of HTTPS, within bounds. When a connection is too many, the one goes that has had no whole
 * request for longest: idle, or with headers or a body that drip; where all have one, the first whose answer is not taken.
 * Where all are worked on, the new one goes. To be called before the server listens.
 */
export function boundConnections(server: Server, { most, stalledMs }: ConnectionBounds): Connections {
  /** By the peer, since HTTPS has one socket in another. */
  const connections = new Map<string, Connection>();
  let order = 0;
  server.on('connection', (socket: Socket) => {
    const peer = peerOf(socket);
    if (connections.size >= most && !makeRoom(connections)) {
      socket.destroy();
      return;
    }
    connections.set(peer, { socket, exchanges: [], hasAsked: false, idleFrom: (order += 1) });
    socket.once('close', () => {
      if (connections.get(peer)?.socket === socket) connections.delete(peer);
    });
  });
  server.prependListener('request', (request: IncomingMessage, response: ServerResponse) => {
    const connection = connections.get(peerOf(request.socket));
    if (connection === undefined) return;
    const { exchanges } = connection;
    const exchange = { request, response };
    exchanges.push(exchange);
    connection.hasAsked = true;
    response.on('close', () => {
      exchanges.splice(exchanges.indexOf(exchange), 1);
      connection.idleFrom = order += 1;
    });
  });
  closeStalled(server, stalledMs);
  return {
    lastUnderWay: (socket) => connections.get(peerOf(socket))?.exchanges.at(-1),
    silent: () => [...connections.values()].filter(({ hasAsked }) => !hasAsked).map(({ socket }) => socket),
  };
}

/** Closes the connection that is of least use; false when all are of use. */
function makeRoom(connections: Map<string, Connection>): boolean {
  const dispensable: readonly ((connection: Connection) => boolean)[] = [
    // Bodies that drip are no better than idleness, or a new connection would go before those.
    ({ exchanges }) => exchanges.every(({ request }) => !request.complete),
    // An answer that is not taken, all of it there or not yet: a file is streamed.
    ({ exchanges }) => exchanges.some(({ response }) => response.writableEnded || response.writableNeedDrain),
  ];
  for (const isDispensable of dispensable) {
    const found = longestIdle(connections, isDispensable);
    if (found === null) continue;
    connections.delete(peerOf(found.socket));
    found.socket.destroy();
    return true;
  }
  return false;
}

function longestIdle(
  connections: ReadonlyMap<string, Connection>,
  isDispensable: (connection: Connection) => boolean,
): Connection | null {
  let found: Connection | null = null;
  for (const connection of connections.values()) {
    const isFirst = found === null || connection.idleFrom < found.idleFrom;
    if (isFirst && isDispensable(connection)) found = connection;
  }
  return found;
}

/** Node tells of a socket on which nothing has moved; one that waits for our work is left alone. */
function closeStalled(server: Server, stalledMs: number): void {
  server.setTimeout(stalledMs, (socket: Socket & { readonly _httpMessage?: ServerResponse | null }) => {
    const isIdle = (socket._httpMessage ?? null) === null;
    if (isIdle || socket.writableLength > 0) socket.destroy();
  });
}

/** Tells connections apart; over TLS a request has another socket than the connection that it came over. */
function peerOf(socket: Duplex & Partial<Addresses>): string {
  const known = peers.get(socket);
  if (known !== undefined) return known;
  const { localAddress, remoteAddress, remotePort } = socket;
  const peer = `${localAddress ?? ''} ${remoteAddress ?? ''} ${remotePort ?? ''}`;
  peers.set(socket, peer);
  return peer;
}

/** A socket is asked for its addresses once, and not with each request. */
const peers = new WeakMap<Duplex, string>();

type Addresses = Pick<Socket, 'localAddress' | 'remoteAddress' | 'remotePort'>;
