import { openRegFile } from './regfile/regFileRegistry';
import { practiceDomainController } from './regfile/practiceDomainController';
import type { Registry } from './registry';

/** A registry that is open, and who this process is in it. */
export interface OpenedRegistry {
  readonly registry: Registry;
  /** The SID that this process runs as. */
  readonly ownSid: string;
}

/**
 * Opens the embedded registry. With `seed`, a file that is not there is made as a practice domain controller. In it the
 * service is what it is on a real one: LocalSystem. Errors: see {@link openRegFile}.
 */
export async function openRegistry(
  file: string,
  options: { readonly seed: boolean },
): Promise<OpenedRegistry> {
  const registry = await openRegFile(
    file,
    options.seed ? { createFrom: () => practiceDomainController() } : {},
  );
  return { registry, ownSid: 'S-1-5-18' };
}
