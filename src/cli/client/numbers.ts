import { misuse } from './failure';

/** An option's number; undefined when it was not given. Errors: misuse. */
export function wholeNumber(
  text: string | undefined,
  option: string,
  { least, most }: { readonly least: number; readonly most: number },
): number | undefined {
  if (text === undefined) return undefined;
  const number = Number(text);
  if (/^\d{1,9}$/.test(text) && number >= least && number <= most) return number;
  throw misuse(`--${option} takes a whole number from ${least} to ${most}.`);
}
