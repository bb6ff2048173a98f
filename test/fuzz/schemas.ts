/** Values for schemas of the contract: those that fit, and those that nearly do. */
import fc, { type Arbitrary } from 'fast-check';
import type { Schema } from '../../scripts/openapiTypes';
import { contract } from '../http/contract';
import { hostileText, hostileValue } from './hostile';

const number = (value: unknown, otherwise: number) => (typeof value === 'number' ? value : otherwise);

const ANNA = 'S-1-5-21-1004336348-1177238915-682003330-1104';
/** Values of fields by name, so that requests get beyond the schema: it calls text what Windows calls a proxy. */
const USUAL: Readonly<Record<string, readonly unknown[]>> = {
  proxyServer: [
    'proxy.contoso.com:8080',
    'http=127.0.0.1:1;https=[::1]:1',
    'socks=127.0.0.1:1',
    'a.invalid',
    null,
  ],
  bypassList: [[], [], ['<local>'], ['*.contoso.com', '10.*', '<-loopback>']],
  autoConfigUrl: [null, null, 'http://127.0.0.1:1/proxy.pac', 'https://pac.invalid/p.pac?x=1'],
  url: ['http://127.0.0.1:1/hook', 'http://127.0.0.1:1/', 'https://127.0.0.1:1/a?b=c'],
  template: ['{"text": "{{summary}}"}', '{"text": "{{sumary}}"}', '{'],
  source: ['LocalSystem', 'LocalService', 'NetworkService', ANNA, 'CurrentUser'],
  targets: [['LocalSystem'], ['LocalService', 'NetworkService'], [ANNA], ['LocalSystem', 'LocalService']],
};

/** The schema that a reference leads to, with what stands beside the reference. */
export function resolved(schema: Schema): Schema {
  if (Array.isArray(schema.allOf)) {
    const { allOf, ...beside } = schema;
    return Object.assign({}, ...(allOf as Schema[]).map(resolved), beside) as Schema;
  }
  if (typeof schema.$ref !== 'string') return schema;
  const { $ref, ...own } = schema;
  return { ...resolved(contract.components.schemas[$ref.replace(/.*\//, '')] ?? {}), ...own };
}

/** Values that fit. Examples and defaults of the contract come often: they are what it is about. */
export function fitting(unresolved: Schema): Arbitrary<unknown> {
  const schema = resolved(unresolved);
  const known = [schema.example, schema.default].filter((value) => value !== undefined);
  const nullable = schema.nullable === true ? [fc.constant(null)] : [];
  return fc.oneof(...known.map((value) => fc.constant(value)), ...nullable, plainly(schema));
}

function plainly(schema: Schema): Arbitrary<unknown> {
  if (Array.isArray(schema.enum)) return fc.constantFrom<unknown>(...(schema.enum as unknown[]));
  switch (schema.type) {
    case 'boolean':
      return fc.boolean();
    case 'integer':
    case 'number':
      return fc.integer({ min: number(schema.minimum, -1e9), max: number(schema.maximum, 1e9) });
    case 'array':
      return fc.array(fitting(schema.items as Schema), {
        minLength: number(schema.minItems, 0),
        maxLength: Math.min(number(schema.maxItems, 5), 5),
      });
    case 'object':
      return fields(schema, fitting);
    default:
      return fittingText(schema);
  }
}

function fittingText({ pattern, minLength, maxLength }: Schema): Arbitrary<string> {
  const lengths = { minLength: number(minLength, 0), maxLength: Math.min(number(maxLength, 60), 60) };
  const text = fc.oneof(
    fc.string({ ...lengths, unit: 'grapheme-ascii' }),
    fc.string({ ...lengths, unit: 'binary' }),
  );
  if (typeof pattern !== 'string') return text;
  const form = new RegExp(pattern, 'u');
  return fc
    .oneof(text, fc.stringMatching(form, { maxLength: lengths.maxLength }))
    .filter((one) => form.test(one));
}

function fields(
  schema: Schema,
  each: (schema: Schema) => Arbitrary<unknown>,
): Arbitrary<Record<string, unknown>> {
  const properties = (schema.properties ?? {}) as Record<string, Schema>;
  const model = Object.fromEntries(
    Object.entries(properties).map(([name, one]) => {
      const usual = USUAL[name];
      return [
        name,
        usual === undefined
          ? each(one)
          : fc.oneof({ weight: 9, arbitrary: fc.constantFrom(...usual) }, each(one)),
      ];
    }),
  );
  return fc.record(model, { requiredKeys: (schema.required ?? []) as string[] });
}

/** Values that just miss: a bound, a type, a form, a field. */
export function almostFitting(unresolved: Schema): Arbitrary<unknown> {
  const schema = resolved(unresolved);
  const misses: Arbitrary<unknown>[] = [
    fc.constantFrom<unknown>(null, '', 0, false, [], {}, 'true', '1', ['null'], { $ref: '#' }),
    hostileText,
  ];
  if (schema.type === 'object') {
    misses.push(
      fc
        .tuple(fields(schema, fitting), hostileText, hostileValue)
        .map(([value, name, extra]) => ({ ...value, [name]: extra })),
      fields(schema, (one) => fc.oneof({ weight: 3, arbitrary: fitting(one) }, almostFitting(one))),
    );
  }
  if (schema.type === 'array') {
    const items = schema.items as Schema;
    const tooMany = number(schema.maxItems, 100) + 1;
    misses.push(
      fc.array(fc.oneof(fitting(items), almostFitting(items)), { maxLength: 4 }),
      fitting(items).map((one) => Array.from({ length: tooMany }, () => one)),
    );
  }
  if (schema.type === 'string') {
    const longest = number(schema.maxLength, 300);
    misses.push(
      fc.constantFrom(
        'x'.repeat(longest),
        'x'.repeat(longest + 1),
        '\u{1f600}'.repeat(Math.ceil(longest / 2) + 1),
      ),
      fittingText(schema).map((text) => `${text}\n`),
    );
  }
  if (schema.type === 'integer') {
    const [min, max] = [number(schema.minimum, 0), number(schema.maximum, 2 ** 31)];
    misses.push(fc.constantFrom<unknown>(min - 1, max + 1, min + 0.5, -0, `${min}`, 1e21, 2 ** 53 + 2));
  }
  return fc.oneof(...misses);
}
