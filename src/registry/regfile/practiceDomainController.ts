import { RegistryType, type RegistryValue } from '../registry';
import { formatRegFile, type RegFileEntry, type RegFileSection } from './format';

const INTERNET_SETTINGS = 'Software\\Microsoft\\Windows\\CurrentVersion\\Internet Settings';
const SERVICES = 'HKEY_LOCAL_MACHINE\\SYSTEM\\CurrentControlSet\\Services';
const SENSOR_FOLDER = 'C:\\Program Files\\Azure Advanced Threat Protection Sensor\\2.240.18316.1234';
const ANNA = 'S-1-5-21-1004336348-1177238915-682003330-1104';
const BEN = 'S-1-5-21-1004336348-1177238915-682003330-1105';
const BYPASS = '*.contoso.com;<local>';

/**
 * The registry of a made-up domain controller, DC01 of contoso.com, as a .reg file: the embedded registry of a service
 * that runs elsewhere than on Windows. Anna has a proxy, Ben has none, LocalSystem has settings that differ from
 * Anna's, LocalService has none at all: the documented job is still to be done.
 */
export function practiceDomainController(proxyServer = 'proxy.contoso.com:8080'): Buffer {
  return formatRegFile([...machine(), ...accounts(proxyServer)]);
}

function machine(): RegFileSection[] {
  const strongCrypto = { SystemDefaultTlsVersions: dword(1), SchUseStrongCrypto: dword(1) };
  return [
    section('HKEY_LOCAL_MACHINE\\SOFTWARE\\Microsoft\\.NETFramework\\v4.0.30319', strongCrypto),
    section(
      `HKEY_LOCAL_MACHINE\\SOFTWARE\\Microsoft\\Windows\\CurrentVersion\\Internet Settings\\Connections`,
      {
        WinHttpSettings: binary(u32(0x18, 0, 1, 0, 0)),
      },
    ),
    ...profiles(),
    section('HKEY_LOCAL_MACHINE\\SOFTWARE\\WOW6432Node\\Microsoft\\.NETFramework\\v4.0.30319', strongCrypto),
    section('HKEY_LOCAL_MACHINE\\SYSTEM\\CurrentControlSet\\Control\\ComputerName\\ComputerName', {
      ComputerName: string('DC01'),
    }),
    section(`${SERVICES}\\AATPSensor`, {
      DisplayName: string('Azure Advanced Threat Protection Sensor'),
      ImagePath: expandString(`"${SENSOR_FOLDER}\\Microsoft.Tri.Sensor.exe"`),
      ObjectName: string('NT AUTHORITY\\LocalService'),
      Start: dword(2),
    }),
    section(`${SERVICES}\\AATPSensorUpdater`, {
      DisplayName: string('Azure Advanced Threat Protection Sensor Updater'),
      ImagePath: expandString(`"${SENSOR_FOLDER}\\Microsoft.Tri.Sensor.Updater.exe"`),
      ObjectName: string('LocalSystem'),
      Start: dword(2),
    }),
  ];
}

function profiles(): RegFileSection[] {
  const images = {
    'S-1-5-18': '%systemroot%\\system32\\config\\systemprofile',
    'S-1-5-19': '%systemroot%\\ServiceProfiles\\LocalService',
    'S-1-5-20': '%systemroot%\\ServiceProfiles\\NetworkService',
    [ANNA]: 'C:\\Users\\anna.admin',
    [BEN]: 'C:\\Users\\ben.admin',
  };
  const list = 'HKEY_LOCAL_MACHINE\\SOFTWARE\\Microsoft\\Windows NT\\CurrentVersion\\ProfileList';
  return Object.entries(images).map(([sid, image]) =>
    section(`${list}\\${sid}`, { ProfileImagePath: expandString(image) }),
  );
}

