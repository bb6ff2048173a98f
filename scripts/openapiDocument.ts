/** From what tsoa generates to the contract: pure, so that the test can do it again and compare. */
import { PROBLEM_JSON } from '../src/http/problems';
import { statusOf } from '../src/http/problemDefinitions';
import { compare, definitionOf, problemExamples } from './openapiProblems';
import type { Answer, MediaType, OpenApiDocument, Operation, Schema } from './openapiTypes';
import { tidied, unwrap } from './openapiTidying';
import { healthLineSchema } from './openapiHealthExample';
import { addIdempotencyHeaders, idempotencyHeaders, idempotencyProblems } from './openapiIdempotency';
import { answerExamples, otherExamples, requestExamples, unavailableExamples } from './openapiExamples';

const TAGS = [
  {
    name: 'Proxy',
    description:
      'The accounts, their proxies, and the documented job: copy a user’s proxy to the sensor’s accounts.',
  },
  { name: 'Backups', description: 'What was saved before each change, and its way back.' },
  { name: 'Changes', description: 'The journal: who changed what, when and why.' },
  { name: 'Events', description: 'What has happened: drift, endpoints, changes, the sensor.' },
  { name: 'Endpoints', description: 'The sensor’s cloud endpoints, and how each account reaches them.' },
  { name: 'Sensor', description: 'The sensor on this machine, and its restart.' },
  { name: 'Webhooks', description: 'Whom events are sent to: signed, or as tickets in ServiceNow and Jira.' },
  {
    name: 'Metrics',
    description: 'What the service does, and what the last checks of the endpoints found, for Prometheus.',
  },
  { name: 'Operations', description: 'For whoever runs the service. No token is needed.' },
];

const DESCRIPTION =
  unwrap(`Shows, copies, proves and puts back the WinINET proxy of the accounts that the Microsoft Defender for Identity
sensor runs as.

Errors are RFC 9457 problem details (\`${PROBLEM_JSON}\`); branch on \`code\`; \`type\` is a page of this service. Times are RFC
3339 in UTC, bytes lower-case hex, durations milliseconds in fields that end in \`Ms\`. Fields and query parameters that are not
described are refused. Lists have \`items\` and \`next\`; pass \`next\` as \`cursor\`. Every answer has \`X-Request-Id\`: the one sent,
if it looks sane. All but the Operations need \`Authorization: Bearer <token>\`.`);

/** For fields that mean the same wherever they stand. */
const COMMON_DESCRIPTIONS: Readonly<Record<string, string>> = {
  dryRun: 'Go through the same checks and give the same shape of answer, but write nothing.',
};
const METHODS = ['get', 'put', 'post', 'patch', 'delete'];
/** Problems besides a report of the same status. */
const ALSO: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  checkHealth: { '503': 'registry-unavailable registry-access-denied' },
  ...Object.fromEntries(
    ['copyProxy', 'putContext', 'deleteContext', 'restoreBackup'].map((id) => [
      id,
      { '503': 'busy-writing' },
    ]),
  ),
};
/** Schemas of media types that are neither JSON nor plain text. */
const OTHER_SCHEMAS: Readonly<Record<string, Schema>> = {
  'application/octet-stream': { type: 'string', format: 'binary' },
  'application/x-ndjson': healthLineSchema,
};
const ETAG = { ETag: { $ref: '#/components/headers/ETag' } };
const EXTRA_HEADERS: Readonly<Record<string, Readonly<Record<string, Record<string, object>>>>> = {
  getContext: { '200': ETAG, '304': ETAG },
  putContext: { '200': ETAG },
  createWebhook: { '201': { Location: { $ref: '#/components/headers/Location' } } },
  getBackupFile: { '200': { 'Content-Disposition': { $ref: '#/components/headers/ContentDisposition' } } },
};

