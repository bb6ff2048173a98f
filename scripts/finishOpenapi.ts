/** The second half of `npm run generate`: makes the contract and the routes of what tsoa has written. */
import { readFileSync, renameSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { version } from '../package.json';
import { finishDocument } from './openapiDocument';
import type { OpenApiDocument } from './openapiTypes';

const GENERATED = path.join(__dirname, '..', 'src', 'http', 'generated');

const raw = JSON.parse(readFileSync(path.join(GENERATED, 'tsoa-openapi.json'), 'utf8')) as OpenApiDocument;
replaceFile('openapi.json', JSON.stringify(finishDocument(raw, { version }), null, 2) + '\n');
replaceFile('routes.ts', finishRoutes(readFileSync(path.join(GENERATED, 'routes.ts'), 'utf8')));

/** Has the routes check and answer through our handler, which is stricter than tsoa's own. */
function finishRoutes(text: string): string {
  const from = "import {  fetchMiddlewares, ExpressTemplateService } from '@tsoa/runtime';";
  const to =
    "import { fetchMiddlewares } from '@tsoa/runtime';\nimport { OperationHandler } from './../operationHandler';";
  const made = 'new ExpressTemplateService(';
  if (!text.includes(from) || !text.includes(made)) {
    throw new Error('tsoa writes its routes in another way than scripts/finishOpenapi.ts knows: adapt it');
  }
  return text.replace(from, to).replace(made, 'new OperationHandler(');
}

/** In one step, so that a program that reads at the same time sees the old file or the new one. */
function replaceFile(name: string, text: string): void {
  const file = path.join(GENERATED, name);
  writeFileSync(`${file}.${process.pid}.tmp`, text);
  renameSync(`${file}.${process.pid}.tmp`, file);
}