function accounts(proxyServer: string): RegFileSection[] {
  const throughProxy = connectionSettings({ counter: 3, flags: 3, proxyServer, bypass: BYPASS });
  const direct = connectionSettings({ counter: 1, flags: 1 });
  return [
    ...account('S-1-5-18', {
      settings: { ProxyEnable: dword(0) },
      connections: binary(connectionSettings({ counter: 9, flags: 1, autoDiscovery: 1 })),
    }),
    ...account('S-1-5-19', { settings: { ProxyEnable: dword(0) } }),
    ...account('S-1-5-20', { settings: { ProxyEnable: dword(0) } }),
    ...user(ANNA, 'anna.admin', {
      settings: { ProxyEnable: dword(1), ProxyServer: string(proxyServer), ProxyOverride: string(BYPASS) },
      connections: binary(throughProxy),
    }),
    ...user(BEN, 'ben.admin', { settings: { ProxyEnable: dword(0) }, connections: binary(direct) }),
  ];
}

interface AccountProxy {
  /** The legacy values beside the key `Connections`. */
  readonly settings: Readonly<Record<string, RegistryValue>>;
  /** `DefaultConnectionSettings` and its copy; left out when nobody has ever set any. */
  readonly connections?: RegistryValue;
}

function account(sid: string, { settings, connections }: AccountProxy): RegFileSection[] {
  const key = `HKEY_USERS\\${sid}\\${INTERNET_SETTINGS}`;
  const values = connections && { DefaultConnectionSettings: connections, SavedLegacySettings: connections };
  return [
    section(`HKEY_USERS\\${sid}`),
    section(key, settings),
    section(`${key}\\Connections`, values),
  ].filter(
    // LocalService's key Connections is missing, as on a machine where nobody has touched it.
    ({ key: path, values: entries }) => !path.endsWith('Connections') || entries.length > 0,
  );
}

function user(sid: string, name: string, proxy: AccountProxy): RegFileSection[] {
  return [
    ...account(sid, proxy),
    section(`HKEY_USERS\\${sid}\\Volatile Environment`, {
      USERNAME: string(name),
      USERDOMAIN: string('CONTOSO'),
    }),
    section(`HKEY_USERS\\${sid}_Classes`),
    section(`HKEY_USERS\\${sid}_Classes\\Local Settings`),
  ];
}

interface Settings {
  readonly counter: number;
  /** 1 direct, 2 proxy. */
  readonly flags: number;
  readonly proxyServer?: string;
  readonly bypass?: string;
  /** The first number of the trailer. */
  readonly autoDiscovery?: number;
}

/** A version 0x46 `DefaultConnectionSettings` without a PAC URL, with the 32-byte trailer of a machine that never used auto-detect. */
function connectionSettings({
  counter,
  flags,
  proxyServer = '',
  bypass = '',
  autoDiscovery = 0,
}: Settings): Buffer {
  const text = (value: string) => [u32(Buffer.byteLength(value)), Buffer.from(value)];
  const trailer = Buffer.concat([u32(autoDiscovery), Buffer.alloc(28)]);
  return Buffer.concat([
    u32(0x46, counter, flags),
    ...text(proxyServer),
    ...text(bypass),
    ...text(''),
    trailer,
  ]);
}

function section(key: string, values: Readonly<Record<string, RegistryValue>> = {}): RegFileSection {
  const entries: RegFileEntry[] = Object.entries(values).map(([name, value]) => ({ name, value }));
  return { key, values: entries };
}

function u32(...numbers: readonly number[]): Buffer {
  const bytes = Buffer.alloc(numbers.length * 4);
  numbers.forEach((number, i) => bytes.writeUInt32LE(number, i * 4));
  return bytes;
}

function dword(number: number): RegistryValue {
  return { type: RegistryType.dword, data: u32(number) };
}

function binary(data: Buffer): RegistryValue {
  return { type: RegistryType.binary, data };
}

function string(text: string): RegistryValue {
  return { type: RegistryType.string, data: Buffer.from(`${text}\0`, 'utf16le') };
}

function expandString(text: string): RegistryValue {
  return { ...string(text), type: RegistryType.expandString };
}
