import { lineAt, malformed } from './encoding';

const TAB = 9;
const LF = 10;
const CR = 13;
const SPACE = 32;
const QUOTE = 0x22;
const OPEN_PAREN = 0x28;
const CLOSE_PAREN = 0x29;
const COMMA = 0x2c;
const MINUS = 0x2d;
const COLON = 0x3a;
const SEMICOLON = 0x3b;
const EQUALS = 0x3d;
const AT = 0x40;
const OPEN_BRACKET = 0x5b;
const BACKSLASH = 0x5c;
const CLOSE_BRACKET = 0x5d;

const NOT_HEX = 16;
/** The digit that each UTF-16 unit stands for, or 16. One table lookup per unit keeps the scan of a long file tight. */
const HEX = new Uint8Array(65536).fill(NOT_HEX);
for (let digit = 0; digit < 16; digit += 1) {
  HEX[digit.toString(16).charCodeAt(0)] = digit;
  HEX[digit.toString(16).toUpperCase().charCodeAt(0)] = digit;
}

/** The number that a unit stands for as a hex digit; 16 or more when it is none. */
export function hexDigit(unit: number): number {
  return HEX[unit] ?? NOT_HEX;
}

/** What {@link RegFileScanner.next} has come to. */
export const enum Token {
  end,
  section,
  entry,
}

/** How an entry's data is written. */
export const enum DataForm {
  deletion,
  quoted,
  dword,
  hex,
}

/**
 * Goes over a .reg file's text once, from token to token, checking the whole grammar. It makes no objects: where things
 * are is left in its fields, valid until the next call. The grammar is that of regedit's exports, with what people write
 * by hand: blank lines, `;` comments (also behind a value), spaces around `=`, LF alone, capital hex digits. A quoted
 * string may hold line breaks, as regedit itself writes them; an escape other than `\\` and `\"` is refused.
 */
export class RegFileScanner {
  /** Section: the path between the brackets, without the minus of a deletion. */
  keyStart = 0;
  keyEnd = 0;
  deletesKey = false;
  /** Entry: between the quotes; `nameStart` is -1 for `@`. */
  nameStart = 0;
  nameEnd = 0;
  form: DataForm = DataForm.deletion;
  type = 0;
  /** Entry: what stands behind the `=`. */
  valueStart = 0;
  valueEnd = 0;
  /** Entry: digits, or the text between the quotes. */
  dataStart = 0;
  dataEnd = 0;
  /** Of the section's or entry's first line. */
  lineStart = 0;

  /**
   * @param at where to begin: at the beginning of a line.
   * @param inSection whether entries may come at once, as inside a section's body.
   */
  constructor(
    private readonly units: Uint16Array,
    public at: number,
    private readonly end: number,
    private inSection: boolean,
  ) {}

  /** @throws DomainError `regfile-malformed`. */
  next(): Token {
    const { units, end } = this;
    let i = this.at;
    while (i < end) {
      this.lineStart = i;
      i = this.skipBlanks(i);
      const unit = units[i];
      if (i >= end) break;
      if (unit === QUOTE || unit === AT) {
        if (!this.inSection) this.fail(i, 'a value stands outside of any key');
        this.at = this.entry(i);
        return Token.entry;
      }
      if (unit === OPEN_BRACKET) {
        this.at = this.section(i);
        return Token.section;
      }
      if (unit !== LF && unit !== CR && unit !== SEMICOLON) this.fail(i, 'this is neither a key nor a value');
      i = unit === SEMICOLON ? this.skipLine(i) : i + 1;
    }
    this.at = end;
    return Token.end;
  }

  private section(open: number): number {
    const { units, end } = this;
    let close = -1;
    let i = open + 1;
    // A key's name may hold brackets: the last one of the line counts.
    for (; i < end; i += 1) {
      const unit = units[i] ?? 0;
      if (unit === CLOSE_BRACKET) close = i;
      else if (unit === LF || unit === CR || unit === 0) break;
    }
    if (close < 0) this.fail(open, 'the key has no closing bracket');
    this.deletesKey = units[open + 1] === MINUS;
    this.keyStart = this.deletesKey ? open + 2 : open + 1;
    this.keyEnd = close;
    let before = BACKSLASH;
    for (let k = this.keyStart; k < close; k += 1) {
      const unit = units[k] ?? 0;
      if (unit === BACKSLASH && before === BACKSLASH) this.fail(open, 'the key has an empty component');
      before = unit;
    }
    if (before === BACKSLASH) this.fail(open, 'the key has an empty component');
    this.inSection = !this.deletesKey;
    return this.endOfLine(close + 1);
  }

  private entry(start: number): number {
    const { units } = this;
    let i: number;
    if (units[start] === AT) {
      this.nameStart = this.nameEnd = -1;
      i = start + 1;
    } else {
      this.nameStart = start + 1;
      this.nameEnd = this.closingQuote(start, false);
      i = this.nameEnd + 1;
    }
    i = this.skipBlanks(i);
    if (units[i] !== EQUALS || i >= this.end) this.fail(start, "the value's name is not followed by =");
    this.valueStart = i = this.skipBlanks(i + 1);
    this.valueEnd = this.data(i);
    // A closing quote left out swallows the lines up to the next quote: the fault is where the text began.
    return this.endOfLine(this.valueEnd, this.form === DataForm.quoted ? i : this.valueEnd);
  }

