import { DomainError } from '../lib/errors';
import { type ServiceBindings, bindServiceManager } from './serviceBindings';
import { type Handle, callAsync, loadKoffi } from './systemLibrary';

/** A service's state, as SERVICE_STATUS (winsvc.h) numbers it from 1. */
const STATES = [
  'stopped',
  'startPending',
  'stopPending',
  'running',
  'continuePending',
  'pausePending',
  'paused',
] as const;

/** What the service manager says about a service. */
export interface ServiceReport {
  readonly state: (typeof STATES)[number];
  /** Null when no process runs. */
  readonly processId: number | null;
  /** How its process ended last, a Win32 code. */
  readonly exitCode: number;
}

/** What a service is made of. It runs as LocalSystem and starts with the machine, delayed. */
export interface ServiceDefinition {
  readonly name: string;
  readonly displayName: string;
  readonly description: string;
  readonly commandLine: string;
  /** When the process ends by itself, it is started again after each of these, in milliseconds; the last one repeats. */
  readonly restartAfterMs: readonly number[];
}

/**
 * Windows' service manager. What waits for a service (start, stop) is asked off the main thread.
 *
 * Errors (`DomainError`): `service-manager-unavailable`, `service-access-denied` (`forbidden`), `service-refused`; the
 * Win32 code is in the detail.
 */
export interface ServiceManager {
  /** Undefined: there is no such service. */
  query(name: string): Promise<ServiceReport | undefined>;
  /** Services that depend on it and are not stopped, in the order in which to stop them. */
  activeDependents(name: string): Promise<readonly string[]>;
  /** Asks; stopped already is no error. */
  stop(name: string): Promise<void>;
  /** Asks; running already is no error. */
  start(name: string): Promise<void>;
  /** Refuses who may not register services. */
  requireRightToCreate(): Promise<void>;
  /** Registers a service. Gives what this system would not set, as text for people; a service of that name is an error. */
  create(definition: ServiceDefinition): Promise<readonly string[]>;
  /** Unregisters it: at once, or when its last user has let go of it. */
  remove(name: string): Promise<void>;
}

/** Access rights (winsvc.h): to look, to operate, to do all. */
const MANAGER_CONNECT = 0x1;
const MANAGER_CREATE = 0x2;
const QUERY_STATUS = 0x4;
const ENUMERATE_DEPENDENTS = 0x8;
const START = 0x10;
const STOP = 0x20;
const ALL_ACCESS = 0xf01ff;
const DELETE = 0x10000;

const OWN_PROCESS = 0x10;
const AUTO_START = 2;
const ERROR_NORMAL = 1;
const CONTROL_STOP = 1;
const STATE_ACTIVE = 1;

/** Levels of ChangeServiceConfig2W. */
const LEVEL = { description: 1, failureActions: 2, delayedStart: 3, failureActionsFlag: 4 } as const;
/** A day without failures makes the next one the first again. */
const RESET_SECONDS = 86_400;
const ACTION_RESTART = 1;

/** Win32 codes (winerror.h). */
const ACCESS_DENIED = 5;
const MORE_DATA = 234;
const NO_SUCH_SERVICE = 1060;
const REASONS: Readonly<Record<number, string>> = {
  [NO_SUCH_SERVICE]: 'there is no such service',
  1058: 'it is disabled',
  1072: 'it is being removed already; close what shows it, such as the Services window',
  1073: 'it is registered already',
};

