import type { Request } from 'express';
import { DomainError } from '../lib/errors';
import { factsOf } from './requestFacts';
import type { TokenHolder } from './services';

const SCHEME = 'bearer ';
/** Longer than any token of this service; what is longer is not worth hashing. */
const MAX_HEADER_LENGTH = 1024;

/**
 * tsoa's authentication module: checks `Authorization: Bearer <token>`. Errors: `unauthenticated` without one,
 * `token-invalid` for a wrong one.
 */
export function expressAuthentication(request: Request, securityName: string): Promise<TokenHolder> {
  if (securityName !== 'bearer') return Promise.reject(new Error(`no such security scheme: ${securityName}`));
  const header = request.headers.authorization ?? '';
  if (header.slice(0, SCHEME.length).toLowerCase() !== SCHEME) {
    const detail =
      'This operation needs the header Authorization: Bearer <token>. The log names the file that holds the first token.';
    return Promise.reject(new DomainError('unauthenticated', 'unauthenticated', detail));
  }
  const facts = factsOf(request);
  const token = header.slice(SCHEME.length).trim();
  const holder = header.length > MAX_HEADER_LENGTH ? undefined : facts.services.authenticate(token);
  if (holder === undefined) {
    const detail = 'The token is not valid here. Take it afresh from where it is kept.';
    return Promise.reject(new DomainError('unauthenticated', 'token-invalid', detail));
  }
  facts.holder = holder;
  return Promise.resolve(holder);
}
