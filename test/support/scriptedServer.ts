import { type AddressInfo, createServer, type Server, type Socket } from 'node:net';

/** A server on loopback that a test can end, with all its connections. */
export interface LoopbackServer {
  readonly port: number;
  /** Connections that are open now. */
  open(): number;
  /** Connections that were ever made. */
  accepted(): number;
  /** Ends all connections and the server. */
  close(): Promise<void>;
}

/** Listens on a free port of 127.0.0.1 and keeps count of the connections. */
export async function listenOnLoopback(server: Server): Promise<LoopbackServer> {
  const sockets = new Set<Socket>();
  let accepted = 0;
  server.on('connection', (socket) => {
    accepted += 1;
    sockets.add(socket);
    socket.on('error', () => undefined);
    socket.once('close', () => sockets.delete(socket));
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(0, '127.0.0.1', resolve);
  });
  return {
    port: (server.address() as AddressInfo).port,
    open: () => sockets.size,
    accepted: () => accepted,
    close: () =>
      new Promise((resolve) => {
        server.close(() => {
          resolve();
        });
        for (const socket of sockets) socket.destroy();
      }),
  };
}

/** What to do with a connection: say something once the other side has spoken, hang, or close. */
export type Script =
  | { readonly says: string | Buffer; readonly thenCloses?: boolean }
  | { readonly hangs: true }
  | { readonly closes: 'at once' | 'when spoken to' };

/** A TCP server that does as the script says, whatever it is told. */
export function startScriptedServer(script: Script): Promise<LoopbackServer> {
  const server = createServer((socket) => {
    socket.on('data', () => undefined);
    if ('hangs' in script) return;
    if ('closes' in script) {
      if (script.closes === 'at once') socket.destroy();
      else socket.once('data', () => socket.destroy());
      return;
    }
    socket.once('data', () => {
      socket.write(script.says);
      if (script.thenCloses) socket.end();
    });
  });
  return listenOnLoopback(server);
}

/** A port of 127.0.0.1 on which nothing listens (any more). */
export async function closedPort(): Promise<number> {
  const server = await startScriptedServer({ hangs: true });
  await server.close();
  return server.port;
}
