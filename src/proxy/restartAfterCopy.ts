import type { Actor, ChangeOutcome, CopyRequest, SensorRestartOutcome } from './model';

/** A change, and why it was made: what the restart after it is recorded with. */
export interface RestartCause {
  readonly changeId: string;
  readonly actor: Actor;
  readonly ticket?: string;
  readonly reason?: string;
}

/** Restarts the sensor: `compose` joins it to the sensor's service. Never rejects. */
export type RestartSensor = (cause: RestartCause) => Promise<SensorRestartOutcome>;

/** Restarts the sensor when the copy asked for it and has changed something; the copy stands, however that ends. */
export async function restartAfterCopy(
  outcome: ChangeOutcome,
  request: CopyRequest,
  restart: { readonly actor: Actor; readonly restartSensor: RestartSensor },
): Promise<ChangeOutcome> {
  const { changeId } = outcome;
  if (request.restartSensor !== true || changeId === null) return outcome;
  const { ticket, reason } = request;
  const sensorRestart = await restart.restartSensor({ changeId, actor: restart.actor, ticket, reason });
  const restarted = sensorRestart.status === 'restarted';
  return { ...outcome, sensorRestart, restartRecommended: outcome.restartRecommended && !restarted };
}
