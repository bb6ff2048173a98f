import { unexpectedOutput } from './scriptHost';

/** What regListStream.wsf tells of one key. */
export interface KeyListing {
  /** The key, as it was asked for. */
  readonly key: string;
  /** False as well when the key may not be read. */
  readonly exists: boolean;
  readonly subkeys: readonly string[];
  readonly values: readonly ListedValue[];
}

/** A value as the script prints it. */
export interface ListedValue {
  readonly name: string;
  /** `REG_SZ`, …; `REG_UNKNOWN` for all that the script does not know. */
  readonly type: string;
  /** Undefined when the script prints nothing. */
  readonly value: string | bigint | readonly string[] | readonly number[] | undefined;
}

/**
 * Reads the output of regListStream.wsf: one line for each key. It is nearly JSON, but not quite: control characters stand
 * unescaped in strings, a value of an unknown type has nothing after its colon, numbers may have 64 bits, and the order of
 * the values counts. So it is read in exactly the form in which the script prints it.
 *
 * Errors: `registry-unavailable`.
 */
export function parseListings(output: string): readonly KeyListing[] {
  return linesOf(output).map((line) => {
    const scanner = new Scanner('regListStream.wsf', line);
    scanner.literal('{ "key" : ');
    const key = scanner.string();
    scanner.literal(', "data": {"exists": ');
    const exists = scanner.boolean();
    scanner.literal(',"keys": ');
    const subkeys = scanner.strings();
    scanner.literal(',"values":{');
    const values = scanner.until('}', () => listedValue(scanner));
    scanner.literal('}}}');
    scanner.end();
    return { key, exists, subkeys, values };
  });
}

/** Reads the output of wsRegReadListStream.wsf: one line for each value, its path and its text. Errors: `registry-unavailable`. */
export function parseUnexpanded(output: string): readonly { readonly path: string; readonly text: string }[] {
  return linesOf(output).map((line) => {
    const scanner = new Scanner('wsRegReadListStream.wsf', line);
    scanner.literal('{ "path" : ');
    const path = scanner.string();
    scanner.literal(', "exists": true, "value": ');
    const text = scanner.string();
    scanner.literal('}');
    scanner.end();
    return { path, text };
  });
}

/** No string that the scripts print has a line break in it. What follows the last one is a line that was not finished. */
function linesOf(output: string): readonly string[] {
  const lines = output.split('\r\n');
  return lines.at(-1) === '' ? lines.slice(0, -1) : lines;
}

function listedValue(scanner: Scanner): ListedValue {
  const name = scanner.string();
  scanner.literal(':{"type": ');
  const type = scanner.string();
  scanner.literal(',"value":');
  const value = scanner.value();
  scanner.literal('}');
  return { name, type, value };
}

class Scanner {
  private at = 0;

  constructor(
    private readonly script: 'regListStream.wsf' | 'wsRegReadListStream.wsf',
    private readonly text: string,
  ) {}

  literal(expected: string): void {
    if (!this.text.startsWith(expected, this.at)) throw unexpectedOutput(this.script, this.text);
    this.at += expected.length;
  }

  end(): void {
    if (this.at !== this.text.length) throw unexpectedOutput(this.script, this.text);
  }

  boolean(): boolean {
    const value = this.text.startsWith('true', this.at);
    this.literal(value ? 'true' : 'false');
    return value;
  }

  string(): string {
    this.literal('"');
    const start = this.at;
    while (this.text[this.at] !== '"') {
      this.at += this.text[this.at] === '\\' ? 2 : 1;
      if (this.at >= this.text.length) throw unexpectedOutput(this.script, this.text);
    }
    const inside = this.text.slice(start, this.at);
    this.at += 1;
    try {
      return JSON.parse(`"${inside.replace(/[^ -\uffff]/g, escapeControl)}"`) as string;
    } catch {
      throw unexpectedOutput(this.script, this.text);
    }
  }

  strings(): readonly string[] {
    this.literal('[');
    const strings = this.until(']', () => this.string());
    this.literal(']');
    return strings;
  }

  value(): ListedValue['value'] {
    const next = this.text[this.at] ?? '';
    if (next === '}') return undefined;
    if (next === '"') return this.string();
    if (next !== '[') return BigInt(this.digits());
    if (this.text[this.at + 1] === '"') return this.strings();
    this.literal('[');
    const numbers = this.until(']', () => Number(this.digits()));
    this.literal(']');
    return numbers;
  }

  /** Items with commas between them, up to the closing bracket. */
  until<T>(close: string, item: () => T): readonly T[] {
    const items: T[] = [];
    while (this.text[this.at] !== close) {
      if (items.length > 0) this.literal(',');
      items.push(item());
    }
    return items;
  }

  private digits(): string {
    const pattern = /\d{1,20}/y;
    pattern.lastIndex = this.at;
    const found = pattern.exec(this.text)?.[0];
    if (found === undefined) throw unexpectedOutput(this.script, this.text);
    this.at += found.length;
    return found;
  }
}

function escapeControl(character: string): string {
  return `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`;
}
