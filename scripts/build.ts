/** `npm run build`: `dist/main.js`, its map, the licence comments of what is in it, and the modules of its worker. */
import { mkdirSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { bundle } from './bundle';

const DIST = path.join(__dirname, '..', 'dist');

async function main(): Promise<void> {
  const { files } = await bundle();
  mkdirSync(DIST, { recursive: true });
  // A package that was made earlier stays.
  for (const name of readdirSync(DIST)) {
    if (name.startsWith('main.js') || name.endsWith('.mjs')) rmSync(path.join(DIST, name));
  }
  for (const { name, contents } of files) writeFileSync(path.join(DIST, name), contents);
}

main().catch((error: unknown) => {
  console.error(error);
  process.exitCode = 1;
});
