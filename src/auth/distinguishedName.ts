/** Names of certificate holders in the text form of RFC 4514, and when two of them are the same. */

/** One `type=value`: the type in upper case, the value without escapes. */
type Attribute = readonly [type: string, value: string];

/** A parsed name: its parts in the order of the text, most specific first; each has one attribute, rarely more. */
export type DistinguishedName = readonly (readonly Attribute[])[];

/** A character of the text, or what an escape stands for, which never separates anything. */
export interface Token {
  readonly text: string;
  readonly bytes: Buffer;
  readonly escaped: boolean;
}

const TYPE = /^(?:[A-Za-z][A-Za-z0-9-]*|\d+(?:\.\d+)+)$/;
const ESCAPE = /\\(?:[0-9A-Fa-f]{2}|[ "#+,;<=>\\])/y;

/** Takes escapes together. Undefined for a backslash that begins none. */
export function tokensOf(text: string): readonly Token[] | undefined {
  const tokens: Token[] = [];
  for (let at = 0; at < text.length;) {
    ESCAPE.lastIndex = at;
    const escape = ESCAPE.exec(text)?.[0];
    const piece = escape ?? String.fromCodePoint(text.codePointAt(at) ?? 0);
    if (piece === '\\') return undefined;
    tokens.push({ text: piece, bytes: bytesOf(piece, escape !== undefined), escaped: escape !== undefined });
    at += piece.length;
  }
  return tokens;
}

function bytesOf(piece: string, escaped: boolean): Buffer {
  if (!escaped) return Buffer.from(piece, 'utf8');
  return piece.length === 3 ? Buffer.from(piece.slice(1), 'hex') : Buffer.from(piece.slice(1), 'latin1');
}

/** The parts between separators that are not escaped. */
export function splitTokens(tokens: readonly Token[], separator: string): readonly (readonly Token[])[] {
  const parts: Token[][] = [[]];
  for (const token of tokens) {
    if (!token.escaped && token.text === separator) parts.push([]);
    else parts.at(-1)?.push(token);
  }
  return parts;
}

/**
 * Parses a name such as `CN=ansible, O=Contoso`: spaces around what separates do not count, all else does. Undefined for
 * what is no name, or has quotes or `#`-encoded values, which no name shown by Node or OpenSSL has.
 */
export function parseName(tokens: readonly Token[]): DistinguishedName | undefined {
  const parts = splitTokens(tokens, ',').map((part) => splitTokens(part, '+').map(parseAttribute));
  const complete = parts.map((part) => part.filter((attribute) => attribute !== undefined));
  return complete.every((part, index) => part.length === parts[index]?.length) ? complete : undefined;
}

function parseAttribute(tokens: readonly Token[]): Attribute | undefined {
  const at = tokens.findIndex(({ text, escaped }) => text === '=' && !escaped);
  if (at < 0) return undefined;
  const type = trim(tokens.slice(0, at))
    .map(({ text }) => text)
    .join('');
  const value = trim(tokens.slice(at + 1));
  const odd = value.some(({ text, escaped }) => !escaped && /^["<>;\p{Cc}]$/u.test(text));
  const [first] = value;
  if (!TYPE.test(type) || odd || first === undefined || (first.text === '#' && !first.escaped))
    return undefined;
  try {
    const bytes = Buffer.concat(value.map((token) => token.bytes));
    return [type.toUpperCase(), new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes)];
  } catch {
    return undefined;
  }
}

/** Without the spaces at both ends; an escaped one belongs to the value. */
function trim(tokens: readonly Token[]): readonly Token[] {
  const isSpace = ({ text, escaped }: Token): boolean => text === ' ' && !escaped;
  const from = tokens.findIndex((token) => !isSpace(token));
  return from < 0 ? [] : tokens.slice(from, tokens.findLastIndex((token) => !isSpace(token)) + 1);
}

/** The same text for equal names, and for no others. */
export function nameKey(name: DistinguishedName): string {
  return JSON.stringify(name.map((part) => part.map((attribute) => JSON.stringify(attribute)).sort()));
}

/**
 * A subject as Node's X509Certificate has it (a line for each part, the most general first, escaped as RFC 4514 says).
 * Undefined for an empty one, or one that is not UTF-8.
 */
export function parseSubject(lines: string | undefined): DistinguishedName | undefined {
  const tokens = tokensOf((lines ?? '').split('\n').reverse().join(','));
  return tokens === undefined ? undefined : parseName(tokens);
}
