/** Whether an answer is one that the service may give, whatever was asked. */
import type { Response } from 'supertest';
import { type Operation } from '../../scripts/openapiTypes';
import { expectToFit } from '../http/contract';
import { MARKER } from './hostile';
import type { Target } from './target';
import type { WireAnswer } from './wire';

/** Problems of the connection rather than of an operation: the contract of no operation has them. */
const OF_THE_CONNECTION = new Set([
  'request-malformed',
  'headers-too-large',
  'request-timeout',
  'too-many-connections',
]);

/** What was asked, as it went over the wire. */
export interface Asked {
  readonly method: string;
  readonly target: string;
  readonly operation?: Operation;
}

/** Throws, naming what is wrong, when the answer may not be given. */
export function judge(target: Target, asked: Asked, answer: WireAnswer): void {
  const text = answer.body.toString('utf8');
  const type = (answer.headers['content-type'] ?? '').replace(/;.*/, '');
  const isProblem = type === 'application/problem+json';
  if (answer.status >= 500 && !isUnhealthy(asked, answer, isProblem))
    fail(`it answers ${answer.status}: ${text}`);
  const code = isProblem && text !== '' ? String((JSON.parse(text) as { code?: unknown }).code) : '';
  expectToFit(
    asked.method,
    OF_THE_CONNECTION.has(code) || isOfTheParser(answer, text) ? '/of/the/connection' : asked.target,
    asResponse(asked, answer, text),
  );
  if (!/^[A-Za-z0-9._-]{1,128}$/.test(answer.headers['x-request-id'] ?? '')) fail('it has no X-Request-Id');
  for (const name of ['x-powered-by', 'server', 'access-control-allow-origin']) {
    if (name in answer.headers) fail(`it has the header ${name}`);
  }
  if (isProblem && text.includes(MARKER)) fail(`the problem repeats what was sent: ${text}`);
  if (Object.values(answer.headers).some((value) => value.includes(MARKER)))
    fail('a header repeats what was sent');
  if (/node_modules|\.[jt]s:\d|\n\s+at /.test(text)) fail(`it has a stack: ${text}`);
  for (const secret of [target.service.token, target.service.dataDir]) {
    if (text.includes(secret)) fail('it has the token, or the place of the data folder');
  }
}

/** Refused before it was read, and without a body for want of one in answers to HEAD: only the status tells. */
function isOfTheParser({ status, headers }: WireAnswer, text: string): boolean {
  return text === '' && headers.connection === 'close' && (status === 400 || status === 431);
}

/** The one 5xx that is right: the health check with `strict`, and then its report. */
function isUnhealthy({ target }: Asked, { status }: WireAnswer, isProblem: boolean): boolean {
  return status === 503 && !isProblem && /^\/endpoints\/health\?.*strict=true/.test(target);
}

/** As supertest has it, for the checks that the HTTP tests have. */
function asResponse({ method }: Asked, { status, headers }: WireAnswer, text: string): Response {
  return { status, headers, text, request: { method } } as unknown as Response;
}

function fail(what: string): never {
  throw new Error(what);
}
