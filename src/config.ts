import path from 'node:path';
import { type ClientScope, parseClientScopes } from './auth/clientCertificates';
import { type EndpointDefinition, knownRegion, parseEndpointsFile } from './endpoints/catalogue';
import { type ResolveOverride, parseResolveOverrides } from './endpoints/resolveOverrides';
import {
  countUpTo,
  isLoopback,
  list,
  oneOf,
  parseHost,
  parseHostName,
  parsePattern,
  parsePort,
  parseSettingsFile,
  parseSwitch,
  parseWorkspace,
  pemFile,
  readText,
} from './config/parsers';
import { messageOf } from './lib/errors';
import { certificatesIn, type KeyPair, keyPairOf, privateKeyIn } from './lib/keyPair';
import { LOG_LEVELS, type LogLevel } from './lib/logger';
import { parseDamping } from './monitor/damping';
import { type MonitorSettings, parseInterval, parseProbeInterval, parseTicket } from './monitor/settings';
import { parseAccountId } from './proxy/accounts';
import { type WebhookRules, parseAllowedHost } from './webhooks/allowedHosts';

/** Everything that can be set, checked and frozen. `docs/configuration.md` describes each setting. */
export interface Config {
  readonly host: string;
  /** TCP port; 0 lets the system choose. */
  readonly port: number;
  /** The address is not loopback and the operator has allowed that without TLS. */
  readonly plaintextBeyondLoopback: boolean;
  /** Null: HTTP without TLS. */
  readonly tls: TlsSetting | null;
  /** Names of this service besides the machine's own, as `parseAuthority` spells them. */
  readonly allowedHosts: readonly string[];
  /** Absolute path. */
  readonly dataDir: string;
  /** What a change's ticket must be, as a whole; null: none is needed. */
  readonly requireTicket: RegExp | null;
  /** Which backups are kept. */
  readonly backups: BackupsSetting;
  readonly registry: RegistrySetting;
  readonly workspace: string | null;
  readonly cloud: 'commercial' | 'gcc' | 'gcc-high';
  /** Catalogue regions to probe; null for all. */
  readonly regions: readonly string[] | null;
  /** Endpoints in place of the catalogue; null without such a file. */
  readonly endpoints: readonly EndpointDefinition[] | null;
  /** PEM text of roots to trust beside the system's. */
  readonly extraCa: string | null;
  readonly resolve: readonly ResolveOverride[];
  /** Whom accounts are compared with and copied from, unless a request says; null: the signed-in user who has a proxy. */
  readonly driftSource: string | null;
  /** What is looked at without being asked; null: nothing. */
  readonly watch: MonitorSettings | null;
  /** Where webhooks may be sent to. */
  readonly webhooks: WebhookRules;
  readonly logLevel: LogLevel;
}

/** What is shown over TLS, and whose certificates count. */
export interface TlsSetting {
  /** Absolute paths. */
  readonly certFile: string;
  readonly keyFile: string;
  /** What the files hold now. */
  readonly pair: KeyPair;
  /** PEM of the authorities of client certificates; null: none is asked for. */
  readonly clientCa: string | null;
  readonly clientScopes: readonly ClientScope[];
}

/** How many backups are kept, and for how many days; each is a limit by itself. */
export interface BackupsSetting {
  readonly keep: number;
  readonly days: number;
}

/** Which registry is worked on, by which driver. */
export type RegistrySetting =
  | {
      /** `auto`: the first of the two that works. */
      readonly driver: 'auto' | 'advapi32' | 'regedit';
      /** Windows' own folder. */
      readonly systemRoot: string;
    }
  | {
      readonly driver: 'regfile';
      /** Absolute path of the embedded registry's file. */
      readonly file: string;
      /** Make a practice domain controller where there is no such file. */
      readonly seed: boolean;
    };

/** Bad settings, all of them; each line begins with the setting's name. */
export class ConfigError extends Error {
  override readonly name = 'ConfigError';

  constructor(readonly problems: readonly string[]) {
    super(problems.join('\n'));
  }
}

