/**
 * `npm run package:windows [-- <folder>]`: `sensorproxy-<version>-win-x64.zip` in `dist/`, and its SHA-256 beside it. The same
 * commit and lock file give the same bytes.
 */
import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { EXTERNAL, bundle } from '../bundle';
import { bundledPlaces, componentsAt, licencesOf, nodeComponent } from './components';
import { ownFiles, shippedFiles, withWindowsLineEnds, type Files, type ShippedPackage } from './layout';
import { NODE_LINUX, NODE_WINDOWS, ROOT, lockedPart } from './parts';
import { sbomOf, type Product } from './sbom';
import { sha256, sumsOf } from './sums';
import { unpackPart } from './windowsNode';
import { zipOf } from './zip';

/** What fits through where it has to go. */
const MAX_BYTES = 45e6;

async function main(): Promise<void> {
  const output = path.resolve(process.argv[2] ?? path.join(ROOT, 'dist'));
  const product = productOf();
  const date = commitDate();
  const temporary = mkdtempSync(path.join(tmpdir(), 'sensorproxy-package-'));
  try {
    const files = await filesOf(product, date, temporary);
    const top = `sensorproxy-${product.version}`;
    const zip = zipOf(new Map([...files].map(([name, contents]) => [`${top}/${name}`, contents])), date);
    const name = `${top}-win-x64.zip`;
    const size = `${(zip.length / 1e6).toFixed(1)} MB`;
    if (zip.length > MAX_BYTES) throw new Error(`${name} has ${size}, and must not have more than 45 MB`);
    mkdirSync(output, { recursive: true });
    writeFileSync(path.join(output, name), zip);
    writeFileSync(path.join(output, `${name}.sha256`), `${sha256(zip)}  ${name}\n`);
    console.log(`${path.join(output, name)}\n${size}, SHA-256 ${sha256(zip)}`);
  } finally {
    rmSync(temporary, { recursive: true, force: true });
  }
}

/** All that is in the zip. Packages are unpacked anew, into `temporary`, from tarballs whose hash was just checked. */
async function filesOf(product: Product, date: Date, temporary: string): Promise<Files> {
  const { files: bundled, meta } = await bundle();
  const files: Files = ownFiles(product.version);
  for (const { name, contents } of bundled) {
    if (!name.endsWith('.map')) files.set(`app/${name}`, contents);
  }

  const folders = new Map<string, string>();
  for (const name of shippedPackages(product)) {
    const folder = path.join(temporary, name);
    await unpackPart(lockedPart(name), folder);
    folders.set(`node_modules/${name}`, folder);
    for (const [file, contents] of shippedFiles(name, folder)) files.set(file, contents);
  }
  const node = path.join(temporary, 'node');
  await unpackPart(NODE_WINDOWS, node, (file) => file === 'bin/node.exe');
  await unpackPart(NODE_LINUX, node, (file) => file === 'LICENSE');
  files.set('node.exe', readFileSync(path.join(node, 'bin', 'node.exe')));

  const components = [
    nodeComponent(readFileSync(path.join(node, 'LICENSE'), 'utf8')),
    ...componentsAt([...folders.keys(), ...bundledPlaces(meta)].sort(), folders),
  ];
  files.set('THIRD-PARTY-LICENSES.txt', Buffer.from(withWindowsLineEnds(licencesOf(components))));
  files.set('sbom.cdx.json', Buffer.from(sbomOf(product, components, date)));
  files.set('SHA256SUMS', Buffer.from(sumsOf(files)));
  return files;
}

/** What stays outside the bundle. A package that package.json does not name is imported by nothing. */
function shippedPackages({ dependsOn }: Product): readonly ShippedPackage[] {
  const named = EXTERNAL.filter((name) => dependsOn.includes(`node_modules/${name}`));
  return [...named, '@koromix/koffi-win32-x64'];
}

function productOf(): Product {
  const { name, version, license, dependencies } = JSON.parse(
    readFileSync(path.join(ROOT, 'package.json'), 'utf8'),
  ) as {
    readonly name: string;
    readonly version: string;
    readonly license: string;
    readonly dependencies: Readonly<Record<string, string>>;
  };
  const dependsOn = Object.keys(dependencies).map((dependency) => `node_modules/${dependency}`);
  return { name, version, licence: license, dependsOn };
}

/** When the commit was made, or SOURCE_DATE_EPOCH (https://reproducible-builds.org/specs/source-date-epoch/). */
function commitDate(): Date {
  const seconds =
    process.env.SOURCE_DATE_EPOCH ??
    execFileSync('git', ['log', '-1', '--format=%ct'], { cwd: ROOT, encoding: 'utf8' });
  const date = new Date(Number(seconds) * 1000);
  if (seconds.trim() === '' || Number.isNaN(date.getTime())) {
    throw new Error(`SOURCE_DATE_EPOCH must be seconds since 1970, not ${seconds}`);
  }
  return date;
}

main().catch((error: unknown) => {
  console.error(`package:windows: ${error instanceof Error ? error.message : String(error)}`);
  process.exitCode = 1;
});
