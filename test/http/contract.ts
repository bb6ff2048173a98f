import { readFileSync } from 'node:fs';
import path from 'node:path';
import Ajv from 'ajv';
import type { Response } from 'supertest';
import type { OpenApiDocument, Operation, Schema } from '../../scripts/openapiTypes';

/** The contract as the service serves it. */
export const contract = JSON.parse(
  readFileSync(path.join(__dirname, '..', '..', 'src', 'http', 'generated', 'openapi.json'), 'utf8'),
) as OpenApiDocument;

const ajv = new Ajv({ allErrors: true, strict: false, validateFormats: false });
const components = { schemas: asJsonSchema(contract.components.schemas) };
const validators = new Map<string, ReturnType<typeof ajv.compile>>();

/** Asserts that an answer is one that the contract declares: its status, media type, and body. */
export function expectToFit(method: string, location: string, response: Response): void {
  const operation = operationAt(method, location);
  const type = (response.headers['content-type'] ?? '').replace(/;.*/, '');
  if (operation === undefined || response.status === 405) {
    if (response.status >= 400) expectProblem(response, type);
    return;
  }
  const declared = operation.responses[String(response.status)];
  if (declared === undefined) {
    throw new Error(
      `${operation.operationId} answers ${response.status}, which the contract does not declare`,
    );
  }
  expect(Object.keys(response.headers)).toEqual(
    expect.arrayContaining(
      Object.keys(declared.headers ?? {})
        .filter(isAlwaysSent)
        .map((name) => name.toLowerCase()),
    ),
  );
  if (method === 'HEAD' || declared.content === undefined) return;
  const media = declared.content[type];
  if (media === undefined)
    throw new Error(`${operation.operationId} answers with ${type}, which is not declared`);
  if (type === 'application/x-ndjson') {
    for (const line of response.text.split('\n').slice(0, -1)) expectToBe(media.schema, JSON.parse(line));
  } else if (type.endsWith('json')) expectToBe(media.schema, JSON.parse(response.text));
  if (type === 'application/problem+json') expectProblem(response, type);
}

/** Asserts that a value fits a schema of the contract. */
export function expectToBe(schema: Schema, value: unknown): void {
  const key = JSON.stringify(schema);
  let validate = validators.get(key);
  if (validate === undefined) {
    validate = ajv.compile({ ...(asJsonSchema(schema) as object), components });
    validators.set(key, validate);
  }
  const fits = validate(value);
  if (fits !== true)
    throw new Error(`does not fit ${key}: ${ajv.errorsText(validate.errors)}\n${JSON.stringify(value)}`);
}

function expectProblem(response: Response, type: string): void {
  if (response.request.method === 'HEAD') return;
  expect(type).toBe('application/problem+json');
  const problem = JSON.parse(response.text) as Record<string, unknown>;
  expectToBe({ $ref: '#/components/schemas/Problem' }, problem);
  expect(problem).toMatchObject({
    status: response.status,
    type: `/problems/${String(problem.code)}`,
    instance: `urn:sensorproxy:request:${response.headers['x-request-id'] ?? ''}`,
  });
}

function operationAt(method: string, location: string): Operation | undefined {
  const wanted = location.replace(/\?.*/, '').split('/');
  const verb = method === 'HEAD' ? 'get' : method.toLowerCase();
  const paths = Object.entries(contract.paths).filter(([template]) => {
    const segments = template.split('/');
    return (
      segments.length === wanted.length &&
      segments.every((segment, index) => segment === wanted[index] || /^\{.+\}$/.test(segment))
    );
  });
  // A path without placeholders wins, as it does in the router: /endpoints/health.
  const [best] = paths.sort(([a], [b]) => a.split('{').length - b.split('{').length);
  return best?.[1][verb];
}

/**
 * An ETag is not sent after a dry run whose state nobody knows, nor WWW-Authenticate by a proxy's answer, nor what tells of
 * another answer where this is the first.
 */
function isAlwaysSent(name: string): boolean {
  return !['ETag', 'Idempotency-Replayed', 'Retry-After'].includes(name);
}

/** OpenAPI 3.0's `nullable` in words of JSON Schema. */
function asJsonSchema(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(asJsonSchema);
  if (typeof value !== 'object' || value === null) return value;
  const entries = Object.entries(value).filter(([key]) => key !== 'example' && key !== 'nullable');
  const schema = Object.fromEntries(entries.map(([key, each]) => [key, asJsonSchema(each)]));
  return 'nullable' in value && value.nullable === true ? { anyOf: [schema, { type: 'null' }] } : schema;
}
