/** What `Idempotency-Key` adds to the operations that take it, and to those that refuse it. */
import { KEY_HEADER, REPLAYED_HEADER } from '../src/http/idempotency';
import type { Answer, Operation } from './openapiTypes';

/** The headers, for the components of the contract. */
export const idempotencyHeaders = {
  IdempotencyReplayed: {
    description: 'The answer was given before, to a request with the same Idempotency-Key.',
    schema: { type: 'string', enum: ['true'] },
  },
  RetryAfter: { description: 'Seconds to wait.', schema: { type: 'string' }, example: '1' },
};

/** The problems that an operation has for its key, or for one that it does not take. */
export function idempotencyProblems(method: string, operation: Operation): readonly string[] {
  if (!takesKey(operation)) return method === 'get' ? [] : ['idempotency-key-unexpected'];
  return [
    'idempotency-key-invalid',
    'idempotency-key-in-use',
    'idempotency-key-reused',
    'idempotency-key-unrecorded',
  ];
}

/** Adds the headers of answers that were given before, or are to be waited for. */
export function addIdempotencyHeaders(operation: Operation, answers: Record<string, Answer>): void {
  if (!takesKey(operation)) return;
  const replayed = { [REPLAYED_HEADER]: { $ref: '#/components/headers/IdempotencyReplayed' } };
  const extra: Record<string, Record<string, object>> = {
    '200': replayed,
    '404': replayed,
    '409': { ...replayed, 'Retry-After': { $ref: '#/components/headers/RetryAfter' } },
    '422': replayed,
  };
  for (const [status, headers] of Object.entries(extra)) {
    const answer = answers[status];
    if (answer !== undefined) answer.headers = { ...answer.headers, ...headers };
  }
}

function takesKey({ parameters = [] }: Operation): boolean {
  return parameters.some(({ name }) => name === KEY_HEADER);
}
