/** Proxy scripts: found by WPAD or by their address, fetched, and asked in a sandbox. Wiring, and the words for outcomes. */
import type { Clock } from '../../lib/clock';
import type { RouteTarget, ScriptOutcome } from '../../wininet/route';
import type { Network } from '../probe/network';
import type { TrustStore } from '../probe/trust';
import { type PacLimits, PAC_LIMITS } from './limits';
import { interfaceAddresses, lookUp } from './lookups';
import type { AskLimits, ProxyScripts, ScriptSource } from './proxyScripts';
import { createSandbox } from './sandbox';
import type { ScriptCall, ScriptResult } from './sandboxProtocol';
import { createScriptFiles } from './scriptFiles';
import { ScriptUnavailableError } from './scriptUnavailable';
import { scriptUrl, shownUrl } from './scriptUrl';
import { untilAborted } from '../../lib/waiting';
import { findWpad } from './wpad';

/** What proxy scripts stand on. */
export interface ProxyScriptsParts {
  readonly network: Network;
  readonly trust: TrustStore;
  readonly clock: Clock;
  /** Where WPAD begins, best first. */
  readonly searchDomains: () => Promise<readonly string[]>;
  /** Other bounds than the service's. */
  readonly limits?: Partial<PacLimits>;
  /** This machine's addresses, the best first; those of its interfaces unless stated. */
  readonly ownAddresses?: () => readonly string[];
  /** Minutes west of UTC, for scripts that look at the time; the machine's zone unless stated. */
  readonly utcOffset?: number;
}

/** Makes what finds, fetches and asks proxy scripts. */
export function createProxyScripts(parts: ProxyScriptsParts): ProxyScripts {
  const { network, clock, searchDomains } = parts;
  const limits = { ...PAC_LIMITS, ...parts.limits };
  const files = createScriptFiles({ ...parts, limits });
  const sandbox = createSandbox({
    limits,
    clock,
    addressesOf: async (question) => (await lookUp(network, question, limits.lookupMs)).addresses,
    ownAddresses: parts.ownAddresses ?? interfaceAddresses,
    utcOffset: parts.utcOffset ?? null,
  });
  const find = async (source: ScriptSource, signal: AbortSignal): Promise<Script | ScriptOutcome> => {
    try {
      const found =
        source.kind === 'url'
          ? { kind: 'found' as const, url: scriptUrl(source.url) }
          : await untilAborted(findWpad(network, searchDomains, limits), signal);
      if (found.kind === 'notFound') return found;
      return { kind: 'script', text: await files(found.url, signal), from: shownUrl(found.url) };
    } catch (error) {
      if (error instanceof ScriptUnavailableError && !signal.aborted) {
        return { kind: 'unavailable', reason: error.reason, seen: error.seen };
      }
      throw error;
    }
  };
  const findInTime = async (
    source: ScriptSource,
    { timeoutMs, signal }: AskLimits,
  ): Promise<Script | ScriptOutcome> => {
    const late = AbortSignal.timeout(timeoutMs);
    try {
      return await find(source, AbortSignal.any([signal, late]));
    } catch (error) {
      if (signal.aborted || !late.aborted) throw error;
      const seen = `it did not come within the ${timeoutMs} ms that the check leaves for it`;
      return { kind: 'unavailable', reason: 'pac-unreachable', seen };
    }
  };
  return {
    ask: async (source, targets, { timeoutMs, signal }) => {
      signal.throwIfAborted();
      const deadlineMs = clock.monotonicMs() + timeoutMs;
      const found = await findInTime(source, { timeoutMs, signal });
      if (found.kind !== 'script') return targets.map(() => found);
      const results = await sandbox(found.text, targets.map(callFor), { deadlineMs, signal });
      return results.map((result) => outcomeOf(result, found.from, limits));
    },
  };
}

interface Script {
  readonly kind: 'script';
  readonly text: string;
  readonly from: string;
}

/** The script sees of an https address no more than its host and port, as in WinINET. */
function callFor({ scheme, host, port }: RouteTarget): ScriptCall {
  const authority = host.includes(':') ? `[${host}]` : host;
  const shownPort = port === (scheme === 'https' ? 443 : 80) ? '' : `:${port}`;
  return { url: `${scheme}://${authority}${shownPort}/`, host, port };
}

function outcomeOf(result: ScriptResult, from: string, { scriptMs, memoryBytes }: PacLimits): ScriptOutcome {
  switch (result.kind) {
    case 'answer':
      return { kind: 'answer', answer: result.answer, from };
    case 'threw':
      return { kind: 'failed', reason: 'pac-threw', seen: `it threw ${result.name ?? 'something'}` };
    case 'notAScript':
      return notAScript(
        `it does not parse as JavaScript${result.line === null ? '' : ` (line ${result.line})`}`,
      );
    case 'noFunction':
      return notAScript('it defines no FindProxyForURL');
    case 'limit':
      return {
        kind: 'failed',
        reason: 'pac-limit',
        seen: {
          time: `it took more time than it gets (${scriptMs} ms)`,
          memory: `it took more memory than it gets (${memoryBytes / 1024 / 1024} MiB)`,
          check: 'the time of the check was up before it had answered',
          stopped: 'the sandbox broke off',
        }[result.limit],
      };
  }
}

function notAScript(seen: string): ScriptOutcome {
  return { kind: 'unavailable', reason: 'pac-not-a-script', seen };
}
