/** What Spectral, with its rules for OpenAPI and those after OWASP's API Security Top 10, says of the contract. */
import { Document, type RulesetDefinition, Spectral } from '@stoplight/spectral-core';
import owasp from '@stoplight/spectral-owasp-ruleset';
import { Json } from '@stoplight/spectral-parsers';
import { oas } from '@stoplight/spectral-rulesets';
import type { Exception } from './openapiExceptions';
import type { OpenApiDocument, Operation } from './openapiTypes';

/** One thing that a rule finds. */
export interface OpenApiFault {
  readonly rule: string;
  /** Such as `paths./livez.get`. */
  readonly place: string;
  readonly detail: string;
}

/** What the rules find and no exception excuses, and which exceptions excuse nothing. */
export async function openapiFaults(
  document: OpenApiDocument,
  exceptions: readonly Exception[],
): Promise<{ readonly faults: readonly OpenApiFault[]; readonly unused: readonly Exception[] }> {
  const spectral = new Spectral();
  spectral.setRuleset({
    extends: [
      // Its types leave out that a ruleset need not extend another.
      [oas as RulesetDefinition, 'recommended'],
      [owasp, 'recommended'],
    ],
  });
  const text = JSON.stringify(document, null, 2);
  const found = await spectral.run(new Document(text, Json, 'openapi.json'));
  const sent = sentSchemas(document);
  const used = new Set<Exception>();
  const faults = found.filter(({ code, path }) => {
    const excuse = exceptions.find(
      ({ rule, where }) =>
        rule === code &&
        (where === 'everywhere' || (where === 'answers' ? !isSent(path, sent) : isOf(document, path, where))),
    );
    if (excuse !== undefined) used.add(excuse);
    return excuse === undefined;
  });
  return {
    faults: faults.map(({ code, path, message }) => ({
      rule: String(code),
      place: path.join('.'),
      detail: message,
    })),
    unused: exceptions.filter((exception) => !used.has(exception)),
  };
}

type Path = readonly (string | number)[];

/** Names of the schemas that a request may bring, those within others included. */
function sentSchemas(document: OpenApiDocument): ReadonlySet<string> {
  const names = new Set<string>();
  const visit = (value: unknown): void => {
    for (const [, name = ''] of JSON.stringify(value ?? null).matchAll(
      /"#\/components\/schemas\/([^"]+)"/g,
    )) {
      if (names.has(name)) continue;
      names.add(name);
      visit(document.components.schemas[name]);
    }
  };
  for (const { parameters, requestBody } of operationsOf(document)) visit([parameters, requestBody]);
  return names;
}

function isSent([top, ...path]: Path, schemas: ReadonlySet<string>): boolean {
  if (top === 'components') return path[0] === 'schemas' && schemas.has(String(path[1]));
  return path.includes('parameters') || path.includes('requestBody');
}

function isOf(document: OpenApiDocument, [top, template, verb]: Path, ids: readonly string[]): boolean {
  const operation = top === 'paths' ? document.paths[String(template)]?.[String(verb)] : undefined;
  return operation !== undefined && ids.includes(operation.operationId);
}

function operationsOf({ paths }: OpenApiDocument): readonly Operation[] {
  return Object.values(paths).flatMap((verbs) => Object.values(verbs));
}
