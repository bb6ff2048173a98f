/** What was typed, as something to do. */
import path from 'node:path';
import { parseArgs } from 'node:util';
import type { CommandLineSettings } from '../config';
import {
  type ClientCommandName,
  type CommandDefinition,
  type CommandName,
  COMMANDS,
  definitionOf,
  type HereCommandName,
  type OptionDefinition,
  type Options,
  OPTIONS,
  optionsOf,
} from './commands';
import { visible } from './client/text';
import { commandHelp, groupHelp, usage } from './help';

/** Exit codes: what was typed is wrong; Windows refuses it; bad settings (sysexits.h). */
export const Exit = { usage: 2, accessDenied: 5, config: 78 } as const;

/** What all commands have. */
interface Typed {
  readonly settings: CommandLineSettings;
  /** The name or id behind the command; empty for none. */
  readonly subject: string;
  /** Other options, as typed. */
  readonly options: Options;
}

/** A command that works on this machine, and ends. */
export interface OneCommand extends Typed {
  readonly kind: 'command';
  readonly name: Exclude<HereCommandName, 'service run'>;
}

/** A command that asks a service, and ends. */
export interface ClientCommand extends Typed {
  readonly kind: 'client';
  readonly name: ClientCommandName;
}

/** What the program is asked to do. */
export type Command =
  | { readonly kind: 'serve' }
  /** As the service manager starts it. */
  | { readonly kind: 'runAsService'; readonly settings: CommandLineSettings }
  | OneCommand
  | ClientCommand
  | { readonly kind: 'print'; readonly text: string; readonly exitCode: number };

/** Reads the arguments, without node and script. What is wrong becomes a text to print. */
export function parseCommandLine(args: readonly string[], version: string): Command {
  const [first, second, ...others] = args;
  if (first === undefined) return { kind: 'serve' };
  if (second === undefined && first === '--help') return print(usage());
  if (second === undefined && first === '--version') return print(version);
  const name = commandNamed(first, second);
  if (name === undefined) {
    const group = second === '--help' && others.length === 0 ? groupHelp(first) : undefined;
    return group === undefined ? notUnderstood() : print(group);
  }
  const definition = definitionOf(name);
  const typed = readArguments(args.slice(name.split(' ').length), definition);
  if (typeof typed === 'string') return refused(name, typed);
  const { config, 'data-dir': dataDir, help, ...options } = typed.values;
  if (help === true) return print(commandHelp(name));
  const settings = { configFile: absolute(config), dataDir: absolute(dataDir) };
  const { subject } = typed;
  if (name === 'service run') return { kind: 'runAsService', settings };
  if (isClient(name)) return { kind: 'client', name, settings, subject, options };
  return { kind: 'command', name, settings, subject, options };
}

/** A command of two words goes before one of its first word: `sensor restart` is no `sensor`. */
function commandNamed(first: string, second: string | undefined): CommandName | undefined {
  return [`${first} ${second ?? ''}`, first].find(isCommand);
}

/** The options and the subject, or what is wrong with them. */
function readArguments(
  args: readonly string[],
  definition: CommandDefinition,
): { readonly values: Options; readonly subject: string } | string {
  if (definition.kind === 'client' && args.some((arg) => /^--token(?:=|$)/.test(arg))) {
    return 'A token is not taken as an argument: whoever lists the processes would see it. Give a file with --token-file, or set SENSORPROXY_TOKEN.';
  }
  try {
    const { values, positionals } = parseArgs({
      args: [...args],
      options: Object.fromEntries(optionsOf(definition).map((name) => [name, forParser(OPTIONS[name])])),
      allowPositionals: true,
      strict: true,
    });
    // An empty name would stand for the current folder.
    const empty = Object.entries(values).find(([, value]) => [value].flat().includes(''));
    if (empty !== undefined) return `--${empty[0]} takes a value.`;
    const fault = values.help === true ? undefined : subjectFault(positionals, definition);
    return fault ?? { values: values, subject: positionals[0] ?? '' };
  } catch (error) {
    // Node's first sentence says which option; what follows is about quoting.
    const { message } = error as { readonly message: string };
    return `${message.replace(/\.? To specify.*|\.?\n.*/s, '')}.`;
  }
}

function subjectFault(positionals: readonly string[], { subject }: CommandDefinition): string | undefined {
  const [first, second] = positionals;
  if (subject === undefined) return first === undefined ? undefined : `“${first}” is not expected here.`;
  if (second !== undefined) return `“${second}” is not expected here.`;
  if (first === '' || (first === undefined && subject.optional !== true))
    return `It takes a ${subject.name}.`;
  return undefined;
}

function forParser({ value, many }: OptionDefinition) {
  return { type: value === undefined ? ('boolean' as const) : ('string' as const), multiple: many === true };
}

function isCommand(name: string): name is CommandName {
  return Object.hasOwn(COMMANDS, name);
}

function isClient(name: CommandName): name is ClientCommandName {
  return definitionOf(name).kind === 'client';
}

function absolute(value: string | undefined): string | null {
  return value === undefined ? null : path.resolve(value);
}

function print(text: string): Command {
  return { kind: 'print', text, exitCode: 0 };
}

function notUnderstood(): Command {
  return { kind: 'print', text: `This is not understood.\n\n${usage()}`, exitCode: Exit.usage };
}

function refused(name: CommandName, fault: string): Command {
  if (!isClient(name)) return notUnderstood();
  const text = `sensorproxy ${name}: ${visible(fault)}\nSee sensorproxy ${name} --help.`;
  return { kind: 'print', text, exitCode: Exit.usage };
}
