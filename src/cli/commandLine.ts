import path from 'node:path';
import { parseArgs } from 'node:util';
import { type CommandLineSettings, ConfigError, readConfigWith } from '../config';
import { DomainError } from '../lib/errors';
import { openAdvapi32Registry } from '../registry/advapi32/advapi32Registry';
import { requireTrustedOwner, secureFolder } from '../windows/folderSecurity';
import { openServiceManager } from '../windows/serviceManager';
import {
  type CommandResult,
  type ServiceCommandParts,
  installService,
  showService,
  startService,
  stopService,
  uninstallService,
} from './serviceCommand';

/** Exit codes: what was typed is wrong; Windows refuses it; bad settings (sysexits.h). */
export const Exit = { usage: 2, accessDenied: 5, config: 78 } as const;

const USAGE = `sensorproxy: the proxy of the accounts that the Defender for Identity sensor runs as

  sensorproxy                      serve in this window until Ctrl-C
  sensorproxy service install      register with Windows and start
                                     [--config <file>] [--data-dir <folder>]
  sensorproxy service uninstall    stop and unregister; the data folder stays
  sensorproxy service start
  sensorproxy service stop
  sensorproxy service status       exit code 0: it runs; 1: it does not
  sensorproxy --version
  sensorproxy --help

Settings: SENSORPROXY_* variables, or a file with such lines (--config).`;

const SERVICE_VERBS = ['install', 'uninstall', 'start', 'stop', 'status'] as const;
type ServiceVerb = (typeof SERVICE_VERBS)[number];
const WAIT_MS = 60_000;

/** What the program is asked to do. */
export type Command =
  | { readonly kind: 'serve' }
  /** As the service manager starts it. */
  | { readonly kind: 'runAsService'; readonly settings: CommandLineSettings }
  | { readonly kind: 'service'; readonly verb: ServiceVerb; readonly settings: CommandLineSettings }
  | { readonly kind: 'print'; readonly text: string; readonly exitCode: number };

/** Reads the arguments, without node and script. What is wrong becomes a text to print. */
export function parseCommandLine(args: readonly string[], version: string): Command {
  const [first, second, ...rest] = args;
  if (first === undefined) return { kind: 'serve' };
  if (first === '--help' && second === undefined) return { kind: 'print', text: USAGE, exitCode: 0 };
  if (first === '--version' && second === undefined) return { kind: 'print', text: version, exitCode: 0 };
  const verb = SERVICE_VERBS.find((known) => known === second);
  const settings = readOptions(rest, second === 'run' || verb === 'install');
  if (first !== 'service' || settings === undefined) return usage();
  if (second === 'run') return { kind: 'runAsService', settings };
  return verb === undefined ? usage() : { kind: 'service', verb, settings };
}

/** `--config <file>` and `--data-dir <folder>`, made absolute; undefined for anything else, or where none is allowed. */
function readOptions(args: readonly string[], allowed: boolean): CommandLineSettings | undefined {
  try {
    const { values } = parseArgs({
      args: [...args],
      options: { config: { type: 'string' }, 'data-dir': { type: 'string' } },
      strict: true,
    });
    if (!allowed && args.length > 0) return undefined;
    // An empty name would stand for the current folder.
    if (values.config === '' || values['data-dir'] === '') return undefined;
    const absolute = (value: string | undefined) => (value === undefined ? null : path.resolve(value));
    return { configFile: absolute(values.config), dataDir: absolute(values['data-dir']) };
  } catch {
    return undefined;
  }
}

/** Carries out `sensorproxy service …`. Never rejects for what Windows refuses: that is a line and an exit code. */
export async function runServiceCommand(
  command: Extract<Command, { kind: 'service' }>,
  parts: () => ServiceCommandParts = windowsParts,
): Promise<CommandResult> {
  try {
    switch (command.verb) {
      case 'install': {
        const { host, port, dataDir } = readConfigWith(command.settings);
        const url = `http://${host}:${port}`;
        return await installService(parts(), { configFile: command.settings.configFile, dataDir, url });
      }
      case 'uninstall':
        return await uninstallService(parts());
      case 'start':
        return await startService(parts());
      case 'stop':
        return await stopService(parts());
      case 'status':
        return await showService(parts());
    }
  } catch (error) {
    if (error instanceof ConfigError) return { exitCode: Exit.config, lines: error.problems };
    if (!(error instanceof DomainError)) throw error;
    return { exitCode: error.kind === 'forbidden' ? Exit.accessDenied : 1, lines: [error.detail] };
  }
}

function windowsParts(): ServiceCommandParts {
  return {
    manager: openServiceManager(),
    registry: openAdvapi32Registry(),
    secureFolder,
    requireTrustedOwner,
    program: { node: process.execPath, script: path.resolve(process.argv[1] ?? '') },
    waitMs: WAIT_MS,
  };
}

function usage(): Command {
  return { kind: 'print', text: `This is not understood.\n\n${USAGE}`, exitCode: Exit.usage };
}
