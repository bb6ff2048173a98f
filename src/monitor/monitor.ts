/** The monitor: looks at the accounts, the sensor and the endpoints from time to time, and tells what has changed. */
import path from 'node:path';
import type { ServiceEvent } from '../events/event';
import type { Clock } from '../lib/clock';
import type { Logger } from '../lib/logger';
import { DRIFT, lookAtDrift, type WatchedContexts } from './driftWatch';
import { lookAtEndpoints, type WatchedCheck } from './endpointWatch';
import { type EventSink, openProblems, Problems } from './problems';
import { RepairLimit } from './repairLimit';
import { type Pause, realPause, Rounds } from './rounds';
import { type Repairs, SelfRepair } from './selfRepair';
import { SensorWatch, type WatchedSensor } from './sensorWatch';
import type { MonitorSettings } from './settings';

/** What is looked at. */
export type WatchName = 'contexts' | 'sensor' | 'endpoints';

/** What the monitor stands on; `compose` joins it to those who know. */
export interface MonitorParts {
  readonly settings: MonitorSettings;
  readonly dataDir: string;
  readonly contexts: () => Promise<WatchedContexts>;
  /** Calls back soon after what `contexts` tells may have changed, where the registry's driver can tell. */
  readonly onContextsChange: (listener: () => void) => void;
  readonly sensor: () => Promise<WatchedSensor>;
  /** Rejects with the signal's reason once that is aborted. */
  readonly checkEndpoints: (signal: AbortSignal) => Promise<readonly WatchedCheck[]>;
  readonly repairs: Repairs;
  readonly events: {
    readonly record: EventSink;
    newestFirst(): AsyncIterable<ServiceEvent>;
  };
  /** Told after each look that has worked. */
  readonly looked: (watch: WatchName) => void;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly pause?: Pause;
  /** From 0 to 1; chance unless stated. */
  readonly random?: () => number;
}

/** A monitor that runs. */
export interface Monitor {
  /** Begins no further look, ends the probes, and resolves when nothing is under way. */
  stop(): Promise<void>;
}

/** Beside the journal: when drift was repaired, and how the sensor looked. */
const REPAIR_FILE = 'self-repair.json';
const SENSOR_FILE = 'sensor-seen.json';
/** Milliseconds to the next look, while it is open whether something has changed. */
const SETTLE_MS = 10_000;
/** The first probes come at some time in these milliseconds: machines that start together do not probe together. */
const FIRST_PROBES_MS = 60_000;
const JITTER = 0.1;

/** Starts the monitor, which knows from the events what was open when the last process ended. */
export async function startMonitor(parts: MonitorParts): Promise<Monitor> {
  const { settings, clock, logger, dataDir, events, pause = realPause, random = Math.random } = parts;
  const { damping: rule, probeIntervalS } = settings;
  const { record } = events;
  const intervalMs = settings.intervalS * 1000;
  const settleMs = Math.min(SETTLE_MS, intervalMs);
  const problems = new Problems({ rule, record, clock, open: await openProblems(events.newestFirst()) });
  const sensorWatch = await SensorWatch.open(
    { rule, record, clock, file: path.join(dataDir, SENSOR_FILE) },
    events.newestFirst(),
  );
  const repair =
    settings.onDrift === 'copy'
      ? new SelfRepair({
          repairs: parts.repairs,
          ticket: settings.driftTicket,
          limit: await RepairLimit.open(path.join(dataDir, REPAIR_FILE), clock),
          clock,
          logger,
        })
      : null;
  let noticed = false;
  let lastLookMs = -Infinity;

  const contexts = new Rounds({
    name: 'contexts',
    work: async () => {
      // Notices come as quickly as anybody writes: a burst of them is one look, since each look is a sample.
      const tooSoonMs = lastLookMs + settleMs - clock.monotonicMs();
      if (tooSoonMs > 0) return tooSoonMs;
      lastLookMs = clock.monotonicMs();
      // A notice may come in the middle of a change, of which a read then sees nothing yet.
      const again = noticed;
      noticed = false;
      const drift = await lookAtDrift(await parts.contexts(), problems);
      parts.looked('contexts');
      await repair?.consider(drift);
      return again || !problems.isSettledBelow(DRIFT) ? settleMs : intervalMs;
    },
    firstMs: 0,
    failedMs: intervalMs,
    pause,
    logger,
  });
  const sensor = new Rounds({
    name: 'sensor',
    work: async () => {
      await sensorWatch.look(await parts.sensor());
      parts.looked('sensor');
      return sensorWatch.settled ? intervalMs : settleMs;
    },
    firstMs: 0,
    failedMs: intervalMs,
    pause,
    logger,
  });
  const probeMs = probeIntervalS * 1000;
  const endpoints = new Rounds({
    name: 'endpoints',
    work: async (signal) => {
      await lookAtEndpoints(await parts.checkEndpoints(signal), problems);
      parts.looked('endpoints');
      return probeMs * (1 + JITTER * (2 * random() - 1));
    },
    firstMs: Math.min(probeMs, FIRST_PROBES_MS) * random(),
    failedMs: probeMs,
    pause,
    logger,
  });

  const all = probeIntervalS > 0 ? [contexts, sensor, endpoints] : [contexts, sensor];
  parts.onContextsChange(() => {
    noticed = true;
    contexts.hurry();
  });
  for (const rounds of all) rounds.start();
  logger.info('watching', { ...settings, damping: `${rule.needed}/${rule.of}` });
  return {
    stop: async () => {
      await Promise.all(all.map((rounds) => rounds.stop()));
    },
  };
}
