/** `openapi/openapi.yaml`, as far as scripts that call the service depend on it. */
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { parse } from 'yaml';

interface Schema {
  readonly $ref?: string;
  readonly enum?: readonly string[];
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly items?: Schema;
  readonly allOf?: readonly Schema[];
  readonly anyOf?: readonly Schema[];
  readonly oneOf?: readonly Schema[];
}

type Content = Readonly<Record<string, { readonly schema?: Schema }>>;

interface Document {
  readonly paths: Readonly<
    Record<
      string,
      Readonly<
        Record<
          string,
          {
            readonly parameters?: readonly { readonly in: string; readonly name: string }[];
            readonly requestBody?: { readonly content: Content };
            readonly responses: Readonly<Record<string, { readonly content?: Content }>>;
          }
        >
      >
    >
  >;
  readonly components: { readonly schemas: Readonly<Record<string, Schema>> };
}

/** One operation: the names that a caller may send, and those that may come back. */
export interface Operation {
  readonly parameters: readonly string[];
  readonly headers: readonly string[];
  readonly body: readonly string[];
  readonly answers: readonly string[];
}

const FILE = path.join(__dirname, '..', '..', '..', 'openapi', 'openapi.yaml');
const document = parse(readFileSync(FILE, 'utf8')) as Document;

function resolve(schema: Schema): Schema {
  const name = schema.$ref?.replace('#/components/schemas/', '');
  return name === undefined ? schema : schemaNamed(name);
}

function schemaNamed(name: string): Schema {
  const found = document.components.schemas[name];
  if (found === undefined) throw new Error(`the contract has no ${name}`);
  return found;
}

/** Every property name in a schema, at any depth. */
function namesIn(schema: Schema, seen = new Set<Schema>()): readonly string[] {
  const here = resolve(schema);
  if (seen.has(here)) return [];
  seen.add(here);
  const properties = here.properties ?? {};
  const parts = [...Object.values(properties), ...(here.items ? [here.items] : []), ...partsOf(here)];
  return [...Object.keys(properties), ...parts.flatMap((part) => namesIn(part, seen))];
}

function partsOf({ allOf = [], anyOf = [], oneOf = [] }: Schema): readonly Schema[] {
  return [...allOf, ...anyOf, ...oneOf];
}

function schemasOf(content: Content = {}): readonly Schema[] {
  return Object.values(content).flatMap(({ schema }) => (schema === undefined ? [] : [schema]));
}

export const contract = {
  /** Throws when there is none. */
  operation(method: string, where: string): Operation {
    const found = document.paths[where]?.[method.toLowerCase()];
    if (found === undefined) throw new Error(`the contract has no ${method} ${where}`);
    const { parameters = [], requestBody, responses } = found;
    const sentIn = (place: string) => parameters.filter((one) => one.in === place).map(({ name }) => name);
    return {
      parameters: sentIn('query'),
      headers: sentIn('header'),
      body: schemasOf(requestBody?.content).flatMap((schema) =>
        Object.keys(resolve(schema).properties ?? {}),
      ),
      answers: Object.values(responses).flatMap(({ content }) =>
        schemasOf(content).flatMap((schema) => namesIn(schema)),
      ),
    };
  },
  /** The words that a property of a schema may have. */
  words(schema: string, property: string): readonly string[] {
    const found = schemaNamed(schema).properties?.[property];
    if (found === undefined) throw new Error(`the contract has no ${schema}.${property}`);
    return [resolve(found), ...partsOf(found).map(resolve)].flatMap((one) => one.enum ?? []);
  },
};
