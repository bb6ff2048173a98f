/** Whether the service can do its work, part by part. Anybody may ask: reasons hold no path and no account's name. */
import { readTokenFile, tokenFileIn } from '../auth/tokenFile';
import type { Clock } from '../lib/clock';
import { DomainError, systemCodeOf } from '../lib/errors';
import { probeFolder } from '../lib/probeFolder';
import { within } from '../lib/waiting';
import type { Registry } from '../registry/registry';
import type { Readiness, ReadinessPart } from './services';

/** What the journal says of itself. */
interface JournalCondition {
  readonly open: boolean;
  readonly clean: boolean;
  readonly damaged: number;
}

/** What is looked at. */
export interface ReadinessSources {
  readonly registry: Registry;
  /** Why this driver. */
  readonly because: string;
  readonly dataDir: string;
  readonly journal: { readonly condition: JournalCondition };
  readonly recoveryWaits: () => Promise<boolean>;
  readonly clock: Clock;
}

type Finding = Omit<ReadinessPart, 'name'>;

/** Nobody waits longer for a part. */
const WAIT_MS = 3_000;
/** How long what was found is taken to hold: nobody can have the disk written to, or scripts run, as often as they ask. */
const DISK_KEPT_MS = 5_000;
const REGISTRY_KEPT_MS = 1_000;

/** Makes the look at all parts. It never rejects. */
export function createReadiness(sources: ReadinessSources): () => Promise<Readiness> {
  const { clock, dataDir, journal } = sources;
  const parts: readonly (readonly [string, () => Promise<Finding>])[] = [
    ['registry', remembered(clock, REGISTRY_KEPT_MS, () => registryWorks(sources))],
    ['dataDir', remembered(clock, DISK_KEPT_MS, () => folderTakesFiles(dataDir))],
    ['journal', () => Promise.resolve(journalServes(journal.condition))],
    ['recovery', () => nothingWaits(sources.recoveryWaits)],
    ['tokens', remembered(clock, DISK_KEPT_MS, () => tokensRead(dataDir))],
  ];
  return async () => {
    const found = await Promise.all(
      parts.map(async ([name, look]): Promise<ReadinessPart> => ({ name, ...(await look()) })),
    );
    return { ready: found.every(({ ready }) => ready), parts: found };
  };
}

/** One look at a time; what it finds is given to all who ask within `keptMs`, and to those who ask while it is under way. */
function remembered(clock: Clock, keptMs: number, look: () => Promise<Finding>): () => Promise<Finding> {
  let lookedMs: number | null = null;
  let running = false;
  let found: Promise<Finding> = Promise.resolve(silent());
  return () => {
    const due = lookedMs === null || clock.monotonicMs() - lookedMs >= keptMs;
    if (due && !running) {
      lookedMs = clock.monotonicMs();
      running = true;
      const work = look().finally(() => {
        running = false;
      });
      found = within(work, WAIT_MS, silent);
    }
    return found;
  };
}

async function registryWorks({ registry, because }: ReadinessSources): Promise<Finding> {
  try {
    const there = (await registry.listSubkeys('HKEY_USERS\\S-1-5-18')) !== undefined;
    if (!there) return { ready: false, detail: 'the hive of the operating system is not there' };
    return { ready: true, detail: `the driver ${registry.driver} answers (${because})` };
  } catch (error) {
    // The driver's own words may name keys.
    return {
      ready: false,
      detail: `the driver ${registry.driver} fails (${error instanceof DomainError ? error.code : reasonOf(error)})`,
    };
  }
}

async function folderTakesFiles(dataDir: string): Promise<Finding> {
  try {
    await probeFolder(dataDir);
    return { ready: true, detail: 'it can be written' };
  } catch (error) {
    return { ready: false, detail: `it cannot be written (${reasonOf(error)})` };
  }
}

function journalServes({ open, clean, damaged }: JournalCondition): Finding {
  if (!open) return { ready: false, detail: 'it is closed' };
  if (!clean)
    return { ready: false, detail: 'what a refused entry has left cannot be removed; none is written' };
  const lines = damaged === 1 ? 'line' : 'lines';
  return {
    ready: true,
    detail: damaged === 0 ? 'it is open' : `it is open; ${damaged} ${lines} cannot be used`,
  };
}

async function nothingWaits(recoveryWaits: () => Promise<boolean>): Promise<Finding> {
  try {
    if (!(await recoveryWaits())) return { ready: true, detail: 'no interrupted change waits' };
    return { ready: false, detail: 'an interrupted change is not undone yet; the log says why' };
  } catch (error) {
    return {
      ready: false,
      detail: `it cannot be told whether an interrupted change waits (${reasonOf(error)})`,
    };
  }
}

async function tokensRead(dataDir: string): Promise<Finding> {
  try {
    await readTokenFile(tokenFileIn(dataDir));
    return { ready: true, detail: 'they can be read' };
  } catch (error) {
    const reason = error instanceof DomainError ? error.code : reasonOf(error);
    return {
      ready: false,
      detail: `they cannot be read, so that only the administrator is let in (${reason})`,
    };
  }
}

function silent(): Finding {
  return { ready: false, detail: 'it does not answer' };
}

/** Node's own messages hold paths. */
function reasonOf(error: unknown): string {
  return systemCodeOf(error) ?? 'unknown reason';
}