  /** Returns the index behind the data. */
  private data(i: number): number {
    const unit = i < this.end ? this.units[i] : undefined;
    if (unit === MINUS) {
      this.form = DataForm.deletion;
      return i + 1;
    }
    if (unit === QUOTE) {
      this.form = DataForm.quoted;
      this.type = 1;
      this.dataStart = i + 1;
      this.dataEnd = this.closingQuote(i, true);
      return this.dataEnd + 1;
    }
    if (this.isWord(i, 'dword:')) return this.dword(i + 6);
    if (this.isWord(i, 'hex')) return this.hex(i + 3);
    return this.fail(i, 'the data is neither a quoted string, dword:, hex: nor -');
  }

  private dword(start: number): number {
    let i = start;
    while (i < this.end && hexDigit(this.units[i] ?? 0) < NOT_HEX) i += 1;
    if (i === start || i - start > 8) this.fail(start, 'a dword has one to eight hex digits');
    this.form = DataForm.dword;
    this.type = 4;
    this.dataStart = start;
    return (this.dataEnd = i);
  }

  private hex(start: number): number {
    const { units, end } = this;
    let i = start;
    this.form = DataForm.hex;
    this.type = 3;
    if (units[i] === OPEN_PAREN) {
      const first = (i += 1);
      let type = 0;
      for (; i < end && hexDigit(units[i] ?? 0) < NOT_HEX; i += 1) type = type * 16 + hexDigit(units[i] ?? 0);
      if (i === first || i - first > 8) this.fail(start, 'the type of the value has one to eight hex digits');
      if (units[i] !== CLOSE_PAREN) this.fail(start, 'the type of the value has no closing parenthesis');
      this.type = type;
      i += 1;
    }
    if (units[i] !== COLON || i >= end) this.fail(start, 'hex is not followed by a colon');
    this.dataStart = i + 1;
    return (this.dataEnd = this.hexBytes(i + 1));
  }

  private hexBytes(start: number): number {
    const { units, end } = this;
    let last = start;
    let wantsByte = false;
    let i = start;
    for (;;) {
      // The long run of an export's line: two digits and a comma.
      while (
        i + 2 < end &&
        (HEX[units[i] ?? 0] ?? 0) < NOT_HEX &&
        (HEX[units[i + 1] ?? 0] ?? 0) < NOT_HEX &&
        units[i + 2] === COMMA
      ) {
        i += 3;
        last = i;
        wantsByte = false;
      }
      const unit = i < end ? (units[i] ?? 0) : LF;
      if (hexDigit(unit) < NOT_HEX) {
        i += 1;
        if (i < end && hexDigit(units[i] ?? 0) < NOT_HEX) i += 1;
        last = i;
        wantsByte = false;
        i = this.skipBlanks(i);
        if (units[i] !== COMMA || i >= end) return last;
        last = i += 1;
      } else if (unit === SPACE || unit === TAB) {
        i += 1;
      } else if (unit === BACKSLASH) {
        i = this.endOfLine(i + 1);
        wantsByte = true;
      } else {
        if (wantsByte) this.fail(i, 'the hex data does not go on after its backslash');
        return last;
      }
    }
  }

  /** The index of the quote that ends the string begun at `open`. */
  private closingQuote(open: number, mayBreak: boolean): number {
    const { units, end } = this;
    for (let i = open + 1; i < end; i += 1) {
      const unit = units[i] ?? 0;
      if (unit === QUOTE) return i;
      if (unit === BACKSLASH) {
        i += 1;
        const escaped = i < end ? units[i] : undefined;
        if (escaped !== BACKSLASH && escaped !== QUOTE)
          this.fail(i - 1, 'a backslash in quotes must be doubled');
      } else if (unit === 0) {
        this.fail(i, 'a quoted text holds a NUL');
      } else if (!mayBreak && (unit === LF || unit === CR)) {
        break;
      }
    }
    return this.fail(open, 'a quoted text has no closing quote');
  }

  /** The beginning of the next line, when only blanks and a comment stand between. */
  private endOfLine(from: number, blame = from): number {
    const { units, end } = this;
    let i = this.skipBlanks(from);
    if (i < end && units[i] === SEMICOLON) return this.skipLine(i);
    if (i < end && units[i] === CR) i += 1;
    if (i >= end) return end;
    if (units[i] !== LF) this.fail(blame, 'something follows where the line should end');
    return i + 1;
  }

  private skipBlanks(from: number): number {
    let i = from;
    while (i < this.end && (this.units[i] === SPACE || this.units[i] === TAB)) i += 1;
    return i;
  }

  private skipLine(from: number): number {
    const feed = this.units.indexOf(LF, from);
    return feed < 0 || feed >= this.end ? this.end : feed + 1;
  }

  private isWord(at: number, word: string): boolean {
    if (at + word.length > this.end) return false;
    // ASCII letters only: bit 0x20 makes them small, and leaves the colon as it is.
    for (let i = 0; i < word.length; i += 1) {
      if (((this.units[at + i] ?? 0) | 0x20) !== word.charCodeAt(i)) return false;
    }
    return true;
  }

  private fail(at: number, reason: string): never {
    throw malformed(lineAt(this.units, Math.min(at, this.end)), reason);
  }
}
