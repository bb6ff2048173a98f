/** Whether the sensor has changed: its version, its services, its endpoint. */
import { readFile } from 'node:fs/promises';
import type { ServiceEvent } from '../events/event';
import { newEvent } from '../events/newEvent';
import type { Clock } from '../lib/clock';
import { writeFileDurably } from '../lib/durableFile';
import type { DampingRule } from './damping';
import type { EventSink } from './problems';

/** The sensor, as far as it is looked at; see `GET /sensor`. */
export interface WatchedSensor {
  readonly installed: boolean | null;
  readonly version: string | null;
  readonly services: readonly {
    readonly name: string;
    readonly installed: boolean | null;
    readonly account: string | null;
    readonly startType: string | null;
    readonly state: string | null;
  }[];
  readonly configuration: { readonly endpoint: { readonly host: string; readonly port: number } | null };
}

/** Facts by name. What could not be told, or is on its way, is not there. */
export type SensorFacts = Readonly<Record<string, string>>;

/** What this stands on. */
export interface SensorWatchParts {
  readonly rule: DampingRule;
  readonly record: EventSink;
  readonly clock: Clock;
  /** Where the facts are kept that the next process begins with. */
  readonly file: string;
}

/** Compares each look with what was last told. */
export class SensorWatch {
  private latest: readonly string[] = [];

  private constructor(
    private readonly parts: SensorWatchParts,
    private known: SensorFacts | null,
    /** What the file holds. */
    private kept: SensorFacts | null,
  ) {}

  /**
   * Begins with what the last event told, else with what an earlier process has seen; else with the first look, which makes
   * no event.
   */
  static async open(parts: SensorWatchParts, newestFirst: AsyncIterable<ServiceEvent>): Promise<SensorWatch> {
    const kept = await readFacts(parts.file);
    for await (const { type, data } of newestFirst) {
      if (type === 'sensor.changed' && isFacts(data.now)) return new SensorWatch(parts, data.now, kept);
    }
    return new SensorWatch(parts, kept, kept);
  }

  /** Whether the last look told what is known. */
  get settled(): boolean {
    return this.latest.at(-1) === undefined || this.latest.at(-1) === textOf(this.known ?? {});
  }

  /**
   * Takes in a look. A difference counts once as many looks in a row as the rule needs have told the same. Rejects when the
   * event or the file could not be written; the next look tries again.
   */
  async look(sensor: WatchedSensor): Promise<void> {
    const { rule, record, clock } = this.parts;
    const now = { ...this.known, ...factsOf(sensor) };
    this.latest = [...this.latest, textOf(now)].slice(-rule.needed);
    if (this.known !== null && textOf(now) === textOf(this.known)) return this.keep(this.known);
    if (this.latest.length < rule.needed || new Set(this.latest).size > 1) return;
    const changes = this.known === null ? [] : changesBetween(this.known, now);
    // A fact that could not be told before is no change.
    if (changes.length > 0) await record(newEvent(clock, changedFacts(changes, now)));
    this.known = now;
    await this.keep(now);
  }

  private async keep(facts: SensorFacts): Promise<void> {
    if (this.kept !== null && textOf(this.kept) === textOf(facts)) return;
    await writeFileDurably(this.parts.file, `${JSON.stringify(facts)}\n`);
    this.kept = facts;
  }
}

interface FactChange {
  readonly what: string;
  readonly before: string;
  readonly after: string;
}

function changesBetween(before: SensorFacts, after: SensorFacts): readonly FactChange[] {
  return Object.entries(after).flatMap(([what, now]) => {
    const was = before[what];
    return was === undefined || was === now ? [] : [{ what, before: was, after: now }];
  });
}

function changedFacts(changes: readonly FactChange[], now: SensorFacts) {
  const stands = changes.some(({ what, before }) => what.endsWith('.state') && before === 'running');
  const told = changes.map(({ what, before, after }) => `${what} from ${before} to ${after}`).join(', ');
  return {
    type: 'sensor.changed' as const,
    subject: 'sensor',
    problem: null,
    resolved: false,
    severity: stands ? ('warning' as const) : ('info' as const),
    summary: `The sensor has changed: ${told}.`,
    data: { changes, now },
  };
}

function factsOf({ installed, version, services, configuration }: WatchedSensor): SensorFacts {
  const { endpoint } = configuration;
  const facts: [string, string | null][] = [
    ['installed', installed === null ? null : yesOrNo(installed)],
    ['version', version],
    ['endpoint', endpoint && `${endpoint.host}:${endpoint.port}`],
    ...services.flatMap(({ name, ...service }): [string, string | null][] =>
      service.installed === false
        ? [[`${name}.state`, 'notInstalled']]
        : [
            [`${name}.account`, service.account],
            [`${name}.startType`, service.startType],
            [`${name}.state`, lastingState(service.state)],
          ],
    ),
  ];
  return Object.fromEntries(facts.flatMap(([name, value]) => (value === null ? [] : [[name, value]])));
}

/** A service on its way to another state tells nothing yet. */
function lastingState(state: string | null): string | null {
  return state === null || state === 'unknown' || state.endsWith('Pending') ? null : state;
}

function yesOrNo(value: boolean): string {
  return value ? 'yes' : 'no';
}

function textOf(facts: SensorFacts): string {
  return JSON.stringify(Object.entries(facts).sort(([a], [b]) => (a < b ? -1 : 1)));
}

function isFacts(value: unknown): value is SensorFacts {
  return (
    typeof value === 'object' &&
    value !== null &&
    !Array.isArray(value) &&
    Object.values(value).every((fact) => typeof fact === 'string')
  );
}

/** Null without such a file, or when it cannot be used: the first look then begins. */
async function readFacts(file: string): Promise<SensorFacts | null> {
  try {
    const value: unknown = JSON.parse(await readFile(file, 'utf8'));
    return isFacts(value) ? value : null;
  } catch {
    return null;
  }
}
