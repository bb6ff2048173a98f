/* eslint-disable max-params -- the parameters are Windows' */
import { DomainError } from '../lib/errors';
import { type Handle, systemLibrary } from './systemLibrary';
import { readOwnSid } from './ownSid';

/** Who may use a folder, in SDDL: SYSTEM and Administrators all; `readable` adds that users may read and run what is there. */
const ACCESS = {
  private: 'D:PAI(A;OICI;FA;;;SY)(A;OICI;FA;;;BA)',
  readable: 'D:PAI(A;OICI;FA;;;SY)(A;OICI;FA;;;BA)(A;OICI;0x1200a9;;;BU)',
} as const;

const SDDL_REVISION = 1;
const FILE_OBJECT = 1;
const DACL_PROTECTED = 0x4 | 0x80000000;
const OWNER = 0x1;
const ACCESS_DENIED = 5;
const TRUSTED_OWNERS: readonly string[] = ['S-1-5-18', 'S-1-5-32-544'];

/**
 * Gives a folder, and what is in it, to SYSTEM and Administrators alone. Inherited rights end there. Errors:
 * `service-access-denied`, `folder-not-secured` (`conflict`) with the Win32 code.
 */
export function secureFolder(folder: string, access: keyof typeof ACCESS): void {
  const api = bindSecurity();
  const descriptor: [Handle] = [0];
  if (!api.parse(ACCESS[access], SDDL_REVISION, descriptor, null)) throw notSecured(folder, 0);
  try {
    const list: [Handle] = [0];
    if (!api.accessList(descriptor[0], [0], list, [0])) throw notSecured(folder, 0);
    const code = api.setSecurity(folder, FILE_OBJECT, DACL_PROTECTED, 0, 0, list[0], 0);
    if (code !== 0) throw notSecured(folder, code);
  } finally {
    api.free(descriptor[0]);
  }
}

/**
 * Refuses a folder that somebody else owns: an owner can give himself every right again, and anybody may make folders in
 * ProgramData. Errors: `folder-not-secured`.
 */
export function requireTrustedOwner(folder: string): void {
  const api = bindSecurity();
  const owner: [Handle] = [0];
  const descriptor: [Handle] = [0];
  const code = api.getSecurity(folder, FILE_OBJECT, OWNER, owner, null, null, null, descriptor);
  if (code !== 0) throw notSecured(folder, code);
  try {
    const text: [string | null] = [null];
    if (!api.sidText(owner[0], text)) throw notSecured(folder, 0);
    if (TRUSTED_OWNERS.includes(text[0] ?? '') || text[0] === readOwnSid()) return;
    const detail = `${folder} was there already and belongs to ${text[0] ?? 'nobody'}, not to an administrator. Look at what is in it, delete it, and install again.`;
    throw new DomainError('conflict', 'folder-not-secured', detail);
  } finally {
    api.free(descriptor[0]);
  }
}

function bindSecurity() {
  const advapi32 = systemLibrary('advapi32.dll');
  return {
    parse: advapi32.bind<(text: string, revision: number, descriptor: [Handle], size: null) => boolean>(
      'bool __stdcall ConvertStringSecurityDescriptorToSecurityDescriptorW(str16 text, uint32_t revision, _Out_ intptr_t *descriptor, void *size)',
    ),
    accessList: advapi32.bind<
      (descriptor: Handle, present: [number], list: [Handle], defaulted: [number]) => boolean
    >(
      'bool __stdcall GetSecurityDescriptorDacl(intptr_t descriptor, _Out_ int *present, _Out_ intptr_t *list, _Out_ int *defaulted)',
    ),
    setSecurity: advapi32.bind<
      (name: string, type: number, what: number, owner: 0, group: 0, list: Handle, audit: 0) => number
    >(
      'uint32_t __stdcall SetNamedSecurityInfoW(str16 name, int type, uint32_t what, intptr_t owner, intptr_t group, intptr_t list, intptr_t audit)',
    ),
    getSecurity: advapi32.bind<
      (
        name: string,
        type: number,
        what: number,
        owner: [Handle],
        group: null,
        list: null,
        audit: null,
        descriptor: [Handle],
      ) => number
    >(
      'uint32_t __stdcall GetNamedSecurityInfoW(str16 name, int type, uint32_t what, _Out_ intptr_t *owner, void *group, void *list, void *audit, _Out_ intptr_t *descriptor)',
    ),
    sidText: advapi32.bind<(sid: Handle, text: [string | null]) => boolean>(
      'bool __stdcall ConvertSidToStringSidW(intptr_t sid, _Out_ str16 *text)',
    ),
    free: systemLibrary('kernel32.dll').bind<(memory: Handle) => Handle>(
      'intptr_t __stdcall LocalFree(intptr_t memory)',
    ),
  };
}

function notSecured(folder: string, code: number): DomainError {
  if (code === ACCESS_DENIED) {
    const detail = `Windows refuses to change who may use ${folder}: access denied (Win32 error 5). Run this as an administrator.`;
    return new DomainError('forbidden', 'service-access-denied', detail);
  }
  return new DomainError(
    'conflict',
    'folder-not-secured',
    `Windows cannot restrict ${folder} (Win32 error ${code}).`,
  );
}
