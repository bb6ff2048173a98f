/** The licences of the packages that run on a server: those that `package-lock.json` reaches from the dependencies. */

/** The part of a lock file (lockfileVersion 3) that is looked at. */
export interface LockFile {
  readonly packages: Readonly<Record<string, LockedPackage>>;
}

interface LockedPackage {
  readonly version?: string;
  /** As the package's own package.json has it. */
  readonly license?: unknown;
  readonly dependencies?: Readonly<Record<string, string>>;
  readonly optionalDependencies?: Readonly<Record<string, string>>;
}

/** A package and what it is given under. */
export interface LicensedPackage {
  readonly name: string;
  readonly version: string;
  /** An SPDX expression; null when the package states none. */
  readonly licence: string | null;
}

/** All of them ask for their text and their notices to be passed on, which the Windows package does, and for nothing else. */
export const ALLOWED: ReadonlySet<string> = new Set([
  '0BSD',
  'Apache-2.0',
  'BSD-2-Clause',
  'BSD-3-Clause',
  'BlueOak-1.0.0',
  'ISC',
  'MIT',
  'Unlicense',
]);

/** The packages that production needs, directly or not, also where the bundle reaches only a part of them. By name. */
export function productionPackages({ packages }: LockFile): readonly LicensedPackage[] {
  const found = new Set<string>();
  const waiting = [''];
  for (let place = waiting.pop(); place !== undefined; place = waiting.pop()) {
    const { dependencies, optionalDependencies } = packages[place] ?? {};
    for (const name of Object.keys({ ...dependencies, ...optionalDependencies })) {
      const target = placeOf(name, place, packages);
      if (target === undefined || found.has(target)) continue;
      found.add(target);
      waiting.push(target);
    }
  }
  return [...found].sort().map((place) => {
    const { version = '', license } = packages[place] ?? {};
    const licence = typeof license === 'string' ? license : null;
    return { name: place.replace(/^.*node_modules\//, ''), version, licence };
  });
}

/** Whether an SPDX expression can be kept to: one of several by choice, or each of several. */
export function isAllowed(licence: string | null): boolean {
  if (licence === null) return false;
  const plain = licence.replace(/^\((.*)\)$/, '$1');
  if (/[()]/.test(plain)) return false;
  return plain.split(' OR ').some((choice) => choice.split(' AND ').every((id) => ALLOWED.has(id)));
}

/** Where Node finds a package, seen from another: in its own folder, or in one further out. */
function placeOf(name: string, from: string, packages: LockFile['packages']): string | undefined {
  const parts = from === '' ? [] : from.split(/\/?node_modules\//).slice(1);
  for (let depth = parts.length; depth >= 0; depth -= 1) {
    const place = [...parts.slice(0, depth), name].map((part) => `node_modules/${part}`).join('/');
    if (place in packages) return place;
  }
  return undefined;
}
