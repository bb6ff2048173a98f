import { connect, createServer, type Socket } from 'node:net';
import { listenOnLoopback, type LoopbackServer } from './scriptedServer';

/** Starts a SOCKS proxy of version 4 on loopback that leads every request to one port of this machine. */
export async function startSocksProxy(leadsTo: number): Promise<LoopbackServer> {
  const upstreams = new Set<Socket>();
  const server = createServer((client) => {
    client.on('error', () => undefined);
    client.once('data', (request: Buffer) => {
      if (request[0] !== 4 || request[1] !== 1) {
        client.destroy();
        return;
      }
      const upstream = connect(leadsTo, '127.0.0.1');
      upstreams.add(upstream);
      upstream.on('error', () => client.destroy());
      upstream.once('close', () => client.destroy());
      client.once('close', () => upstream.destroy());
      upstream.once('connect', () => {
        client.write(Buffer.from([0, 90, 0, 0, 0, 0, 0, 0]));
        upstream.pipe(client).pipe(upstream);
      });
    });
  });
  const listening = await listenOnLoopback(server);
  return {
    ...listening,
    close: async () => {
      for (const upstream of upstreams) upstream.destroy();
      await listening.close();
    },
  };
}
