import { readdir } from 'node:fs/promises';
import { askUrl, networkOf, startAsking, TARGET } from './asking';

/** What a script is asked, what it can see, and what comes of it. */

let asking: Awaited<ReturnType<typeof startAsking>>;
beforeAll(async () => {
  asking = await startAsking();
});
afterAll(() => asking.server.close());

const answerOf = async (...args: Parameters<typeof asking.askText>) => {
  const [outcome] = await asking.askText(...args);
  return outcome?.kind === 'answer' ? outcome.answer : outcome;
};

describe('a script', () => {
  it('is asked about each target, in one virtual machine that keeps its state', async () => {
    const script = `var count = 0; function FindProxyForURL(url, host) { count += 1; return count + ' ' + url + ' ' + host; }`;
    const outcomes = await asking.askText(script, {}, [
      TARGET,
      { scheme: 'https', host: 'a.contoso.com', port: 8443 },
      { scheme: 'http', host: 'fd00::1', port: 80 },
    ]);
    expect(outcomes.map((outcome) => outcome.kind === 'answer' && outcome.answer)).toEqual([
      `1 https://${TARGET.host}/ ${TARGET.host}`,
      '2 https://a.contoso.com:8443/ a.contoso.com',
      '3 http://[fd00::1]/ fd00::1',
    ]);
  });

  it('says where it came from, without the query', async () => {
    asking.server.serve('/some/proxy.pac?key=secret', 'function FindProxyForURL() { return "DIRECT"; }');
    expect(await askUrl(asking.server.url('/some/proxy.pac?key=secret'))).toEqual({
      kind: 'answer',
      answer: 'DIRECT',
      from: `http://127.0.0.1:${asking.server.port}/some/proxy.pac`,
    });
  });

  it('is asked by its function for IPv6 when it has both', async () => {
    const both = `function FindProxyForURL() { return 'old'; } function FindProxyForURLEx() { return 'new'; }`;
    expect(await answerOf(both)).toBe('new');
  });

  it.each(['undefined', 'null', '42', '{}', 'new String("DIRECT")', 'Promise.resolve("DIRECT")', ''])(
    'that gives back no text but %j answers nothing',
    async (value) => {
      expect(await answerOf(`function FindProxyForURL() { return ${value}; }`)).toBe('');
    },
  );

  it('that answers without end is cut where it is known to be too long', async () => {
    const answer = await answerOf(`function FindProxyForURL() { return 'DIRECT;'.repeat(1e6); }`);
    expect(answer).toHaveLength(16 * 1024 + 1);
  });

  it.each<[string, string]>([
    ['<!DOCTYPE html>\n<html>', 'it does not parse as JavaScript (line 1)'],
    ['// text\n\nfunction FindProxyForURL( {', 'it does not parse as JavaScript (line 3)'],
    ['', 'it defines no FindProxyForURL'],
    ['maintenance', 'it defines no FindProxyForURL'],
    ['var FindProxyForURL = "DIRECT";', 'it defines no FindProxyForURL'],
  ])('is none when it is %j', async (text, seen) => {
    const [outcome] = await asking.askText(text);
    expect(outcome).toEqual({ kind: 'unavailable', reason: 'pac-not-a-script', seen });
  });

  it.each<[string, string]>([
    ['throw new TypeError("<b>secret</b>")', 'it threw TypeError'],
    ['throw "text"', 'it threw something'],
    ['throw null', 'it threw something'],
    ['throw { get name() { throw this; } }', 'it threw something'],
    ['throw { name: "<script>" }', 'it threw something'],
    ['nowhere()', 'it threw ReferenceError'],
  ])('that does %s has thrown', async (body, seen) => {
    const [outcome] = await asking.askText(`function FindProxyForURL() { ${body} }`);
    expect(outcome).toEqual({ kind: 'failed', reason: 'pac-threw', seen });
  });

  it('that throws for one target is asked for the next', async () => {
    const script = `var n = 0; function FindProxyForURL() { if (n++ === 0) throw 1; return 'DIRECT'; }`;
    const outcomes = await asking.askText(script, {}, [TARGET, TARGET]);
    expect(outcomes.map(({ kind }) => kind)).toEqual(['failed', 'answer']);
  });

  it('that throws before it is asked has thrown', async () => {
    const [outcome] = await asking.askText(`function FindProxyForURL() {} throw new RangeError();`);
    expect(outcome).toEqual({ kind: 'failed', reason: 'pac-threw', seen: 'it threw RangeError' });
  });

  it('that is ended for one target keeps what it said before, and is not asked again', async () => {
    const script = `var n = 0; function FindProxyForURL() { n += 1; if (n === 2) for (;;); return 'DIRECT'; }`;
    const limits = { scriptMs: 2000 };
    const outcomes = await asking.askText(script, { limits }, [TARGET, TARGET, TARGET]);
    expect(outcomes.map(({ kind }) => kind)).toEqual(['answer', 'failed', 'failed']);
  });
});

