/* eslint-disable max-params -- the parameters are Windows' */
import { DomainError } from '../lib/errors';
import { type Handle, loadKoffi, systemLibrary } from './systemLibrary';

const TOKEN_QUERY = 0x8;
const TOKEN_USER = 1;
/** SID_AND_ATTRIBUTES and the longest SID (winnt.h: 68 bytes), with room to spare. */
const TOKEN_USER_BYTES = 256;

/** The SID that this process runs as, from its token. Errors: `native-code-unavailable`. */
export function readOwnSid(): string {
  const kernel32 = systemLibrary('kernel32.dll');
  const advapi32 = systemLibrary('advapi32.dll');
  const currentProcess = kernel32.bind<() => Handle>('intptr_t __stdcall GetCurrentProcess()');
  const closeHandle = kernel32.bind<(handle: Handle) => boolean>(
    'bool __stdcall CloseHandle(intptr_t handle)',
  );
  const openToken = advapi32.bind<(process: Handle, access: number, token: [Handle]) => boolean>(
    'bool __stdcall OpenProcessToken(intptr_t process, uint32_t access, _Out_ intptr_t *token)',
  );
  const tokenInformation = advapi32.bind<
    (token: Handle, what: number, buffer: Buffer, size: number, needed: [number]) => boolean
  >(
    'bool __stdcall GetTokenInformation(intptr_t token, uint32_t what, _Out_ void *buffer, uint32_t size, _Out_ uint32_t *needed)',
  );
  const token: [Handle] = [0];
  if (!openToken(currentProcess(), TOKEN_QUERY, token)) throw unknown();
  try {
    const buffer = Buffer.alloc(TOKEN_USER_BYTES);
    if (!tokenInformation(token[0], TOKEN_USER, buffer, buffer.length, [0])) throw unknown();
    // TOKEN_USER begins with a pointer to the SID, which stands further on in the same buffer.
    const offset = Number(buffer.readBigUInt64LE(0) - loadKoffi().address(buffer));
    return formatSid(buffer.subarray(offset));
  } finally {
    closeHandle(token[0]);
  }
}

/**
 * A SID's string form. Source: [MS-DTYP] 2.4.2: revision, count, six bytes of authority (big-endian), then the
 * sub-authorities (little-endian). Throws a RangeError when the bytes end too early.
 */
export function formatSid(bytes: Buffer): string {
  const authority = bytes.readUIntBE(2, 6);
  const parts = Array.from({ length: bytes.readUInt8(1) }, (_, index) => bytes.readUInt32LE(8 + index * 4));
  const shown =
    authority < 2 ** 32 ? String(authority) : `0x${authority.toString(16).toUpperCase().padStart(12, '0')}`;
  return ['S', bytes.readUInt8(0), shown, ...parts].join('-');
}

function unknown(): DomainError {
  return new DomainError(
    'unavailable',
    'native-code-unavailable',
    'Windows does not tell which account this process runs as.',
  );
}