/** Opens it, over Windows' own functions unless others are given. Errors: `native-code-unavailable`. */
export function openServiceManager(api: ServiceBindings = bindServiceManager()): ServiceManager {
  return {
    query: async (name) =>
      withService(api, { name, access: QUERY_STATUS, doing: 'ask for' }, (service) => status(api, service)),
    activeDependents: async (name) =>
      (await withService(
        api,
        { name, access: ENUMERATE_DEPENDENTS, doing: 'list what depends on' },
        (service) => dependents(api, service),
      )) ?? [],
    stop: (name) =>
      operate(api, { name, access: STOP | QUERY_STATUS, doing: 'stop' }, async (service) => {
        const done = await callAsync(api.control, service, CONTROL_STOP, Buffer.alloc(28));
        const { state } = status(api, service);
        return done || state === 'stopped' || state === 'stopPending';
      }),
    start: (name) =>
      operate(api, { name, access: START | QUERY_STATUS, doing: 'start' }, async (service) => {
        const done = await callAsync(api.start, service, 0, null);
        const { state } = status(api, service);
        return done || state === 'running' || state === 'startPending';
      }),
    requireRightToCreate: () => withManager(api, MANAGER_CONNECT | MANAGER_CREATE, () => Promise.resolve()),
    create: (definition) => create(api, definition),
    remove: (name) => remove(api, { name, access: DELETE, doing: 'remove' }),
  };
}

interface Wanted {
  readonly name: string;
  readonly access: number;
  /** Completes "Windows refuses to … the service". */
  readonly doing: string;
}

async function withService<T>(
  api: ServiceBindings,
  wanted: Wanted,
  use: (service: Handle) => T | Promise<T>,
): Promise<T | undefined> {
  return withManager(api, MANAGER_CONNECT, async (manager) => {
    const service = api.openService(manager, wanted.name, wanted.access);
    if (Number(service) === 0) {
      const code = api.lastError();
      if (code === NO_SUCH_SERVICE) return undefined;
      throw serviceError(code, wanted);
    }
    try {
      return await use(service);
    } finally {
      api.close(service);
    }
  });
}

async function withManager<T>(
  api: ServiceBindings,
  access: number,
  use: (manager: Handle) => Promise<T>,
): Promise<T> {
  const manager = api.openManager(null, null, access);
  if (Number(manager) === 0) {
    const code = api.lastError();
    if (code === ACCESS_DENIED) throw accessDenied('open the service manager');
    const detail = `Windows' service manager cannot be reached (Win32 error ${code}).`;
    throw new DomainError('unavailable', 'service-manager-unavailable', detail);
  }
  try {
    return await use(manager);
  } finally {
    api.close(manager);
  }
}

async function remove(api: ServiceBindings, wanted: Wanted): Promise<void> {
  const removed = await withService(api, wanted, (service) => {
    if (!api.deleteService(service)) throw serviceError(api.lastError(), wanted);
    return true;
  });
  if (removed === undefined) throw serviceError(NO_SUCH_SERVICE, wanted);
}

/** Asks a service that must be there to stop or to start. `ask` tells whether it was taken. */
async function operate(
  api: ServiceBindings,
  wanted: Wanted,
  ask: (service: Handle) => Promise<boolean>,
): Promise<void> {
  const failure = await withService(api, wanted, async (service) => {
    if (await ask(service)) return null;
    // The call's own code stays on the thread that made it. The service manager keeps the reason of a failed start, and
    // has 0 for a stop that is refused.
    return status(api, service).exitCode;
  });
  if (failure === undefined) throw serviceError(NO_SUCH_SERVICE, wanted);
  if (failure !== null) throw serviceError(failure, wanted);
}

function status(api: ServiceBindings, service: Handle): ServiceReport {
  // SERVICE_STATUS_PROCESS: type, state, controls, exit code, own exit code, checkpoint, hint, process, flags.
  const buffer = Buffer.alloc(36);
  if (!api.queryStatus(service, 0, buffer, buffer.length, [0])) {
    throw serviceError(api.lastError(), { name: 'this service', access: 0, doing: 'ask for' });
  }
  const processId = buffer.readUInt32LE(28);
  return {
    state: STATES[buffer.readUInt32LE(4) - 1] ?? 'stopped',
    processId: processId === 0 ? null : processId,
    exitCode: buffer.readUInt32LE(12),
  };
}

