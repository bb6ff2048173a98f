import type { DomainError } from '../../src/lib/errors';
import type { Registry } from '../../src/registry/registry';
import type { ServiceDefinition, ServiceManager, ServiceReport } from '../../src/windows/serviceManager';

/** Where Windows keeps what it knows about services. */
export const SERVICES = 'HKEY_LOCAL_MACHINE\\SYSTEM\\CurrentControlSet\\Services';

/** A service manager in memory: what is asked to start or stop is on its way for a while. */
export class MemoryServiceManager implements ServiceManager {
  /** What changed something, in order. */
  readonly asked: string[] = [];
  readonly made: ServiceDefinition[] = [];
  /** How long a start and a stop take, in milliseconds. */
  delayMs = 50;
  /** With this exit code it ends instead of running. */
  endsWith: number | null = null;
  hangs = false;
  /** What fails, and how. */
  fails: { readonly at: 'right' | 'create' | 'start' | 'stop'; readonly error: DomainError } | null = null;
  notes: readonly string[] = [];
  private report: ServiceReport | undefined;
  private next: { readonly report: ServiceReport; readonly at: number } | null = null;

  constructor(private readonly machine: Registry) {}

  has(state: ServiceReport['state']): void {
    this.report = report(state);
  }

  query(): Promise<ServiceReport | undefined> {
    if (this.next !== null && performance.now() >= this.next.at) {
      this.report = this.next.report;
      this.next = null;
    }
    return Promise.resolve(this.report);
  }

  activeDependents(): Promise<readonly string[]> {
    return Promise.resolve([]);
  }

  requireRightToCreate(): Promise<void> {
    return this.attempt('right', () => undefined);
  }

  async create(definition: ServiceDefinition): Promise<readonly string[]> {
    await this.attempt('create', () => {
      this.asked.push(`create ${definition.name}`);
      this.made.push(definition);
      this.report = report('stopped');
    });
    await this.machine.createKey(`${SERVICES}\\${definition.name}`);
    return this.notes;
  }

  start(name: string): Promise<void> {
    return this.attempt('start', () => {
      this.asked.push(`start ${name}`);
      const end = this.endsWith === null ? report('running') : report('stopped', this.endsWith);
      this.becomes('startPending', end);
    });
  }

  stop(name: string): Promise<void> {
    return this.attempt('stop', () => {
      this.asked.push(`stop ${name}`);
      this.becomes('stopPending', report('stopped'));
    });
  }

  remove(name: string): Promise<void> {
    this.asked.push(`remove ${name}`);
    this.report = undefined;
    return Promise.resolve();
  }

  private becomes(state: ServiceReport['state'], end: ServiceReport): void {
    this.report = report(state);
    this.next = this.hangs ? null : { report: end, at: performance.now() + this.delayMs };
  }

  private attempt(at: string, act: () => void): Promise<void> {
    if (this.fails?.at === at) return Promise.reject(this.fails.error);
    act();
    return Promise.resolve();
  }
}

function report(state: ServiceReport['state'], exitCode = 0): ServiceReport {
  return { state, processId: state === 'stopped' ? null : 4711, exitCode };
}
