import { DomainError } from '../lib/errors';

/** A service's state, as Windows' service manager tells it (SERVICE_STATUS, winsvc.h). */
export type ServiceState =
  'stopped' | 'startPending' | 'stopPending' | 'running' | 'continuePending' | 'pausePending' | 'paused';

/** What the service manager says about a service. */
export interface ServiceStatus {
  readonly state: ServiceState;
  /** Null when no process runs, or which one cannot be told. */
  readonly processId: number | null;
}

/**
 * The port to Windows' service manager. Names are those of the registry's `Services` key, in any case.
 *
 * Errors (`DomainError`): {@link serviceManagerUnavailable}, {@link serviceAccessDenied} and, where something is asked of a
 * service, {@link serviceRefused}.
 */
export interface ServiceControl {
  /** The state, as the service manager tells it; undefined: there is no such service. */
  query(name: string): Promise<ServiceStatus | undefined>;
  /** Names of the services that depend on it and are not stopped, in the order in which to stop them. */
  activeDependents(name: string): Promise<readonly string[]>;
  /** Asks it to stop; resolves when asked, not when done. Stopped already is no error. */
  stop(name: string): Promise<void>;
  /** Asks it to start; resolves when asked, not when done. Running already is no error. */
  start(name: string): Promise<void>;
}

/** The port on a machine without a service manager: every call rejects with `service-manager-unavailable`. */
export const noServiceManager: ServiceControl = {
  query: () => Promise.reject(none()),
  activeDependents: () => Promise.reject(none()),
  stop: () => Promise.reject(none()),
  start: () => Promise.reject(none()),
};

/** The service manager cannot be asked, or fails; `detail` has the Win32 code. */
export function serviceManagerUnavailable(detail: string, cause?: unknown): DomainError {
  return new DomainError('unavailable', 'service-manager-unavailable', detail, { cause });
}

/** The account that this process runs as may not do this to the service. */
export function serviceAccessDenied(detail: string, cause?: unknown): DomainError {
  return new DomainError('forbidden', 'service-access-denied', detail, { cause });
}

/** The service manager, or the service itself, refuses what was asked; `detail` has the Win32 code. */
export function serviceRefused(detail: string, cause?: unknown): DomainError {
  return new DomainError('unavailable', 'service-refused', detail, { cause });
}

function none(): DomainError {
  return serviceManagerUnavailable('This machine has no Windows service manager.');
}