/** Finishes the document. Throws when an operation names a problem that does not exist or has another status. */
export function finishDocument(raw: OpenApiDocument, service: { readonly version: string }): OpenApiDocument {
  const paths = Object.entries(raw.paths)
    .sort(([a], [b]) => rank(raw.paths[a]) - rank(raw.paths[b]) || compare(a, b))
    .map(([path, operations]) => [path, finishPath(operations)] as const);
  const document: OpenApiDocument = {
    openapi: '3.0.3',
    info: {
      title: 'sensorproxy',
      version: service.version,
      description: DESCRIPTION,
      license: { name: 'MIT', url: 'https://spdx.org/licenses/MIT.html' },
    },
    servers: [
      {
        url: '/',
        description: 'This service, local to the machine that it looks after.',
        'x-internal': true,
      },
    ],
    tags: TAGS,
    security: [{ bearer: [] }],
    paths: Object.fromEntries(paths),
    components: {
      schemas: raw.components.schemas,
      examples: {},
      headers: {
        ETag: {
          description: 'Strong entity tag of the account’s stored bytes.',
          schema: { type: 'string' },
          example: '"2c26b46b68ffc68ff99b453c1d304134"',
        },
        ...idempotencyHeaders,
        Location: { description: 'Path of what was made.', schema: { type: 'string' } },
        ContentDisposition: { description: 'Proposes a file name.', schema: { type: 'string' } },
        RequestId: { description: 'The request’s id, as the log has it.', schema: { type: 'string' } },
        WWWAuthenticate: { description: 'The scheme to use: Bearer.', schema: { type: 'string' } },
      },
      securitySchemes: {
        bearer: {
          type: 'http',
          scheme: 'bearer',
          description:
            'The first start leaves an administrator’s token in `admin.token` in the data folder; the log names the file. Over TLS, a client certificate that the service’s settings name stands in place of a token.',
        },
      },
    },
  };
  for (const operation of Object.values(document.paths).flatMap((each) => Object.values(each))) {
    for (const parameter of operation.parameters ?? []) unfill(parameter, raw.components.schemas);
  }
  document.components.examples = problemExamples(document.paths);
  document.components.schemas = finishSchemas(document, raw.components.schemas);
  return document;
}

