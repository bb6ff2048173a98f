import { type Handle, systemLibrary } from './systemLibrary';

const SNAP_PROCESS = 0x2;
const INVALID_HANDLE = -1;
/** PROCESSENTRY32W (tlhelp32.h) on x64: its size, and where the name of the program begins. */
const ENTRY_BYTES = 568;
const NAME_OFFSET = 44;

/**
 * Tells whether a program runs on this machine, by its name without `.exe`, in any case; undefined when Windows does not
 * list its processes. Errors, thrown when it is opened: `native-code-unavailable`.
 */
export function openProcessList(): (name: string) => Promise<boolean | undefined> {
  const kernel32 = systemLibrary('kernel32.dll');
  const snapshot = kernel32.bind<(what: number, process: 0) => Handle>(
    'intptr_t __stdcall CreateToolhelp32Snapshot(uint32_t what, uint32_t process)',
  );
  const first = kernel32.bind<(list: Handle, entry: Buffer) => boolean>(
    'bool __stdcall Process32FirstW(intptr_t list, _Inout_ void *entry)',
  );
  const next = kernel32.bind<(list: Handle, entry: Buffer) => boolean>(
    'bool __stdcall Process32NextW(intptr_t list, _Inout_ void *entry)',
  );
  const close = kernel32.bind<(handle: Handle) => boolean>('bool __stdcall CloseHandle(intptr_t handle)');
  return (name) => {
    const list = snapshot(SNAP_PROCESS, 0);
    if (Number(list) === INVALID_HANDLE) return Promise.resolve(undefined);
    try {
      const entry = Buffer.alloc(ENTRY_BYTES);
      entry.writeUInt32LE(ENTRY_BYTES, 0);
      for (let more = first(list, entry); more; more = next(list, entry)) {
        const text = entry.toString('utf16le', NAME_OFFSET);
        const program = text.slice(0, text.indexOf('\0')).toLowerCase();
        if (program === `${name.toLowerCase()}.exe`) return Promise.resolve(true);
      }
      return Promise.resolve(false);
    } finally {
      close(list);
    }
  };
}