type Settings = Readonly<Record<string, string | undefined>>;

const NAMES = [
  'HOST',
  'PORT',
  'ALLOW_PLAINTEXT',
  'TLS_CERT',
  'TLS_KEY',
  'TLS_CLIENT_CA',
  'TLS_CLIENT_SCOPES',
  'ALLOWED_HOSTS',
  'DATA_DIR',
  'REQUIRE_TICKET',
  'BACKUPS_KEEP',
  'BACKUPS_DAYS',
  'REGISTRY',
  'WORKSPACE',
  'CLOUD',
  'REGIONS',
  'ENDPOINTS_FILE',
  'EXTRA_CA',
  'RESOLVE',
  'WATCH',
  'WATCH_INTERVAL',
  'PROBE_INTERVAL',
  'ON_DRIFT',
  'DRIFT_SOURCE',
  'DRIFT_TICKET',
  'DAMPING',
  'WEBHOOK_HOSTS',
  'WEBHOOK_PLAINTEXT',
  'LOG_LEVEL',
  'CONFIG',
  // For the commands that ask a service (cli/client/); the service itself does not look at them.
  'URL',
  'TOKEN',
  'CA',
] as const;
export type Name = (typeof NAMES)[number];

const PREFIX = 'SENSORPROXY_';

/** Reads one setting; what is wrong with it goes to the list of problems, and the fallback comes back. */
type Read = <T>(name: Name, fallback: T, parse: (text: string) => T) => T;

/**
 * Reads the settings: environment variables, and below them the file that `SENSORPROXY_CONFIG` names. Throws
 * {@link ConfigError} with every bad setting at once.
 */
export function readConfig(
  environment: Settings = process.env,
  platform: NodeJS.Platform = process.platform,
): Config {
  const problems: string[] = [];
  const settings = withFile(environment, problems);
  const read: Read = (name, fallback, parse) => {
    const text = settings[PREFIX + name];
    if (text === undefined || text.trim() === '') return fallback;
    try {
      return parse(text.trim());
    } catch (error) {
      problems.push(`${PREFIX}${name}: ${messageOf(error)}`);
      return fallback;
    }
  };
  const allowPlaintext = read('ALLOW_PLAINTEXT', false, parseSwitch);
  const host = read('HOST', '127.0.0.1', parseHost);
  const tls = readTls(read, problems);
  if (!isLoopback(host) && tls === 'none' && !allowPlaintext) {
    problems.push(
      `${PREFIX}HOST: any address but loopback needs TLS. Set ${PREFIX}TLS_CERT and ${PREFIX}TLS_KEY, or use 127.0.0.1; or set ${PREFIX}ALLOW_PLAINTEXT=1 where the port is published on loopback alone.`,
    );
  }
  const dataDir = path.resolve(read('DATA_DIR', defaultDataDir(environment, platform), (text) => text));
  const registry = (text: string) => parseRegistry(text, { environment, platform, dataDir });
  const requireTicket = read('REQUIRE_TICKET', null, parsePattern);
  const driftSource = read('DRIFT_SOURCE', null, parseAccountId);
  const config: Config = {
    host,
    port: read('PORT', 8484, parsePort),
    plaintextBeyondLoopback: !isLoopback(host) && tls === 'none',
    tls: typeof tls === 'string' ? null : tls,
    allowedHosts: read('ALLOWED_HOSTS', [], (text) => list(text).map(parseHostName)),
    dataDir,
    requireTicket,
    backups: {
      keep: read('BACKUPS_KEEP', 200, countUpTo(100_000)),
      days: read('BACKUPS_DAYS', 365, countUpTo(36_500)),
    },
    registry: read('REGISTRY', registry('auto'), registry),
    workspace: read('WORKSPACE', null, parseWorkspace),
    cloud: read('CLOUD', 'commercial', oneOf(['commercial', 'gcc', 'gcc-high'])),
    regions: read('REGIONS', null, (text) => list(text).map(knownRegion)),
    endpoints: read('ENDPOINTS_FILE', null, (file) => parseEndpointsFile(readText(file))),
    extraCa: read('EXTRA_CA', null, (file) => pemFile(file, certificatesIn).text),
    resolve: read('RESOLVE', [], parseResolveOverrides),
    driftSource,
    watch: readWatch(read, problems, { driftSource, requireTicket }),
    webhooks: {
      hosts: read('WEBHOOK_HOSTS', [], (text) => list(text).map(parseAllowedHost)),
      plaintext: read('WEBHOOK_PLAINTEXT', false, parseSwitch),
    },
    logLevel: read('LOG_LEVEL', 'info', oneOf(LOG_LEVELS)),
  };
  if (problems.length > 0) throw new ConfigError(problems);
  return Object.freeze(config);
}

