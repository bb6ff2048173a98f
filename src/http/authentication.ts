import type { NextFunction, Request, RequestHandler, Response } from 'express';
import { includesScope, type Scope } from '../auth/scopes';
import { DomainError } from '../lib/errors';
import { HttpProblem } from './httpProblem';
import { factsOf } from './requestFacts';
import { verifiedCertificate } from './tls';

const SCHEME = 'bearer ';
/** Longer than any token of this service; what is longer is not worth hashing. */
const MAX_HEADER_LENGTH = 1024;

/**
 * Checks `Authorization: Bearer <token>` and its scope, or without a token the client's certificate; stands before every operation but those with `@NoSecurity`. Errors:
 * `unauthenticated` without a token, `token-invalid` for a wrong one, `scope-missing` for one that may not do this,
 * `too-many-failures` for an address that has shown too many wrong ones. A token that is right is never held up: it has 256
 * bits, and whoever guesses from the same machine must not shut others out.
 */
export function requireScope(needed: Scope): RequestHandler {
  return (request: Request, _response: Response, next: NextFunction) => {
    const facts = factsOf(request);
    const { services } = facts;
    const token = bearerToken(request);
    const certificate = token === undefined ? verifiedCertificate(request.socket) : undefined;
    const holder =
      token === undefined
        ? certificate && services.authenticateCertificate(certificate)
        : services.authenticate(token);
    if (holder === undefined) {
      const waitSeconds = services.failures.note(request.socket.remoteAddress ?? '');
      next(waitSeconds === null ? refusal(token) : tooMany(waitSeconds));
      return;
    }
    facts.holder = holder;
    next(
      includesScope(holder.scope, needed)
        ? undefined
        : missingScope(needed, holder.scope, token === undefined),
    );
  };
}

/** The token; undefined without one, empty for one that is too long to be any. */
function bearerToken(request: Request): string | undefined {
  const header = request.headers.authorization ?? '';
  if (header.slice(0, SCHEME.length).toLowerCase() !== SCHEME) return undefined;
  return header.length > MAX_HEADER_LENGTH ? '' : header.slice(SCHEME.length).trim();
}

function refusal(token: string | undefined): DomainError {
  if (token === undefined) {
    const detail =
      'This operation needs the header Authorization: Bearer <token>. The log names the file that holds the first token.';
    return new DomainError('unauthenticated', 'unauthenticated', detail);
  }
  const detail = 'The token is not valid here. Take it afresh from where it is kept.';
  return new DomainError('unauthenticated', 'token-invalid', detail);
}

function missingScope(needed: Scope, held: Scope, byCertificate: boolean): HttpProblem {
  const detail = byCertificate
    ? `This operation needs the scope ${needed}; the client certificate has ${held}. SENSORPROXY_TLS_CLIENT_SCOPES gives it.`
    : `This operation needs a token of the scope ${needed}; this one has ${held}. sensorproxy token create makes one.`;
  return new HttpProblem('scope-missing', detail, { extensions: { scope: needed } });
}

function tooMany(waitSeconds: number): HttpProblem {
  const detail = `This address has shown too many wrong tokens. Correct the token, and try again in ${waitSeconds} s.`;
  return new HttpProblem('too-many-failures', detail, { headers: { 'Retry-After': String(waitSeconds) } });
}
