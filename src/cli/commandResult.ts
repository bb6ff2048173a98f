/** How a command ended: what it has to say, and the process's exit code. */
export interface CommandResult {
  readonly exitCode: number;
  readonly lines: readonly string[];
}

/** What was typed cannot be meant so; the message is for a person. */
export class CommandRefusal extends Error {
  override readonly name = 'CommandRefusal';
}
