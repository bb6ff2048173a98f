/** JSON from outside. */

/** More than any answer of the service has. */
const MOST_DEPTH = 64;

/** A text's value. Throws a sentence's end that says why it has none, or one that is nested too deeply to be walked through. */
export function parseJson(text: string): unknown {
  if (isTooDeep(text)) throw new Error('is nested too deeply');
  try {
    return JSON.parse(text) as unknown;
  } catch {
    throw new Error('is not JSON');
  }
}

function isTooDeep(text: string): boolean {
  let depth = 0;
  let quoted = false;
  for (let at = 0; at < text.length; at += 1) {
    const character = text[at];
    if (character === '"') quoted = !quoted;
    else if (quoted) at += character === '\\' ? 1 : 0;
    else if (character === '[' || character === '{') depth += 1;
    else if (character === ']' || character === '}') depth -= 1;
    if (depth > MOST_DEPTH) return true;
  }
  return false;
}
