/** What is told of a restart that has ended: to the journal, to the caller, to the change that asked for it. */
import { DomainError } from '../lib/errors';
import type { RestartRequest, SensorRestart, SensorRestartRecord } from './model';
import type { RestartEnd } from './restart';
import type { RestartFailure } from './serviceRun';

/** Who asks for a restart, as the journal names it. */
export interface RestartActor {
  readonly name: string;
  readonly requestId: string | null;
  /** The id that the journal's entry shall have; a new one where it is not stated. */
  readonly changeId?: string;
}

/** How the restart that a change asked for ended. */
export interface RestartResult {
  readonly status: 'restarted' | 'failed';
  /** The journal's entry of the restart; null when there is none. */
  readonly changeId: string | null;
  /** The problem's code; null when there is no problem. */
  readonly code: string | null;
  readonly detail: string;
}

/** A restart that has ended, whichever way. */
export interface Done {
  readonly record: SensorRestartRecord;
  readonly failure: RestartFailure | null;
  readonly recorded: boolean;
  readonly findings: SensorRestart['findings'];
}

/** The journal's entry. */
export function recordOf(
  begun: Pick<SensorRestartRecord, 'id' | 'at'>,
  {
    request,
    actor,
    changeId,
  }: {
    readonly request: RestartRequest;
    readonly actor: RestartActor;
    readonly changeId: string | null;
  },
  { steps, durationMs, failure }: RestartEnd,
): SensorRestartRecord {
  return {
    ...begun,
    kind: 'sensorRestart',
    actor: actor.name,
    requestId: actor.requestId,
    ticket: request.ticket ?? null,
    reason: request.reason ?? null,
    changeId,
    outcome: failure === null ? 'applied' : 'failed',
    failure: failure?.detail ?? null,
    durationMs,
    steps,
  };
}

/** The answer; throws `sensor-restart-failed` or `sensor-restart-unrecorded`. */
export function answerOf(done: Done): SensorRestart {
  const { record, failure, recorded, findings } = done;
  if (failure !== null) throw failed(record, failure, recorded);
  if (!recorded) throw unrecorded();
  const { id: changeId, durationMs, steps } = record;
  return { changeId, dryRun: false, restarted: true, durationMs, steps, findings };
}

/** What the change is told that asked for the restart. */
export function resultOf({ record, failure, recorded }: Done): RestartResult {
  const changeId = recorded ? record.id : null;
  if (failure !== null)
    return { status: 'failed', changeId, code: 'sensor-restart-failed', detail: failure.detail };
  if (recorded) return { status: 'restarted', changeId, code: null, detail: 'The sensor was restarted.' };
  const { code, detail } = unrecorded();
  return { status: 'restarted', changeId, code, detail };
}

function failed(record: SensorRestartRecord, failure: RestartFailure, recorded: boolean): DomainError {
  const { step, service, state, code } = failure;
  return new DomainError('unavailable', 'sensor-restart-failed', failure.detail, {
    extensions: {
      failed: { step, service, state, code },
      steps: record.steps,
      changeId: recorded ? record.id : null,
    },
  });
}

function unrecorded(): DomainError {
  const detail = 'The sensor was restarted and runs, but the journal could not take the record.';
  return new DomainError('unavailable', 'sensor-restart-unrecorded', detail);
}
