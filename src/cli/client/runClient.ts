/** Carries out a command that asks a service. */
import { ConfigError, readSettings } from '../../config';
import type { ClientCommand } from '../commandLine';
import { type ClientCommandName, definitionOf } from '../commands';
import { backups } from './backups';
import { changes } from './changes';
import { copy, restore } from './changing';
import type { ClientCommandRun } from './command';
import { contexts } from './contexts';
import { ClientExit, ClientFailure } from './failure';
import { health } from './health';
import { HttpClient } from './httpClient';
import { Screen, type Terminal } from './screen';
import { restartSensor, sensor } from './sensor';
import { targetOf } from './target';

const RUNS: Readonly<Record<ClientCommandName, ClientCommandRun>> = {
  contexts,
  copy,
  backups,
  restore,
  health,
  changes,
  sensor,
  'sensor restart': restartSensor,
};

/**
 * Carries it out and resolves with the exit code (`ClientExit`). What goes wrong is told on stderr; with `--json`, a
 * refusal's problem document is on stdout too. `environment` is the process's unless stated.
 */
export async function runClient(
  { name, settings: stated, subject, options }: ClientCommand,
  terminal: Terminal,
  environment?: Readonly<Record<string, string | undefined>>,
): Promise<number> {
  let colour = false;
  try {
    const settings = readSettings(stated, environment);
    colour = !settings.noColour;
    const client = new HttpClient(targetOf(options, settings, definitionOf(name).seconds ?? 60));
    return await RUNS[name]({ client, screen: new Screen(terminal, colour), subject, options });
  } catch (error) {
    const failure = failureOf(error);
    const screen = new Screen(terminal, colour);
    if (options.json === true && failure.problem !== undefined) screen.json(failure.problem);
    for (const line of failure.lines) screen.note(`sensorproxy: ${line}`);
    return failure.exitCode;
  }
}

function failureOf(error: unknown): ClientFailure {
  if (error instanceof ClientFailure) return error;
  if (error instanceof ConfigError) return new ClientFailure(ClientExit.usage, error.problems);
  if (!(error instanceof RangeError)) throw error;
  const line = 'The answer cannot be shown: as text it would be longer than a text can be.';
  return new ClientFailure(ClientExit.unreachable, [line]);
}