/** Swagger UI fills parameters in from their schema's example: one that may be left out must not be filled in unasked. */
function unfill(
  parameter: NonNullable<Operation['parameters']>[number],
  schemas: Readonly<Record<string, Schema>>,
): void {
  if (parameter.in !== 'query') return;
  const name = typeof parameter.schema.$ref === 'string' ? parameter.schema.$ref.replace(/.*\//, '') : '';
  const { example, ...schema } = schemas[name] ?? parameter.schema;
  if (example !== undefined) parameter.schema = schema;
  delete parameter.example;
}

function finishPath(operations: Record<string, Operation>): Record<string, Operation> {
  return Object.fromEntries(
    METHODS.flatMap((method) => {
      const operation = operations[method];
      return operation === undefined ? [] : [[method, finishOperation(method, operation)]];
    }),
  );
}

function finishOperation(method: string, operation: Operation): Operation {
  const { operationId: id, requestBody, responses } = operation;
  const isPublic = operation.security?.length === 0;
  const codes = commonProblems(id, requestBody !== undefined, isPublic);
  codes.push(...idempotencyProblems(method, operation));
  const answers: Record<string, Answer> = {};
  for (const [status, answer] of Object.entries(responses)) {
    if (isProblem(answer)) codes.push(...answer.description.split(' '));
    else answers[status] = finishAnswer(id, status, answer);
  }
  for (const [status, extra] of Object.entries(ALSO[id] ?? {}))
    codes.push(...extra.split(' ').map((code) => withStatus(code, status)));
  for (const status of [...new Set(codes.map(statusOfCode))]) {
    const own = codes.filter((code) => statusOfCode(code) === status);
    answers[status] = mergeAnswers(answers[status], problemAnswer([...new Set(own)]));
  }
  for (const answer of Object.values(answers)) {
    answer.headers = { 'X-Request-Id': { $ref: '#/components/headers/RequestId' }, ...answer.headers };
  }
  addIdempotencyHeaders(operation, answers);
  return {
    tags: operation.tags,
    operationId: id,
    summary: operation.summary,
    description: withScope(unwrap(operation.description), operation),
    security: isPublic ? [] : [{ bearer: [] }],
    ...(operation.parameters?.length
      ? {
          parameters: operation.parameters.map((each) => ({
            ...each,
            description: unwrap(each.description) ?? COMMON_DESCRIPTIONS[each.name],
            schema: tidied(each.schema) as Schema,
          })),
        }
      : {}),
    ...(requestBody ? { requestBody: withRequestExample(id, requestBody) } : {}),
    responses: answers,
  };
}

/** OpenAPI 3.0 knows scopes for OAuth alone, so that the text tells which token is needed. */
function withScope(description: string | undefined, { security }: Operation): string | undefined {
  const scope = security?.[0]?.bearer?.[0];
  if (scope === undefined || scope === 'read') return description;
  return `${description ?? ''}\n\nNeeds a token of the scope \`${scope}\`.`.trim();
}

function finishAnswer(id: string, status: string, answer: Answer): Answer {
  const others = otherExamples[id] ?? {};
  const content: Record<string, MediaType> = {};
  const examples: Readonly<Record<string, unknown>> = status === '503' ? unavailableExamples : answerExamples;
  for (const [type, media] of Object.entries(answer.content ?? {})) {
    if (type === 'application/json')
      content[type] = {
        schema: media.schema,
        ...(id in examples ? { example: examples[id] } : {}),
      };
  }
  if (status === '200') {
    for (const [type, example] of Object.entries(others)) {
      content[type] = {
        schema: OTHER_SCHEMAS[type] ?? { type: 'string' },
        example,
      };
    }
  }
  const description = answer.description === 'Ok' ? 'Done.' : unwrap(answer.description);
  return {
    description,
    ...(EXTRA_HEADERS[id]?.[status] ? { headers: EXTRA_HEADERS[id][status] } : {}),
    ...(Object.keys(content).length > 0 ? { content } : {}),
  };
}

function commonProblems(id: string, hasBody: boolean, isPublic: boolean): string[] {
  return [
    'validation-failed',
    'uri-too-long',
    ...(id === 'getLiveness' ? [] : ['too-busy']),
    'host-not-allowed',
    'origin-not-allowed',
    ...(hasBody
      ? ['json-malformed', 'body-too-large', 'content-type-unsupported', 'content-encoding-unsupported']
      : []),
    ...(isPublic ? [] : ['unauthenticated', 'token-invalid', 'scope-missing', 'too-many-failures']),
    'internal-error',
  ];
}

function problemAnswer(codes: readonly string[]): Answer {
  const rows = codes.map((code) => definitionOf(code));
  const examples = codes.map((code) => [code, { $ref: `#/components/examples/${code}` }] as const);
  return {
    description: rows.map((row) => `\`${row.code}\`: ${row.title}.`).join(' '),
    ...(codes.includes('unauthenticated')
      ? { headers: { 'WWW-Authenticate': { $ref: '#/components/headers/WWWAuthenticate' } } }
      : {}),
    ...(codes.includes('too-many-failures')
      ? { headers: { 'Retry-After': { $ref: '#/components/headers/RetryAfter' } } }
      : {}),
    content: {
      [PROBLEM_JSON]: {
        schema: { $ref: '#/components/schemas/Problem' },
        examples: Object.fromEntries(examples),
      },
    },
  };
}

function mergeAnswers(first: Answer | undefined, second: Answer): Answer {
  if (first === undefined) return second;
  return {
    description: `${first.description} Or ${second.description}`,
    headers: { ...first.headers, ...second.headers },
    content: { ...first.content, ...second.content },
  };
}

function withRequestExample(
  id: string,
  body: NonNullable<Operation['requestBody']>,
): NonNullable<Operation['requestBody']> {
  const examples: Readonly<Record<string, unknown>> = requestExamples;
  const content = Object.entries(body.content).map(([type, { schema }]) => [
    type,
    { schema, ...(id in examples ? { example: examples[id] } : {}) },
  ]);
  return { ...body, content: Object.fromEntries(content) as Record<string, MediaType> };
}

/** In order of name, only those that are used, and with problems open to the members that some types have. */
function finishSchemas(document: OpenApiDocument, schemas: Record<string, Schema>): Record<string, Schema> {
  const used = new Set<string>();
  const visit = (value: unknown): void => {
    for (const [, name = ''] of JSON.stringify(value).matchAll(/"#\/components\/schemas\/([^"]+)"/g)) {
      if (used.has(name)) continue;
      used.add(name);
      visit(schemas[name]);
    }
  };
  visit(document.paths);
  const finished = [...used].sort(compare).map((name) => {
    const schema = tidied(schemas[name]) as Schema;
    if (name === 'Problem') schema.additionalProperties = true;
    for (const [field, each] of Object.entries((schema.properties ?? {}) as Record<string, Schema>)) {
      if (field in COMMON_DESCRIPTIONS && !each.$ref) each.description ??= COMMON_DESCRIPTIONS[field];
    }
    return [name, schema] as const;
  });
  return Object.fromEntries(finished);
}

function isProblem(answer: Answer): boolean {
  return Object.values(answer.content ?? {}).some(
    ({ schema }) => schema.$ref === '#/components/schemas/Problem',
  );
}

function statusOfCode(code: string): string {
  return String(statusOf(definitionOf(code)));
}

function withStatus(code: string, status: string): string {
  if (statusOfCode(code) !== status) throw new Error(`${code} does not have the status ${status}`);
  return code;
}

function rank(operations: Record<string, Operation> | undefined): number {
  const tag = Object.values(operations ?? {})[0]?.tags?.[0];
  return TAGS.findIndex(({ name }) => name === tag);
}
