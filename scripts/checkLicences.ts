/** Prints the licence of each package that production needs; fails when one is not among those that are allowed. */
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { type LockFile, isAllowed, productionPackages } from './licences';

const lock = JSON.parse(readFileSync(path.join(__dirname, '..', 'package-lock.json'), 'utf8')) as LockFile;
const packages = productionPackages(lock);
for (const { name, version, licence } of packages) {
  process.stdout.write(`${name}@${version}: ${licence ?? 'states no licence'}\n`);
}
const refused = packages.filter(({ licence }) => !isAllowed(licence));
for (const { name, licence } of refused) {
  process.stderr.write(`${name}: ${licence ?? 'no licence'} is not among those of scripts/licences.ts\n`);
}
if (refused.length > 0) process.exitCode = 1;
