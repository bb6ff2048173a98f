import type { RouteTarget, ScriptOutcome } from '../../wininet/route';

/** Where a proxy script comes from: what WPAD finds, or the PAC file's URL as the account's settings hold it. */
export type ScriptSource = { readonly kind: 'autoDetect' } | { readonly kind: 'url'; readonly url: string };

/** For whom, and for how long. */
export interface AskLimits {
  /** For all of it, in milliseconds: finding, fetching and asking. */
  readonly timeoutMs: number;
  readonly signal: AbortSignal;
}

/** Proxy scripts: found, fetched and asked. */
export interface ProxyScripts {
  /**
   * What the script says for each target, in their order. That it cannot be had, fails, or takes too long is an outcome and
   * not an error; rejects only with the signal's reason once that is aborted.
   */
  ask(
    source: ScriptSource,
    targets: readonly RouteTarget[],
    limits: AskLimits,
  ): Promise<readonly ScriptOutcome[]>;
}
