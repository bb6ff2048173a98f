/** The commands and their options: one table for what is understood, for the usage and for each command's `--help`. */

/** What an option takes, and what it says. */
export interface OptionDefinition {
  /** What stands behind it, as the help writes it; without, it is a switch. */
  readonly value?: string;
  /** It may be given several times. */
  readonly many?: true;
  readonly does: string;
}

/** All options; each means the same wherever it is taken. */
export const OPTIONS = {
  help: { does: 'this text' },
  config: { value: '<file>', does: 'file of SENSORPROXY_ settings, as the service reads it' },
  'data-dir': { value: '<folder>', does: 'the service’s data folder' },
  scope: { value: 'read|operate|admin', does: 'what the token may do' },
  expires: { value: '<time>', does: 'when it ends, such as 90d or 12h; never unless stated' },
  url: { value: '<url>', does: 'the service; without it, that of this machine (SENSORPROXY_URL)' },
  'token-file': {
    value: '<file>',
    does: 'file with the token; of this machine’s service, admin.token is found by itself',
  },
  ca: { value: '<file>', does: 'PEM file: whom to trust for the service’s certificate (SENSORPROXY_CA)' },
  'allow-plaintext': { does: 'send the token to another machine without TLS' },
  timeout: { value: '<seconds>', does: 'time for the whole answer, 1 to 3600' },
  json: { does: 'the service’s answer as JSON, for programs' },
  source: { value: '<account>', does: 'whom to copy from, or to compare with' },
  target: { value: '<account>', many: true, does: 'whom to copy to; may be given several times' },
  'dry-run': { does: 'go through the same checks, and write nothing' },
  ticket: { value: '<text>', does: 'the ticket that the change belongs to' },
  reason: { value: '<text>', does: 'why, in a sentence' },
  'restart-sensor': { does: 'restart the sensor when something has changed' },
  'idempotency-key': {
    value: '<text>',
    does: 'ask again for what was asked for with it: it is not done twice',
  },
  limit: { value: '<number>', does: 'how many to show at most, 1 to 10000; 50 unless stated' },
  save: { value: '<file>', does: 'write the backup’s .reg file there; no file is replaced' },
  context: { value: '<account>', many: true, does: 'through whose proxy; may be given several times' },
  region: { value: '<name>', does: 'only the endpoints of this region' },
  'timeout-ms': { value: '<number>', does: 'time for each endpoint, in milliseconds, 100 to 60000' },
} as const satisfies Readonly<Record<string, OptionDefinition>>;

export type OptionName = keyof typeof OPTIONS;

type ValueOf<Definition> = Definition extends { readonly many: true }
  ? readonly string[]
  : Definition extends { readonly value: string }
    ? string
    : boolean;

/** Options as they were typed. */
export type Options = { readonly [Name in OptionName]?: ValueOf<(typeof OPTIONS)[Name]> };

/** A command, without its name. */
export interface CommandDefinition {
  /** `client`: it asks a service, here or elsewhere. `here`: it works on this machine. */
  readonly kind: 'client' | 'here';
  /** What stands behind it: none, one that must be there, or one that may. */
  readonly subject?: { readonly name: string; readonly optional?: true };
  readonly options: readonly OptionName[];
  /** One line; null for a command that no person types. */
  readonly does: string | null;
  readonly examples: readonly string[];
  /** Of a client: what exit code 1 says; of others, all of them. */
  readonly exit: string;
  /** Of a client: seconds for the whole answer. */
  readonly seconds?: number;
}

const PLACE = ['config', 'data-dir'] as const;
const WHY = ['ticket', 'reason'] as const;

/** What every client takes. */
export const CLIENT_OPTIONS = [
  'json',
  'url',
  'token-file',
  'ca',
  'timeout',
  'allow-plaintext',
  ...PLACE,
] as const satisfies readonly OptionName[];

const DONE = '0 it is done; 1 it is not';
const RIGHTS = '0 it is done; 1 it is not; 5 Windows refuses it; 78 bad settings';

