/** `npm run openapi`: writes the committed contract from the generated one. */
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import type { OpenApiDocument } from './openapiTypes';
import { asYaml } from './openapiYaml';

const ROOT = path.join(__dirname, '..');

const document = JSON.parse(
  readFileSync(path.join(ROOT, 'src', 'http', 'generated', 'openapi.json'), 'utf8'),
) as OpenApiDocument;
mkdirSync(path.join(ROOT, 'openapi'), { recursive: true });
writeFileSync(path.join(ROOT, 'openapi', 'openapi.yaml'), asYaml(document));
