import type { RouteTarget, ScriptOutcome } from '../../wininet/route';

/** Where a proxy script comes from: what WPAD finds, or the PAC file's URL as the account's settings hold it. */
export type ScriptSource = { readonly kind: 'autoDetect' } | { readonly kind: 'url'; readonly url: string };

/** Proxy scripts: found, fetched and asked. */
export interface ProxyScripts {
  /**
   * What the script says for each target, in their order. That it cannot be had, or fails, is an outcome and not an error;
   * rejects only with the signal's reason once that is aborted.
   */
  ask(
    source: ScriptSource,
    targets: readonly RouteTarget[],
    signal: AbortSignal,
  ): Promise<readonly ScriptOutcome[]>;
}