describe('the sandbox', () => {
  it('holds the language and the functions, and nothing else', async () => {
    const names = `['process','require','module','global','console','setTimeout','fetch','XMLHttpRequest','ActiveXObject','WScript','WebAssembly','navigator','performance','atob','Atomics_','install','ask','resolve'].filter(function (n) { return n in globalThis; })`;
    expect(await asking.values([names])).toEqual([[]]);
  });

  it.each([
    "dnsResolve.constructor.constructor('return process')()",
    "(function () {}).constructor('return this.process.env')()",
    "Object.getPrototypeOf(isInNet).constructor('return require')()('fs')",
    "isPlainHostName.caller.constructor('return process')()",
    'arguments.callee.caller.caller.constructor("return process")()',
    'new Proxy(dnsResolve, {}).constructor("return process.env")()',
    'Reflect.construct(Object.getPrototypeOf(async function () {}).constructor, ["x"]).process.env',
  ])('cannot be left: %s', async (expression) => {
    expect(await asking.values([expression])).toEqual([expect.stringMatching(/^threw \w+Error$/)]);
  });

  it('imports nothing', async () => {
    const script = `var got = 'none'; import('fs').then(function () { got = 'fs'; }, function () {}); function FindProxyForURL() { return got; }`;
    expect(await answerOf(script)).toBe('none');
  });

  it('waits for look-ups beyond the script’s own time, and no longer than the whole may take', async () => {
    const { network } = networkOf({});
    const slow = {
      ...network,
      lookup: () => new Promise<string[]>((resolve) => setTimeout(resolve, 4000, ['10.0.0.1']).unref()),
    };
    const script = `function FindProxyForURL(url, host) { return dnsResolve(host) + ''; }`;
    const limits = { scriptMs: 3000, graceMs: 500, lookupMs: 8000 };
    expect(await answerOf(script, { network: slow, limits })).toBe('10.0.0.1');
    expect(await answerOf(script, { network: slow, limits: { lookupMs: 50 } })).toBe('null');
    expect(await answerOf(script, { network: slow, limits: { askMs: 300 } })).toMatchObject({
      reason: 'pac-limit',
    });
  });

  it('ends its thread, also when the one who asks goes away', async () => {
    asking.server.serve('/endless.pac', 'function FindProxyForURL() { for (;;); }');
    const stop = new AbortController();
    const limits = { scriptMs: 60_000, askMs: 60_000 };
    const before = await threads();
    const asked = askUrl(asking.server.url('/endless.pac'), { limits }, stop.signal);
    setTimeout(() => {
      stop.abort(new Error('gone'));
    }, 700);
    await expect(asked).rejects.toThrow('gone');
    expect(await threads()).toBeLessThanOrEqual(before);
  });

  it('lets two scripts run at a time, and the others wait', async () => {
    const script = `function FindProxyForURL() { return 'DIRECT'; }`;
    const all = await Promise.all([1, 2, 3, 4].map(() => answerOf(script, { limits: { workers: 1 } })));
    expect(all).toEqual(['DIRECT', 'DIRECT', 'DIRECT', 'DIRECT']);
  });
});

async function threads(): Promise<number> {
  return (await readdir('/proc/self/task').catch(() => [])).length;
}
