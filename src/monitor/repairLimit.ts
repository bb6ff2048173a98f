/** How often a repair may be tried: on the disk, so that a restart does not begin anew. */
import { readFile } from 'node:fs/promises';
import type { Clock } from '../lib/clock';
import { writeFileDurably } from '../lib/durableFile';
import { systemCodeOf } from '../lib/errors';

/** Milliseconds from one attempt to the next. */
export const APART_MS = 600_000;
/** Attempts in any 24 hours. */
export const MOST_A_DAY = 6;
/** Failures of one kind, with nothing changed between, after which no more is tried. */
export const SAME_FAILURES = 2;
const DAY_MS = 86_400_000;

/** Why no repair may be tried now. */
export type Refusal = 'too-soon' | 'daily-limit' | 'failed-before';

/** What is kept. */
interface Attempts {
  /** When, RFC 3339 UTC, oldest first; of the last day. */
  readonly at: readonly string[];
  /** The last failure, and how often it came with nothing changed between; null after a success. */
  readonly failure: { readonly code: string; readonly situation: string; readonly times: number } | null;
}

/** The attempts, in a file. */
export class RepairLimit {
  private constructor(
    private readonly file: string,
    private readonly clock: Clock,
    private attempts: Attempts,
  ) {}

  /** A file that cannot be used counts as an attempt just now. */
  static async open(file: string, clock: Clock): Promise<RepairLimit> {
    return new RepairLimit(file, clock, await readAttempts(file, clock));
  }

  /** Null: a repair may be tried. */
  refusal(situation: string): Refusal | null {
    const { failure } = this.attempts;
    if (failure !== null && failure.situation === situation && failure.times >= SAME_FAILURES) {
      return 'failed-before';
    }
    const recent = this.recent();
    if (recent.length >= MOST_A_DAY) return 'daily-limit';
    const last = recent.at(-1);
    return last !== undefined && this.ageOf(last) < APART_MS ? 'too-soon' : null;
  }

  /** Notes an attempt, before it is made. Rejects with the system's error: then it must not be made. */
  async begin(): Promise<void> {
    await this.keep({ ...this.attempts, at: [...this.recent(), this.clock.now()] });
  }

  /** Notes how it ended; null: it worked. */
  async end(code: string | null, situation: string): Promise<void> {
    const { failure: last } = this.attempts;
    const same = last !== null && last.code === code && last.situation === situation;
    const failure = code === null ? null : { code, situation, times: same ? last.times + 1 : 1 };
    await this.keep({ ...this.attempts, failure });
  }

  private async keep(attempts: Attempts): Promise<void> {
    await writeFileDurably(this.file, `${JSON.stringify(attempts)}\n`);
    this.attempts = attempts;
  }

  /** Of the last day. One from the future, since the clock was set back, counts as long as it is not a day away. */
  private recent(): readonly string[] {
    return this.attempts.at.filter((at) => Math.abs(this.ageOf(at)) < DAY_MS);
  }

  private ageOf(at: string): number {
    return Date.parse(this.clock.now()) - Date.parse(at);
  }
}

async function readAttempts(file: string, clock: Clock): Promise<Attempts> {
  try {
    const value: unknown = JSON.parse(await readFile(file, 'utf8'));
    if (isAttempts(value)) return value;
  } catch (error) {
    if (systemCodeOf(error) === 'ENOENT') return { at: [], failure: null };
  }
  return { at: [clock.now()], failure: null };
}

function isAttempts(value: unknown): value is Attempts {
  if (typeof value !== 'object' || value === null) return false;
  const { at, failure } = value as Partial<Record<keyof Attempts, unknown>>;
  if (!Array.isArray(at) || !at.every(isTime)) return false;
  if (failure === null) return true;
  if (typeof failure !== 'object') return false;
  const { code, situation, times } = failure as Partial<Record<string, unknown>>;
  return typeof code === 'string' && typeof situation === 'string' && typeof times === 'number';
}

function isTime(value: unknown): value is string {
  return typeof value === 'string' && !Number.isNaN(Date.parse(value));
}
