import { DomainError } from '../lib/errors';
import { type Handle, type NativeFunction, callAsync, loadKoffi, systemLibrary } from './systemLibrary';

/** This process as a Windows service, seen from inside. */
export interface ServiceHost {
  /** Resolves when the service is asked to end: it was stopped, or the machine goes down. */
  readonly stopRequested: Promise<'stop' | 'shutdown'>;
  /** Tells that the service works. */
  running(): void;
  /** Tells that it has ended, with a Win32 code (0: well), and resolves when the service manager has taken note. */
  stopped(exitCode: number): Promise<void>;
}

/** States and controls (winsvc.h). */
const STOPPED = 1;
const START_PENDING = 2;
const STOP_PENDING = 3;
const RUNNING = 4;
const ACCEPTS_STOP_AND_SHUTDOWN = 0x1 | 0x4;
const CONTROL_STOP = 1;
const CONTROL_INTERROGATE = 4;
const CONTROL_SHUTDOWN = 5;
const OWN_PROCESS = 0x10;
const NO_ERROR = 0;
const NOT_IMPLEMENTED = 120;

/** How long the service manager waits for the next sign of life while the service starts or stops. */
const WAIT_HINT_MS = 40_000;
const CONNECT_MS = 30_000;

/**
 * Makes this process the service `name`. Windows calls back on threads of its own; koffi runs those calls on the main
 * thread, where all of this lives. Errors: `native-code-unavailable`, `service-manager-unavailable` when Windows has not
 * started this process as a service.
 */
export async function connectToServiceManager(name: string): Promise<ServiceHost> {
  const api = bindHost();
  let requestStop: (how: 'stop' | 'shutdown') => void = () => undefined;
  const stopRequested = new Promise<'stop' | 'shutdown'>((resolve) => {
    requestStop = resolve;
  });
  const state = { handle: 0 as Handle, now: START_PENDING, checkpoint: 0 };
  const report = (now: number, exitCode = 0): void => {
    state.now = now;
    const pending = now === START_PENDING || now === STOP_PENDING;
    state.checkpoint = pending ? state.checkpoint + 1 : 0;
    api.setStatus(state.handle, {
      type: OWN_PROCESS,
      state: now,
      accepted: now === RUNNING ? ACCEPTS_STOP_AND_SHUTDOWN : 0,
      exitCode,
      ownExitCode: 0,
      checkpoint: state.checkpoint,
      waitHintMs: pending ? WAIT_HINT_MS : 0,
    });
  };
  const onControl = (control: number): number => {
    if (control === CONTROL_INTERROGATE) return NO_ERROR;
    if (control !== CONTROL_STOP && control !== CONTROL_SHUTDOWN) return NOT_IMPLEMENTED;
    if (state.now !== STOP_PENDING) report(STOP_PENDING);
    requestStop(control === CONTROL_STOP ? 'stop' : 'shutdown');
    return NO_ERROR;
  };
  let dispatched: Promise<boolean> = Promise.resolve(false);
  const began = new Promise<void>((resolve) => {
    const { entry } = api.callbacks(onControl, (handler) => {
      state.handle = api.registerHandler(name, handler, null);
      report(START_PENDING);
      resolve();
    });
    // It returns when the service has reported its end: until then it keeps one thread.
    dispatched = callAsync(api.dispatch, [
      { name, main: entry },
      { name: null, main: null },
    ]);
  });
  const refused = dispatched.then(() => {
    throw notAService();
  });
  refused.catch(() => undefined);
  await within(CONNECT_MS, Promise.race([began, refused]));
  return {
    stopRequested,
    running: () => {
      if (state.now === START_PENDING) report(RUNNING);
    },
    stopped: async (exitCode) => {
      report(STOPPED, exitCode);
      await dispatched;
    },
  };
}

interface ServiceStatusRecord {
  readonly type: number;
  readonly state: number;
  readonly accepted: number;
  readonly exitCode: number;
  readonly ownExitCode: number;
  readonly checkpoint: number;
  readonly waitHintMs: number;
}

interface Entry {
  readonly name: string | null;
  readonly main: bigint | null;
}

interface HostBindings {
  readonly dispatch: NativeFunction<(table: readonly Entry[]) => boolean>;
  readonly registerHandler: NativeFunction<(name: string, handler: bigint, context: null) => Handle>;
  readonly setStatus: NativeFunction<(handle: Handle, status: ServiceStatusRecord) => boolean>;
  /** The service's two callbacks, for Windows to call. */
  callbacks(
    onControl: (control: number) => number,
    onMain: (handler: bigint) => void,
  ): { readonly entry: bigint };
}

function bindHost(): HostBindings {
  const advapi32 = systemLibrary('advapi32.dll');
  const koffi = loadKoffi();
  const main = koffi.proto('void __stdcall SensorProxyServiceMain(uint32_t argc, void *argv)');
  const handler = koffi.proto(
    'uint32_t __stdcall SensorProxyControlHandler(uint32_t control, uint32_t eventType, void *eventData, void *context)',
  );
  koffi.struct('SensorProxyServiceEntry', { name: 'str16', main: koffi.pointer(main) });
  koffi.struct('SensorProxyServiceStatus', {
    type: 'uint32_t',
    state: 'uint32_t',
    accepted: 'uint32_t',
    exitCode: 'uint32_t',
    ownExitCode: 'uint32_t',
    checkpoint: 'uint32_t',
    waitHintMs: 'uint32_t',
  });
  return {
    dispatch: advapi32.bind('bool __stdcall StartServiceCtrlDispatcherW(SensorProxyServiceEntry *table)'),
    registerHandler: advapi32.bind(
      'intptr_t __stdcall RegisterServiceCtrlHandlerExW(str16 name, SensorProxyControlHandler *handler, void *context)',
    ),
    setStatus: advapi32.bind(
      'bool __stdcall SetServiceStatus(intptr_t handle, SensorProxyServiceStatus *status)',
    ),
    callbacks: (onControl, onMain) => {
      const control = koffi.register(onControl, koffi.pointer(handler));
      const entry = koffi.register(() => {
        onMain(control);
      }, koffi.pointer(main));
      return { entry };
    },
  };
}

async function within<T>(ms: number, task: Promise<T>): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => {
      reject(notAService());
    }, ms);
  });
  try {
    return await Promise.race([task, late]);
  } finally {
    clearTimeout(timer);
  }
}

function notAService(): DomainError {
  const detail =
    "Windows' service manager has not started this process. Use: sensorproxy service start; or run sensorproxy without arguments.";
  return new DomainError('unavailable', 'service-manager-unavailable', detail);
}
