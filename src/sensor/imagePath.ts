/** The text of a service's `ImagePath`, pure: which file it runs. */

/** A path on a drive of this machine, with nothing but names below it: `C:\Program Files\…`. No UNC, no device, no stream. */
const LOCAL_PATH = /^[A-Za-z]:(?:\\[^\\/:*?"<>|\p{Cc}]+)+$/u;

/** Names that lead elsewhere than they say: `.`, `..`, and those that end in dots or spaces, which Windows drops. */
const ODD_NAME = /\\[^\\]*[. ](?:\\|$)/;

/** Windows' own limit for what a command line may hold is 32767 characters; a path is far shorter. */
const MAX_LENGTH = 4096;

/** What `%…%` stands for, by name in lower case. */
export type PathVariables = ReadonlyMap<string, string>;

/**
 * The full path of the program that an `ImagePath` runs: without quotes, arguments and the prefix `\??\`, its variables
 * replaced. Without quotes it ends where CreateProcess would find the program: behind the first `.exe` that a space or the
 * end follows, else before the first space. Null when the text is none such, names an unknown variable, or names anything
 * but a file on a drive of this machine.
 */
export function programOf(imagePath: string, variables: PathVariables): string | null {
  if (imagePath.length > MAX_LENGTH) return null;
  const expanded = expand(imagePath.trim(), variables);
  if (expanded === null) return null;
  const program = withoutArguments(expanded)?.replace(/^\\\?\?\\/, '') ?? null;
  return program !== null && isLocalPath(program) ? program : null;
}

/** Whether a text names a file on a drive of this machine: reading it contacts no other machine and opens no device. */
export function isLocalPath(text: string): boolean {
  return text.length <= MAX_LENGTH && LOCAL_PATH.test(text) && !ODD_NAME.test(text);
}

/** The folder of a {@link programOf}, and the version that its name is, if it is one. */
export function folderOf(program: string): { readonly folder: string; readonly version: string | null } {
  const folder = program.slice(0, program.lastIndexOf('\\'));
  const name = folder.slice(folder.lastIndexOf('\\') + 1);
  return { folder, version: /^\d{1,9}(?:\.\d{1,9}){1,3}$/.test(name) ? name : null };
}

/** Null for a variable that is not known: guessing would name a file that may be another's. */
function expand(text: string, variables: PathVariables): string | null {
  const valueOf = (name: string) => variables.get(name.toLowerCase());
  const names = [...text.matchAll(/%([^%]+)%/g)].map(([, name = '']) => name);
  if (names.some((name) => valueOf(name) === undefined)) return null;
  const expanded = text.replace(/%([^%]+)%/g, (_whole, name: string) => valueOf(name) ?? '');
  return expanded.length > MAX_LENGTH ? null : expanded;
}

function withoutArguments(text: string): string | null {
  if (text.startsWith('"')) return /^"([^"]+)"(?:\s|$)/.exec(text)?.[1] ?? null;
  return /^[^"]*?\.exe(?=\s|$)/i.exec(text)?.[0] ?? /^[^"\s]+(?=\s|$)/.exec(text)?.[0] ?? null;
}
