import type { TaskResult } from './ansible';

/** Expects one for each account, with the same shape before and after, and a difference exactly where the account is changed. */
export function expectDiffs({ diff, results }: TaskResult): void {
  const accounts = results as readonly { readonly target: string; readonly changed: boolean }[];
  expect(diff?.map(({ before, after, ...headers }) => [headers, before !== after])).toEqual(
    accounts.map(({ target, changed }) => [{ before_header: target, after_header: target }, changed]),
  );
  for (const { before, after } of diff ?? []) {
    expect([typeof before, typeof after]).toEqual(['string', 'string']);
    expect(before + after).toMatch(/^(?:[a-z_ ]+: [^\n]*\n)+$/);
  }
}
