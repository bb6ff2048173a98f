/** The usage, and each command's help, from the table of commands. */
import {
  CLIENT_OPTIONS,
  type CommandDefinition,
  type CommandName,
  COMMANDS,
  definitionOf,
  type OptionDefinition,
  type OptionName,
  OPTIONS,
} from './commands';

const NAMES = Object.keys(COMMANDS) as CommandName[];
const INDENT = '  ';

/** What the program is, and its commands. */
export function usage(): string {
  const ofKind = (kind: CommandDefinition['kind']) =>
    NAMES.filter((name) => definitionOf(name).kind === kind);
  return [
    'sensorproxy: the proxy of the accounts that the Defender for Identity sensor runs as',
    '',
    ...columns([['sensorproxy', 'serve in this window until Ctrl-C']]),
    '',
    'Ask a service, this machine’s or another’s (--url):',
    ...commandLines(ofKind('client')),
    '',
    'On this machine:',
    ...commandLines(ofKind('here')),
    '',
    ...columns([
      ['sensorproxy <command> --help', 'options, examples and exit codes'],
      ['sensorproxy --version', ''],
      ['sensorproxy --help', ''],
    ]),
    '',
    'Settings: SENSORPROXY_* variables, or a file with such lines (--config).',
  ].join('\n');
}

/** The commands that begin with a word, such as `token`; undefined when none does. */
export function groupHelp(word: string): string | undefined {
  const names = NAMES.filter((name) => name.startsWith(`${word} `));
  if (names.length === 0) return undefined;
  return [...commandLines(names), '', `sensorproxy ${word} <command> --help tells more.`].join('\n');
}

/** What a command does, its options, examples and exit codes. */
export function commandHelp(name: CommandName): string {
  const definition = definitionOf(name);
  const { kind, does, options, examples } = definition;
  const section = (title: string, lines: readonly string[]) =>
    lines.length === 0 ? [] : ['', `${title}:`, ...lines];
  return [
    `${asTyped(name)} [options]`,
    '',
    ...(does === null ? [] : [`${INDENT}${does}`]),
    ...section(
      'Examples',
      examples.map((line) => INDENT + line),
    ),
    ...section('Options', optionLines(['help', ...options])),
    ...section(
      'Options of all commands that ask a service',
      kind === 'client' ? optionLines(CLIENT_OPTIONS) : [],
    ),
    ...section('Exit codes', exitLines(definition)),
  ].join('\n');
}

function exitLines({ kind, exit }: CommandDefinition): readonly string[] {
  if (kind === 'here') return [`${INDENT}${exit}; 2 it was not understood`];
  return [
    ['0', 'fine'],
    ['1', exit],
    ['2', 'what was typed, or a setting or file that it names, cannot be used'],
    ['3', 'the service cannot be reached, or something else answers in its place'],
    ['4', 'the service refuses it, or could not do it: the reason is on stderr'],
  ].map(([code = '', meaning = '']) => `${INDENT}${code}  ${meaning}`);
}

function commandLines(names: readonly CommandName[]): readonly string[] {
  return columns(
    names.flatMap((name) => {
      const { does } = definitionOf(name);
      return does === null ? [] : [[asTyped(name), does] as const];
    }),
  );
}

function asTyped(name: CommandName): string {
  const { subject } = definitionOf(name);
  const behind =
    subject === undefined ? '' : subject.optional === true ? ` [${subject.name}]` : ` <${subject.name}>`;
  return `sensorproxy ${name}${behind}`;
}

function optionLines(names: readonly OptionName[]): readonly string[] {
  return columns(
    names.map((name) => {
      const { value, does }: OptionDefinition = OPTIONS[name];
      return [`--${name}${value === undefined ? '' : ` ${value}`}`, does] as const;
    }),
  );
}

function columns(rows: readonly (readonly [string, string])[]): readonly string[] {
  return rows.map(([left, right]) => `${INDENT}${left.padEnd(32)}  ${right}`.trimEnd());
}
