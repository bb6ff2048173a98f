import { X509Certificate } from 'node:crypto';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { isIP } from 'node:net';
import { parseEnv } from 'node:util';
import { type EndpointDefinition, knownRegion, parseEndpointsFile } from './endpoints/catalogue';
import { type ResolveOverride, parseResolveOverrides } from './endpoints/resolveOverrides';
import { messageOf, systemCodeOf } from './lib/errors';
import { LOG_LEVELS, type LogLevel } from './lib/logger';

/** Everything that can be set, checked and frozen. `docs/configuration.md` describes each setting. */
export interface Config {
  readonly host: string;
  /** TCP port; 0 lets the system choose. */
  readonly port: number;
  /** The address is not loopback and the operator has allowed that without TLS. */
  readonly plaintextBeyondLoopback: boolean;
  /** Absolute path. */
  readonly dataDir: string;
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
  readonly logLevel: LogLevel;
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
  'DATA_DIR',
  'REGISTRY',
  'WORKSPACE',
  'CLOUD',
  'REGIONS',
  'ENDPOINTS_FILE',
  'EXTRA_CA',
  'RESOLVE',
  'LOG_LEVEL',
  'CONFIG',
] as const;
type Name = (typeof NAMES)[number];

const PREFIX = 'SENSORPROXY_';

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
  const read = <T>(name: Name, fallback: T, parse: (text: string) => T): T => {
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
  if (!isLoopback(host) && !allowPlaintext) {
    problems.push(
      `${PREFIX}HOST: any address but loopback needs TLS, which this version does not have. Use 127.0.0.1; or set ${PREFIX}ALLOW_PLAINTEXT=1 where the port is published on loopback alone.`,
    );
  }
  const dataDir = path.resolve(read('DATA_DIR', defaultDataDir(environment, platform), (text) => text));
  const registry = (text: string) => parseRegistry(text, { environment, platform, dataDir });
  const config: Config = {
    host,
    port: read('PORT', 8484, parsePort),
    plaintextBeyondLoopback: !isLoopback(host),
    dataDir,
    registry: read('REGISTRY', registry('auto'), registry),
    workspace: read('WORKSPACE', null, parseWorkspace),
    cloud: read('CLOUD', 'commercial', oneOf(['commercial', 'gcc', 'gcc-high'])),
    regions: read('REGIONS', null, (text) => list(text).map(knownRegion)),
    endpoints: read('ENDPOINTS_FILE', null, (file) => parseEndpointsFile(readText(file))),
    extraCa: read('EXTRA_CA', null, parseCertificates),
    resolve: read('RESOLVE', [], parseResolveOverrides),
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
export function readConfigWith({ configFile, dataDir }: CommandLineSettings): Config {
  return readConfig({
    ...process.env,
    ...(configFile === null ? {} : { [`${PREFIX}CONFIG`]: configFile }),
    ...(dataDir === null ? {} : { [`${PREFIX}DATA_DIR`]: dataDir }),
  });
}

/** The environment, with the settings of the file below it. A name that is not known is a typing error, not a wish. */
function withFile(environment: Settings, problems: string[]): Settings {
  const file = environment[`${PREFIX}CONFIG`];
  let fromFile: Settings = {};
  if (file) {
    try {
      fromFile = parseSettingsFile(readText(file));
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

function parseSettingsFile(text: string): Settings {
  const odd = text
    .split(/\r?\n/)
    .findIndex((line) => !/^\s*(?:#.*|(?:export\s+)?[A-Za-z_]\w*\s*=.*)?$/.test(line));
  if (odd >= 0) throw new Error(`line ${odd + 1} is neither NAME=value nor a comment.`);
  const settings = parseEnv(text);
  const foreign = Object.keys(settings).find((name) => !name.startsWith(PREFIX));
  if (foreign !== undefined) throw new Error(`it sets ${foreign}, which is none of this program's settings.`);
  return settings;
}

function readText(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch (error) {
    throw new Error(`the file cannot be read (${systemCodeOf(error) ?? 'unknown reason'}).`, {
      cause: error,
    });
  }
}

function defaultDataDir(environment: Settings, platform: NodeJS.Platform): string {
  if (platform !== 'win32') return './data';
  return path.join(environment.ProgramData ?? 'C:\\ProgramData', 'SensorProxy');
}

function isLoopback(host: string): boolean {
  return host === 'localhost' || host === '::1' || /^127(?:\.\d{1,3}){3}$/.test(host);
}

function parseHost(text: string): string {
  if (text === 'localhost' || isIP(text) !== 0) return text;
  throw new Error('it must be an IP address or localhost.');
}

function parsePort(text: string): number {
  const port = Number(text);
  if (!/^\d{1,5}$/.test(text) || port > 65535) throw new Error('it must be a number from 0 to 65535.');
  return port;
}

function parseSwitch(text: string): boolean {
  if (text === '1' || text === '0') return text === '1';
  throw new Error('it must be 1 or 0.');
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

function parseWorkspace(text: string): string {
  if (/^[a-z0-9](?:[a-z0-9-]{0,46}[a-z0-9])?$/i.test(text)) return text.toLowerCase();
  throw new Error(
    'it is the first part of the workspace’s host name: letters, digits and hyphens, 48 at most.',
  );
}

function parseCertificates(file: string): string {
  const pem = readText(file);
  const blocks = pem.match(/-----BEGIN CERTIFICATE-----[^-]*-----END CERTIFICATE-----/g);
  if (blocks === null) throw new Error('the file holds no PEM certificate.');
  for (const [index, block] of blocks.entries()) {
    try {
      new X509Certificate(block);
    } catch (error) {
      throw new Error(`certificate ${index + 1} of the file cannot be read.`, { cause: error });
    }
  }
  return pem;
}

function oneOf<const T extends string>(allowed: readonly T[]): (text: string) => T {
  return (text) => {
    const found = allowed.find((value) => value === text.toLowerCase());
    if (found === undefined) throw new Error(`it must be one of ${allowed.join(', ')}.`);
    return found;
  };
}

function list(text: string): readonly string[] {
  return text
    .split(',')
    .map((item) => item.trim())
    .filter((item) => item !== '');
}
