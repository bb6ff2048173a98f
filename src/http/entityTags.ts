/**
 * Whether an If-None-Match header names this entity tag: a list of tags, compared weakly, or `*` (RFC 9110, 13.1.2). The
 * tags of this service hold no comma.
 */
export function matchesTag(header: string | undefined, current: string): boolean {
  if (header === undefined) return false;
  return header.split(',').some((part) => {
    const tag = part.trim();
    return tag === '*' || tag.replace(/^W\//, '') === current;
  });
}
