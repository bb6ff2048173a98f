/** `npm run build`: one file, `dist/main.js`. Only the files of Swagger UI stay in node_modules: they are served as they are. */
import { rmSync } from 'node:fs';
import path from 'node:path';
import { build } from 'esbuild';

const ROOT = path.join(__dirname, '..');

async function main(): Promise<void> {
  rmSync(path.join(ROOT, 'dist'), { recursive: true, force: true });
  await build({
    absWorkingDir: ROOT,
    entryPoints: ['src/main.ts'],
    outfile: 'dist/main.js',
    bundle: true,
    platform: 'node',
    target: 'node20',
    format: 'cjs',
    sourcemap: true,
    legalComments: 'external',
    external: ['swagger-ui-dist'],
    tsconfig: 'tsconfig.json',
    logLevel: 'warning',
  });
}

main().catch((error: unknown) => {
  console.error(error);
  process.exitCode = 1;
});
