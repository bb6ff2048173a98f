/** The bundle: one definition for `npm run build` and for the Windows package. */
import { readFileSync, readdirSync } from 'node:fs';
import path from 'node:path';
import { build, type Metafile } from 'esbuild';

const ROOT = path.join(__dirname, '..');

/**
 * Packages that stay in node_modules: Swagger UI's files are served as they are, koffi brings a native module, quickjs-wasi
 * WebAssembly, and regedit scripts for Windows Script Host.
 */
export const EXTERNAL = ['koffi', 'quickjs-wasi', 'regedit', 'swagger-ui-dist'] as const;

const WORKER_FOLDER = path.join(ROOT, 'src/endpoints/pac');

/**
 * What lies in `dist/`: `main.js`, its map, the licence comments of what is in it, and the modules of the
 * thread that runs proxy scripts, which are plain JavaScript and stay as they are.
 */
export interface BundleFile {
  readonly name: string;
  readonly contents: Uint8Array;
}

/** Bundles `src/main.ts` in memory. The same source gives the same bytes, wherever the checkout is. */
export async function bundle(): Promise<{ readonly files: readonly BundleFile[]; readonly meta: Metafile }> {
  const { outputFiles, metafile } = await build({
    absWorkingDir: ROOT,
    entryPoints: ['src/main.ts'],
    outfile: 'dist/main.js',
    bundle: true,
    platform: 'node',
    target: 'node20',
    format: 'cjs',
    sourcemap: true,
    legalComments: 'external',
    external: [...EXTERNAL],
    tsconfig: 'tsconfig.json',
    logLevel: 'warning',
    write: false,
    metafile: true,
  });
  const files = outputFiles.map((file) => {
    const name = path.basename(file.path);
    return { name, contents: name.endsWith('.js') ? inAscii(file.text) : file.contents };
  });
  return { files: [...files, ...workerFiles()], meta: metafile };
}

/**
 * V8 keeps a source with a single character beyond Latin-1 as two bytes a character, which costs 12 MB of memory here. The
 * bundler escapes such characters in strings; those left stand in regular expressions and comments, where the same escape
 * means the same.
 */
function inAscii(source: string): Uint8Array {
  const escaped = source.replace(
    /[^\x00-\x7f]/g, // eslint-disable-line no-control-regex
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
  return Buffer.from(escaped, 'latin1');
}

function workerFiles(): readonly BundleFile[] {
  return readdirSync(WORKER_FOLDER)
    .filter((name) => name.endsWith('.mjs'))
    .sort()
    .map((name) => ({ name, contents: readFileSync(path.join(WORKER_FOLDER, name)) }));
}
