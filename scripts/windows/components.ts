/** The packages whose code is in the Windows package: what the bundle holds, what lies beside it, and Node. */
import { readFileSync, readdirSync } from 'node:fs';
import path from 'node:path';
import type { Metafile } from 'esbuild';
import { NODE_WINDOWS, ROOT, lockedPart } from './parts';

/** One package, as the SBOM and the file of licences show it. */
export interface Component {
  readonly name: string;
  readonly version: string;
  /** Its tarball's hash, as npm writes it. */
  readonly integrity: string;
  /** As in its package.json: an SPDX id or expression. */
  readonly licence: string;
  /** The text of its licence and of its notice. */
  readonly licenceText: string;
  /** Where npm puts it: `node_modules/qs`. */
  readonly place: string;
  /** The places of those components that it names as dependencies. */
  readonly dependsOn: readonly string[];
}

interface Manifest {
  readonly name?: string;
  readonly version?: string;
  readonly license?: unknown;
  readonly dependencies?: Readonly<Record<string, string>>;
  readonly optionalDependencies?: Readonly<Record<string, string>>;
}

/** Files of a package that say under what terms it is given. */
const LICENCE_FILE = /^(?:licen[cs]e|copying|notice)(?:[.-].*)?$/i;

/** The places of the packages with at least one byte in the bundle, sorted. */
export function bundledPlaces(meta: Metafile): readonly string[] {
  const places = new Set<string>();
  for (const output of Object.values(meta.outputs)) {
    for (const [input, { bytesInOutput }] of Object.entries(output.inputs)) {
      const [, place] = /^(.*node_modules\/(?:@[^/]+\/)?[^/]+)\//.exec(input) ?? [];
      if (place !== undefined && bytesInOutput > 0) places.add(place);
    }
  }
  return [...places].sort();
}

/**
 * The packages at `places` as components. `folders` tells where those are unpacked that npm has not installed here. Throws
 * when one is not what the lock file pins, or has no licence.
 */
export function componentsAt(
  places: readonly string[],
  folders: ReadonlyMap<string, string>,
): readonly Component[] {
  const known = new Set(places);
  return places.map((place) => {
    const folder = folders.get(place) ?? path.join(ROOT, place);
    const { name, version, license, dependencies, optionalDependencies } = manifestIn(folder);
    if (name === undefined || version === undefined) throw new Error(`${place} has no name or no version`);
    const locked = lockedPart(name, place);
    if (version !== locked.version) {
      throw new Error(`${place} is ${version}, package-lock.json says ${locked.version}: run npm ci`);
    }
    if (typeof license !== 'string') throw new Error(`${name} names no licence in its package.json`);
    return {
      ...locked,
      licence: license,
      // koffi's binaries come without their licence; koffi itself brings it.
      licenceText: licenceTextIn(
        name.startsWith('@koromix/koffi-') ? path.join(ROOT, 'node_modules/koffi') : folder,
      ),
      place,
      dependsOn: Object.keys({ ...dependencies, ...optionalDependencies })
        .flatMap((dependency) => resolve(place, dependency, known) ?? [])
        .sort(),
    };
  });
}

/** Node itself; `licenceText` is the file `LICENSE` of the same release, with those of all that is built into it. */
export function nodeComponent(licenceText: string): Component {
  return { ...NODE_WINDOWS, licence: 'MIT', licenceText, place: NODE_WINDOWS.name, dependsOn: [] };
}

/** One text with the licences of all, each under its package's name. */
export function licencesOf(components: readonly Component[]): string {
  const rule = '='.repeat(78);
  return components
    .map(
      ({ name, version, licence, licenceText }) =>
        `${rule}\n${name} ${version} (${licence})\n${rule}\n\n${licenceText.trim()}\n`,
    )
    .join('\n');
}

/** The licence and the notice in a package's folder. Throws when there is none. */
function licenceTextIn(folder: string): string {
  const texts = readdirSync(folder)
    .filter((file) => LICENCE_FILE.test(file))
    .sort()
    .map((file) => readFileSync(path.join(folder, file), 'utf8').trim());
  if (texts.length === 0) throw new Error(`no licence in ${folder}`);
  return texts.join('\n\n');
}

function manifestIn(folder: string): Manifest {
  return JSON.parse(readFileSync(path.join(folder, 'package.json'), 'utf8')) as Manifest;
}

/** Where Node would find `dependency` from `place`, when that is among the known places. */
function resolve(place: string, dependency: string, known: ReadonlySet<string>): string | undefined {
  for (let folder = place; ; folder = folder.slice(0, Math.max(0, folder.lastIndexOf('node_modules/') - 1))) {
    const candidate = path.posix.join(folder, 'node_modules', dependency);
    if (known.has(candidate)) return candidate;
    if (folder === '') return undefined;
  }
}
