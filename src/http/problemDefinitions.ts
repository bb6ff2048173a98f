import type { ErrorKind } from '../lib/errors';
import { PROBLEMS, type ProblemDefinition } from './problemTable';

/** Which status each kind of `DomainError` gets. */
export const STATUS_OF_KIND: Readonly<Record<ErrorKind, number>> = {
  invalid: 400,
  unauthenticated: 401,
  notFound: 404,
  conflict: 409,
  stale: 412,
  unprocessable: 422,
  preconditionRequired: 428,
  // The operating system refuses the service, not the caller: no other token would help.
  forbidden: 503,
  unavailable: 503,
};

/** A code of the table. */
type ProblemCode = keyof typeof PROBLEMS;

/** A code that the HTTP layer itself gives. */
export type HttpProblemCode = {
  [Code in ProblemCode]: (typeof PROBLEMS)[Code]['on'] extends number ? Code : never;
}[ProblemCode];

/** The table's rows, in its order. */
export const problemDefinitions: readonly ProblemDefinition[] = Object.entries(PROBLEMS).map(
  ([code, row]) => ({
    code,
    ...row,
  }),
);

const BY_CODE: ReadonlyMap<string, ProblemDefinition> = new Map(
  problemDefinitions.map((row) => [row.code, row]),
);

/** The row of a code, or undefined. */
export function problemDefinition(code: string): ProblemDefinition | undefined {
  return BY_CODE.get(code);
}

/** The status that answers with this problem have. */
export function statusOf({ on }: ProblemDefinition): number {
  return typeof on === 'number' ? on : STATUS_OF_KIND[on];
}
