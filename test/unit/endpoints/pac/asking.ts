/** What the tests of proxy scripts share: the product's own parts, with a network that knows only what a test lists. */
import { connect } from 'node:net';
import { createProxyScripts, type ProxyScriptsParts } from '../../../../src/endpoints/pac/createProxyScripts';
import type { Network } from '../../../../src/endpoints/probe/network';
import { createTrustStore } from '../../../../src/endpoints/probe/trust';
import { systemClock, type Clock } from '../../../../src/lib/clock';
import type { RouteTarget, ScriptOutcome } from '../../../../src/wininet/route';
import { startPacServer, type PacServer } from '../../../support/pacServer';

/** The target of a question unless stated. */
export const TARGET: RouteTarget = {
  scheme: 'https',
  host: 'contoso-corpsensorapi.atp.azure.com',
  port: 443,
};

/** A network with these names, and no other. It keeps what it was asked. */
export function networkOf(names: Readonly<Record<string, readonly string[]>>) {
  const asked: string[] = [];
  const network: Network = {
    lookup: (host, port) => {
      const name = host.replace(/\.$/, '');
      asked.push(`${name}:${port}`);
      const found = names[name];
      return found
        ? Promise.resolve(found)
        : Promise.reject(Object.assign(new Error('no'), { code: 'ENOTFOUND' }));
    },
    connect: (address, port) => connect(port, address),
  };
  return { network, asked };
}

/** A clock that shows one time until it is set. */
export function clockAt(time: string): Clock & { set(time: string): void } {
  let now = time;
  return {
    now: () => now,
    monotonicMs: () => systemClock.monotonicMs(),
    set: (later) => {
      now = later;
    },
  };
}

/** A busy machine may keep a thread waiting for a second: only a test of a bound states a short one. */
const PATIENT = { scriptMs: 9000 };

/** Proxy scripts over parts of which a test states what matters to it. */
export function scriptsWith({ limits, ...parts }: Partial<ProxyScriptsParts> = {}) {
  return createProxyScripts({
    network: networkOf({}).network,
    trust: createTrustStore(null),
    clock: systemClock,
    searchDomains: () => Promise.resolve([]),
    limits: { ...PATIENT, ...limits },
    ...parts,
  });
}

/** Asks one script for one target. */
export async function askUrl(
  url: string,
  parts: Partial<ProxyScriptsParts> = {},
  signal = new AbortController().signal,
): Promise<ScriptOutcome> {
  const [outcome] = await scriptsWith(parts).ask({ kind: 'url', url }, [TARGET], {
    timeoutMs: 20_000,
    signal,
  });
  if (outcome === undefined) throw new Error('no outcome');
  return outcome;
}

/** A server, and how to ask a script by its text for some targets. */
export async function startAsking() {
  const server: PacServer = await startPacServer();
  let count = 0;
  const askText = async (
    text: string,
    parts: Partial<ProxyScriptsParts> = {},
    targets: readonly RouteTarget[] = [TARGET],
  ): Promise<readonly ScriptOutcome[]> => {
    count += 1;
    const path = `/${count}.pac`;
    server.serve(path, text);
    return scriptsWith(parts).ask({ kind: 'url', url: server.url(path) }, targets, {
      timeoutMs: 20_000,
      signal: new AbortController().signal,
    });
  };
  return {
    server,
    askText,
    /** What a script's expressions are worth, each as JSON. The script may have lines before them. */
    values: async (
      expressions: readonly string[],
      parts: Partial<ProxyScriptsParts> = {},
      before = '',
    ): Promise<readonly unknown[]> => {
      const all = expressions.map(
        (one) => `(function () { try { return ${one}; } catch (e) { return 'threw ' + e.name; } })()`,
      );
      const script = `var toJson = JSON.stringify; ${before};\nfunction FindProxyForURL(url, host) { return toJson([${all.join(',\n')}]); }`;
      const [outcome] = await askText(script, parts);
      if (outcome?.kind !== 'answer') throw new Error(JSON.stringify(outcome));
      return JSON.parse(outcome.answer) as readonly unknown[];
    },
  };
}
