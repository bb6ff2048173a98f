import { DomainError } from '../../lib/errors';
import type { RegistryValue } from '../registry';
import { encodeAnsi, unitsOf, type RegFileText } from './encoding';
import { formatData, formatEntryName } from './entries';
import { invalid } from '../names';
import type { RegFileDocument } from './regFileDocument';

const LF = 0x0a;
const CR = 0x0d;

/** A replacement in a text: units from `start` to `end` give way to `text`. */
interface Splice {
  readonly start: number;
  readonly end: number;
  readonly text: string;
}

/**
 * The text with a value set. Only what stands behind the `=` of its last line changes, or one line is added; a key that is
 * there only through its subkeys gets a section of its own at the end.
 *
 * @throws DomainError when the file's encoding cannot hold the name or the value.
 */
export function withValue(
  document: RegFileDocument,
  components: readonly string[],
  name: string,
  value: RegistryValue,
): RegFileText {
  const place = document.places(components, name).at(-1);
  if (place !== undefined) {
    const text = dataText(document, value, place.valueStart - place.lineStart);
    return splice(document, [{ start: place.valueStart, end: place.valueEnd, text }]);
  }
  const start = formatEntryName(name);
  checkCharset(document, name);
  const line = start + dataText(document, value, start.length) + document.style.newline;
  const point = document.insertionPoint(components);
  if (point === undefined) return appended(document, [components], line);
  const text = endsLine(document.units, point) ? line : document.style.newline + line;
  return splice(document, [{ start: point, end: point, text }]);
}

/** The text without any line that sets or deletes the value. */
export function withoutValue(
  document: RegFileDocument,
  components: readonly string[],
  name: string,
): RegFileText {
  const places = document.places(components, name);
  return splice(
    document,
    places.map(({ lineStart: start, lineEnd: end }) => ({ start, end, text: '' })),
  );
}

/**
 * The text with a section for a key and for each of its missing parents at the end, as an export has them.
 *
 * @throws DomainError when the file's encoding cannot hold the name.
 */
export function withKey(document: RegFileDocument, components: readonly string[]): RegFileText {
  checkCharset(document, components.join('\\'));
  const missing = components.map((_, i) => components.slice(0, i + 1)).filter((path) => !document.has(path));
  return appended(document, missing, '');
}

function appended(
  document: RegFileDocument,
  keys: readonly (readonly string[])[],
  lastBody: string,
): RegFileText {
  const { units, style } = document;
  const end = units.length;
  const lineEnds = endsLine(units, end);
  const lastLine = units[end - 2] === CR ? end - 2 : end - 1;
  const gap = (lineEnds ? '' : style.newline) + (lineEnds && endsLine(units, lastLine) ? '' : style.newline);
  const sections = keys.map((key, i) => {
    const body = i === keys.length - 1 ? lastBody : '';
    return `[${key.join('\\')}]${style.newline}${body}${style.newline}`;
  });
  return splice(document, [{ start: end, end, text: gap + sections.join('') }]);
}

function dataText(document: RegFileDocument, value: RegistryValue, column: number): string {
  const text = formatData(value, column, document.style);
  if (text !== undefined) return text;
  throw new DomainError(
    'unavailable',
    'registry-unavailable',
    'The registry file has the old form REGEDIT4, which cannot hold this text. Save it as version 5.00.',
  );
}

/** A name that the file's charset has no place for must not become another one. */
function checkCharset({ encoding }: RegFileDocument, name: string): void {
  const fits =
    encoding.charset === 'utf-16le' ||
    (encoding.charset === 'utf-8' ? !/\p{Cs}/u.test(name) : encodeAnsi(unitsOf(name)) !== undefined);
  if (!fits) throw invalid("The encoding of the registry file cannot hold the name's characters.");
}

function splice({ units, encoding }: RegFileDocument, splices: readonly Splice[]): RegFileText {
  const pieces: Uint16Array[] = [];
  let from = 0;
  for (const { start, end, text } of splices) {
    pieces.push(units.subarray(from, start), unitsOf(text));
    from = end;
  }
  pieces.push(units.subarray(from));
  const edited = new Uint16Array(pieces.reduce((length, piece) => length + piece.length, 0));
  let at = 0;
  for (const piece of pieces) {
    edited.set(piece, at);
    at += piece.length;
  }
  // The header is never part of an edit, except that a line end may be put behind it.
  const feed = edited.indexOf(LF);
  return { units: edited, encoding, body: feed < 0 ? edited.length : feed + 1 };
}

function endsLine(units: Uint16Array, at: number): boolean {
  return at > 0 && units[at - 1] === LF;
}
