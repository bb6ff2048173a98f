/** What the registry says about the sensor. A part that is absent or cannot be read is told as such, and stops nothing. */
import { messageOf } from '../lib/errors';
import {
  type NamedRegistryValue,
  type Registry,
  type RegistryValue,
  dwordValue,
  stringValue,
} from '../registry/registry';
import { type PathVariables, folderOf, programOf } from './imagePath';
import type { SensorServiceInfo, ServiceStartType, StrongCrypto } from './model';

/** The sensor's two services and the accounts that the vendor has them run as (domain facts, section 1). */
export const SENSOR = 'AATPSensor';
export const UPDATER = 'AATPSensorUpdater';
const SERVICES = [
  { name: SENSOR, expectedAccount: 'NT AUTHORITY\\LocalService' },
  { name: UPDATER, expectedAccount: 'LocalSystem' },
] as const;

const SOFTWARE = 'HKEY_LOCAL_MACHINE\\SOFTWARE';
const SERVICES_KEY = 'HKEY_LOCAL_MACHINE\\SYSTEM\\CurrentControlSet\\Services';
const CRYPTO_KEYS = [
  `${SOFTWARE}\\Microsoft\\.NETFramework\\v4.0.30319`,
  `${SOFTWARE}\\WOW6432Node\\Microsoft\\.NETFramework\\v4.0.30319`,
];

/** `Start` (winnt.h, SERVICE_BOOT_START and on); 2 may be delayed by `DelayedAutostart`. */
const START_TYPES: readonly ServiceStartType[] = ['boot', 'system', 'automatic', 'manual', 'disabled'];

/** What the registry says of one service. */
export type InstalledService = Omit<SensorServiceInfo, 'state' | 'processId'>;

/** What the registry says of both, and where they run from. */
export interface Installation {
  readonly services: readonly InstalledService[];
  /** Whether one of them is there; null when that cannot be read. */
  readonly installed: boolean | null;
  /** The folder of the sensor, or else of its updater; null when it cannot be told. */
  readonly folder: string | null;
  readonly version: string | null;
}

/** Reads both services. Never rejects. */
export async function readInstallation(registry: Registry): Promise<Installation> {
  const read = await Promise.all(
    SERVICES.map(async (service) => {
      const key = await readKey(registry, `${SERVICES_KEY}\\${service.name}`);
      return { key, service: { ...service, ...describe(key) } };
    }),
  );
  const services = read.map(({ service }) => service);
  const images = read.flatMap(({ key }) => stringValue(named(key, 'ImagePath')) ?? []);
  const variables = images.some((image) => image.includes('%')) ? await readVariables(registry) : new Map();
  const program = images
    .map((image) => programOf(image, variables as PathVariables))
    .find((found) => found !== null);
  const { folder, version } = program === undefined ? { folder: null, version: null } : folderOf(program);
  const installed =
    services.some((service) => service.installed === true) ||
    (services.every((service) => service.installed === false) ? false : null);
  return { services, installed, folder, version };
}

/** Whether the service `Sense` (Defender for Endpoint) is there; null when that cannot be read. Never rejects. */
export async function hasDefenderForEndpoint(registry: Registry): Promise<boolean | null> {
  const key = await readKey(registry, `${SERVICES_KEY}\\Sense`);
  return key.state === 'unreadable' ? null : key.state === 'read';
}

/** Reads what .NET Framework is told about TLS, the 64-bit key first. Never rejects. */
export function readStrongCrypto(registry: Registry): Promise<readonly StrongCrypto[]> {
  return Promise.all(
    CRYPTO_KEYS.map(async (key) => {
      const read = await readKey(registry, key);
      const systemDefaultTlsVersions = dwordValue(named(read, 'SystemDefaultTlsVersions')) ?? null;
      const schUseStrongCrypto = dwordValue(named(read, 'SchUseStrongCrypto')) ?? null;
      const unreadable = read.state === 'unreadable';
      return {
        key,
        systemDefaultTlsVersions,
        schUseStrongCrypto,
        ok: unreadable ? null : systemDefaultTlsVersions === 1 && schUseStrongCrypto === 1,
        detail: unreadable ? read.detail : null,
      };
    }),
  );
}

/** A key's values, or why there are none. */
type KeyRead =
  | { readonly state: 'read'; readonly values: readonly NamedRegistryValue[] }
  | { readonly state: 'absent' }
  | { readonly state: 'unreadable'; readonly detail: string };

async function readKey(registry: Registry, key: string): Promise<KeyRead> {
  try {
    const values = await registry.listValues(key);
    return values === undefined ? { state: 'absent' } : { state: 'read', values };
  } catch (error) {
    return { state: 'unreadable', detail: messageOf(error) };
  }
}

function named(key: KeyRead, name: string): RegistryValue | undefined {
  if (key.state !== 'read') return undefined;
  return key.values.find((value) => value.name.toLowerCase() === name.toLowerCase());
}

function describe(key: KeyRead): Pick<SensorServiceInfo, 'installed' | 'account' | 'startType' | 'detail'> {
  switch (key.state) {
    case 'absent':
      return { installed: false, account: null, startType: null, detail: null };
    case 'unreadable': {
      const detail = `The service’s registry key cannot be read: ${key.detail}`;
      return { installed: null, account: null, startType: null, detail };
    }
    case 'read': {
      const account = stringValue(named(key, 'ObjectName')) ?? null;
      const startType = startTypeOf(key);
      const missing = [account === null && 'ObjectName', startType === null && 'Start'].filter(Boolean);
      const detail =
        missing.length === 0 ? null : `The registry has no ${missing.join(' and no ')} that can be read.`;
      return { installed: true, account, startType, detail };
    }
  }
}

function startTypeOf(key: KeyRead): ServiceStartType | null {
  const type = START_TYPES[dwordValue(named(key, 'Start')) ?? -1] ?? null;
  const delayed = (dwordValue(named(key, 'DelayedAutostart')) ?? 0) !== 0;
  return type === 'automatic' && delayed ? 'automaticDelayed' : type;
}

/** What Windows sets for every process from the registry; the service's own environment may be another's. */
async function readVariables(registry: Registry): Promise<PathVariables> {
  const [folders, windows] = await Promise.all([
    readKey(registry, `${SOFTWARE}\\Microsoft\\Windows\\CurrentVersion`),
    readKey(registry, `${SOFTWARE}\\Microsoft\\Windows NT\\CurrentVersion`),
  ]);
  const root = stringValue(named(windows, 'SystemRoot'));
  const found: [string, string | undefined][] = [
    ['programfiles', stringValue(named(folders, 'ProgramFilesDir'))],
    ['programw6432', stringValue(named(folders, 'ProgramFilesDir'))],
    ['programfiles(x86)', stringValue(named(folders, 'ProgramFilesDir (x86)'))],
    ['systemroot', root],
    ['windir', root],
    ['systemdrive', root?.slice(0, 2)],
  ];
  return new Map(
    found.filter((entry): entry is [string, string] => entry[1] !== undefined && !entry[1].includes('%')),
  );
}