/** The commands, in the order in which they are shown. */
export const COMMANDS = {
  contexts: {
    kind: 'client',
    subject: { name: 'account', optional: true },
    options: ['source'],
    does: 'the accounts and their proxies, compared with the user’s',
    examples: [
      'sensorproxy contexts',
      'sensorproxy contexts LocalService',
      'sensorproxy contexts --source S-1-5-21-1004336348-1177238915-682003330-1104 --json',
    ],
    exit: 'the sensor’s accounts (or the one that was named) have another proxy than the source, or there is none to compare with',
    seconds: 60,
  },
  copy: {
    kind: 'client',
    options: ['source', 'target', 'dry-run', ...WHY, 'restart-sensor', 'idempotency-key'],
    does: 'copy the user’s proxy to the sensor’s accounts, after a backup',
    examples: [
      'sensorproxy copy --dry-run',
      'sensorproxy copy --ticket CHG0031337 --reason "The sensor is offline."',
      'sensorproxy copy --source CurrentUser --target LocalService --restart-sensor',
    ],
    exit: 'it is copied, but the restart of the sensor that was asked for has failed',
    seconds: 200,
  },
  backups: {
    kind: 'client',
    subject: { name: 'backup', optional: true },
    options: ['limit', 'save'],
    does: 'what was saved before each change',
    examples: [
      'sensorproxy backups --limit 10',
      'sensorproxy backups 20261124T061512345Z-9f86d081',
      'sensorproxy backups 20261124T061512345Z-9f86d081 --save before.reg',
    ],
    exit: 'not used',
    seconds: 60,
  },
  restore: {
    kind: 'client',
    subject: { name: 'backup' },
    options: ['dry-run', ...WHY, 'idempotency-key'],
    does: 'put a backup back, absence included',
    examples: [
      'sensorproxy restore 20261124T061512345Z-9f86d081 --dry-run',
      'sensorproxy restore 20261124T061512345Z-9f86d081 --ticket CHG0031337',
    ],
    exit: 'not used',
    seconds: 60,
  },
  health: {
    kind: 'client',
    options: ['context', 'region', 'timeout-ms'],
    does: 'probe the cloud endpoints as the sensor’s accounts reach them',
    examples: [
      'sensorproxy health',
      'sensorproxy health --context LocalService --region Europe --timeout-ms 5000',
      'sensorproxy health --json',
    ],
    exit: 'unhealthy, or it cannot be told (unknown); degraded is 0, with a note',
    seconds: 300,
  },
  changes: {
    kind: 'client',
    subject: { name: 'change', optional: true },
    options: ['limit', 'ticket'],
    does: 'the journal; one change as Markdown, for a ticket',
    examples: [
      'sensorproxy changes --limit 10',
      'sensorproxy changes --ticket CHG0031337',
      'sensorproxy changes 20261124T061512350Z-2c26b46b',
    ],
    exit: 'not used',
    seconds: 60,
  },
  sensor: {
    kind: 'client',
    options: [],
    does: 'the sensor on the service’s machine: accounts, state, endpoint',
    examples: ['sensorproxy sensor', 'sensorproxy sensor --json'],
    exit: 'something about the sensor is not as it should be',
    seconds: 60,
  },
  'sensor restart': {
    kind: 'client',
    options: ['dry-run', ...WHY, 'idempotency-key'],
    does: 'restart the sensor, so that it notices its proxy',
    examples: ['sensorproxy sensor restart --dry-run', 'sensorproxy sensor restart --ticket CHG0031337'],
    exit: 'not used',
    seconds: 200,
  },
  'service run': { kind: 'here', options: PLACE, does: null, examples: [], exit: '' },
  'service install': {
    kind: 'here',
    options: PLACE,
    does: 'register with Windows and start',
    examples: [
      'sensorproxy service install',
      'sensorproxy service install --config "C:\\Program Files\\sensorproxy\\settings.env"',
    ],
    exit: RIGHTS,
  },
  'service uninstall': {
    kind: 'here',
    options: [],
    does: 'stop and unregister; the data folder stays',
    examples: ['sensorproxy service uninstall'],
    exit: RIGHTS,
  },
  'service start': {
    kind: 'here',
    options: [],
    does: 'start it and wait until it runs',
    examples: ['sensorproxy service start'],
    exit: RIGHTS,
  },
  'service stop': {
    kind: 'here',
    options: [],
    does: 'stop it and wait until it has',
    examples: ['sensorproxy service stop'],
    exit: RIGHTS,
  },
  'service status': {
    kind: 'here',
    options: [],
    does: 'exit code 0: it runs; 1: it does not',
    examples: ['sensorproxy service status'],
    exit: '0 it runs; 1 it does not',
  },
  'token create': {
    kind: 'here',
    subject: { name: 'name' },
    options: ['scope', 'expires', ...PLACE],
    does: 'make a token and show it, this once',
    examples: [
      'sensorproxy token create ansible --scope operate --expires 90d',
      'sensorproxy token create monitor --scope read',
    ],
    exit: DONE,
  },
  'token list': {
    kind: 'here',
    options: PLACE,
    does: 'tokens, their scopes, expiry and last use',
    examples: ['sensorproxy token list'],
    exit: DONE,
  },
  'token revoke': {
    kind: 'here',
    subject: { name: 'name' },
    options: PLACE,
    does: 'take a token back',
    examples: ['sensorproxy token revoke ansible'],
    exit: DONE,
  },
  'journal verify': {
    kind: 'here',
    options: PLACE,
    does: 'exit code 0: it is as it was written; 1: not',
    examples: ['sensorproxy journal verify'],
    exit: '0 it is as it was written; 1 it is not, or cannot be read',
  },
  'journal export': {
    kind: 'here',
    options: PLACE,
    does: 'the entries, one JSON object a line',
    examples: ['sensorproxy journal export > journal.ndjson'],
    exit: '0 it is as it was written; 1 it is not, or cannot be read',
  },
} as const satisfies Readonly<Record<string, CommandDefinition>>;

export type CommandName = keyof typeof COMMANDS;

type NameOfKind<Kind> = {
  [Name in CommandName]: (typeof COMMANDS)[Name]['kind'] extends Kind ? Name : never;
}[CommandName];

/** Commands that ask a service. */
export type ClientCommandName = NameOfKind<'client'>;
/** Commands that work on this machine. */
export type HereCommandName = NameOfKind<'here'>;

/** A command's definition, with the options that all of its kind take. */
export function definitionOf(name: CommandName): CommandDefinition {
  return COMMANDS[name];
}

/** All options that a command takes, its own first. */
export function optionsOf({ kind, options }: CommandDefinition): readonly OptionName[] {
  return ['help', ...options, ...(kind === 'client' ? CLIENT_OPTIONS : [])];
}
