import { readFileSync } from 'node:fs';
import path from 'node:path';
import type { Operation } from '../scripts/openapiTypes';
import { asYaml } from '../scripts/openapiYaml';
import { PROBLEMS } from '../src/http/problemTable';
import { contract, expectToBe } from './http/contract';
import { type Service, openService } from './http/service';

const ROOT = path.join(__dirname, '..');

/** The path says it all. */
const WITHOUT_OPTIONS = new Set(['testWebhook', 'replayDelivery']);

const operations = Object.entries(contract.paths).flatMap(([location, methods]) =>
  Object.entries(methods).map(([method, operation]) => ({
    name: `${method.toUpperCase()} ${location}`,
    method,
    location,
    operation,
  })),
);

describe('the committed contract', () => {
  it('is what the controllers say: run "npm run openapi" and commit openapi/openapi.yaml if this fails', () => {
    const committed = readFileSync(path.join(ROOT, 'openapi', 'openapi.yaml'), 'utf8');
    expect(committed).toBe(asYaml(contract));
  });

  it('says the same each time it is written', () => {
    expect(asYaml(contract)).toBe(asYaml(structuredClone(contract)));
  });
});

describe('the document', () => {
  it('names each operation once', () => {
    const ids = operations.map(({ operation }) => operation.operationId);
    expect(new Set(ids).size).toBe(ids.length);
    expect(ids.length).toBeGreaterThan(14);
  });

  it('has nothing behind a reference that is missing', () => {
    const references = [...JSON.stringify(contract).matchAll(/"\$ref":"([^"]+)"/g)].map(
      ([, reference = '']) => reference,
    );
    expect(references.length).toBeGreaterThan(50);
    for (const reference of new Set(references)) {
      const found = reference
        .replace(/^#\//, '')
        .split('/')
        .reduce<unknown>((value, key) => (value as Record<string, unknown> | undefined)?.[key], contract);
      expect([reference, typeof found]).toEqual([reference, 'object']);
    }
  });

  it('asks for a bearer token unless an operation says otherwise', () => {
    expect(contract.security).toEqual([{ bearer: [] }]);
    expect(contract.components.securitySchemes).toMatchObject({ bearer: { type: 'http', scheme: 'bearer' } });
  });

  it('describes each of its tags', () => {
    const tags = (contract.tags ?? []).map(({ name }) => name);
    for (const { operation } of operations)
      expect(tags).toEqual(expect.arrayContaining(operation.tags ?? ['none']));
  });

  it('names only problems that there are', () => {
    for (const code of Object.keys(contract.components.examples ?? {}))
      expect(Object.keys(PROBLEMS)).toContain(code);
  });
});

describe.each(operations)('$name', ({ method, operation }) => {
  it('has a summary and a description that a caller can use', () => {
    expect(operation.operationId).toMatch(/^[a-z]+[A-Za-z]+$/);
    expect(operation.summary).toMatch(/^[A-Z].*[^.]$/);
    expect((operation.description ?? '').length).toBeGreaterThan(60);
    for (const parameter of operation.parameters ?? []) expect(parameter.description).toBeTruthy();
  });

  it('has no query parameter that Swagger UI would fill in unasked', () => {
    const query = (operation.parameters ?? []).filter((parameter) => parameter.in === 'query');
    for (const { name, example, schema } of query)
      expect([name, example, schema.example]).toEqual([name, undefined, undefined]);
  });

  it('has an example of its answer, and of its body, that fits the schema', () => {
    const answers = Object.entries(operation.responses).filter(([status]) => status.startsWith('2'));
    const media = answers.flatMap(([, answer]) => Object.entries(answer.content ?? {}));
    expect(media.length).toBeGreaterThan(0);
    for (const [type, { schema, example }] of media) {
      expect([type, example]).toEqual([type, expect.anything()]);
      if (type === 'application/json') expectToBe(schema, example);
    }
    const body = operation.requestBody?.content['application/json'];
    const brings = ['put', 'post', 'patch'].includes(method) && !WITHOUT_OPTIONS.has(operation.operationId);
    expect(operation.requestBody !== undefined).toBe(brings);
    if (body) {
      expect(body.example).toBeDefined();
      expectToBe(body.schema, body.example);
    }
  });

  it('declares its problems as problem documents', () => {
    const failures = Object.entries(operation.responses).filter(([status]) => Number(status) >= 400);
    const statuses = failures.map(([status]) => status);
    const expected = [
      '400',
      '500',
      ...(isPublic(operation) ? [] : ['401']),
      ...(operation.requestBody ? ['413', '415'] : []),
    ];
    expect(statuses).toEqual(expect.arrayContaining(expected));
    for (const [status, answer] of failures) {
      const isReport = status === '503' && answer.content?.['application/json'] !== undefined;
      if (isReport) continue;
      expect(answer.content?.['application/problem+json']?.schema).toEqual({
        $ref: '#/components/schemas/Problem',
      });
      expect(Object.keys(answer.content ?? {})).toEqual(['application/problem+json']);
    }
  });

  it('states its security', () => {
    expect(operation.security).toEqual(isPublic(operation) ? [] : [{ bearer: [] }]);
    expect(isPublic(operation)).toBe(operation.tags?.includes('Operations'));
  });
});

it.each(Object.keys(contract.components.examples ?? {}))('the example of %s fits the schema', (code) => {
  const { value } = contract.components.examples?.[code] as { value: { status: number } };
  expectToBe({ $ref: '#/components/schemas/Problem' }, value);
});

describe('each operation of the running service', () => {
  let service: Service;

  beforeAll(async () => {
    service = await openService();
  });

  afterAll(() => service.close());

  it.each(operations)(
    '$name refuses a query parameter that it does not know',
    async ({ method, location }) => {
      const response = await service.call(
        method.toUpperCase(),
        `${location.replace('{id}', 'LocalSystem')}?unknown=1`,
      );
      expect(response.status).toBe(400);
      expect(response.body).toMatchObject({ code: 'validation-failed' });
    },
  );
});

function isPublic(operation: Operation): boolean {
  return operation.security?.length === 0;
}
