/** What is wrong, by problem: samples go in, events come out where something begins or ends. */
import type { ServiceEvent } from '../events/event';
import { type EventFacts, newEvent } from '../events/newEvent';
import type { Clock } from '../lib/clock';
import { type Damped, type DampingRule, damp, isSettled } from './damping';

/** Resolves when the event is on the disk. */
export type EventSink = (event: ServiceEvent) => Promise<void>;

/** The event that began a problem. */
export interface Beginning {
  readonly id: string;
  readonly at: string;
}

/** What an event says besides its problem. */
export type ProblemFacts = Omit<EventFacts, 'problem' | 'resolved'>;

/** What to say where the sample makes a difference. */
export interface ProblemTexts {
  readonly begins: () => ProblemFacts;
  readonly ends: () => ProblemFacts;
}

/** What this stands on. */
export interface ProblemsParts {
  readonly rule: DampingRule;
  readonly record: EventSink;
  readonly clock: Clock;
  /** What was open when the last process ended. */
  readonly open: ReadonlyMap<string, Beginning>;
}

/** The problems, with their damping. */
export class Problems {
  private readonly states = new Map<string, Damped & { readonly beginning: Beginning | null }>();

  constructor(private readonly parts: ProblemsParts) {
    for (const [problem, beginning] of parts.open) {
      this.states.set(problem, { open: true, samples: [], beginning });
    }
  }

  /**
   * Takes in a sample. Rejects when the event could not be written; the problem then stays as it was, and the next sample
   * tries again.
   */
  async sample(problem: string, bad: boolean, texts: ProblemTexts): Promise<void> {
    const before = this.states.get(problem) ?? { open: false, samples: [], beginning: null };
    const after = damp(before, bad, this.parts.rule);
    this.states.set(problem, { ...before, samples: after.samples });
    if (after.open === before.open) return;
    const facts = after.open ? texts.begins() : endedFacts(texts.ends(), before.beginning);
    const event = newEvent(this.parts.clock, { ...facts, problem, resolved: !after.open });
    await this.parts.record(event);
    this.states.set(problem, { ...after, beginning: after.open ? { id: event.id, at: event.at } : null });
  }

  isOpen(problem: string): boolean {
    return this.states.get(problem)?.open === true;
  }

  /** The open problems whose names begin so. */
  openBelow(prefix: string): readonly string[] {
    return [...this.states.keys()].filter((problem) => problem.startsWith(prefix) && this.isOpen(problem));
  }

  /** Whether no further sample is needed to tell whether a problem whose name begins so begins or ends. */
  isSettledBelow(prefix: string): boolean {
    return [...this.states].every(([problem, state]) => !problem.startsWith(prefix) || isSettled(state));
  }

  /** Forgets samples of problems that are not open and have gone out of sight. */
  keepOnly(prefix: string, seen: ReadonlySet<string>): void {
    for (const [problem, { open }] of this.states) {
      if (problem.startsWith(prefix) && !open && !seen.has(problem)) this.states.delete(problem);
    }
  }
}

/** The problems that are open after these events (newest first), with what began each. */
export async function openProblems(
  newestFirst: AsyncIterable<ServiceEvent>,
): Promise<ReadonlyMap<string, Beginning>> {
  const seen = new Set<string>();
  const open = new Map<string, Beginning>();
  for await (const { id, at, problem, resolved } of newestFirst) {
    if (problem === null || seen.has(problem)) continue;
    seen.add(problem);
    if (!resolved) open.set(problem, { id, at });
  }
  return open;
}

function endedFacts(facts: ProblemFacts, beginning: Beginning | null): ProblemFacts {
  return {
    ...facts,
    data: { ...facts.data, begunBy: beginning?.id ?? null, begunAt: beginning?.at ?? null },
  };
}
