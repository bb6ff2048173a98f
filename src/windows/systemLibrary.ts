import type * as koffiModule from 'koffi' with { 'resolution-mode': 'import' };
import { DomainError, messageOf, systemCodeOf } from '../lib/errors';

/**
 * Calls into Windows' own DLLs. This file alone loads koffi, when first asked to: where its native part cannot be loaded
 * (blocked by policy, another processor), the caller learns that and can do without.
 */
type Koffi = typeof koffiModule;

/** `intptr_t`: a HANDLE, an HKEY, an SC_HANDLE. 0 is none. */
export type Handle = number | bigint;

/** A function of a DLL, as `definition` declares it; {@link callAsync} calls it on a thread of its own. */
export type NativeFunction<T extends (...args: never[]) => unknown> = koffiModule.KoffiFunc<T>;

/** A system DLL, loaded from System32 by its full path. */
export interface SystemLibrary {
  /** A function by its C declaration, koffi's notation. Throws when the DLL has none of that name. */
  bind<T extends (...args: never[]) => unknown>(definition: string): NativeFunction<T>;
}

const MAX_PATH = 260;
const libraries = new Map<string, SystemLibrary>();

/**
 * Loads a DLL of System32. Errors: `native-code-unavailable` (`unavailable`): not on Windows, koffi's native part cannot
 * be loaded, or there is no such DLL.
 */
export function systemLibrary(name: 'advapi32.dll' | 'kernel32.dll'): SystemLibrary {
  const known = libraries.get(name);
  if (known !== undefined) return known;
  try {
    const library = openLibrary(loadKoffi(), name);
    libraries.set(name, library);
    return library;
  } catch (cause) {
    const why = systemCodeOf(cause) ?? firstLine(messageOf(cause));
    const detail = `Native code cannot be loaded (${why}).`;
    throw new DomainError('unavailable', 'native-code-unavailable', detail, { cause });
  }
}

/** koffi, for types and callbacks. Errors: as {@link systemLibrary}. */
export function loadKoffi(): Koffi {
  if (process.platform !== 'win32') throw new Error('this is not Windows');
  // eslint-disable-next-line @typescript-eslint/no-require-imports -- an import would be loaded at the start, everywhere
  return require('koffi') as Koffi;
}

/** Calls a function off the main thread, which goes on meanwhile. */
export function callAsync<Result, Args extends unknown[]>(
  native: NativeFunction<(...args: Args) => Result>,
  ...args: Args
): Promise<Result> {
  return new Promise((resolve, reject) => {
    native.async(...args, (error: unknown, result: Result) => {
      if (error)
        reject(error instanceof Error ? error : new Error('the native call failed', { cause: error }));
      else resolve(result);
    });
  });
}

function openLibrary(koffi: Koffi, name: string): SystemLibrary {
  // kernel32 is in every process before anything else, so its bare name cannot load another file.
  const kernel = koffi.load('kernel32.dll');
  const library = name === 'kernel32.dll' ? kernel : koffi.load(`${systemFolder(kernel)}\\${name}`);
  return { bind: (definition) => library.func(definition) as unknown as NativeFunction<never> };
}

/** System32, as Windows tells and not as the environment does. */
function systemFolder(kernel: koffiModule.LibraryHandle): string {
  const getSystemDirectory = kernel.func(
    'uint32_t __stdcall GetSystemDirectoryW(_Out_ void *buffer, uint32_t size)',
  );
  const buffer = Buffer.alloc(MAX_PATH * 2);
  const length = Number(getSystemDirectory(buffer, MAX_PATH));
  if (length === 0 || length >= MAX_PATH) throw new Error('Windows does not tell where System32 is');
  return buffer.toString('utf16le', 0, length * 2);
}

function firstLine(text: string): string {
  return text.split(/\r?\n/, 1)[0] ?? text;
}
