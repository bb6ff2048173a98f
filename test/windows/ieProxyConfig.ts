/**
 * Prints, as JSON, what WinHTTP's own WinHttpGetIEProxyConfigForCurrentUser reports (winhttp.h). Runs on a Windows Node; it
 * shares nothing with the service but the loader of DLLs.
 */
import { loadKoffi } from '../../src/windows/systemLibrary';

const koffi = loadKoffi();
const winhttp = koffi.load('C:\\windows\\system32\\winhttp.dll');
// BOOL, then three pointers to text.
const read = winhttp.func('bool __stdcall WinHttpGetIEProxyConfigForCurrentUser(_Out_ void *config)');
const config = Buffer.alloc(32);
if (!read(config)) throw new Error('WinHTTP reports nothing');
const text = (offset: number): string | null => {
  const pointer = config.readBigUInt64LE(offset);
  return pointer === 0n ? null : koffi.decode.string16(pointer);
};
process.stdout.write(
  JSON.stringify({
    autoDetect: config.readInt32LE(0) !== 0,
    autoConfigUrl: text(8),
    proxyServer: text(16),
    bypassList: text(24),
  }),
);
