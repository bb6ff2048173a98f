/** What a command shows. Nothing else writes, so that nothing from outside reaches a terminal as it came. */
import { cut, visible, visibleJson, widthOf } from './text';

/** The program's two outputs. */
export interface Terminal {
  readonly out: (text: string) => void;
  readonly err: (text: string) => void;
  /** Whether a person looks at it, as far as can be told. */
  readonly outIsTerminal: boolean;
  readonly errIsTerminal: boolean;
}

/** What a text means, which on a terminal is its colour. */
export type Tone = 'good' | 'bad' | 'doubtful' | 'plain';

/** A text with its tone. */
export interface Toned {
  readonly text: string;
  readonly tone: Tone;
}

export type Cell = string | Toned;

const SGR: Readonly<Record<Tone, string>> = { good: '32', bad: '31', doubtful: '33', plain: '' };
const MAX_COLUMNS = 72;

/** Writes text for a person, or JSON for a program. All of it is made visible first. */
export class Screen {
  private readonly colours: { readonly out: boolean; readonly err: boolean };

  constructor(
    private readonly terminal: Terminal,
    colour: boolean,
  ) {
    this.colours = { out: colour && terminal.outIsTerminal, err: colour && terminal.errIsTerminal };
  }

  /** A line on stdout. */
  say(...cells: readonly Cell[]): void {
    this.terminal.out(`${cells.map((cell) => paint(cell, this.colours.out)).join('')}\n`);
  }

  /** A line on stderr. */
  note(...cells: readonly Cell[]): void {
    this.terminal.err(`${cells.map((cell) => paint(cell, this.colours.err)).join('')}\n`);
  }

  /** A text of several lines on stdout. */
  sayLines(text: string): void {
    for (const line of text.replace(/\n$/, '').split('\n')) this.say(line);
  }

  /** A value as JSON on stdout. */
  json(value: unknown): void {
    this.terminal.out(`${visibleJson(value)}\n`);
  }

  /** Names and values on stdout, each pair on a line; nothing is cut. */
  facts(pairs: readonly (readonly [string, Cell])[]): void {
    const width = pairs.reduce((most, [name]) => Math.max(most, widthOf(visible(name))), 0);
    for (const [name, value] of pairs) {
      this.say(name, ' '.repeat(width - widthOf(visible(name)) + 2), value);
    }
  }

  /** Rows in aligned columns on stdout, the heading first; long cells are cut. */
  table(heading: readonly string[], rows: readonly (readonly Cell[])[]): void {
    const cells = [heading, ...rows].map((row) => row.map(shortened));
    const widths = heading.map((_, at) =>
      cells.reduce((most, row) => Math.max(most, widthOf(row[at]?.text ?? '')), 0),
    );
    for (const row of cells) {
      const line = row.map((cell, at) => {
        const last = at === row.length - 1;
        const pad = last ? '' : ' '.repeat((widths[at] ?? 0) - widthOf(cell.text));
        return paint(cell, this.colours.out) + pad;
      });
      this.terminal.out(`${line.join('  ').trimEnd()}\n`);
    }
  }
}

function shortened(cell: Cell): Toned {
  const { text, tone } = toned(cell);
  return { text: cut(visible(text), MAX_COLUMNS), tone };
}

function toned(cell: Cell): Toned {
  return typeof cell === 'string' ? { text: cell, tone: 'plain' } : cell;
}

function paint(cell: Cell, colour: boolean): string {
  const { text, tone } = toned(cell);
  const shown = visible(text);
  return colour && tone !== 'plain' ? `\x1b[${SGR[tone]}m${shown}\x1b[0m` : shown;
}
