/** Text from outside, fit for a terminal. */

/**
 * What a terminal could act on, or not show: control characters (escape sequences begin with one), characters that change
 * the direction of writing or have no width, line and paragraph separators, halves of a surrogate pair, private use.
 */
const INVISIBLE = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}\p{Co}\p{Cn}]/gu;

const WIDE =
  /[\u1100-\u115f\u2e80-\u303e\u3041-\ua4cf\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe6f\uff01-\uff60\uffe0-\uffe6\u{1f300}-\u{1faff}\u{20000}-\u{3fffd}]/u;
const NO_WIDTH = /[\p{Mn}\p{Me}]/u;

/** The text with everything that cannot be seen in its place written as an escape: `\x1b`, `\u202e`. It has one line. */
export function visible(text: string): string {
  return text.replace(INVISIBLE, (character) => {
    const code = character.codePointAt(0) ?? 0;
    if (code < 0x100) return `\\x${hex(code, 2)}`;
    return code < 0x10000 ? `\\u${hex(code, 4)}` : `\\u{${hex(code, 0)}}`;
  });
}

/** A value as JSON whose texts hold nothing that {@link visible} would escape; the value is the same. */
export function visibleJson(value: unknown): string {
  return JSON.stringify(value, null, 2)
    .split('\n')
    .map((line) => line.replace(INVISIBLE, (character) => unitsOf(character).join('')))
    .join('\n');
}

/** How many columns a terminal takes for it. */
export function widthOf(text: string): number {
  let width = 0;
  for (const character of text) width += NO_WIDTH.test(character) ? 0 : WIDE.test(character) ? 2 : 1;
  return width;
}

/** The text, cut to so many columns; `…` stands for the rest. */
export function cut(text: string, columns: number): string {
  if (widthOf(text) <= columns) return text;
  let kept = '';
  let left = columns - 1;
  for (const character of text) {
    left -= widthOf(character);
    if (left < 0) break;
    kept += character;
  }
  return `${kept}…`;
}

/** Each UTF-16 code unit as JSON escapes it. */
function unitsOf(character: string): readonly string[] {
  return character.split('').map((unit) => `\\u${hex(unit.charCodeAt(0), 4)}`);
}

function hex(code: number, digits: number): string {
  return code.toString(16).padStart(digits, '0');
}
