import { readFileSync } from 'node:fs';
import path from 'node:path';
import { type LockFile, isAllowed, productionPackages } from '../../../scripts/licences';

const ROOT = path.join(__dirname, '..', '..', '..');
const read = (name: string) => JSON.parse(readFileSync(path.join(ROOT, name), 'utf8')) as unknown;

describe('the packages that production needs', () => {
  const packages = productionPackages(read('package-lock.json') as LockFile);

  it('are the dependencies and what they bring, none of the development', () => {
    const names = packages.map(({ name }) => name);
    const { dependencies } = read('package.json') as { dependencies: Record<string, string> };
    expect(names).toEqual(expect.arrayContaining([...Object.keys(dependencies), 'qs', 'body-parser']));
    expect(names).not.toEqual(expect.arrayContaining(['jest']));
    expect(names).not.toEqual(expect.arrayContaining(['typescript']));
  });

  it('have licences that are allowed', () => {
    expect(packages.filter(({ licence }) => !isAllowed(licence))).toEqual([]);
  });
});

it('finds a package where Node would: in the folder of the one that asks, then further out', () => {
  const lock: LockFile = {
    packages: {
      '': { dependencies: { a: '1' } },
      'node_modules/a': { version: '1.0.0', license: 'MIT', dependencies: { '@s/b': '1', c: '1' } },
      'node_modules/a/node_modules/@s/b': {
        version: '2.0.0',
        license: 'ISC',
        optionalDependencies: { c: '1' },
      },
      'node_modules/@s/b': { version: '1.0.0', license: 'GPL-3.0-only' },
      'node_modules/c': { version: '3.0.0' },
      'node_modules/d': { version: '4.0.0', license: 'MIT' },
    },
  };
  expect(productionPackages(lock)).toEqual([
    { name: 'a', version: '1.0.0', licence: 'MIT' },
    { name: '@s/b', version: '2.0.0', licence: 'ISC' },
    { name: 'c', version: '3.0.0', licence: null },
  ]);
});

it.each([
  ['MIT', true],
  ['(MIT OR GPL-3.0-only)', true],
  ['MIT AND Apache-2.0', true],
  ['MIT AND GPL-3.0-only', false],
  ['GPL-3.0-only', false],
  ['SEE LICENSE IN LICENSE.txt', false],
  ['UNLICENSED', false],
  ['mit', false],
  [null, false],
])('the licence %s: %s', (licence, allowed) => {
  expect(isAllowed(licence)).toBe(allowed);
});