/**
 * Gives libuv's pool more threads than four, before anything uses it: name look-ups hold one each, for as long as the DNS
 * stays silent, and may have half of them. Two silent names would else keep every other name from being looked up.
 */
export function makeRoomForLookUps(environment: Record<string, string | undefined> = process.env): void {
  environment.UV_THREADPOOL_SIZE ??= '32';
}

/** What the command line states in place of the environment; null: it does not. */
export interface CommandLineSettings {
  readonly configFile: string | null;
  readonly dataDir: string | null;
}

/** {@link readConfig} with what the command line states. */
export function readConfigWith(stated: CommandLineSettings): Config {
  return readConfig(withStated(stated, process.env));
}

/**
 * The settings as texts, for a client: it may not be allowed to read what some of them name, such as the service's key.
 * `noColour`: no-color.org. Throws {@link ConfigError} for a settings file that cannot be used and for unknown names.
 */
export function readSettings(stated: CommandLineSettings, environment: Settings = process.env) {
  const problems: string[] = [];
  const settings = withFile(withStated(stated, environment), problems);
  if (problems.length > 0) throw new ConfigError(problems);
  return {
    textOf: (name: Name): string | undefined => settings[PREFIX + name]?.trim() || undefined,
    defaultDataDir: defaultDataDir(environment, process.platform),
    noColour: Boolean(environment.NO_COLOR),
  };
}

function withStated({ configFile, dataDir }: CommandLineSettings, environment: Settings): Settings {
  return {
    ...environment,
    ...(configFile === null ? {} : { [`${PREFIX}CONFIG`]: configFile }),
    ...(dataDir === null ? {} : { [`${PREFIX}DATA_DIR`]: dataDir }),
  };
}

/** The environment, with the settings of the file below it. A name that is not known is a typing error, not a wish. */
function withFile(environment: Settings, problems: string[]): Settings {
  const file = environment[`${PREFIX}CONFIG`];
  let fromFile: Settings = {};
  if (file) {
    try {
      fromFile = parseSettingsFile(readText(file), PREFIX);
    } catch (error) {
      problems.push(`${PREFIX}CONFIG: ${messageOf(error)}`);
    }
  }
  const settings = { ...fromFile, ...environment };
  const known = new Set<string>(NAMES.map((name) => PREFIX + name));
  for (const name of Object.keys(settings)) {
    if (name.startsWith(PREFIX) && !known.has(name)) problems.push(`${name}: there is no such setting.`);
  }
  return settings;
}

function defaultDataDir(environment: Settings, platform: NodeJS.Platform): string {
  if (platform !== 'win32') return './data';
  return path.join(environment.ProgramData ?? 'C:\\ProgramData', 'SensorProxy');
}

