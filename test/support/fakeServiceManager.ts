import type { Clock } from '../../src/lib/clock';
import {
  type ServiceControl,
  type ServiceState,
  serviceManagerUnavailable,
  serviceRefused,
} from '../../src/sensor/serviceControl';

/** How a service of the fake behaves; times in milliseconds. */
export interface FakeService {
  state: ServiceState;
  /** Names of the services that must run for it to run. */
  readonly dependsOn?: readonly string[];
  /** Stays on its way for so long; 0 unless stated. */
  startMs?: number;
  stopMs?: number;
  /** Services that it starts by itself so long after it runs. */
  readonly starts?: { readonly name: string; readonly afterMs: number };
  /** So often it is started again as soon as it has stopped. */
  revives?: number;
  /** It is asked, and stays on its way for ever. */
  hangs?: 'start' | 'stop';
  /** The call itself never returns. */
  silent?: 'start' | 'stop' | 'query';
  /** Win32 code that it refuses with. */
  refuses?: { readonly start?: number; readonly stop?: number };
}

interface Transition {
  readonly to: ServiceState;
  readonly at: number;
}

/** A service manager in memory that behaves as Windows' does: asked services are on their way for a while. */
export class FakeServiceManager implements ServiceControl {
  /** What was asked, in order: `stop AATPSensor`. */
  readonly asked: string[] = [];
  /** Every call fails so while it is set. */
  broken: string | null = null;
  private readonly services: Map<string, FakeService>;
  private readonly once = new Map<string, () => void>();
  private readonly transitions = new Map<string, Transition>();

  constructor(
    services: Readonly<Record<string, FakeService>>,
    private readonly clock: Clock,
  ) {
    this.services = new Map(Object.entries(services));
  }

  /** A service's state now; throws for one that there is not. */
  stateOf(name: string): ServiceState {
    this.settle();
    return this.service(name).state;
  }

  /** Changes how a service behaves. */
  change(name: string, change: Partial<FakeService>): void {
    this.services.set(name, { ...this.service(name), ...change });
  }

  /** A service that goes away. */
  remove(name: string): void {
    this.services.delete(name);
  }

  /** Something that happens just before the service is first asked to stop. */
  beforeStop(name: string, happens: () => void): void {
    this.once.set(name, happens);
  }

  query(name: string) {
    const service = this.services.get(name);
    if (this.broken !== null) return Promise.reject(serviceManagerUnavailable(this.broken));
    if (service?.silent === 'query') return never();
    this.settle();
    const found = this.services.get(name);
    return Promise.resolve(
      found && { state: found.state, processId: found.state === 'stopped' ? null : 4242 },
    );
  }

  activeDependents(name: string): Promise<readonly string[]> {
    if (this.broken !== null) return Promise.reject(serviceManagerUnavailable(this.broken));
    this.settle();
    return Promise.resolve(this.dependentsOf(name));
  }

  async stop(name: string): Promise<void> {
    const happens = this.once.get(name);
    this.once.delete(name);
    happens?.();
    await this.take('stop', name);
    const service = this.service(name);
    if (service.state === 'stopped') return;
    if (service.state.endsWith('Pending')) throw refused(1061);
    if (this.dependentsOf(name).length > 0) throw refused(1051);
    this.begin(name, 'stopPending', 'stopped', service.hangs === 'stop' ? Infinity : (service.stopMs ?? 0));
  }

  async start(name: string): Promise<void> {
    await this.take('start', name);
    const service = this.service(name);
    if (service.state === 'running') return;
    if (service.state !== 'stopped') throw refused(1056);
    this.begin(
      name,
      'startPending',
      'running',
      service.hangs === 'start' ? Infinity : (service.startMs ?? 0),
    );
  }

  private async take(action: 'start' | 'stop', name: string): Promise<void> {
    this.asked.push(`${action} ${name}`);
    if (this.broken !== null) throw serviceManagerUnavailable(this.broken);
    this.settle();
    const { silent, refuses } = this.service(name);
    if (silent === action) await never();
    const code = refuses?.[action];
    if (code !== undefined) throw refused(code);
  }

  private begin(name: string, by: ServiceState, to: ServiceState, ms: number): void {
    this.service(name).state = by;
    this.transitions.set(name, { to, at: this.clock.monotonicMs() + ms });
    this.settle();
  }

  /** Carries out what is due, in the order of its times. */
  private settle(): void {
    const due = [...this.transitions].filter(([, { at }]) => at <= this.clock.monotonicMs());
    for (const [name, { to, at }] of due.sort(([, a], [, b]) => a.at - b.at)) {
      this.transitions.delete(name);
      const service = this.services.get(name);
      if (service === undefined) continue;
      service.state = to;
      if (to === 'stopped' && (service.revives ?? 0) > 0) {
        service.revives = (service.revives ?? 0) - 1;
        service.state = 'running';
      }
      const { starts } = service;
      if (to !== 'running' || starts === undefined || !this.services.has(starts.name)) continue;
      if (this.service(starts.name).state !== 'stopped') continue;
      const { startMs = 0, hangs } = this.service(starts.name);
      this.transitions.set(starts.name, {
        to: 'running',
        at: hangs === 'start' ? Infinity : at + starts.afterMs + startMs,
      });
      this.settle();
    }
  }

  private dependentsOf(name: string): readonly string[] {
    const direct = [...this.services].filter(
      ([, { dependsOn = [], state }]) => dependsOn.includes(name) && state !== 'stopped',
    );
    const all = direct.flatMap(([dependent]) => [...this.dependentsOf(dependent), dependent]);
    return [...new Set(all)];
  }

  private service(name: string): FakeService {
    const found = this.services.get(name);
    if (found === undefined) throw refused(1060);
    return found;
  }
}

function refused(code: number) {
  return serviceRefused(`The service manager refused it (${code}).`);
}

function never(): Promise<never> {
  return new Promise(() => undefined);
}
