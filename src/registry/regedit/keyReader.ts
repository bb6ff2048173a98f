import { DomainError } from '../../lib/errors';
import type { NamedRegistryValue, RegistryValue } from '../registry';
import { type KeyListing, parseListings, parseUnexpanded } from './listing';
import { ScriptFailure, type ScriptHost, runScript, unexpectedOutput } from './scriptHost';
import { AMBIGUOUS, fromListedValue } from './values';

/** A value that is there; without data when the scripts do not show what is stored, or under which name. */
export interface ReadValue {
  readonly name: string;
  readonly value: RegistryValue | undefined;
}

/** A key that is there. */
export interface ReadKey {
  readonly subkeys: readonly string[];
  readonly values: readonly ReadValue[];
}

/** A key's content, undefined when there is none, or why it cannot be read. */
export type KeyResult = ReadKey | DomainError | undefined;

/**
 * Reads keys, all in one run of the script. When the run fails, each is read by itself, so that a key at which the script
 * stumbles does not take the others with it. After a time-out nothing more is tried. Never rejects.
 */
export async function readKeys(
  host: ScriptHost,
  paths: readonly string[],
): Promise<ReadonlyMap<string, KeyResult>> {
  try {
    return await readTogether(host, paths);
  } catch (error) {
    if (!(error instanceof DomainError)) throw error;
    if (paths.length === 1 || !(error.cause instanceof ScriptFailure)) {
      // The key went away between two steps of the script.
      const result = error.code === 'registry-key-absent' ? undefined : error;
      return new Map(paths.map((path) => [path, result]));
    }
  }
  const results = new Map<string, KeyResult>();
  for (const path of paths) results.set(path, (await readKeys(host, [path])).get(path));
  return results;
}

/** One of the keys that were read. Throws why it cannot be. */
export function keyIn(results: ReadonlyMap<string, KeyResult>, path: string): ReadKey | undefined {
  const result = results.get(path);
  if (result instanceof DomainError) throw result;
  return result;
}

/** Reads one key. Errors: the registry's. */
export async function readKey(host: ScriptHost, path: string): Promise<ReadKey | undefined> {
  return keyIn(await readKeys(host, [path]), path);
}

/** A key's values for whoever asked, without those that the scripts do not show as they are stored. */
export function shownValues({ values }: ReadKey): readonly NamedRegistryValue[] {
  return values.flatMap(({ name, value }) => (value === undefined ? [] : [{ name, ...value }]));
}

async function readTogether(
  host: ScriptHost,
  paths: readonly string[],
): Promise<ReadonlyMap<string, KeyResult>> {
  const output = await runScript(host, 'regListStream.wsf', paths);
  const listings = parseListings(output);
  if (listings.length !== paths.length || listings.some(({ key }, index) => key !== paths[index]))
    throw unexpectedOutput('regListStream.wsf', output);
  const unexpanded = await readUnexpanded(host, listings);
  return new Map(listings.map((listing) => [listing.key, contentOf(listing, unexpanded)]));
}

function contentOf(listing: KeyListing, unexpanded: ReadonlyMap<string, string>): ReadKey | undefined {
  if (!listing.exists) return undefined;
  return {
    // A key's name has no backslash of its own: each stands for a line break, as the script escapes it twice.
    subkeys: listing.subkeys.map((name) => name.replaceAll('\\r', '\r').replaceAll('\\n', '\n')),
    values: listing.values.map((value) => ({
      name: value.name,
      value: AMBIGUOUS.test(value.name)
        ? undefined
        : fromListedValue(value, unexpanded.get(`${listing.key}\\${value.name}`)),
    })),
  };
}

/**
 * The texts of the REG_EXPAND_SZ below HKEY_LOCAL_MACHINE, by path, as they are stored. Elsewhere there is no script for
 * it: wsRegReadListStream.wsf asks WshShell.RegRead, which wants HKEY_USERS by its long name, and takes short names only.
 */
async function readUnexpanded(
  host: ScriptHost,
  listings: readonly KeyListing[],
): Promise<ReadonlyMap<string, string>> {
  const paths = listings
    .filter(({ key }) => key.startsWith('HKLM\\'))
    .flatMap(({ key, values }) =>
      values
        .filter(({ name, type }) => type === 'REG_EXPAND_SZ' && !name.includes('\\'))
        .map(({ name }) => `${key}\\${name}`),
    );
  if (paths.length === 0) return new Map();
  try {
    const found = parseUnexpanded(await runScript(host, 'wsRegReadListStream.wsf', paths));
    return new Map(found.map(({ path, text }) => [path, text]));
  } catch (error) {
    // One of them went away meanwhile: none is shown, as anywhere else.
    if (error instanceof DomainError && error.cause instanceof ScriptFailure) return new Map();
    throw error;
  }
}