/** `none` without TLS, `bad` when something about it is wrong, which then is among the problems. */
function readTls(read: Read, problems: string[]): TlsSetting | 'none' | 'bad' {
  const before = problems.length;
  const refuse = (name: Name, reason: string): void => {
    problems.push(`${PREFIX}${name}: ${reason}`);
  };
  const cert = read('TLS_CERT', null, (file) => pemFile(file, certificatesIn));
  const key = read('TLS_KEY', null, (file) => pemFile(file, privateKeyIn));
  const clientCa = read('TLS_CLIENT_CA', null, (file) => pemFile(file, certificatesIn).text);
  const clientScopes = read('TLS_CLIENT_SCOPES', null, parseClientScopes);
  if (problems.length > before) return 'bad';
  if (cert === null && key !== null) refuse('TLS_CERT', `it is needed, since ${PREFIX}TLS_KEY is set.`);
  if (key === null && cert !== null) refuse('TLS_KEY', `it is needed, since ${PREFIX}TLS_CERT is set.`);
  if (clientCa !== null && cert === null) refuse('TLS_CLIENT_CA', `it needs ${PREFIX}TLS_CERT.`);
  if ((clientCa === null) !== (clientScopes === null))
    refuse('TLS_CLIENT_SCOPES', `it and ${PREFIX}TLS_CLIENT_CA need each other.`);
  const pair = cert && key && read('TLS_KEY', null, () => keyPairOf(cert.text, key.text));
  if (problems.length > before) return 'bad';
  if (cert === null || key === null || pair === null) return 'none';
  return { certFile: cert.file, keyFile: key.file, pair, clientCa, clientScopes: clientScopes ?? [] };
}

/** All of it is checked, also while nothing is watched. */
function readWatch(
  read: Read,
  problems: string[],
  { driftSource, requireTicket }: Pick<Config, 'driftSource' | 'requireTicket'>,
): MonitorSettings | null {
  const on = read('WATCH', 'off', oneOf(['off', 'on'])) === 'on';
  const watch: MonitorSettings = {
    intervalS: read('WATCH_INTERVAL', 60, parseInterval),
    probeIntervalS: read('PROBE_INTERVAL', 300, parseProbeInterval),
    onDrift: read('ON_DRIFT', 'report', oneOf(['report', 'copy'])),
    driftTicket: read('DRIFT_TICKET', null, parseTicket),
    damping: read('DAMPING', { needed: 2, of: 3 }, parseDamping),
  };
  const { onDrift, driftTicket } = watch;
  const refuse = (name: Name, reason: string): void => {
    const isKnown = problems.some((problem) => problem.startsWith(`${PREFIX}${name}:`));
    if (!isKnown) problems.push(`${PREFIX}${name}: ${reason}`);
  };
  if (driftTicket !== null && requireTicket?.test(driftTicket) === false)
    refuse('DRIFT_TICKET', `it does not fit ${PREFIX}REQUIRE_TICKET.`);
  if (onDrift === 'report') return on ? watch : null;
  if (!on) refuse('ON_DRIFT', `copy needs ${PREFIX}WATCH=on.`);
  if (driftSource === null)
    refuse(
      'DRIFT_SOURCE',
      `it is needed with ${PREFIX}ON_DRIFT=copy: name the account whose proxy the sensor’s accounts shall have, by its SID.`,
    );
  if (driftTicket === null && requireTicket !== null)
    refuse(
      'DRIFT_TICKET',
      `it is needed with ${PREFIX}ON_DRIFT=copy, since ${PREFIX}REQUIRE_TICKET is set: the ticket that repairs are made under.`,
    );
  return on ? watch : null;
}

function parseRegistry(
  text: string,
  machine: { readonly environment: Settings; readonly platform: NodeJS.Platform; readonly dataDir: string },
): RegistrySetting {
  const file = /^regfile:(.+)$/.exec(text)?.[1];
  if (file !== undefined) return { driver: 'regfile', file: path.resolve(file), seed: false };
  const driver = oneOf(['auto', 'advapi32', 'regedit'])(text);
  if (machine.platform === 'win32') {
    return { driver, systemRoot: machine.environment.SystemRoot ?? 'C:\\Windows' };
  }
  if (driver !== 'auto') throw new Error(`${driver} needs Windows; here it must be auto or regfile:<path>.`);
  return { driver: 'regfile', file: path.join(machine.dataDir, 'registry.reg'), seed: true };
}
