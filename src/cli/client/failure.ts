/** The exit codes of commands that ask a service. */
export const ClientExit = {
  fine: 0,
  /** Another proxy than it should be, or unhealthy. */
  wrong: 1,
  usage: 2,
  unreachable: 3,
  refused: 4,
} as const;

/** Why a command could not be carried out: an exit code, and lines for a person. */
export class ClientFailure extends Error {
  override readonly name = 'ClientFailure';

  constructor(
    readonly exitCode: 2 | 3 | 4,
    readonly lines: readonly string[],
    /** The service's problem document; undefined when it is not the service that says so. */
    readonly problem?: object,
  ) {
    super(lines.join('\n'));
  }
}

/** What was typed, or set, cannot be meant so. */
export function misuse(...lines: readonly string[]): ClientFailure {
  return new ClientFailure(ClientExit.usage, lines);
}

/** No answer of the service came. */
export function unreachable(...lines: readonly string[]): ClientFailure {
  return new ClientFailure(ClientExit.unreachable, lines);
}
