import { lookup } from 'node:dns/promises';
import { connect, type Socket } from 'node:net';
import type { ResolveOverride } from '../resolveOverrides';

/** What the probe needs of the network: names and TCP. A test can put another in its place. */
export interface Network {
  /** The addresses of a host, best first. `port` matters to overrides alone. Rejects with the system's error. */
  lookup(host: string, port: number): Promise<readonly string[]>;
  /** A socket that is being connected to an address. */
  connect(address: string, port: number): Socket;
}

/** Look-ups under way, by name. */
const lookups = new Map<string, Promise<readonly string[]>>();

/** The operating system's resolver and sockets. */
export const systemNetwork: Network = {
  lookup: (host) => {
    // A look-up cannot be cancelled and holds a thread, for ten seconds and more when the DNS stays silent: whoever asks for
    // the same name meanwhile waits for the same answer.
    const underWay = lookups.get(host);
    if (underWay !== undefined) return underWay;
    const looking = lookup(host, { all: true })
      .then((found) => found.map(({ address }) => address))
      .finally(() => lookups.delete(host));
    lookups.set(host, looking);
    return looking;
  },
  connect: (address, port) => connect({ host: address, port, noDelay: true }),
};

/** A network that answers from the overrides first, as curl's `--resolve` does. */
export function withOverrides(network: Network, overrides: readonly ResolveOverride[]): Network {
  if (overrides.length === 0) return network;
  return {
    lookup: (host, port) => {
      const listed = overrides.filter(
        (override) => override.port === port && override.host === host.toLowerCase().replace(/\.$/, ''),
      );
      if (listed.length > 0) return Promise.resolve(listed.map(({ address }) => address));
      return network.lookup(host, port);
    },
    connect: (address, port) => network.connect(address, port),
  };
}
