import { lstat, mkdir } from 'node:fs/promises';
import path from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { DomainError, messageOf, systemCodeOf } from '../lib/errors';
import { type Registry, RegistryType } from '../registry/registry';
import { EVENT_MESSAGE_FILE, EVENT_SOURCE_KEY } from '../windows/eventLog';
import type { requireTrustedOwner, secureFolder } from '../windows/folderSecurity';
import type { ServiceManager, ServiceReport } from '../windows/serviceManager';
import type { CommandResult } from './commandResult';

/** The name under which Windows knows the service. */
export const SERVICE_NAME = 'SensorProxy';

/** What the commands work with. */
export interface ServiceCommandParts {
  readonly manager: ServiceManager;
  readonly registry: Pick<Registry, 'createKey' | 'writeValue'>;
  readonly secureFolder: typeof secureFolder;
  readonly requireTrustedOwner: typeof requireTrustedOwner;
  /** Node and the script that runs in it, absolute paths. */
  readonly program: { readonly node: string; readonly script: string };
  /** How long to wait for the service to start or stop, in milliseconds. */
  readonly waitMs: number;
}

/** What `service install` is told. */
export interface InstallOptions {
  /** Absolute path of a settings file, which the service reads at each start; null for the defaults. */
  readonly configFile: string | null;
  readonly dataDir: string;
  readonly url: string;
}

const DESCRIPTION =
  'Shows, copies, proves and puts back the proxy of the accounts that the Defender for Identity sensor runs as.';
const RESTART_AFTER_MS = [5_000, 30_000, 60_000] as const;
const LOOK_MS = 200;

/** Variables through which Node or OpenSSL would load code, or trust more: the service is given none. */
const CLEARED = [
  'NODE_OPTIONS',
  'NODE_PATH',
  'NODE_COMPILE_CACHE',
  'NODE_EXTRA_CA_CERTS',
  'NODE_TLS_REJECT_UNAUTHORIZED',
  'OPENSSL_CONF',
  'OPENSSL_MODULES',
] as const;

/**
 * Registers the service and starts it. The data folder, and the program's own when it is the package's, are given to
 * SYSTEM and Administrators first. Errors: the service manager's, `folder-not-secured`.
 */
export async function installService(
  parts: ServiceCommandParts,
  options: InstallOptions,
): Promise<CommandResult> {
  const { manager, program } = parts;
  await manager.requireRightToCreate();
  if ((await manager.query(SERVICE_NAME)) !== undefined) {
    return { exitCode: 1, lines: [`The service ${SERVICE_NAME} is installed already. Uninstall it first.`] };
  }
  await secureFolders(parts, options.dataDir);
  const notes = await manager.create({
    name: SERVICE_NAME,
    displayName: 'Sensor Proxy',
    description: DESCRIPTION,
    commandLine: commandLine(program, options),
    restartAfterMs: RESTART_AFTER_MS,
  });
  try {
    await describeToWindows(parts.registry);
  } catch (error) {
    // Half an installation would be started by Windows at the next boot.
    await manager.remove(SERVICE_NAME);
    throw error;
  }
  const lines = [
    `The service ${SERVICE_NAME} is installed: it runs as LocalSystem and starts with Windows.`,
    ...notes.map((note) => `Note: ${note}.`),
  ];
  const started = await startService(parts);
  return {
    exitCode: started.exitCode,
    lines: [
      ...lines,
      ...started.lines,
      ...(started.exitCode === 0
        ? [`Web: ${options.url}/docs`, `Token: ${path.join(options.dataDir, 'admin.token')}`]
        : []),
    ],
  };
}

/** Stops the service and unregisters it; the data folder stays. Errors: the service manager's. */
export async function uninstallService(parts: ServiceCommandParts): Promise<CommandResult> {
  if ((await parts.manager.query(SERVICE_NAME)) === undefined) return notInstalled();
  const stopped = await stopService(parts);
  await parts.manager.remove(SERVICE_NAME);
  return {
    exitCode: stopped.exitCode,
    lines: [
      ...stopped.lines,
      `The service ${SERVICE_NAME} is uninstalled. Its data folder was left as it is.`,
    ],
  };
}

/** Starts the service and waits until it works. Errors: the service manager's. */
export async function startService(parts: ServiceCommandParts): Promise<CommandResult> {
  const before = await parts.manager.query(SERVICE_NAME);
  if (before === undefined) return notInstalled();
  if (before.state !== 'running') await parts.manager.start(SERVICE_NAME);
  const report = await settled(parts, ['running', 'stopped']);
  if (report?.state === 'running') return { exitCode: 0, lines: ['It is running.'] };
  const code = report?.state === 'stopped' ? ` (exit code ${report.exitCode})` : '';
  return {
    exitCode: 1,
    lines: [`It did not start${code}. The event log (Application, ${SERVICE_NAME}) says why.`],
  };
}

