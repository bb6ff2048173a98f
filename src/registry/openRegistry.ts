import { DomainError } from '../lib/errors';
import { readOwnSid } from '../windows/ownSid';
import { openAdvapi32Registry } from './advapi32/advapi32Registry';
import { sidOfCurrentUser } from './currentUser';
import { openRegeditRegistry } from './regedit/regeditRegistry';
import { openRegFile } from './regfile/regFileRegistry';
import { practiceDomainController } from './regfile/practiceDomainController';
import type { Registry } from './registry';

/** A registry that is open, and who this process is in it. */
export interface OpenedRegistry {
  readonly registry: Registry;
  /** The SID that this process runs as. */
  readonly ownSid: string;
  /** Why this driver, for the log and for `/readyz`. */
  readonly because: string;
}

/** Which registry to open. */
export type RegistryChoice =
  | { readonly driver: 'auto' | 'advapi32' | 'regedit'; readonly systemRoot: string }
  | { readonly driver: 'regfile'; readonly file: string; readonly seed: boolean };

/**
 * Opens the registry. `auto` takes Windows' own functions, and falls to Windows Script Host where native code cannot be
 * loaded (ADR 5). With `seed`, an embedded registry's file that is not there is made as a practice domain controller.
 * Errors: those of the drivers' own opening.
 */
export async function openRegistry(choice: RegistryChoice): Promise<OpenedRegistry> {
  switch (choice.driver) {
    case 'regfile':
      return openEmbedded(choice.file, choice.seed);
    case 'advapi32':
      return openNative('as configured');
    case 'regedit':
      return openScripted(choice.systemRoot, 'as configured');
    case 'auto':
      return openFirst(choice.systemRoot);
  }
}

async function openFirst(systemRoot: string): Promise<OpenedRegistry> {
  let reason: string;
  try {
    return openNative('the first choice, and it works');
  } catch (error) {
    if (!(error instanceof DomainError) || error.code !== 'native-code-unavailable') throw error;
    reason = error.detail.replace(/\.$/, '');
  }
  try {
    return await openScripted(systemRoot, reason);
  } catch (error) {
    if (!(error instanceof DomainError)) throw error;
    const detail = `${reason}. Windows Script Host does not work either: ${error.detail}`;
    throw new DomainError('unavailable', 'registry-unavailable', detail, { cause: error });
  }
}

/** In the embedded registry the service is what it is on a real domain controller: LocalSystem. */
async function openEmbedded(file: string, seed: boolean): Promise<OpenedRegistry> {
  const registry = await openRegFile(file, seed ? { createFrom: () => practiceDomainController() } : {});
  return { registry, ownSid: 'S-1-5-18', because: 'an embedded registry' };
}

function openNative(because: string): OpenedRegistry {
  return { registry: openAdvapi32Registry(), ownSid: readOwnSid(), because };
}

async function openScripted(systemRoot: string, because: string): Promise<OpenedRegistry> {
  const registry = await openRegeditRegistry({ systemRoot });
  return { registry, ownSid: await sidOfCurrentUser(registry), because };
}
