import type { ValidateError } from '@tsoa/runtime';

/** One thing that does not fit the contract. */
export interface Fault {
  /** What is wrong, without the value that was sent. */
  readonly detail: string;
  /** The part of the request that `pointer` points into; the body when left out. */
  readonly in?: 'body' | 'query' | 'path' | 'header';
  /** JSON Pointer (RFC 6901); empty for the part as a whole. */
  readonly pointer: string;
}

/** Where a parameter of an operation is; a container holds the fields that a finding's path goes on with. */
export interface Place {
  readonly in: 'body' | 'query' | 'path' | 'header';
  readonly isContainer: boolean;
}

/** How many faults an answer lists at most. */
export const MAX_FAULTS = 20;

type Fields = ValidateError['fields'];

/** tsoa's findings as faults. `placeOf` tells where the parameter with a name is. */
export function faultsOf(fields: Fields, placeOf: (parameter: string) => Place): readonly Fault[] {
  return Object.entries(fields)
    .slice(0, MAX_FAULTS)
    .map(([path, field]) => faultOf(path, field, placeOf));
}

/** A pointer to a field that is not of the contract: the sender's own name helps, as long as it looks like a name. */
export function pointerTo(name: unknown): string {
  return typeof name === 'string' && /^[A-Za-z][A-Za-z0-9_-]{0,63}$/.test(name) ? `/${name}` : '';
}

function faultOf(
  path: string,
  { message, value }: Fields[string],
  placeOf: (parameter: string) => Place,
): Fault {
  const [root = '', ...rest] = path.split('.');
  const place = placeOf(root);
  if (message.includes('is an excess property')) {
    const what = place.in === 'query' ? 'There is no such parameter.' : 'There is no such field.';
    return { detail: what, in: place.in, pointer: pointerTo(value) };
  }
  return {
    detail: inWords(message),
    in: place.in,
    pointer: pointer(place.isContainer ? rest : [root, ...rest]),
  };
}

/** tsoa writes the nth element of a list as `$n`. */
function pointer(segments: readonly string[]): string {
  return segments
    .map(
      (segment) =>
        `/${segment
          .replace(/^\$(?=\d+$)/, '')
          .replace(/~/g, '~0')
          .replace(/\//g, '~1')}`,
    )
    .join('');
}

const WORDS: readonly (readonly [RegExp, (argument: string) => string])[] = [
  [/ is required$/, () => 'It is required.'],
  [/^invalid string/, () => 'It must be text, and be given once.'],
  [/^invalid boolean/, () => 'It must be true or false.'],
  [/^invalid integer/, () => 'It must be a whole number.'],
  [/^invalid float/, () => 'It must be a number.'],
  [/^invalid array/, () => 'It must be a list.'],
  [/^invalid object/, () => 'It must be a JSON object.'],
  [/^min (.+)$/, (bound) => `It must be ${bound} or more.`],
  [/^max (.+)$/, (bound) => `It must be ${bound} or less.`],
  [/^minLength (.+)$/, (bound) => `It must have at least this many characters: ${bound}.`],
  [/^maxLength (.+)$/, (bound) => `It may have at most this many characters: ${bound}.`],
  [/^minItems (.+)$/, (bound) => `It must have at least this many elements: ${bound}.`],
  [/^maxItems (.+)$/, (bound) => `It may have at most this many elements: ${bound}.`],
  [/^should be one of the following; \[(.*)\]$/, (members) => `It must be one of ${members}.`],
  [
    /^Not match/,
    () => 'It does not have the form that the contract asks for, or holds characters that it may not.',
  ],
];

/** tsoa's messages, said anew: some of its own repeat what the caller sent. */
function inWords(message: string): string {
  if (message.startsWith('Could not match the union')) return inWords(firstOfUnion(message));
  for (const [form, say] of WORDS) {
    const match = form.exec(message);
    if (match) return say(match[1] ?? '');
  }
  return 'It does not fit the contract.';
}

/** The finding about a union's first member: the others are null or undefined in this contract. */
function firstOfUnion(message: string): string {
  const issues: unknown = JSON.parse(message.slice(message.indexOf('[')));
  const first: unknown = Array.isArray(issues) ? issues[0] : undefined;
  const field: unknown = typeof first === 'object' && first !== null ? Object.values(first)[0] : undefined;
  if (typeof field !== 'object' || field === null || !('message' in field)) return '';
  return typeof field.message === 'string' ? field.message : '';
}
