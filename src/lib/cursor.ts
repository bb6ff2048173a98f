import { DomainError } from './errors';

/** An opaque cursor for `next`: callers pass it back and read nothing from it. */
export function encodeCursor(position: string): string {
  return Buffer.from(position, 'utf8').toString('base64url');
}

/** The position in a cursor. Errors: `cursor-invalid` for anything that {@link encodeCursor} did not make. */
export function decodeCursor(cursor: string, isPosition: (text: string) => boolean): string {
  const position = Buffer.from(cursor, 'base64url').toString('utf8');
  if (!isPosition(position) || encodeCursor(position) !== cursor) {
    throw new DomainError(
      'invalid',
      'cursor-invalid',
      'The cursor is not one that this service gave. Leave it out to begin at the first page.',
    );
  }
  return position;
}
