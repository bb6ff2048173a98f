import { DomainError } from '../lib/errors';

/** Windows' limit for one component of a key path, in UTF-16 units ("Registry Element Size Limits"). */
const MAX_KEY_NAME = 255;
/** Windows' limit for the name of a value, in UTF-16 units. */
const MAX_VALUE_NAME = 16383;

/** The predefined keys by their short names, as `reg.exe` and regedit accept them. */
const HIVES_BY_SHORT_NAME: Readonly<Record<string, string>> = {
  HKLM: 'HKEY_LOCAL_MACHINE',
  HKU: 'HKEY_USERS',
  HKCU: 'HKEY_CURRENT_USER',
  HKCR: 'HKEY_CLASSES_ROOT',
  HKCC: 'HKEY_CURRENT_CONFIG',
  HKPD: 'HKEY_PERFORMANCE_DATA',
  HKDD: 'HKEY_DYN_DATA',
};

/** Long names of the predefined keys; they always exist. */
export const HIVES: readonly string[] = Object.values(HIVES_BY_SHORT_NAME);

const LONG_NAMES = new Map<string, string>([
  ...Object.entries(HIVES_BY_SHORT_NAME),
  ...HIVES.map((hive): [string, string] => [hive, hive]),
]);

/** The long name of a predefined key, given its long or short name in any case; undefined for anything else. */
export function longHiveName(name: string): string | undefined {
  return LONG_NAMES.get(name.toUpperCase());
}

/**
 * The components of a full key path, the hive's name in capitals.
 *
 * @throws DomainError `registry-name-invalid`: no long hive name in front, an empty or over-long component, CR, LF, NUL.
 */
export function keyComponents(key: string): string[] {
  const components = key.split('\\');
  const hive = components[0]?.toUpperCase() ?? '';
  if (!HIVES.includes(hive))
    throw invalid('The key does not begin with the long name of a hive, as HKEY_USERS.');
  components[0] = hive;
  for (const component of components) {
    if (component === '') throw invalid('The key has an empty component.');
    if (component.length > MAX_KEY_NAME) {
      throw invalid(`A component of the key is longer than ${MAX_KEY_NAME} characters.`);
    }
  }
  refuseControls(key, 'key');
  return components;
}

/** @throws DomainError `registry-name-invalid`: longer than Windows allows, or with CR, LF or NUL. */
export function checkValueName(name: string): void {
  if (name.length > MAX_VALUE_NAME) {
    throw invalid(`The value's name is longer than ${MAX_VALUE_NAME} characters.`);
  }
  refuseControls(name, "value's name");
}

function refuseControls(text: string, what: string): void {
  // A .reg file has no escape for these: they would end the line and begin one of the sender's choice.
  if (text.includes('\r') || text.includes('\n') || text.includes('\0')) {
    throw invalid(`The ${what} holds a carriage return, a line feed or a NUL.`);
  }
}

/** The error for a name that no registry, or not this file, can hold. */
export function invalid(detail: string): DomainError {
  return new DomainError('invalid', 'registry-name-invalid', detail);
}

/** Upper case of each UTF-16 unit as met so far; 0 where not yet looked up. */
const FOLDED = new Uint16Array(65536);

/** One UTF-16 unit for comparing names, as Windows does it: unit by unit, so `ß` stays and no ASCII letter is gained. */
export function foldUnit(unit: number): number {
  const known = FOLDED[unit] ?? 0;
  return known !== 0 ? known : lookUpFold(unit);
}

function lookUpFold(unit: number): number {
  const upper = String.fromCharCode(unit).toUpperCase();
  const code = upper.length === 1 ? upper.charCodeAt(0) : unit;
  const folded = code < 128 && unit >= 128 ? unit : code;
  FOLDED[unit] = folded;
  return folded;
}

/** A name for comparing without regard to case. */
export function foldName(name: string): string {
  // Names are nearly always printable ASCII, where the two agree.
  if (!/[^ -~]/.test(name)) return name.toUpperCase();
  let folded = '';
  for (let i = 0; i < name.length; i += 1) folded += String.fromCharCode(foldUnit(name.charCodeAt(i)));
  return folded;
}
