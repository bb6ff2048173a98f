/** Requests for an operation of the contract: good ones, nearly good ones, hostile ones. */
import fc, { type Arbitrary } from 'fast-check';
import type { Operation, Schema } from '../../scripts/openapiTypes';
import { hostileBody } from './bodies';
import { hostileHeaders, hostileQuery, hostileSegment, hostileText, percentEncoded } from './hostile';
import { almostFitting, fitting, resolved } from './schemas';

/** Texts of a request that stand for what is known only when it is sent: an id, an entity tag. */
export const PLACEHOLDER = /\{\{([a-z]+):(\d+)\}\}/g;

/** A request before it is sent. All text is Latin-1: one character a byte. */
export interface FuzzRequest {
  readonly method: string;
  /** Path and query. */
  readonly target: string;
  readonly headers: readonly (readonly [string, string])[];
  readonly body: Buffer | null;
  readonly token: 'right' | 'wrong' | 'none';
}

type Header = readonly [string, string];
type Parameter = NonNullable<Operation['parameters']>[number];

/** Entity tags, most of them ones that an account has. */
const TAGS = ['*', '*', '{{etags:0}}', '{{etags:0}}', '{{etags:1}}', '"0123456789abcdef"'];
/** A few keys that come again with another request, and many that come once. */
const KEYS = ['"fuzz-1"', 'fuzz-2', ...Array.from({ length: 60 }, (_each, nth) => `"fuzz-{{nonce:${nth}}}"`)];
const VERBS = ['GET', 'HEAD', 'POST', 'PUT', 'DELETE', 'PATCH', 'OPTIONS', 'TRACE', 'PROPFIND'];

/** Requests for one operation. */
export function requestsFor(template: string, verb: string, operation: Operation): Arbitrary<FuzzRequest> {
  const parameters = operation.parameters ?? [];
  const method = verb.toUpperCase();
  const good = fc.record<FuzzRequest>({
    method: fc.constantFrom(method, method, method, method === 'GET' ? 'HEAD' : method),
    target: targetOf(template, parameters, (one) => pathValue(template, one), fitting),
    headers: goodHeaders(parameters).map((own) => [...own, ...(operation.requestBody ? [JSON_BODY] : [])]),
    body: bodyOf(operation, fitting),
    token: fc.constant('right'),
  });
  const nearly = fc.record<FuzzRequest>({
    method: fc.constant(method),
    target: targetOf(
      template,
      parameters,
      (one) =>
        fc.oneof(
          { weight: 4, arbitrary: pathValue(template, one) },
          almostText(one.schema).map(percentEncoded),
        ),
      (schema) => fc.oneof(fitting(schema), almostFitting(schema)),
    ),
    headers: goodHeaders(parameters).map((own) => [...own, ...(operation.requestBody ? [JSON_BODY] : [])]),
    body: bodyOf(operation, (schema) =>
      fc.oneof({ weight: 1, arbitrary: fitting(schema) }, { weight: 3, arbitrary: almostFitting(schema) }),
    ),
    token: fc.constant('right'),
  });
  const hostile = fc.record<FuzzRequest>({
    method: fc.oneof({ weight: 6, arbitrary: fc.constant(method) }, fc.constantFrom(...VERBS)),
    target: fc
      .tuple(
        hostilePath(template),
        fc.option(hostileQuery, { nil: null }),
        targetOf(template, parameters, (one) => pathValue(template, one), fitting),
        fc.boolean(),
      )
      .map(([path, query, ordinary, keepPath]) =>
        keepPath
          ? `${ordinary}${query === null ? '' : `${ordinary.includes('?') ? '&' : '?'}${query}`}`
          : query === null
            ? path
            : `${path}?${query}`,
      ),
    headers: fc
      .tuple(goodHeaders(parameters), hostileHeaders, contentType, fc.boolean())
      .map(([own, further, type, twice]) => [...own, ...further, ...type, ...(twice ? own : [])]),
    body: operation.requestBody
      ? fc.oneof({ weight: 1, arbitrary: bodyOf(operation, fitting) }, { weight: 4, arbitrary: hostileBody })
      : fc.option(hostileBody, { nil: null, freq: 4 }),
    token: fc.constantFrom('right', 'right', 'right', 'right', 'right', 'wrong', 'none'),
  });
  return fc.oneof(
    { weight: 3, arbitrary: good },
    { weight: 3, arbitrary: nearly },
    { weight: 4, arbitrary: hostile },
  );
}

const JSON_BODY: Header = ['Content-Type', 'application/json'];

const contentType: Arbitrary<readonly Header[]> = fc.constantFrom<readonly Header[]>(
  [JSON_BODY],
  [JSON_BODY],
  [JSON_BODY],
  [],
  [['Content-Type', 'application/json; charset=utf-16']],
  [['Content-Type', 'application/json;charset="utf-8";charset=klingon']],
  [['Content-Type', 'APPLICATION/JSON ; q=1']],
  [['Content-Type', 'text/plain']],
  [['Content-Type', 'multipart/form-data; boundary=']],
  [
    ['Content-Type', 'application/json'],
    ['Content-Type', 'text/html'],
  ],
  [['Content-Type', ';;;=;']],
  [JSON_BODY, ['Content-Encoding', 'gzip']],
  [JSON_BODY, ['Content-Encoding', 'identity, br, identity']],
);

