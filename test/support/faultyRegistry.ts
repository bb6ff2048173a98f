import { DomainError } from '../../src/lib/errors';
import type { Registry } from '../../src/registry/registry';

/** A call that is about to be made on a registry. */
export interface RegistryWrite {
  readonly operation: 'writeValue' | 'deleteValue' | 'createKey';
  readonly key: string;
  /** Which write this is, counted from 1. */
  readonly count: number;
}

/**
 * A real registry in which chosen writes fail as Windows' do: before they have an effect (`denied`), or after
 * (`denied-after`: the write happened and the answer got lost), or silently without one (`lost`). Or they never return, which
 * is what whoever waits for them sees of a process that is killed: before the write (`killed`) or after it (`killed-after`).
 */
export function faultyRegistry(
  registry: Registry,
  fault: (write: RegistryWrite) => 'denied' | 'denied-after' | 'lost' | 'killed' | 'killed-after' | undefined,
): Registry {
  let count = 0;
  const guard = async (operation: RegistryWrite['operation'], key: string, write: () => Promise<void>) => {
    count += 1;
    const kind = fault({ operation, key, count });
    if (kind === 'lost') return;
    if (kind !== 'denied' && kind !== 'killed') await write();
    if (kind === 'killed' || kind === 'killed-after') await new Promise(() => undefined);
    if (kind !== undefined)
      throw new DomainError('forbidden', 'registry-access-denied', 'access denied (5).');
  };
  return {
    driver: registry.driver,
    readValue: (key, name) => registry.readValue(key, name),
    listValues: (key) => registry.listValues(key),
    listSubkeys: (key) => registry.listSubkeys(key),
    writeValue: (key, name, value) => guard('writeValue', key, () => registry.writeValue(key, name, value)),
    deleteValue: (key, name) => guard('deleteValue', key, () => registry.deleteValue(key, name)),
    createKey: (key) => guard('createKey', key, () => registry.createKey(key)),
    close: () => registry.close(),
  };
}
