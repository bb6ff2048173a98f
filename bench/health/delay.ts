/** A relay that delays what passes it, as a long line does. */
import { connect, createServer, type Socket } from 'node:net';
import { listenOnLoopback, type LoopbackServer } from '../../test/support/scriptedServer';

/** What the line does to the connections that go over it. */
export interface Delay {
  /** The port of loopback that it leads to. */
  readonly target: number;
  /** In each direction. */
  readonly oneWayMs: number;
}

/**
 * Starts a relay. Loopback opens a connection at once; so that the handshake's round trip counts, what a client says
 * sooner than that after it has connected sets out only then.
 */
export function startDelay({ target, oneWayMs }: Delay): Promise<LoopbackServer> {
  const server = createServer({ allowHalfOpen: true, noDelay: true }, (client) => {
    const opened = performance.now() + 2 * oneWayMs;
    const upstream = connect({ host: '127.0.0.1', port: target, allowHalfOpen: true, noDelay: true });
    passOn(client, upstream, () => Math.max(performance.now(), opened) + oneWayMs);
    passOn(upstream, client, () => performance.now() + oneWayMs);
  });
  return listenOnLoopback(server);
}

/** Passes bytes, end and breaking off on in their order, each when it is due. */
function passOn(from: Socket, to: Socket, dueNow: () => number): void {
  const queue: { readonly due: number; readonly act: () => void }[] = [];
  const next = (): void => {
    const [head] = queue;
    if (head === undefined) return;
    const left = head.due - performance.now();
    if (left > 0) {
      // Timers have whole milliseconds; fourteen legs of one late each would be a round trip's fourth.
      if (left < 1) setImmediate(next);
      else setTimeout(next, Math.floor(left));
      return;
    }
    queue.shift();
    head.act();
    next();
  };
  const later = (act: () => void): void => {
    queue.push({ due: dueNow(), act });
    if (queue.length === 1) next();
  };
  from.on('data', (chunk: Buffer) => {
    later(() => to.write(chunk));
  });
  from.once('end', () => {
    later(() => to.end());
  });
  from.on('error', () => undefined);
  from.once('close', () => {
    later(() => to.destroy());
  });
}
