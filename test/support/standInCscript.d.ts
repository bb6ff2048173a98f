import type { StdRegProv } from './standInStdRegProv';

export interface ScriptRun {
  readonly script: string;
  readonly args: readonly string[];
  readonly input: string;
  readonly misbehave?: string;
}

export function runScript(
  provider: StdRegProv,
  run: ScriptRun,
): { readonly code: number; readonly stdout: string; readonly stderr: string };