/** What stands in the place of a path's parameter: mostly something that is there. */
function pathValue(template: string, parameter: Parameter): Arbitrary<string> {
  const index = fc.nat({ max: 20 });
  // A dead delivery takes three days: no id of one is there.
  if (parameter.name === 'deliveryId') return asText(fitting(parameter.schema)).map(percentEncoded);
  const kind = /^\/(?:proxy\/)?(backups|changes|webhooks)\//.exec(template)?.[1];
  if (kind !== undefined) {
    const there = index.map((nth) => `{{${kind}:${nth}}}`);
    return fc.oneof({ weight: 5, arbitrary: there }, asText(fitting(parameter.schema)).map(percentEncoded));
  }
  const account = fc.constantFrom(
    'LocalSystem',
    'LocalService',
    'NetworkService',
    'CurrentUser',
    '{{sids:0}}',
    '{{sids:1}}',
  );
  if (!template.startsWith('/proxy/contexts/')) return asText(fitting(parameter.schema)).map(percentEncoded);
  return fc.oneof({ weight: 5, arbitrary: account }, asText(fitting(parameter.schema)).map(percentEncoded));
}

function targetOf(
  template: string,
  parameters: readonly Parameter[],
  inPath: (parameter: Parameter) => Arbitrary<string>,
  inQuery: (schema: Schema) => Arbitrary<unknown>,
): Arbitrary<string> {
  const path = fc.record(
    Object.fromEntries(parameters.filter((one) => one.in === 'path').map((one) => [one.name, inPath(one)])),
  );
  const query = fc.record(
    Object.fromEntries(
      parameters
        .filter((one) => one.in === 'query')
        .map((one) => [
          one.name,
          one.name === 'cursor' ? cursorOf(template, one, inQuery) : inQuery(withAccounts(one)),
        ]),
    ),
    { requiredKeys: [] },
  );
  return fc.tuple(path, query).map(([values, wanted]) => {
    const filled = template.replace(/\{(\w+)\}/g, (_all, name: string) => values[name] ?? '');
    const pairs = Object.entries(wanted).flatMap(([name, value]) =>
      (Array.isArray(value) ? (value as unknown[]) : [value]).map((one) => `${name}=${queryText(one)}`),
    );
    return pairs.length === 0 ? filled : `${filled}?${pairs.slice(0, 60).join('&')}`;
  });
}

/** Mostly a cursor that the list has given. */
function cursorOf(
  template: string,
  { schema }: Parameter,
  inQuery: (schema: Schema) => Arbitrary<unknown>,
): Arbitrary<unknown> {
  const kind = `cursor${template.replace(/^.*\//, '')}`;
  const given = fc.nat({ max: 3 }).map((nth) => `{{${kind}:${nth}}}`);
  return fc.oneof({ weight: 9, arbitrary: given }, inQuery(schema));
}

/** Query parameters that name an account are more often right than a schema of any text would make them. */
function withAccounts({ name, schema }: Parameter): Schema {
  if (name !== 'source' && name !== 'context') return schema;
  const names = { type: 'string', enum: ['LocalSystem', 'LocalService', 'CurrentUser', 'NetworkService'] };
  return resolved(schema).type === 'array' ? { ...schema, items: names } : names;
}

function queryText(value: unknown): string {
  const text = typeof value === 'string' ? value : JSON.stringify(value);
  return text.startsWith('{{') ? text : percentEncoded(text);
}

function almostText(schema: Schema): Arbitrary<string> {
  return fc.oneof(asText(almostFitting(schema)), hostileText);
}

function asText(value: Arbitrary<unknown>): Arbitrary<string> {
  return value.map((one) => (typeof one === 'string' ? one : JSON.stringify(one)));
}

function goodHeaders(parameters: readonly Parameter[]): Arbitrary<readonly Header[]> {
  const own = parameters
    .filter((one) => one.in === 'header')
    .map(({ name, schema }) => {
      const usual = name === 'Idempotency-Key' ? KEYS : /^if-/i.test(name) ? TAGS : [];
      const value = usual.length
        ? fc.constantFrom(...usual)
        : asText(fitting(schema)).map((text) => text.replace(/[^\x20-\x7e]/g, '_'));
      return fc.option(
        value.map((text): Header => [name, text]),
        { nil: null, freq: 6 },
      );
    });
  const accept = fc.constantFrom<Header | null>(
    null,
    ['Accept', 'application/json'],
    ['Accept', '*/*'],
    ['Accept', 'application/x-ndjson'],
  );
  return fc.tuple(accept, ...own).map((all) => all.filter((one) => one !== null));
}

function bodyOf(
  operation: Operation,
  each: (schema: Schema) => Arbitrary<unknown>,
): Arbitrary<Buffer | null> {
  const schema = operation.requestBody?.content['application/json']?.schema;
  if (schema === undefined) return fc.constant(null);
  const body = each(schema).map((value) => Buffer.from(JSON.stringify(value)));
  return operation.requestBody?.required === true ? body : fc.option(body, { nil: null, freq: 8 });
}

function hostilePath(template: string): Arbitrary<string> {
  const segments = template.split('/').slice(1);
  const parameterAt = segments.findIndex((segment) => segment.startsWith('{'));
  const at = parameterAt >= 0 ? fc.constant(parameterAt) : fc.nat({ max: segments.length });
  return fc.tuple(at, hostileSegment).map(([index, segment]) => {
    const path = segments.map((one) => (one.startsWith('{') ? '{{backups:0}}' : one));
    return `/${[...path.slice(0, index), segment, ...path.slice(index + (parameterAt >= 0 ? 1 : 0))].join('/')}`;
  });
}
