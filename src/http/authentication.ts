import type { NextFunction, Request, Response } from 'express';
import { DomainError } from '../lib/errors';
import { factsOf } from './requestFacts';

const SCHEME = 'bearer ';
/** Longer than any token of this service; what is longer is not worth hashing. */
const MAX_HEADER_LENGTH = 1024;

/**
 * Checks `Authorization: Bearer <token>`; stands before every operation but those with `@NoSecurity`. Errors:
 * `unauthenticated` without a token, `token-invalid` for a wrong one.
 */
export function requireToken(request: Request, _response: Response, next: NextFunction): void {
  const header = request.headers.authorization ?? '';
  if (header.slice(0, SCHEME.length).toLowerCase() !== SCHEME) {
    const detail =
      'This operation needs the header Authorization: Bearer <token>. The log names the file that holds the first token.';
    next(new DomainError('unauthenticated', 'unauthenticated', detail));
    return;
  }
  const facts = factsOf(request);
  const token = header.slice(SCHEME.length).trim();
  const holder = header.length > MAX_HEADER_LENGTH ? undefined : facts.services.authenticate(token);
  if (holder === undefined) {
    const detail = 'The token is not valid here. Take it afresh from where it is kept.';
    next(new DomainError('unauthenticated', 'token-invalid', detail));
    return;
  }
  facts.holder = holder;
  next();
}
