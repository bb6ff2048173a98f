import type { HttpProblemCode } from './problemDefinitions';

/** What is wrong with a request as far as HTTP goes; its status is in the table (`problemTable.ts`). */
export class HttpProblem extends Error {
  override readonly name = 'HttpProblem';

  constructor(
    readonly code: HttpProblemCode,
    readonly detail: string,
    readonly options: {
      readonly headers?: Readonly<Record<string, string>>;
      readonly extensions?: Readonly<Record<string, unknown>>;
    } = {},
  ) {
    super(`${code}: ${detail}`);
  }
}
