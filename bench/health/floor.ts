/** The round trips that the protocols need, counted, and measured with nothing else done. */
import { once } from 'node:events';
import { connect as connectTcp, type Socket } from 'node:net';
import { connect as connectTls } from 'node:tls';
import { PING_PATH } from '../../src/endpoints/catalogue';

/** How long each hop takes in each direction. */
export const ONE_WAY_MS = 25;

const TIME_LIMIT_MS = 5000;

/** Round trips of each hop until the answer to the ping is there. */
const ROUND_TRIPS: readonly (readonly [step: string, toProxy: number, toEndpoint: number])[] = [
  ['TCP to the proxy', 1, 0],
  ['CONNECT, with the proxy’s own TCP connection', 1, 1],
  ['TLS 1.3', 1, 1],
  ['the ping', 1, 1],
];

/** What one check through a proxy takes at the least, in milliseconds: seven round trips of one hop. */
export const FLOOR_MS =
  2 * ONE_WAY_MS * ROUND_TRIPS.reduce((sum, [, toProxy, toEndpoint]) => sum + toProxy + toEndpoint, 0);

/** What to ping. */
export interface BareCheck {
  /** `address:port`. */
  readonly proxy: string;
  readonly host: string;
  /** PEM. */
  readonly authority: string;
}

/** Does just these exchanges and nothing else; gives the milliseconds that they took. */
export async function bareCheck({ proxy, host, authority }: BareCheck): Promise<number> {
  const [address = '', port = ''] = proxy.split(':');
  const begin = performance.now();
  const tcp = connectTcp({ host: address, port: Number(port), noDelay: true });
  tcp.setTimeout(TIME_LIMIT_MS, () => tcp.destroy(new Error('a bare check took too long')));
  try {
    await once(tcp, 'connect');
    await exchange(tcp, `CONNECT ${host}:443 HTTP/1.1\r\nHost: ${host}:443\r\n\r\n`);
    const tls = connectTls({ socket: tcp, servername: host, ca: authority, minVersion: 'TLSv1.3' });
    await once(tls, 'secureConnect');
    await exchange(tls, `GET ${PING_PATH} HTTP/1.1\r\nHost: ${host}\r\nConnection: close\r\n\r\n`);
    const took = performance.now() - begin;
    tls.destroy();
    return took;
  } finally {
    tcp.destroy();
  }
}

/** Sends a request and waits for a piece of the answer, which must be 200. */
async function exchange(socket: Socket, request: string): Promise<void> {
  socket.write(request);
  const [answer] = (await once(socket, 'data')) as [Buffer];
  socket.pause();
  if (!answer.toString('latin1').startsWith('HTTP/1.1 200')) throw new Error('a bare check was refused');
}
