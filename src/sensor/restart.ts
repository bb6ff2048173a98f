/**
 * Restarts the sensor: stops the updater's dependants, the updater and the sensor, starts the updater, and waits for the
 * sensor, which the updater starts (domain facts, section 2). It is bounded in time, and does not leave stopped what ran.
 */
import { DomainError } from '../lib/errors';
import { SENSOR, UPDATER } from './installation';
import type { RestartStep } from './model';
import type { ServiceControl, ServiceState } from './serviceControl';
import { type RestartFailure, type RestartParts, ServiceRun, StepFailed } from './serviceRun';

/** What there is to do, as found before anything is touched. */
export interface RestartPlan {
  /** What to stop, in order; none of it is stopped now. */
  readonly stop: readonly NamedState[];
  /** What shall run in the end, in the order in which to start it: the updater, the sensor, and what else ran. */
  readonly start: readonly NamedState[];
}

/** A service and its state. */
export interface NamedState {
  readonly service: string;
  readonly state: ServiceState;
}

/** How a restart ended. */
export interface RestartEnd {
  readonly steps: readonly RestartStep[];
  readonly durationMs: number;
  /** Null when all is done, and the sensor runs. */
  readonly failure: RestartFailure | null;
}

/** Beyond the time of the restart, for starting again what was stopped, in milliseconds. */
const RECOVERY_MS = 15_000;
/** How often to stop a service: the updater may start the sensor again before it is stopped itself. */
const MAX_TRIES = 3;

/** Looks at what runs. Errors: `sensor-not-installed`, and those of the service manager. Touches nothing. */
export async function planRestart(control: ServiceControl): Promise<RestartPlan> {
  const updater = await control.query(UPDATER);
  if (updater === undefined) throw notInstalled();
  const dependents: NamedState[] = [];
  for (const service of await control.activeDependents(UPDATER)) {
    const status = await control.query(service);
    if (status !== undefined) dependents.push({ service, state: status.state });
  }
  const known = dependents.some(({ service }) => isSame(service, SENSOR));
  const sensor = await control.query(SENSOR);
  // The sensor is stopped last where it is no dependant, or the updater would start it before it is stopped itself.
  const alone = sensor === undefined || known ? [] : [{ service: SENSOR, state: sensor.state }];
  const first = { service: UPDATER, state: updater.state };
  const others = [...dependents].reverse().filter(({ service }) => !isSame(service, SENSOR));
  return {
    stop: [...dependents, first, ...alone].filter(({ state }) => state !== 'stopped'),
    start: [first, ...(sensor === undefined ? [] : [{ service: SENSOR, state: sensor.state }]), ...others],
  };
}

/** The steps of a plan with the states as they are: what a dry run shows. */
export function stepsOf(plan: RestartPlan): readonly RestartStep[] {
  const step = (action: RestartStep['action'], { service, state }: NamedState): RestartStep => ({
    action,
    service,
    state,
    durationMs: 0,
  });
  const [updater, ...others] = plan.start;
  return [
    ...plan.stop.flatMap((each) => [step('stop', each), step('wait', each)]),
    ...(updater === undefined ? [] : [step('start', updater), step('wait', updater)]),
    ...others.map((each) => step('wait', each)),
  ];
}

/** Carries a plan out within `timeoutMs`, until `signal` is aborted. Never rejects: how it ended is in the answer. */
export async function carryOut(
  parts: RestartParts,
  plan: RestartPlan,
  bounds: { readonly timeoutMs: number; readonly signal: AbortSignal },
): Promise<RestartEnd> {
  const started = parts.clock.monotonicMs();
  const run = new ServiceRun(parts, { deadline: started + bounds.timeoutMs, signal: bounds.signal });
  let failure: RestartFailure | null = null;
  try {
    for (const { service } of plan.stop) await stop(run, service);
    for (const { service } of plan.start) {
      await run.bring(service, 'running', { ask: isSame(service, UPDATER) ? 'atOnce' : 'later' });
    }
  } catch (error) {
    if (!(error instanceof StepFailed)) throw error;
    failure = {
      ...error.failure,
      detail: `${error.failure.detail} ${await recover(parts, plan, run.steps)}`,
    };
  }
  return { steps: run.steps, durationMs: Math.round(parts.clock.monotonicMs() - started), failure };
}

/** Stops a service; where it is refused because something that depends on it runs again, that is stopped too. */
async function stop(run: ServiceRun, service: string, tries = MAX_TRIES): Promise<void> {
  try {
    await run.bring(service, 'stopped', { ask: 'atOnce' });
  } catch (error) {
    const refused = error instanceof StepFailed && error.failure.code === 'service-refused';
    const inTheWay = refused && tries > 1 ? await run.dependentsOf(service) : [];
    if (inTheWay.length === 0) throw error;
    for (const each of inTheWay) await stop(run, each, 1);
    await stop(run, service, tries - 1);
  }
}

/** Starts again what ran and does not, within {@link RECOVERY_MS}; tells what came of it. */
async function recover(parts: RestartParts, plan: RestartPlan, steps: RestartStep[]): Promise<string> {
  const ran = plan.start.filter(({ state }) => state !== 'stopped' && state !== 'stopPending');
  const left: string[] = [];
  for (const { service } of ran) {
    const deadline = parts.clock.monotonicMs() + RECOVERY_MS / ran.length;
    const run = new ServiceRun(parts, { deadline, signal: new AbortController().signal }, steps);
    try {
      await run.bring(service, 'running', { ask: 'atOnce' });
    } catch (error) {
      if (!(error instanceof StepFailed)) throw error;
      left.push(`${service} (${error.failure.state})`);
    }
  }
  if (ran.length === 0) return 'Nothing ran before.';
  return left.length === 0
    ? 'What ran before runs again.'
    : `These ran before and do not run now: ${left.join(', ')}.`;
}

function notInstalled(): DomainError {
  return new DomainError(
    'conflict',
    'sensor-not-installed',
    'The service manager has no AATPSensorUpdater: the sensor is not installed here. Nothing was touched.',
  );
}

function isSame(a: string, b: string): boolean {
  return a.toLowerCase() === b.toLowerCase();
}
