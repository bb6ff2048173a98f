/** The second half of `npm run generate`: makes the contract and the routes of what tsoa has written. */
import { readFileSync, renameSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { version } from '../package.json';
import { finishDocument } from './openapiDocument';
import type { OpenApiDocument } from './openapiTypes';

const GENERATED = path.join(__dirname, '..', 'src', 'http', 'generated');

/** What is put in place of tsoa's own text: our handler, which is stricter, and our token check, which knows one scheme. */
const REPLACEMENTS: readonly (readonly [from: string | RegExp, to: string])[] = [
  [
    "import {  fetchMiddlewares, ExpressTemplateService } from '@tsoa/runtime';",
    "import { fetchMiddlewares } from '@tsoa/runtime';\nimport { OperationHandler } from './../operationHandler';",
  ],
  ['new ExpressTemplateService(', 'new OperationHandler('],
  [
    "import { expressAuthentication } from './../authentication';",
    "import { requireScope } from './../authentication';",
  ],
  [/^const expressAuthenticationRecasted = .*$/m, ''],
  [/^ {4}function authenticateMiddleware\([\s\S]*?^ {4}\}$/m, ''],
  [/authenticateMiddleware\(\[\{"bearer":\["([a-z]+)"\]\}\]\)/g, "requireScope('$1')"],
];

/** Puts the replacements into the routes; fails when tsoa's text is not the one that they know. */
function finishRoutes(text: string): string {
  const finished = REPLACEMENTS.reduce((current, [from, to]) => {
    const next = current.replace(from, to);
    if (next === current) {
      throw new Error('tsoa writes its routes in another way than scripts/finishOpenapi.ts knows: adapt it');
    }
    return next;
  }, text);
  if (finished.includes('authenticateMiddleware'))
    throw new Error('an operation asks for a token in an unknown way');
  return finished;
}

/** In one step, so that a program that reads at the same time sees the old file or the new one. */
function replaceFile(name: string, text: string): void {
  const file = path.join(GENERATED, name);
  writeFileSync(`${file}.${process.pid}.tmp`, text);
  renameSync(`${file}.${process.pid}.tmp`, file);
}

const raw = JSON.parse(readFileSync(path.join(GENERATED, 'tsoa-openapi.json'), 'utf8')) as OpenApiDocument;
const contract = finishDocument(raw, { version });
replaceFile('openapi.json', JSON.stringify(contract, null, 2) + '\n');
// As the service sends it: a text, since the object takes several times the memory.
replaceFile('openapiText.json', JSON.stringify(JSON.stringify(contract)) + '\n');
replaceFile('routes.ts', finishRoutes(readFileSync(path.join(GENERATED, 'routes.ts'), 'utf8')));
