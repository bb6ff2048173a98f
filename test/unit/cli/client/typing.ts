import { parseCommandLine } from '../../../../src/cli/commandLine';
import { runClient } from '../../../../src/cli/client/runClient';

/** What a command wrote, and how it ended. */
export interface Run {
  readonly code: number;
  readonly out: string;
  readonly err: string;
}

/** The settings of a client, and what its outputs are. */
export interface Surroundings {
  readonly environment?: Readonly<Record<string, string>>;
  /** Whether stdout and stderr are terminals. */
  readonly terminal?: boolean;
}

/** Types `sensorproxy …` as a person or a script does, without a process of its own. */
export async function type(args: readonly string[], surroundings: Surroundings = {}): Promise<Run> {
  const { environment = {}, terminal = false } = surroundings;
  const command = parseCommandLine(args, '1.2.3');
  if (command.kind === 'print') return { code: command.exitCode, out: '', err: command.text };
  if (command.kind !== 'client') throw new Error(`no client: ${command.kind}`);
  let out = '';
  let err = '';
  const code = await runClient(
    command,
    {
      out: (text) => (out += text),
      err: (text) => (err += text),
      outIsTerminal: terminal,
      errIsTerminal: terminal,
    },
    environment,
  );
  return { code, out, err };
}

/** A token that no service knows. */
export const SOME_TOKEN = 'x'.repeat(43);

/** The environment in which a service at `url` is meant. */
export function at(url: string, token = SOME_TOKEN): { readonly environment: Record<string, string> } {
  return { environment: { SENSORPROXY_URL: url, SENSORPROXY_TOKEN: token } };
}

/** The first match's group, which must be there. */
export function found(pattern: RegExp, text: string): string {
  const [, group] = pattern.exec(text) ?? [];
  if (group === undefined) throw new Error(`${String(pattern)} is not in: ${text}`);
  return group;
}
