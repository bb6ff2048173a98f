import { DomainError } from '../../lib/errors';

/** Win32 error codes (winerror.h) that mean something to the driver. */
export const Win32 = {
  success: 0,
  fileNotFound: 2,
  accessDenied: 5,
  moreData: 234,
  noMoreItems: 259,
  keyDeleted: 1018,
} as const;

/** Whether a code says that the key or the value is not there: never was, or was deleted under the open handle. */
export function saysAbsent(code: number): boolean {
  return code === Win32.fileNotFound || code === Win32.keyDeleted;
}

/** The domain's error for a Win32 code; `doing` completes "Windows refuses to …". */
export function registryError(code: number, doing: string): DomainError {
  if (code === Win32.accessDenied) {
    return new DomainError(
      'forbidden',
      'registry-access-denied',
      `Windows refuses to ${doing}: access denied (Win32 error 5). Run the service as LocalSystem.`,
    );
  }
  if (saysAbsent(code)) {
    const why = code === Win32.keyDeleted ? 'it was deleted meanwhile' : 'there is no such key';
    return new DomainError(
      'notFound',
      'registry-key-absent',
      `Windows cannot ${doing}: ${why} (Win32 error ${code}).`,
    );
  }
  return new DomainError(
    'unavailable',
    'registry-unavailable',
    `Windows cannot ${doing} (Win32 error ${code}).`,
  );
}
