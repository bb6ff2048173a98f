import type { AskLimits, ProxyScripts, ScriptSource } from '../../../src/endpoints/pac/proxyScripts';
import { createRoutes } from '../../../src/endpoints/routes';
import type { ScriptOutcome } from '../../../src/wininet/route';
import { context, endpointAt } from './checking';

const PAC = 'http://pac.contoso.com/proxy.pac';
const ANSWER: ScriptOutcome = { kind: 'answer', answer: 'PROXY p:8080', from: PAC };
const NOT_FOUND: ScriptOutcome = { kind: 'notFound', seen: 'no WPAD server was found' };
const UNREACHABLE: ScriptOutcome = { kind: 'unavailable', reason: 'pac-unreachable', seen: 'it is silent' };

/** Scripts that take their time, on a clock that the test turns, and say what they were allowed. */
function timed(takes: Partial<Record<ScriptSource['kind'], number>>, says: Record<string, ScriptOutcome>) {
  let now = 0;
  const asked: string[] = [];
  const scripts: ProxyScripts = {
    ask: (source, targets, { timeoutMs }: AskLimits) => {
      asked.push(`${source.kind} ${timeoutMs}`);
      now += Math.min(timeoutMs, takes[source.kind] ?? 0);
      return Promise.resolve(targets.map(() => says[source.kind] ?? NOT_FOUND));
    },
  };
  const clock = { now: () => '', monotonicMs: () => now };
  const limits = { timeoutMs: 5000, signal: new AbortController().signal };
  return {
    asked,
    route: async (settings: Parameters<typeof context>[1]) =>
      (await createRoutes(scripts, clock)(context('A', settings), [endpointAt(443)], limits))[0],
  };
}

describe('the time of the proxy scripts', () => {
  it('is half for auto-detect when a PAC file comes after it, which then has what is left', async () => {
    const { asked, route } = timed({ autoDetect: 9999 }, { autoDetect: UNREACHABLE, url: ANSWER });
    const settings = { autoDetect: true, autoConfigUrl: PAC, proxyServer: 'static:1' };
    expect(await route(settings)).toMatchObject({ via: 'pac', hops: [{ host: 'p', port: 8080 }] });
    expect(asked).toEqual(['autoDetect 2500', 'url 2500']);
  });

  it('is all for the only one', async () => {
    for (const settings of [{ autoDetect: true }, { autoConfigUrl: PAC }]) {
      const { asked, route } = timed({}, {});
      await route(settings);
      expect(asked[0]).toMatch(/ 5000$/);
    }
  });

  it('is not taken for a PAC file that auto-detect makes needless', async () => {
    const { asked, route } = timed({}, { autoDetect: ANSWER });
    expect(await route({ autoDetect: true, autoConfigUrl: PAC })).toMatchObject({ via: 'autoDetect' });
    expect(asked).toEqual(['autoDetect 2500']);
  });

  it('is never taken when the settings name no script', async () => {
    const { asked, route } = timed({}, {});
    await route({ proxyServer: 'static:1' });
    expect(asked).toEqual([]);
  });
});
