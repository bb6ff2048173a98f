import type { ProxyService } from '../../src/proxy/proxyService';
import type { Registry } from '../../src/registry/registry';
import { type RegistryWrite, faultyRegistry } from './faultyRegistry';
import type { Practice } from './practice';

export type Kill = 'killed' | 'killed-after';

/** A registry whose `nth` write never returns, and what tells when it has come to that. */
export function killedAt(nth: number, kill: Kill) {
  let reached: () => void = () => undefined;
  const dead = new Promise<void>((resolve) => (reached = resolve));
  const fault = ({ count }: RegistryWrite) => {
    if (count !== nth) return undefined;
    reached();
    return kill;
  };
  return { wrap: (registry: Registry) => faultyRegistry(registry, fault), dead };
}

/** Makes a change in a process of its own that is killed at the `nth` write. */
export async function interrupt(
  practice: Practice,
  change: (proxy: ProxyService) => Promise<unknown>,
  nth: number,
  kill: Kill,
): Promise<void> {
  const { wrap, dead } = killedAt(nth, kill);
  const proxy = await practice.reopen({ wrap });
  void change(proxy);
  await dead;
  // Writes are taken one at a time: once this one is done, so is the last of the killed process.
  await practice.registry.deleteValue('HKEY_USERS\\S-1-5-18', 'nothing');
}
