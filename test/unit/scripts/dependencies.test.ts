/** What is installed is what was looked at, and runs nothing while it is installed. */
import { readFileSync } from 'node:fs';
import path from 'node:path';

const ROOT = path.join(__dirname, '..', '..', '..');
const read = (name: string) => readFileSync(path.join(ROOT, name), 'utf8');

interface Manifest {
  readonly dependencies: Readonly<Record<string, string>>;
  readonly devDependencies: Readonly<Record<string, string>>;
  readonly scripts: Readonly<Record<string, string>>;
}

const manifest = JSON.parse(read('package.json')) as Manifest;
const lock = JSON.parse(read('package-lock.json')) as {
  readonly packages: Readonly<
    Record<string, Partial<Manifest> & { readonly version?: string; readonly integrity?: string }>
  >;
};

it('each dependency is stated with its exact version, which the lock file has', () => {
  const stated = { ...manifest.dependencies, ...manifest.devDependencies };
  expect(Object.keys(stated).length).toBeGreaterThan(20);
  expect(Object.values(stated).filter((version) => !/^\d+\.\d+\.\d+$/.test(version))).toEqual([]);
  for (const [name, version] of Object.entries(stated))
    expect([name, lock.packages[`node_modules/${name}`]?.version]).toEqual([name, version]);
  expect(lock.packages['']).toMatchObject({
    dependencies: manifest.dependencies,
    devDependencies: manifest.devDependencies,
  });
});

it('the lock file has a hash of each package', () => {
  const packages = Object.entries(lock.packages).filter(([place]) => place !== '');
  expect(packages.length).toBeGreaterThan(100);
  const unpinned = packages.filter(
    ([, { integrity = '' }]) => !/^sha512-[A-Za-z0-9+/]{86}==$/.test(integrity),
  );
  expect(unpinned.map(([place]) => place)).toEqual([]);
});

it('no package runs a script while it is installed, and this one has none to run', () => {
  expect(read('.npmrc')).toMatch(/^ignore-scripts=true$/m);
  const atInstall = /^(?:pre|post)?install$|^(?:pre|post)?prepare$|^prepublish$/;
  expect(Object.keys(manifest.scripts).filter((name) => atInstall.test(name))).toEqual([]);
});
