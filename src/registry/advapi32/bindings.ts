/* eslint-disable max-params -- the parameters are Windows' */
import { type Handle, type NativeFunction, systemLibrary } from '../../windows/systemLibrary';

/**
 * The functions of advapi32.dll that the driver calls, as winreg.h and sddl.h declare them, and nothing else. Those that
 * return a number return a Win32 error code, 0 for success. Text is UTF-16 without any conversion.
 */
export interface RegistryBindings {
  readonly openKey: NativeFunction<
    (parent: Handle, subkey: string, options: number, access: number, opened: [Handle]) => number
  >;
  readonly createKey: NativeFunction<
    (
      parent: Handle,
      subkey: string,
      reserved: 0,
      className: null,
      options: number,
      access: number,
      security: null,
      opened: [Handle],
      disposition: null,
    ) => number
  >;
  readonly closeKey: NativeFunction<(key: Handle) => number>;
  readonly queryValue: NativeFunction<
    (key: Handle, name: string, reserved: null, type: [number], data: Buffer, size: [number]) => number
  >;
  readonly setValue: NativeFunction<
    (key: Handle, name: string, reserved: 0, type: number, data: Uint8Array, size: number) => number
  >;
  readonly deleteValue: NativeFunction<(key: Handle, name: string) => number>;
  readonly enumValue: NativeFunction<
    (
      key: Handle,
      index: number,
      name: Buffer,
      nameLength: [number],
      reserved: null,
      type: [number],
      data: Buffer,
      size: [number],
    ) => number
  >;
  readonly enumKey: NativeFunction<
    (
      key: Handle,
      index: number,
      name: Buffer,
      nameLength: [number],
      reserved: null,
      className: null,
      classLength: null,
      lastWrite: null,
    ) => number
  >;
  readonly flushKey: NativeFunction<(key: Handle) => number>;
  readonly notifyChange: NativeFunction<
    (key: Handle, subtree: boolean, filter: number, event: Handle, asynchronous: boolean) => number
  >;
  readonly createEvent: NativeFunction<
    (security: null, manualReset: boolean, initially: boolean, name: null) => Handle
  >;
  readonly waitForObject: NativeFunction<(handle: Handle, milliseconds: number) => number>;
  readonly closeHandle: NativeFunction<(handle: Handle) => boolean>;
}

/** Binds them. Errors: `native-code-unavailable`. */
export function bindRegistry(): RegistryBindings {
  const advapi32 = systemLibrary('advapi32.dll');
  const kernel32 = systemLibrary('kernel32.dll');
  return {
    openKey: advapi32.bind(
      'int32_t __stdcall RegOpenKeyExW(intptr_t key, str16 subkey, uint32_t options, uint32_t access, _Out_ intptr_t *opened)',
    ),
    createKey: advapi32.bind(
      'int32_t __stdcall RegCreateKeyExW(intptr_t key, str16 subkey, uint32_t reserved, str16 className, uint32_t options, uint32_t access, void *security, _Out_ intptr_t *opened, void *disposition)',
    ),
    closeKey: advapi32.bind('int32_t __stdcall RegCloseKey(intptr_t key)'),
    queryValue: advapi32.bind(
      'int32_t __stdcall RegQueryValueExW(intptr_t key, str16 name, void *reserved, _Out_ uint32_t *type, _Out_ void *data, _Inout_ uint32_t *size)',
    ),
    setValue: advapi32.bind(
      'int32_t __stdcall RegSetValueExW(intptr_t key, str16 name, uint32_t reserved, uint32_t type, const void *data, uint32_t size)',
    ),
    deleteValue: advapi32.bind('int32_t __stdcall RegDeleteValueW(intptr_t key, str16 name)'),
    enumValue: advapi32.bind(
      'int32_t __stdcall RegEnumValueW(intptr_t key, uint32_t index, _Out_ void *name, _Inout_ uint32_t *nameLength, void *reserved, _Out_ uint32_t *type, _Out_ void *data, _Inout_ uint32_t *size)',
    ),
    enumKey: advapi32.bind(
      'int32_t __stdcall RegEnumKeyExW(intptr_t key, uint32_t index, _Out_ void *name, _Inout_ uint32_t *nameLength, void *reserved, void *className, void *classLength, void *lastWrite)',
    ),
    flushKey: advapi32.bind('int32_t __stdcall RegFlushKey(intptr_t key)'),
    notifyChange: advapi32.bind(
      'int32_t __stdcall RegNotifyChangeKeyValue(intptr_t key, bool subtree, uint32_t filter, intptr_t event, bool asynchronous)',
    ),
    createEvent: kernel32.bind(
      'intptr_t __stdcall CreateEventW(void *security, bool manualReset, bool initially, str16 name)',
    ),
    waitForObject: kernel32.bind(
      'uint32_t __stdcall WaitForSingleObject(intptr_t handle, uint32_t milliseconds)',
    ),
    closeHandle: kernel32.bind('bool __stdcall CloseHandle(intptr_t handle)'),
  };
}
