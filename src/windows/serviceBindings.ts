/* eslint-disable max-params -- the parameters are Windows' */
import { type Handle, type NativeFunction, systemLibrary } from './systemLibrary';

/** The functions of Windows' service manager (winsvc.h), as they are. Those that return a boolean or a handle leave their error in {@link lastError}. */
export interface ServiceBindings {
  readonly openManager: NativeFunction<(machine: null, database: null, access: number) => Handle>;
  readonly openService: NativeFunction<(manager: Handle, name: string, access: number) => Handle>;
  readonly createService: NativeFunction<
    (
      manager: Handle,
      name: string,
      displayName: string,
      access: number,
      type: number,
      start: number,
      errorControl: number,
      commandLine: string,
      group: null,
      tag: null,
      dependencies: null,
      account: null,
      password: null,
    ) => Handle
  >;
  readonly deleteService: NativeFunction<(service: Handle) => boolean>;
  readonly close: NativeFunction<(handle: Handle) => boolean>;
  readonly queryStatus: NativeFunction<
    (service: Handle, level: 0, status: Buffer, size: number, needed: [number]) => boolean
  >;
  readonly control: NativeFunction<(service: Handle, control: number, status: Buffer) => boolean>;
  readonly start: NativeFunction<(service: Handle, argc: 0, argv: null) => boolean>;
  readonly change: NativeFunction<(service: Handle, level: number, info: Buffer) => boolean>;
  readonly dependents: NativeFunction<
    (
      service: Handle,
      state: number,
      buffer: Buffer,
      size: number,
      needed: [number],
      count: [number],
    ) => boolean
  >;
  readonly lastError: NativeFunction<() => number>;
}

/** Binds them. Errors: `native-code-unavailable`. */
export function bindServiceManager(): ServiceBindings {
  const advapi32 = systemLibrary('advapi32.dll');
  return {
    openManager: advapi32.bind(
      'intptr_t __stdcall OpenSCManagerW(str16 machine, str16 database, uint32_t access)',
    ),
    openService: advapi32.bind(
      'intptr_t __stdcall OpenServiceW(intptr_t manager, str16 name, uint32_t access)',
    ),
    createService: advapi32.bind(
      'intptr_t __stdcall CreateServiceW(intptr_t manager, str16 name, str16 displayName, uint32_t access, uint32_t type, uint32_t start, uint32_t errorControl, str16 commandLine, str16 group, void *tag, str16 dependencies, str16 account, str16 password)',
    ),
    deleteService: advapi32.bind('bool __stdcall DeleteService(intptr_t service)'),
    close: advapi32.bind('bool __stdcall CloseServiceHandle(intptr_t handle)'),
    queryStatus: advapi32.bind(
      'bool __stdcall QueryServiceStatusEx(intptr_t service, uint32_t level, _Out_ void *status, uint32_t size, _Out_ uint32_t *needed)',
    ),
    control: advapi32.bind(
      'bool __stdcall ControlService(intptr_t service, uint32_t control, _Out_ void *status)',
    ),
    start: advapi32.bind('bool __stdcall StartServiceW(intptr_t service, uint32_t argc, void *argv)'),
    change: advapi32.bind(
      'bool __stdcall ChangeServiceConfig2W(intptr_t service, uint32_t level, void *info)',
    ),
    dependents: advapi32.bind(
      'bool __stdcall EnumDependentServicesW(intptr_t service, uint32_t state, _Out_ void *buffer, uint32_t size, _Out_ uint32_t *needed, _Out_ uint32_t *count)',
    ),
    lastError: systemLibrary('kernel32.dll').bind('uint32_t __stdcall GetLastError()'),
  };
}
