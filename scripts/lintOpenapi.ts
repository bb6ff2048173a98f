/** Fails when the generated contract breaks a rule that no exception covers, or when an exception covers nothing. */
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { EXCEPTIONS } from './openapiExceptions';
import { openapiFaults } from './openapiFaults';
import type { OpenApiDocument } from './openapiTypes';

const FILE = path.join(__dirname, '..', 'src', 'http', 'generated', 'openapi.json');

void main();

async function main(): Promise<void> {
  const document = JSON.parse(readFileSync(FILE, 'utf8')) as OpenApiDocument;
  const { faults, unused } = await openapiFaults(document, EXCEPTIONS);
  for (const { rule, place, detail } of faults) process.stderr.write(`${rule} at ${place}: ${detail}\n`);
  for (const { rule } of unused)
    process.stderr.write(`the exception from ${rule} excuses nothing: take it out\n`);
  if (faults.length + unused.length > 0) process.exitCode = 1;
  else
    process.stdout.write(
      `The contract keeps to the rules, with ${EXCEPTIONS.length} exceptions (scripts/openapiExceptions.ts).\n`,
    );
}
