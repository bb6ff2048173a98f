/** The one door into this folder: what the sensor is, and its restart. */
import type { Clock } from '../lib/clock';
import { DomainError, messageOf } from '../lib/errors';
import type { Logger } from '../lib/logger';
import { newRecordId } from '../lib/recordId';
import { findingsInTheWay } from './findings';
import { readInstallation } from './installation';
import type { RestartRequest, Sensor, SensorEndpoint, SensorRestart, SensorRestartRecord } from './model';
import { carryOut, planRestart, stepsOf } from './restart';
import {
  type Done,
  type RestartActor,
  type RestartResult,
  answerOf,
  recordOf,
  resultOf,
} from './restartOutcome';
import { type SensorSources, configuredEndpoint, showSensor } from './showSensor';
import { type Pause, realPause, withBoundedLooks } from './timeLimit';

/** Milliseconds for a restart unless the request states them. */
const DEFAULT_TIMEOUT_MS = 120_000;

/** Where restarts are recorded: `compose` joins it to the journal. Rejects when the record is not on the disk. */
export type RestartSink = (record: SensorRestartRecord) => Promise<void>;

/** What this folder needs from others. */
export interface SensorParts extends SensorSources {
  readonly record: RestartSink;
  readonly clock: Clock;
  readonly logger: Logger;
  /** By the machine's clock unless stated. */
  readonly pause?: Pause;
}

/** A change after which to restart, and why it was made. */
export interface RestartCause {
  readonly changeId: string;
  readonly actor: RestartActor;
  readonly ticket?: string;
  readonly reason?: string;
}

/** What the product does with the sensor. */
export interface SensorService {
  /** Everything that is known of it. Never rejects: what cannot be read says so. */
  show(): Promise<Sensor>;
  /** The endpoint that it is configured for, read afresh; null when it cannot be told. Never rejects. */
  endpoint(): Promise<SensorEndpoint | null>;
  /**
   * Stops and starts it, and waits until it runs. Errors: `sensor-not-installed`, `sensor-disabled`,
   * `sensor-restart-running`, `stopping` and the service manager's (nothing was touched); `sensor-restart-failed` and
   * `sensor-restart-unrecorded`.
   */
  restart(request: RestartRequest, actor: RestartActor): Promise<SensorRestart>;
  /** The same after a change. Never rejects. */
  restartAfter(cause: RestartCause): Promise<RestartResult>;
}

/** The service, and its end. */
export interface OpenedSensorService extends SensorService {
  /** Refuses restarts from now on (`stopping`), ends one that is under way, and resolves when what ran was started again. */
  close(): Promise<void>;
}

/** Opens the service. One restart at a time. */
export function openSensorService(given: SensorParts): OpenedSensorService {
  const { pause = realPause } = given;
  const parts = { ...given, pause, control: withBoundedLooks(given.control, pause) };
  let running: { readonly ended: Promise<unknown>; readonly abort: AbortController } | null = null;
  let closing = false;
  const refuseIfBusy = () => {
    if (closing) throw stopping();
    if (running !== null) throw busy();
  };
  const once = <T>(task: (signal: AbortSignal) => Promise<T>): Promise<T> => {
    refuseIfBusy();
    const abort = new AbortController();
    const ended = task(abort.signal).finally(() => {
      running = null;
    });
    running = { ended, abort };
    return ended;
  };
  const run = (request: RestartRequest, actor: RestartActor, changeId: string | null) =>
    once((signal) => restartAndRecord(parts, { request, actor, changeId, signal }));
  return {
    show: () => showSensor(parts),
    endpoint: () => configuredEndpoint(parts),
    restart: async (request, actor) => {
      if (request.dryRun !== true) return answerOf(await run(request, actor, null));
      refuseIfBusy();
      return preview(parts);
    },
    restartAfter: async ({ changeId, actor, ticket, reason }) => {
      try {
        return resultOf(await run({ ticket, reason }, actor, changeId));
      } catch (error) {
        const code = error instanceof DomainError ? error.code : 'internal-error';
        return { status: 'failed', changeId: null, code, detail: messageOf(error) };
      }
    },
    close: async () => {
      closing = true;
      running?.abort.abort();
      await running?.ended.catch(() => undefined);
    },
  };
}

async function preview(parts: SensorParts): Promise<SensorRestart> {
  const plan = await planRestart(parts.control);
  await refuseDisabled(parts);
  const { findings } = await showSensor(parts);
  return {
    changeId: null,
    dryRun: true,
    restarted: false,
    durationMs: 0,
    steps: stepsOf(plan),
    findings: findingsInTheWay(findings),
  };
}

async function restartAndRecord(
  parts: SensorParts & { readonly pause: Pause },
  asked: {
    readonly request: RestartRequest;
    readonly actor: RestartActor;
    readonly changeId: string | null;
    readonly signal: AbortSignal;
  },
): Promise<Done> {
  const { control, clock, logger, pause } = parts;
  const plan = await planRestart(control);
  await refuseDisabled(parts);
  const { findings } = await showSensor(parts);
  if (asked.signal.aborted) throw stopping();
  const begun = { id: asked.actor.changeId ?? newRecordId(clock), at: clock.now() };
  logger.info('restarting the sensor', { changeId: begun.id, actor: asked.actor.name });
  const timeoutMs = asked.request.timeoutMs ?? DEFAULT_TIMEOUT_MS;
  const end = await carryOut({ control, clock, pause }, plan, { timeoutMs, signal: asked.signal });
  const record = recordOf(begun, asked, end);
  const { requestId, durationMs, failure } = record;
  const facts = { changeId: record.id, actor: record.actor, requestId, durationMs };
  if (failure === null) logger.info('the sensor was restarted', facts);
  else logger.error('the sensor could not be restarted', { ...facts, failure });
  const recorded = await parts.record(record).then(
    () => true,
    (error: unknown) => {
      logger.error('a restart could not be recorded', { changeId: record.id, reason: messageOf(error) });
      return false;
    },
  );
  return { record, failure: end.failure, recorded, findings: findingsInTheWay(findings) };
}

/** A service that is disabled would not start again. A start type that cannot be read is no reason to refuse. */
async function refuseDisabled({ registry }: SensorParts): Promise<void> {
  const { services } = await readInstallation(registry);
  const disabled = services.filter(({ startType }) => startType === 'disabled').map(({ name }) => name);
  if (disabled.length === 0) return;
  const detail = `${disabled.join(' and ')} is disabled, and would not start again. Nothing was touched. Set its start type to automatic.`;
  throw new DomainError('conflict', 'sensor-disabled', detail);
}

function busy(): DomainError {
  return new DomainError(
    'conflict',
    'sensor-restart-running',
    'The sensor is being restarted already. Nothing was touched; ask again when that is done.',
  );
}

function stopping(): DomainError {
  const detail = 'The service is stopping. The sensor was not touched; ask again later.';
  return new DomainError('unavailable', 'stopping', detail);
}
