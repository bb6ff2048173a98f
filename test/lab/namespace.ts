/** A network namespace of the lab's: a small network with its own DNS, of which this machine sees nothing. */
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { binary, run } from './processes';

/** Names and routes of the namespace. */
export interface NamespaceOptions {
  /** `/etc/resolv.conf`, as programs in the namespace see it. */
  readonly resolvConf: string;
  /** Its own addresses, on loopback. */
  readonly addresses: readonly string[];
  /** A net in which nobody answers: packets leave, and nothing comes back. */
  readonly silentNet: { readonly own: string; readonly silent: string };
  /** Further commands for `ip`. */
  readonly routes: readonly string[];
}

/** A namespace that was made. */
export interface Namespace {
  readonly name: string;
  readonly remove: () => Promise<void>;
}

let made = 0;

/** Makes a namespace. Needs root, and says so. */
export async function createNamespace(options: NamespaceOptions): Promise<Namespace> {
  const ip = binary('/usr/sbin/ip', 'iproute2');
  if (process.getuid?.() !== 0) {
    throw new Error('the lab makes network namespaces, which only root may: run it as root');
  }
  made += 1;
  const name = `sensorproxy-lab-${process.pid}-${made}`;
  // `ip netns exec` puts the files of this folder over those of /etc.
  const etc = `/etc/netns/${name}`;
  const remove = async (): Promise<void> => {
    rmSync(etc, { recursive: true, force: true });
    await run(ip, ['netns', 'delete', name]);
  };
  await run(ip, ['netns', 'add', name]);
  try {
    mkdirSync(etc, { recursive: true });
    writeFileSync(`${etc}/resolv.conf`, options.resolvConf);
    for (const command of commands(options)) await run(ip, ['-n', name, ...command.split(' ')]);
  } catch (error) {
    await remove();
    throw error;
  }
  return { name, remove };
}

function commands({ addresses, silentNet: { own, silent }, routes }: NamespaceOptions): readonly string[] {
  return [
    'link set lo up',
    ...addresses.map((address) => `address add ${address}/32 dev lo`),
    // Both ends are here. What is sent to the neighbour, whose address is made up, is dropped at the other end.
    'link add inner type veth peer name outer',
    `address add ${own}/24 dev inner`,
    'link set inner up',
    'link set outer up',
    `neighbour add ${silent} lladdr 02:00:00:00:00:02 dev inner nud permanent`,
    ...routes,
  ];
}
