/** What an answer must have of what is read of it. What it has besides does not matter: the service may be newer. */

/** What a value must be so that it can be read as a `T`. */
export interface Shape<T> {
  /** Where it is not so, as a path that begins with `at`; null: nowhere. */
  readonly fault: (value: unknown, at: string) => string | null;
  /** Never there: it keeps a shape from standing for more than it looks at. */
  readonly of?: (value: T) => void;
}

export const text: Shape<string> = ofType('string');
export const number: Shape<number> = ofType('number');
export const flag: Shape<boolean> = ofType('boolean');

export function orNull<T>({ fault }: Shape<T>): Shape<T | null> {
  return { fault: (value, at) => (value === null ? null : fault(value, at)) };
}

export function listOf<T>({ fault }: Shape<T>): Shape<readonly T[]> {
  return {
    fault: (value, at) =>
      Array.isArray(value) ? firstOf(value.map((item, index) => () => fault(item, `${at}.${index}`))) : at,
  };
}

/** An object with these members. */
export function record<T>(members: { readonly [Name in keyof T]?: Shape<T[Name]> }): Shape<T> {
  const known = Object.entries(members) as [string, Shape<unknown>][];
  return {
    fault: (value, at) =>
      isRecord(value)
        ? firstOf(
            known.map(
              ([name, { fault }]) =>
                () =>
                  fault(value[name], `${at}.${name}`),
            ),
          )
        : at,
  };
}

/** An object whose shape depends on what it says of itself. */
export function chosenBy<T>(choose: (value: Readonly<Record<string, unknown>>) => Shape<never>): Shape<T> {
  return { fault: (value, at) => (isRecord(value) ? choose(value).fault(value, at) : at) };
}

function ofType<T>(type: 'string' | 'number' | 'boolean'): Shape<T> {
  return { fault: (value, at) => (typeof value === type ? null : at) };
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function firstOf(checks: readonly (() => string | null)[]): string | null {
  for (const check of checks) {
    const fault = check();
    if (fault !== null) return fault;
  }
  return null;
}
