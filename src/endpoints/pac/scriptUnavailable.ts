import type { ScriptUnavailable } from '../../wininet/route';

/** Thrown where a script cannot be had, and made an outcome by `createProxyScripts.ts`. */
export class ScriptUnavailableError extends Error {
  override readonly name = 'ScriptUnavailableError';

  /** `seen` is for a person and holds nothing raw from outside. */
  constructor(
    readonly reason: ScriptUnavailable,
    readonly seen: string,
  ) {
    super(reason);
  }
}