/** Stops the service and waits until it has ended. Errors: the service manager's. */
export async function stopService(parts: ServiceCommandParts): Promise<CommandResult> {
  const before = await parts.manager.query(SERVICE_NAME);
  if (before === undefined) return notInstalled();
  if (before.state !== 'stopped') await parts.manager.stop(SERVICE_NAME);
  const report = await settled(parts, ['stopped']);
  if (report?.state === 'stopped') return { exitCode: 0, lines: ['It is stopped.'] };
  return { exitCode: 1, lines: [`It has not stopped within ${parts.waitMs / 1000} s.`] };
}

/** Tells the service's state: exit code 0 when it runs, 1 when not. Errors: the service manager's. */
export async function showService(parts: ServiceCommandParts): Promise<CommandResult> {
  const report = await parts.manager.query(SERVICE_NAME);
  if (report === undefined) return notInstalled();
  const process = report.processId === null ? '' : ` (process ${report.processId})`;
  return {
    exitCode: report.state === 'running' ? 0 : 1,
    lines: [`${SERVICE_NAME}: ${report.state}${process}`],
  };
}

function notInstalled(): CommandResult {
  return { exitCode: 1, lines: [`The service ${SERVICE_NAME} is not installed.`] };
}

async function secureFolders(parts: ServiceCommandParts, dataDir: string): Promise<void> {
  if (path.parse(dataDir).root === dataDir) {
    const detail = `${dataDir} is a whole drive, which others need. Name a folder in it.`;
    throw new DomainError('conflict', 'folder-not-secured', detail);
  }
  await mkdir(dataDir, { recursive: true }).catch((cause: unknown) => {
    const detail = `${dataDir} cannot be made (${systemCodeOf(cause) ?? messageOf(cause)}).`;
    throw new DomainError('conflict', 'folder-not-secured', detail, { cause });
  });
  if ((await lstat(dataDir)).isSymbolicLink()) {
    const detail = `${dataDir} is a link. Name the folder itself in SENSORPROXY_DATA_DIR.`;
    throw new DomainError('conflict', 'folder-not-secured', detail);
  }
  parts.requireTrustedOwner(dataDir);
  parts.secureFolder(dataDir, 'private');
  const root = packageRoot(parts.program);
  if (root !== null) parts.secureFolder(root, 'readable');
}

/** The unpacked package's folder, or null when the program runs from elsewhere, such as a developer's checkout. */
function packageRoot({ node, script }: ServiceCommandParts['program']): string | null {
  const root = path.dirname(node);
  return script === path.join(root, 'app', 'main.js') ? root : null;
}

/**
 * What the service manager starts. The data folder stands in it: it is the one that was restricted, whatever the service's
 * environment says. Windows' paths hold no quotes.
 */
function commandLine(
  { node, script }: ServiceCommandParts['program'],
  { configFile, dataDir }: InstallOptions,
): string {
  const config = configFile === null ? '' : ` --config "${configFile}"`;
  return `"${node}" "${script}" service run --data-dir "${dataDir}"${config}`;
}

/** The event source, and the environment that the service is given. */
async function describeToWindows(registry: ServiceCommandParts['registry']): Promise<void> {
  const text = (value: string) => Buffer.from(`${value}\0`, 'utf16le');
  await registry.createKey(EVENT_SOURCE_KEY);
  await registry.writeValue(EVENT_SOURCE_KEY, 'EventMessageFile', {
    type: RegistryType.expandString,
    data: text(EVENT_MESSAGE_FILE),
  });
  const allTypes = { type: RegistryType.dword, data: Buffer.from([7, 0, 0, 0]) };
  await registry.writeValue(EVENT_SOURCE_KEY, 'TypesSupported', allTypes);
  await registry.writeValue(
    `HKEY_LOCAL_MACHINE\\SYSTEM\\CurrentControlSet\\Services\\${SERVICE_NAME}`,
    'Environment',
    {
      type: RegistryType.multiString,
      data: text(CLEARED.map((name) => `${name}=\0`).join('')),
    },
  );
}

async function settled(
  { manager, waitMs }: ServiceCommandParts,
  states: readonly ServiceReport['state'][],
): Promise<ServiceReport | undefined> {
  for (let waited = 0; ; waited += LOOK_MS) {
    const report = await manager.query(SERVICE_NAME);
    if (report === undefined || states.includes(report.state) || waited >= waitMs) return report;
    await pause(LOOK_MS);
  }
}
