/** An account whose proxy can be shown and set. */
export interface Account {
  /** `LocalSystem`, `LocalService`, `NetworkService`, or the SID of a person's account. */
  readonly id: string;
  readonly sid: string;
  /** The account's name as Windows writes it; the SID when no name is known. */
  readonly name: string;
  /** Where the profile is kept, from Windows' ProfileList; null when it does not say. */
  readonly profilePath: string | null;
  /** The sensor's services that run as this account. */
  readonly usedBy: readonly string[];
}

/** The service accounts, by well-known SID; which sensor service runs as which is Microsoft's documented default. */
export const SERVICE_ACCOUNTS: readonly Account[] = [
  {
    id: 'LocalSystem',
    sid: 'S-1-5-18',
    name: 'NT AUTHORITY\\SYSTEM',
    profilePath: null,
    usedBy: ['AATPSensorUpdater'],
  },
  {
    id: 'LocalService',
    sid: 'S-1-5-19',
    name: 'NT AUTHORITY\\LOCAL SERVICE',
    profilePath: null,
    usedBy: ['AATPSensor'],
  },
  {
    id: 'NetworkService',
    sid: 'S-1-5-20',
    name: 'NT AUTHORITY\\NETWORK SERVICE',
    profilePath: null,
    usedBy: [],
  },
];

/** A SID in its string form ([MS-DTYP] 2.4.2.1): revision 1, authority, one to fifteen sub-authorities. */
const SID = /^S-1-(?:\d{1,15}|0x[0-9a-f]{1,12})(?:-\d{1,10}){1,15}$/i;

/** SIDs of people: domain and local accounts (S-1-5-21), Entra ID accounts (S-1-12-1). */
const PERSON_SID = /^S-1-(?:5-21|12-1)(?:-\d{1,10}){1,14}$/i;

/** Whether a text has the form of a SID. */
export function isSid(text: string): boolean {
  return SID.test(text);
}

/**
 * The id of an account that settings can be taken from: a service account's name as this program spells it, or a SID. Throws
 * for any other text, `CurrentUser` too, which is now this person and now that.
 */
export function parseAccountId(text: string): string {
  const named = SERVICE_ACCOUNTS.find(({ id }) => id.toLowerCase() === text.toLowerCase());
  if (named !== undefined) return named.id;
  if (isSid(text)) return text;
  throw new Error(
    'it must be one account: the SID of a person’s account, such as S-1-5-21-…-1104, or LocalSystem, LocalService or NetworkService.',
  );
}

/** Whether a SID is a person's, and not a service's or a group's. */
export function isPersonSid(sid: string): boolean {
  return PERSON_SID.test(sid);
}
