/** The service accounts as a service's `ObjectName` may write them. */

/** An account that the sensor's services are expected to run as. */
export type ServiceAccount = 'LocalSystem' | 'LocalService';

/** Spellings in lower case: those that CreateService takes, the display names, and the SIDs. */
const SPELLINGS: ReadonlyMap<string, ServiceAccount> = new Map([
  ['localsystem', 'LocalSystem'],
  ['system', 'LocalSystem'],
  ['nt authority\\system', 'LocalSystem'],
  ['nt authority\\localsystem', 'LocalSystem'],
  ['s-1-5-18', 'LocalSystem'],
  ['localservice', 'LocalService'],
  ['nt authority\\localservice', 'LocalService'],
  ['nt authority\\local service', 'LocalService'],
  ['s-1-5-19', 'LocalService'],
]);

/** Which of the two accounts a name or SID stands for, in any case and with or without `.\`; null for any other account. */
export function serviceAccountOf(name: string): ServiceAccount | null {
  return SPELLINGS.get(name.trim().toLowerCase().replace(/^\.\\/, '')) ?? null;
}