/** Names out of ENUM_SERVICE_STATUSW: two pointers and seven numbers, 48 bytes; the names stand behind, in the same buffer. */
function dependents(api: ServiceBindings, service: Handle): readonly string[] {
  let buffer = Buffer.alloc(4096);
  const needed: [number] = [0];
  const count: [number] = [0];
  while (!api.dependents(service, STATE_ACTIVE, buffer, buffer.length, needed, count)) {
    const code = api.lastError();
    if (code !== MORE_DATA || needed[0] <= buffer.length) {
      throw serviceError(code, { name: 'this service', access: 0, doing: 'list what depends on' });
    }
    buffer = Buffer.alloc(needed[0]);
  }
  const start = loadKoffi().address(buffer);
  return Array.from({ length: count[0] }, (_, index) => {
    const from = Number(buffer.readBigUInt64LE(index * 48) - start);
    const text = buffer.toString('utf16le', from);
    return text.slice(0, text.indexOf('\0'));
  });
}

async function create(api: ServiceBindings, definition: ServiceDefinition): Promise<readonly string[]> {
  const wanted: Wanted = { name: definition.name, access: ALL_ACCESS, doing: 'register' };
  return withManager(api, MANAGER_CONNECT | MANAGER_CREATE, (manager) => {
    const { name, displayName, commandLine } = definition;
    const service = api.createService(
      manager,
      name,
      displayName,
      ALL_ACCESS,
      OWN_PROCESS,
      AUTO_START,
      ERROR_NORMAL,
      commandLine,
      null,
      null,
      null,
      null,
      null,
    );
    if (Number(service) === 0) throw serviceError(api.lastError(), wanted);
    try {
      return Promise.resolve(describe(api, service, definition));
    } finally {
      api.close(service);
    }
  });
}

/** Sets what CreateServiceW cannot. */
function describe(api: ServiceBindings, service: Handle, definition: ServiceDefinition): readonly string[] {
  const { address } = loadKoffi();
  const text = Buffer.from(`${definition.description}\0`, 'utf16le');
  const actions = Buffer.alloc(definition.restartAfterMs.length * 8);
  definition.restartAfterMs.forEach((delay, index) => {
    actions.writeUInt32LE(ACTION_RESTART, index * 8);
    actions.writeUInt32LE(delay, index * 8 + 4);
  });
  // SERVICE_FAILURE_ACTIONSW: reset period, message, command, count, actions; pointers at multiples of eight.
  const failure = Buffer.alloc(40);
  failure.writeUInt32LE(RESET_SECONDS, 0);
  failure.writeUInt32LE(definition.restartAfterMs.length, 24);
  failure.writeBigUInt64LE(address(actions), 32);
  // The last of each is what it points to: named here, so that it is not collected before Windows has read it.
  const settings: [string, number, Buffer, Buffer?][] = [
    ['its description', LEVEL.description, pointerTo(address(text)), text],
    ['the restart on failure', LEVEL.failureActions, failure, actions],
    ['the delayed start', LEVEL.delayedStart, Buffer.from([1, 0, 0, 0])],
    ['the restart after an error exit', LEVEL.failureActionsFlag, Buffer.from([1, 0, 0, 0])],
  ];
  return settings
    .filter(([, level, info]) => !api.change(service, level, info))
    .map(([what]) => `${what} could not be set (Win32 error ${api.lastError()})`);
}

function pointerTo(address: bigint): Buffer {
  const buffer = Buffer.alloc(8);
  buffer.writeBigUInt64LE(address);
  return buffer;
}

function serviceError(code: number, { name, doing }: Wanted): DomainError {
  if (code === ACCESS_DENIED) return accessDenied(`${doing} the service ${name}`);
  const why = REASONS[code] ?? 'it fails';
  const detail =
    code === 0
      ? `Windows cannot ${doing} the service ${name}: it refuses, maybe because other services depend on it.`
      : `Windows cannot ${doing} the service ${name}: ${why} (Win32 error ${code}).`;
  return new DomainError('unavailable', 'service-refused', detail);
}

function accessDenied(doing: string): DomainError {
  const detail = `Windows refuses to ${doing}: access denied (Win32 error 5). Run this as an administrator.`;
  return new DomainError('forbidden', 'service-access-denied', detail);
}
