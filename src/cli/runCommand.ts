/** Carries out what was typed. */
import path from 'node:path';
import { ConfigError, readConfigWith } from '../config';
import { systemClock as clock } from '../lib/clock';
import { DomainError } from '../lib/errors';
import { openAdvapi32Registry } from '../registry/advapi32/advapi32Registry';
import { requireTrustedOwner, secureFolder } from '../windows/folderSecurity';
import { openServiceManager } from '../windows/serviceManager';
import { Exit, type OneCommand } from './commandLine';
import { CommandRefusal, type CommandResult } from './commandResult';
import { exportJournalOf, verifyJournalOf } from './journalCommand';
import {
  type ServiceCommandParts,
  installService,
  showService,
  startService,
  stopService,
  uninstallService,
} from './serviceCommand';
import { createToken, listTokens, revokeToken } from './tokenCommand';

const WAIT_MS = 60_000;

/** What commands need of the machine. */
export interface CommandParts {
  /** Windows' services: looked for only by the commands that need them. */
  readonly service: () => ServiceCommandParts;
  /** Takes a line of a command that has much to say. */
  readonly write: (line: string) => void;
}

/**
 * Carries out a command. Never rejects for what cannot be done: that is a line and an exit code.
 */
export async function runCommand(command: OneCommand, parts: CommandParts): Promise<CommandResult> {
  try {
    return await run(command, parts);
  } catch (error) {
    if (error instanceof ConfigError) return { exitCode: Exit.config, lines: error.problems };
    if (error instanceof CommandRefusal) return { exitCode: Exit.usage, lines: [error.message] };
    if (!(error instanceof DomainError)) throw error;
    return { exitCode: error.kind === 'forbidden' ? Exit.accessDenied : 1, lines: [error.detail] };
  }
}

async function run(command: OneCommand, { service, write }: CommandParts): Promise<CommandResult> {
  const { name, settings, subject, options } = command;
  switch (name) {
    case 'service install': {
      const { host, port, dataDir } = readConfigWith(settings);
      const url = `http://${host}:${port}`;
      return installService(service(), { configFile: settings.configFile, dataDir, url });
    }
    case 'service uninstall':
      return uninstallService(service());
    case 'service start':
      return startService(service());
    case 'service stop':
      return stopService(service());
    case 'service status':
      return showService(service());
    case 'token create': {
      const { scope = '', expires } = options;
      const { dataDir } = readConfigWith(settings);
      return createToken({ name: subject, scope, expires }, { dataDir, clock });
    }
    case 'token list':
      return listTokens({ dataDir: readConfigWith(settings).dataDir, clock });
    case 'token revoke':
      return revokeToken(subject, { dataDir: readConfigWith(settings).dataDir, clock });
    case 'journal verify':
      return verifyJournalOf(readConfigWith(settings).dataDir);
    case 'journal export':
      return exportJournalOf(readConfigWith(settings).dataDir, write);
  }
}

/** Windows' own services. Errors: `DomainError` where this is not Windows. */
export function windowsService(): ServiceCommandParts {
  return {
    manager: openServiceManager(),
    registry: openAdvapi32Registry(),
    secureFolder,
    requireTrustedOwner,
    program: { node: process.execPath, script: path.resolve(process.argv[1] ?? '') },
    waitMs: WAIT_MS,
  };
}
