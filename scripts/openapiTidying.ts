/** Mends what tsoa writes, wherever it stands in the document. */

/**
 * Integers are int64, since tsoa calls all of them int32 and the change counter is an unsigned one. What stands beside a
 * reference goes around it: OpenAPI 3.0 has readers ignore it there. Descriptions are unwrapped.
 */
export function tidied(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(tidied);
  if (typeof value !== 'object' || value === null) return value;
  const entries = Object.entries(value).map(
    ([key, each]: [string, unknown]) => [key, tidiedField(key, each)] as const,
  );
  const { $ref, ...beside } = Object.fromEntries(entries);
  if (typeof $ref !== 'string') return Object.fromEntries(entries);
  return Object.keys(beside).length === 0 ? { $ref } : { allOf: [{ $ref }], ...beside };
}

/** Comments are wrapped for the source; paragraphs stay. */
export function unwrap(text: string): string;
export function unwrap(text: string | undefined): string | undefined;
export function unwrap(text: string | undefined): string | undefined {
  return text?.replace(/(?<!\n)\n(?!\n)/g, ' ');
}

function tidiedField(key: string, value: unknown): unknown {
  if (key === 'description' && typeof value === 'string') return unwrap(value);
  return key === 'format' && value === 'int32' ? 'int64' : tidied(value);
}
