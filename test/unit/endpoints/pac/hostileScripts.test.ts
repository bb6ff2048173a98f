import { startAsking } from './asking';

/** Scripts that want more than they get. The real sandbox, in its real thread. */

let asking: Awaited<ReturnType<typeof startAsking>>;
beforeAll(async () => {
  asking = await startAsking();
});
afterAll(() => asking.server.close());

const QUICK = { limits: { scriptMs: 150, graceMs: 150 } };
const find = (body: string) => `function FindProxyForURL(url, host) { ${body} }`;
const limit = (seen: RegExp) => ({ kind: 'failed', reason: 'pac-limit', seen: expect.stringMatching(seen) });

describe('a script that goes on', () => {
  it.each<[string, string]>([
    ['loops', find('for (;;);')],
    ['loops before it is asked', `for (;;); ${find('')}`],
    ['catches what ends it', find('for (;;) { try { for (;;); } catch (e) {} finally { for (;;); } }')],
    ['backtracks in a regular expression', find("return /^(a+)+$/.test('a'.repeat(60) + 'b') ? 'x' : 'y';")],
    [
      'stays in a native function',
      find("var a = 'a'.repeat(4e6); return a.indexOf(a.slice(2e6) + 'b') < 0 ? 'x' : 'y';"),
    ],
    ['multiplies without end', find('var n = 3n ** 100000n; for (;;) n * n;')],
    ['asks for one name again and again', find("for (;;) dnsResolve('nowhere.example');")],
    ['asks for name after name', find("for (var i = 0;; i += 1) dnsResolve('nowhere' + i + '.example');")],
    [
      'has a function that never ends as a name',
      `Object.defineProperty(globalThis, 'FindProxyForURL', { get: function () { for (;;); } });`,
    ],
  ])('is ended: %s', async (_what, script) => {
    const started = performance.now();
    const [outcome] = await asking.askText(script, QUICK);
    expect(outcome).toEqual(limit(/^it took more (time|memory) than it gets/));
    expect(performance.now() - started).toBeLessThan(15_000);
  });
});

describe('a script that wants memory', () => {
  it.each<[string, string]>([
    ['in arrays', find('var all = []; for (;;) all.push(new Array(1000).fill(url));')],
    ['in one buffer', find('return String(new Uint8Array(1e9).length);')],
    ['before it is asked', `var all = []; for (;;) all.push(new Array(1000).fill(1)); ${find('')}`],
  ])('does not get it: %s', async (_what, script) => {
    const [outcome] = await asking.askText(script, { limits: { scriptMs: 9000 } });
    expect(outcome).toEqual(limit(/^it took more memory than it gets \(32 MiB\)$/));
  });

  it('gets an error when it goes too deep, and nothing else breaks', async () => {
    const [outcome] = await asking.askText(find('return FindProxyForURL(url, host) + 1;'));
    expect(outcome).toEqual({
      kind: 'failed',
      reason: 'pac-threw',
      seen: expect.stringMatching(/^it threw (Range|Internal)Error$/),
    });
  });
});
