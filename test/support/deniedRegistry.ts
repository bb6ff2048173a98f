import { DomainError } from '../../src/lib/errors';
import type { Registry } from '../../src/registry/registry';

/** A real registry that refuses to read the keys whose path matches. */
export function deniedRegistry(registry: Registry, denied: RegExp): Registry {
  const guard = <T>(key: string, read: () => Promise<T>): Promise<T> =>
    denied.test(key)
      ? Promise.reject(new DomainError('forbidden', 'registry-access-denied', 'access denied (5).'))
      : read();
  return {
    driver: registry.driver,
    readValue: (key, name) => guard(key, () => registry.readValue(key, name)),
    listValues: (key) => guard(key, () => registry.listValues(key)),
    listSubkeys: (key) => guard(key, () => registry.listSubkeys(key)),
    writeValue: (key, name, value) => registry.writeValue(key, name, value),
    deleteValue: (key, name) => registry.deleteValue(key, name),
    createKey: (key) => registry.createKey(key),
    close: () => registry.close(),
  };
}
