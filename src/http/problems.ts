import { DomainError } from '../lib/errors';
import { HttpProblem } from './httpProblem';
import { problemDefinition, statusOf } from './problemDefinitions';
import type { ProblemDefinition } from './problemTable';
import type { Fault } from './validation';

/** Media type of every error (RFC 9457). */
export const PROBLEM_JSON = 'application/problem+json';

/**
 * Problem details (RFC 9457). Some problems have further members: the page of the type names them.
 * @example {
 *   "type": "/problems/context-not-found",
 *   "title": "No such account",
 *   "status": 404,
 *   "detail": "No profile with this SID is loaded.",
 *   "instance": "urn:sensorproxy:request:7f3f0c0e-7a51-4f6e-9d2b-0f6f5f0a3c11",
 *   "code": "context-not-found"
 * }
 */
export interface Problem {
  /** `/problems/<code>`: a page of this service. */
  readonly type: string;
  /** The same for every answer of this type. */
  readonly title: string;
  /**
   * The answer's status.
   * @isInt
   */
  readonly status: number;
  /** What is wrong in this case, and how to mend it. */
  readonly detail: string;
  /** This occurrence: a URN that ends in the request's id, as the log and `X-Request-Id` have it. */
  readonly instance: string;
  /** The stable slug to branch on. */
  readonly code: string;
  /** What does not fit, one by one: with `validation-failed` and `settings-invalid`. */
  readonly errors?: readonly Fault[];
}

/** A problem as it goes out. */
export interface ProblemAnswer {
  readonly body: Problem;
  readonly headers: Readonly<Record<string, string>>;
}

/** Whatever was thrown, as a problem. What is not known to be harmless becomes `internal-error`, and says nothing. */
export function toProblem(error: unknown, requestId: string): ProblemAnswer {
  const known = error instanceof DomainError || error instanceof HttpProblem ? error : translate(error);
  const definition = problemDefinition(known.code);
  // A code without a row would be a fault of ours, which a test keeps from happening.
  if (definition === undefined) return toProblem(new Error(`no row for ${known.code}`), requestId);
  const { extensions } = known instanceof DomainError ? known : known.options;
  const standard = members(definition, known.detail, requestId);
  return {
    body: { ...standard, ...extensions, ...standard },
    headers: {
      ...challenge(known.code),
      ...retryAfter(known.code),
      ...(known instanceof HttpProblem ? known.options.headers : {}),
    },
  };
}

function members(definition: ProblemDefinition, detail: string, requestId: string): Problem {
  return {
    type: `/problems/${definition.code}`,
    title: definition.title,
    status: statusOf(definition),
    detail: sentence(detail),
    instance: `urn:sensorproxy:request:${requestId}`,
    code: definition.code,
  };
}

function sentence(detail: string): string {
  return detail.charAt(0).toUpperCase() + detail.slice(1);
}

/** RFC 6750, section 3. */
function challenge(code: string): Readonly<Record<string, string>> {
  if (code === 'unauthenticated') return { 'WWW-Authenticate': 'Bearer realm="sensorproxy"' };
  if (code === 'token-invalid')
    return { 'WWW-Authenticate': 'Bearer realm="sensorproxy", error="invalid_token"' };
  return {};
}

/** Seconds after which what was too much may have passed. */
const RETRY_AFTER: ReadonlyMap<string, string> = new Map([
  ['too-busy', '1'],
  ['busy-writing', '5'],
]);

function retryAfter(code: string): Readonly<Record<string, string>> {
  const seconds = RETRY_AFTER.get(code);
  return seconds === undefined ? {} : { 'Retry-After': seconds };
}

/** Errors of Express, its router and its body parser. Their messages repeat what was sent, so none of them is kept. */
function translate(error: unknown): HttpProblem {
  const { type, status } = (typeof error === 'object' && error !== null ? error : {}) as {
    type?: unknown;
    status?: unknown;
  };
  if (error instanceof URIError)
    return new HttpProblem('path-malformed', 'The path holds percent signs that do not encode UTF-8.');
  switch (type) {
    case 'entity.too.large':
      return new HttpProblem('body-too-large', 'The body may have 64 KiB.');
    case 'encoding.unsupported':
      return new HttpProblem(
        'content-encoding-unsupported',
        'Send the body uncompressed, without Content-Encoding.',
      );
    default:
  }
  if (typeof status === 'number' && status >= 400 && status < 500) {
    return new HttpProblem('request-malformed', 'The request cannot be understood.');
  }
  return new HttpProblem(
    'internal-error',
    'This is a fault of the service, not of the request. Report it with the request id.',
  );
}
