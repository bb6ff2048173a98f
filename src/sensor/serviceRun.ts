/** Brings services to a state through the service manager: asks, waits, notes each step, and keeps to its time. */
import type { Clock } from '../lib/clock';
import { DomainError, messageOf } from '../lib/errors';
import type { RestartStep } from './model';
import type { ServiceControl, ServiceState } from './serviceControl';
import { type Pause, withinTime } from './timeLimit';

/** What a restart stands on. */
export interface RestartParts {
  readonly control: ServiceControl;
  readonly clock: Clock;
  readonly pause: Pause;
}

/** The step at which a restart ended. */
export interface RestartFailure {
  readonly step: RestartStep['action'];
  readonly service: string;
  readonly state: RestartStep['state'];
  /** The code of the error behind it; `timeout`, `stopping` and `service-absent` when there is none. */
  readonly code: string;
  /** What happened, and what was done so that the services run again. */
  readonly detail: string;
}

/** Milliseconds between two looks at a service's state. */
const POLL_MS = 250;
/** After how long a service is asked again that is back in the state that it was in, in milliseconds. */
const ASK_AGAIN_MS = 5000;
/** How long others are given to start a service, in milliseconds; never more than half of what is left. */
const BY_ITSELF_MS = 30_000;

type Step = Pick<RestartFailure, 'step' | 'service' | 'state'>;

/** Ends a run; its failure is told without what was done about it. */
export class StepFailed extends Error {
  constructor(readonly failure: RestartFailure) {
    super(failure.detail);
  }
}

/** One go at services, with a deadline on the monotonic clock. Every step is noted in `steps`, failed ones too. */
export class ServiceRun {
  /** When the step under way began. */
  private began = 0;

  constructor(
    private readonly parts: RestartParts,
    private readonly bounds: { readonly deadline: number; readonly signal: AbortSignal },
    readonly steps: RestartStep[] = [],
  ) {}

  /**
   * Brings a service to a state and waits for it; throws {@link StepFailed}. `later`: others are given time to start it first.
   * A service that is on its way is waited for before it is asked, since Windows refuses to be asked then; one that is back
   * where it was is asked again after a while.
   */
  async bring(
    service: string,
    wanted: 'stopped' | 'running',
    { ask }: { readonly ask: 'atOnce' | 'later' },
  ): Promise<void> {
    const action = wanted === 'stopped' ? 'stop' : 'start';
    this.began = this.now();
    const askFrom = ask === 'atOnce' ? this.began : this.began + Math.min(BY_ITSELF_MS, this.remaining() / 2);
    let askNext = askFrom;
    let state: RestartStep['state'] = 'unknown';
    for (;;) {
      state = await this.stateOf(service, state);
      if (state === wanted) break;
      const ready = wanted === 'stopped' ? state === 'running' || state === 'paused' : state === 'stopped';
      if (ready && this.now() >= askNext) {
        askNext = this.now() + ASK_AGAIN_MS;
        await this.ask(action, service, state);
      } else {
        await this.rest(service, state);
      }
    }
    this.note('wait', service, state);
  }

  /** The services that depend on it and are not stopped, in the order in which to stop them; throws {@link StepFailed}. */
  dependentsOf(service: string): Promise<readonly string[]> {
    const step = { step: 'wait', service, state: 'unknown' } as const;
    return this.bounded(this.parts.control.activeDependents(service), step);
  }

  private async ask(action: 'stop' | 'start', service: string, state: RestartStep['state']): Promise<void> {
    this.began = this.now();
    try {
      await this.bounded(this.parts.control[action](service), { step: action, service, state });
      this.note(action, service, await this.stateOf(service, state));
    } catch (error) {
      const refused = error instanceof StepFailed && error.failure.code === 'service-refused';
      // It may have gone on its way by itself since it was looked at.
      if (!refused || (await this.stateOf(service, state)) === state) throw error;
    }
    this.began = this.now();
  }

  private async stateOf(service: string, last: RestartStep['state']): Promise<ServiceState> {
    const step = { step: 'wait', service, state: last } as const;
    const status = await this.bounded(this.parts.control.query(service), step);
    if (status !== undefined) return status.state;
    return this.fail(step, 'service-absent', 'the service is not there any more.');
  }

  /** A pause between two looks. */
  private async rest(service: string, state: RestartStep['state']): Promise<void> {
    this.check({ step: 'wait', service, state });
    await this.parts.pause(Math.min(POLL_MS, this.remaining()), this.bounds.signal);
    this.check({ step: 'wait', service, state });
  }

  /** A call to the service manager that ends with the time, whether or not it answers. */
  private async bounded<T>(call: Promise<T>, step: Step): Promise<T> {
    try {
      const limit = { ms: this.remaining(), pause: this.parts.pause, signal: this.bounds.signal };
      const first = await withinTime(call, limit);
      if (first !== null) return first.answer;
    } catch (error) {
      const code = error instanceof DomainError ? error.code : 'unexpected';
      this.fail(step, code, messageOf(error));
    }
    this.check(step);
    return this.fail(step, 'timeout', 'the service manager did not answer in time.');
  }

  private check(step: Step): void {
    if (this.bounds.signal.aborted) this.fail(step, 'stopping', 'this service is stopping.');
    if (this.remaining() <= 0) this.fail(step, 'timeout', 'it took longer than it was given.');
  }

  private fail(step: Step, code: string, reason: string): never {
    this.note(step.step, step.service, step.state);
    const detail = `The step ${step.step} of ${step.service} failed (last state ${step.state}): ${reason}`;
    throw new StepFailed({ ...step, code, detail });
  }

  private note(action: RestartStep['action'], service: string, state: RestartStep['state']): void {
    this.steps.push({ action, service, state, durationMs: Math.round(this.now() - this.began) });
  }

  private now(): number {
    return this.parts.clock.monotonicMs();
  }

  private remaining(): number {
    return Math.max(0, this.bounds.deadline - this.now());
  }
}
