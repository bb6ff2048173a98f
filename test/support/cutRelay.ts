import { connect, createServer } from 'node:net';
import { listenOnLoopback, type LoopbackServer } from './scriptedServer';

/** What happens to a connection, and when. */
export interface Cut {
  /** Once so much has come from the server; or when the client has spoken for the second time. */
  readonly afterBytes: number | 'second flight';
  readonly then: 'resets' | 'ends' | 'hangs';
}

/** A relay to a port of loopback that passes on what comes from there up to the cut, and then no more. */
export function startCutRelay(port: number, { afterBytes, then }: Cut): Promise<LoopbackServer> {
  const server = createServer((client) => {
    const upstream = connect(port, '127.0.0.1');
    upstream.on('error', () => undefined);
    client.on('close', () => upstream.destroy());
    const cut = (): void => {
      if (then === 'resets') client.resetAndDestroy();
      if (then === 'ends') client.end();
    };
    let flights = 0;
    client.on('data', (chunk) => {
      flights += 1;
      if (afterBytes !== 'second flight' || flights < 2) upstream.write(chunk);
      else cut();
    });
    let left = afterBytes === 'second flight' ? Infinity : afterBytes;
    upstream.on('data', (chunk) => {
      if (left <= 0) return;
      client.write(chunk.subarray(0, left), () => {
        if (left <= 0) cut();
      });
      left -= chunk.length;
    });
  });
  return listenOnLoopback(server);
}
