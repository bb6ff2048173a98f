/** What was typed, as something to do. */
import path from 'node:path';
import { parseArgs } from 'node:util';
import type { CommandLineSettings } from '../config';

/** Exit codes: what was typed is wrong; Windows refuses it; bad settings (sysexits.h). */
export const Exit = { usage: 2, accessDenied: 5, config: 78 } as const;

const USAGE = `sensorproxy: the proxy of the accounts that the Defender for Identity sensor runs as

  sensorproxy                      serve in this window until Ctrl-C
  sensorproxy service install      register with Windows and start
  sensorproxy service uninstall    stop and unregister; the data folder stays
  sensorproxy service start
  sensorproxy service stop
  sensorproxy service status       exit code 0: it runs; 1: it does not
  sensorproxy token create <name>  make a token and show it, this once
                                     --scope read|operate|admin  [--expires 90d]
  sensorproxy token list           tokens, their scopes, expiry and last use
  sensorproxy token revoke <name>
  sensorproxy journal verify       exit code 0: it is as it was written; 1: not
  sensorproxy journal export       the entries, one JSON object a line
  sensorproxy --version
  sensorproxy --help

service install, token and journal take --data-dir <folder> and --config <file>.
Settings: SENSORPROXY_* variables, or a file with such lines (--config).`;

const PLACE = ['config', 'data-dir'];

/** Each command: the options that it takes, and how many names follow it. */
const COMMANDS = {
  'service run': { options: PLACE, names: 0 },
  'service install': { options: PLACE, names: 0 },
  'service uninstall': { options: [], names: 0 },
  'service start': { options: [], names: 0 },
  'service stop': { options: [], names: 0 },
  'service status': { options: [], names: 0 },
  'token create': { options: [...PLACE, 'scope', 'expires'], names: 1 },
  'token list': { options: PLACE, names: 0 },
  'token revoke': { options: PLACE, names: 1 },
  'journal verify': { options: PLACE, names: 0 },
  'journal export': { options: PLACE, names: 0 },
} as const;

type CommandName = keyof typeof COMMANDS;

/** A command that is carried out and ends. */
export interface OneCommand {
  readonly kind: 'command';
  readonly name: Exclude<CommandName, 'service run'>;
  readonly settings: CommandLineSettings;
  /** The name behind the command; empty for one that takes none. */
  readonly subject: string;
  /** Other options, as typed. */
  readonly options: Readonly<Partial<Record<string, string>>>;
}

/** What the program is asked to do. */
export type Command =
  | { readonly kind: 'serve' }
  /** As the service manager starts it. */
  | { readonly kind: 'runAsService'; readonly settings: CommandLineSettings }
  | OneCommand
  | { readonly kind: 'print'; readonly text: string; readonly exitCode: number };

/** Reads the arguments, without node and script. What is wrong becomes a text to print. */
export function parseCommandLine(args: readonly string[], version: string): Command {
  const [first, second, ...rest] = args;
  if (first === undefined) return { kind: 'serve' };
  if (first === '--help' && second === undefined) return { kind: 'print', text: USAGE, exitCode: 0 };
  if (first === '--version' && second === undefined) return { kind: 'print', text: version, exitCode: 0 };
  const name = `${first} ${second ?? ''}`;
  if (!isCommand(name)) return usage();
  const typed = readArguments(rest, COMMANDS[name]);
  if (typed === undefined) return usage();
  const { config, 'data-dir': dataDir, ...options } = typed.values;
  const settings = { configFile: absolute(config), dataDir: absolute(dataDir) };
  if (name === 'service run') return { kind: 'runAsService', settings };
  return { kind: 'command', name, settings, subject: typed.subject, options };
}

/** The options and the name; undefined when there is anything else. */
function readArguments(
  args: readonly string[],
  { options, names }: { readonly options: readonly string[]; readonly names: number },
) {
  try {
    const { values, positionals } = parseArgs({
      args: [...args],
      options: Object.fromEntries(options.map((option) => [option, { type: 'string' as const }])),
      allowPositionals: names > 0,
      strict: true,
    });
    // An empty name would stand for the current folder.
    if (positionals.length !== names || Object.values(values).includes('')) return undefined;
    return { values: values as Partial<Record<string, string>>, subject: positionals[0] ?? '' };
  } catch {
    return undefined;
  }
}

function isCommand(name: string): name is CommandName {
  return Object.hasOwn(COMMANDS, name);
}

function absolute(value: string | undefined): string | null {
  return value === undefined ? null : path.resolve(value);
}

function usage(): Command {
  return { kind: 'print', text: `This is not understood.\n\n${USAGE}`, exitCode: Exit.usage };
}
