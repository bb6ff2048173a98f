/** Look-ups of names that are not the product's own: those of a proxy script, and WPAD's. */
import { isIP } from 'node:net';
import { networkInterfaces } from 'node:os';
import { systemCodeOf } from '../../lib/errors';
import { hostName } from '../../wininet/hostName';
import type { Network } from '../probe/network';
import type { NameQuestion } from './sandboxProtocol';
import { within } from '../../lib/waiting';

/** What came of a look-up. `failed`: the system's code, when it is not known whether there is such a name. */
export interface Found {
  readonly addresses: readonly string[];
  readonly failed: string | null;
}

const NO_SUCH_NAME = new Set(['ENOTFOUND', 'ENODATA']);

/** Looks a name up, for `ms` at most. What is no host name has no address. Never rejects. */
export async function lookUp(network: Network, { name, port }: NameQuestion, ms: number): Promise<Found> {
  const host = hostName(name);
  if (host === null) return { addresses: [], failed: null };
  const work = Promise.resolve()
    .then(() => network.lookup(host, port))
    .then((addresses): Found => ({ addresses: addresses.filter((one) => isIP(one) !== 0), failed: null }));
  return within(work, ms, (error) => {
    const code = systemCodeOf(error) ?? 'unknown';
    return { addresses: [], failed: NO_SUCH_NAME.has(code) ? null : code };
  });
}

/** The addresses of this machine's interfaces without loopback, IPv4 first; link-local ones are left out. */
export function interfaceAddresses(): readonly string[] {
  let all: readonly (readonly { readonly address: string; readonly internal: boolean }[] | undefined)[];
  try {
    all = Object.values(networkInterfaces());
  } catch {
    return [];
  }
  const outer = all.flatMap((list) => list ?? []).filter(({ internal }) => !internal);
  const addresses = outer.map(({ address }) => address).filter((one) => !/^(?:169\.254\.|fe80:)/i.test(one));
  return [4, 6].flatMap((family) => addresses.filter((one) => isIP(one) === family));
}
