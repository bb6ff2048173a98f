import { DomainError } from '../lib/errors';
import type { Registry } from './registry';

/** What can be asked of a registry, and fail. */
export const REGISTRY_OPERATIONS = [
  'readValue',
  'writeValue',
  'deleteValue',
  'listValues',
  'listSubkeys',
  'createKey',
  'watch',
] as const;
export type RegistryOperation = (typeof REGISTRY_OPERATIONS)[number];

/** A registry that tells of each call in which the driver failed, and is otherwise the one that it is given. */
export function countedRegistry(
  registry: Registry,
  onFailure: (operation: RegistryOperation) => void,
): Registry {
  const told =
    (operation: RegistryOperation) =>
    (error: unknown): never => {
      if (isFailure(error)) onFailure(operation);
      throw error;
    };
  const watch = registry.watch?.bind(registry);
  return {
    driver: registry.driver,
    readValue: (key, name) => registry.readValue(key, name).catch(told('readValue')),
    writeValue: (key, name, value) => registry.writeValue(key, name, value).catch(told('writeValue')),
    deleteValue: (key, name) => registry.deleteValue(key, name).catch(told('deleteValue')),
    listValues: (key) => registry.listValues(key).catch(told('listValues')),
    listSubkeys: (key) => registry.listSubkeys(key).catch(told('listSubkeys')),
    createKey: (key) => registry.createKey(key).catch(told('createKey')),
    close: () => registry.close(),
    ...(watch === undefined
      ? {}
      : {
          watch: (keys) => {
            try {
              return watch(keys);
            } catch (error) {
              return told('watch')(error);
            }
          },
        }),
  };
}

/** A key that is not there, or a name that is none, is no fault of the driver. */
function isFailure(error: unknown): boolean {
  return !(error instanceof DomainError) || error.kind === 'unavailable' || error.kind === 'forbidden';
}
