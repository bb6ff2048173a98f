/** What lies where in the zip, and out of which verified package it comes. */
import { readFileSync, readdirSync } from 'node:fs';
import path from 'node:path';
import type { EXTERNAL } from '../bundle';
import { NODE_VERSION, ROOT } from './parts';

/** Files by their path in the zip, below its one folder. */
export type Files = Map<string, Uint8Array>;

/** The packages beside the bundle. koffi's machine code is a package of its own, one for each system. */
export type ShippedPackage = (typeof EXTERNAL)[number] | '@koromix/koffi-win32-x64';

/** Of each package that lies beside the bundle, the files that the service needs, and its licence. */
export const SHIPPED: Readonly<Record<ShippedPackage, RegExp>> = {
  koffi: /^(?:package\.json|LICENSE\.txt|index\.cjs|src\/koffi\/index\.cjs|src\/koffi\/src\/static\.cjs)$/,
  '@koromix/koffi-win32-x64': /^(?:package\.json|index\.js|win32_x64\/koffi\.node)$/,
  'quickjs-wasi': /^(?:package\.json|LICENSE|dist\/[\w-]+\.js|quickjs\.wasm)$/,
  regedit: /^(?:package\.json|LICENSE|vbs\/.+)$/,
  // What the page at /docs asks for, and how swagger-ui-express finds it.
  'swagger-ui-dist':
    /^(?:package\.json|LICENSE|NOTICE|absolute-path\.js|favicon-(?:16x16|32x32)\.png|swagger-ui\.css|swagger-ui-(?:bundle|standalone-preset)\.js(?:\.LICENSE\.txt)?)$/,
};

/** The files of a package's folder that are shipped, by their path in the zip. Throws when there are none. */
export function shippedFiles(name: ShippedPackage, folder: string): Files {
  const files: Files = new Map();
  for (const entry of readdirSync(folder, { recursive: true, withFileTypes: true })) {
    const file = path.join(entry.parentPath, entry.name);
    const inPackage = path.relative(folder, file).replaceAll(path.sep, '/');
    if (entry.isFile() && SHIPPED[name].test(inPackage)) {
      files.set(`app/node_modules/${name}/${inPackage}`, readFileSync(file));
    }
  }
  if (files.size < 2) throw new Error(`${name} has none of the files that the package needs`);
  return files;
}

/** The files that are written for the package alone: the command, the text to read first, and what makes `app` CommonJS. */
export function ownFiles(version: string): Files {
  const command = readFileSync(path.join(__dirname, 'files', 'sensorproxy.cmd'), 'utf8');
  const readme = readFileSync(path.join(__dirname, 'files', 'README.txt'), 'utf8')
    .replace('{{version}}', version)
    .replace('{{node}}', NODE_VERSION);
  // Without it, a package.json in a folder above would decide what kind of module app/main.js is.
  const manifest = { name: 'sensorproxy', version, license: 'MIT', private: true, type: 'commonjs' };
  return new Map([
    ['sensorproxy.cmd', Buffer.from(withWindowsLineEnds(command))],
    ['README.txt', Buffer.from(withWindowsLineEnds(readme))],
    ['app/package.json', Buffer.from(`${JSON.stringify(manifest, null, 2)}\n`)],
    ['LICENSE', Buffer.from(withWindowsLineEnds(readFileSync(path.join(ROOT, 'LICENSE'), 'utf8')))],
  ]);
}

/** What cmd.exe and the Notepad of older servers expect. */
export function withWindowsLineEnds(text: string): string {
  return text.replace(/\r\n?|\n/g, '\r\n');
}
