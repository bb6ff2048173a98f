/** The bundle: one definition for `npm run build` and for the Windows package. */
import path from 'node:path';
import { build, type Metafile } from 'esbuild';

const ROOT = path.join(__dirname, '..');

/**
 * Packages that stay in node_modules: Swagger UI's files are served as they are, koffi brings a native module, and regedit
 * brings scripts for Windows Script Host.
 */
export const EXTERNAL = ['koffi', 'regedit', 'swagger-ui-dist'] as const;

/** A file that the bundler makes, by its name: `main.js`, its map, and the licence comments of what is in it. */
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
  const files = outputFiles.map((file) => ({ name: path.basename(file.path), contents: file.contents }));
  return { files, meta: metafile };
}
