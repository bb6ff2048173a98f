/**
 * The journal's lines: each holds an entry, its number, the hash of the line before, and its own hash, so that no line can
 * be changed, taken out or put in without the chain breaking there.
 *
 * `{"seq":2,"prev":"<64 hex>","hash":"<64 hex>","entry":{…}}`, where hash is the SHA-256 of `seq`, a newline, `prev`, a
 * newline and the bytes of the entry as they stand in the line.
 */
import { hash } from 'node:crypto';

/** What stands before the first line. */
export const GENESIS = '0'.repeat(64);

/** A line taken apart. Its hash has been checked; how it fits to its neighbours has not. */
export interface ChainedLine {
  /** Counted from 1. */
  readonly seq: number;
  /** The hash of the line before; {@link GENESIS} for the first. */
  readonly prev: string;
  readonly hash: string;
  readonly entry: unknown;
  /** The entry's text, to the byte. */
  readonly text: string;
}

/** What is wrong with a line that cannot be used. */
export type LineProblem = 'torn' | 'changed';

const LINE = /^\{"seq":([1-9]\d{0,14}),"prev":"([0-9a-f]{64})","hash":"([0-9a-f]{64})","entry":(\{.*\})\}$/s;

/** The line of an entry, without its newline, and the line's hash. */
export function formatLine(
  seq: number,
  prev: string,
  entry: object,
): { readonly text: string; readonly hash: string } {
  const entryText = JSON.stringify(entry);
  const hash = hashOf(String(seq), prev, entryText);
  return { text: `{"seq":${seq},"prev":"${prev}","hash":"${hash}","entry":${entryText}}`, hash };
}

/** Parses a line. `torn`: it has not the form of a line; `changed`: its hash does not fit what it says. Never throws. */
export function parseLine(text: string): ChainedLine | LineProblem {
  const [, seq, prev, hash, entryText] = LINE.exec(text) ?? [];
  if (seq === undefined || prev === undefined || hash === undefined || entryText === undefined) return 'torn';
  if (hashOf(seq, prev, entryText) !== hash) return 'changed';
  try {
    return { seq: Number(seq), prev, hash, entry: JSON.parse(entryText) as unknown, text: entryText };
  } catch {
    return 'changed';
  }
}

function hashOf(seq: string, prev: string, entryText: string): string {
  return hash('sha256', `${seq}\n${prev}\n${entryText}`, 'hex');
}
