import type { EndpointCheck } from '../../../src/endpoints/report';
import { createSharedRuns, type HealthRequest } from '../../../src/endpoints/runs/sharedRuns';
import { checkOf, failedCheck } from './checks';
import { controlledCheck, runAt } from './controlledRun';

const LATER = () => new Promise((resolve) => setImmediate(resolve));

/** The shared check over one that the test controls, and over a clock that it turns. */
function shared({ room }: { readonly room?: number } = {}) {
  const { start, runs } = controlledCheck();
  const recorded: EndpointCheck[] = [];
  let now = 0;
  const clock = { now: () => new Date(now).toISOString(), monotonicMs: () => now };
  const check = createSharedRuns({ start, clock, record: (one) => recorded.push(one), room });
  /** One caller: what it is told, and how to have it go away. */
  const call = (request: HealthRequest = {}) => {
    const told: (EndpointCheck | 'begun')[] = [];
    const caller = new AbortController();
    const report = check(request, caller.signal, {
      onCheck: (one) => told.push(one),
      onBegun: () => told.push('begun'),
    });
    report.catch(() => undefined);
    return {
      told,
      report,
      leave: () => {
        caller.abort(new Error('gone'));
      },
    };
  };
  return {
    runs,
    run: (index: number) => runAt(runs, index),
    recorded,
    call,
    pass: (ms: number) => (now += ms),
  };
}

const first = checkOf({ context: 'LocalSystem' });
const second = failedCheck({ context: 'LocalService' });

describe('equal requests', () => {
  it('share one run, whose checks are recorded once', async () => {
    const { runs, run, recorded, call } = shared();
    const one = call({ contexts: ['A', 'B'], regions: ['Europe'], timeoutMs: 500, slowMs: 900 });
    const two = call({ contexts: ['B', 'A', 'B'], regions: ['Europe'], timeoutMs: 500, slowMs: 900 });
    await LATER();
    expect(runs).toHaveLength(1);
    run(0).tell(first);
    run(0).tell(second);
    run(0).finish();
    expect((await one.report).checks).toEqual([first, second]);
    expect((await two.report).status).toBe('unhealthy');
    expect(recorded).toEqual([first, second]);
  });

  it.each<[string, HealthRequest]>([
    ['contexts', { contexts: ['A', 'B'], timeoutMs: 500 }],
    ['regions', { contexts: ['A'], regions: ['Europe'], timeoutMs: 500 }],
    ['time limits', { contexts: ['A'], timeoutMs: 501 }],
    ['bounds of what is slow', { contexts: ['A'], timeoutMs: 500, slowMs: 1 }],
  ])('are not those with other %s', async (_name, other) => {
    const { runs, call } = shared();
    call({ contexts: ['A'], timeoutMs: 500 });
    call(other);
    await LATER();
    expect(runs).toHaveLength(2);
  });

  it('each get the checks in the order of the contexts that they named', async () => {
    const { run, call } = shared();
    // A is found under another name.
    const one = call({ contexts: ['A', 'B'] });
    const two = call({ contexts: ['B', 'A'] });
    await LATER();
    const checks = ['S-1', 'B'].flatMap((context) => [
      checkOf({ context, durationMs: 1 }),
      checkOf({ context, durationMs: 2 }),
    ]);
    run(0).finish(checks);
    const order = async ({ report }: typeof one) =>
      (await report).checks.map(({ context, durationMs }) => `${context} ${durationMs}`);
    expect(await order(one)).toEqual(['S-1 1', 'S-1 2', 'B 1', 'B 2']);
    expect(await order(two)).toEqual(['B 1', 'B 2', 'S-1 1', 'S-1 2']);
  });

  it('get the order of the run where two names turned out to be one account', async () => {
    const { run, call } = shared();
    call({ contexts: ['CurrentUser', 'S-1', 'B'] });
    const two = call({ contexts: ['B', 'S-1', 'CurrentUser'] });
    await LATER();
    run(0).finish([checkOf({ context: 'S-1' }), checkOf({ context: 'B' })]);
    expect((await two.report).checks.map(({ context }) => context)).toEqual(['S-1', 'B']);
  });

  it('tell one that joins late what is done already, first and in order', async () => {
    const { run, call } = shared();
    const one = call();
    await LATER();
    run(0).begin();
    run(0).tell(first);
    const late = call();
    await LATER();
    expect(late.told).toEqual(['begun', first]);
    run(0).tell(second);
    run(0).finish();
    await late.report;
    expect(late.told).toEqual(['begun', first, second]);
    expect(one.told).toEqual(late.told);
  });

  it('have begun with the first check, or with the report, when the run does not say so', async () => {
    const { run, call } = shared();
    const one = call();
    const empty = call({ contexts: ['A'] });
    await LATER();
    expect(one.told).toEqual([]);
    run(0).tell(first);
    expect(one.told).toEqual(['begun', first]);
    run(1).finish([]);
    await empty.report;
    expect(empty.told).toEqual(['begun']);
  });
});

describe('a caller that goes away', () => {
  it('does not end what another waits for', async () => {
    const { run, call } = shared();
    const [one, two] = [call(), call()];
    await LATER();
    one.leave();
    await expect(one.report).rejects.toThrow('gone');
    expect(run(0).signal.aborted).toBe(false);
    run(0).tell(first);
    run(0).finish();
    expect((await two.report).checks).toEqual([first]);
    expect(one.told).toEqual([]);
  });

  it('ends the probes when it was the last', async () => {
    const { run, call } = shared();
    const [one, two] = [call(), call()];
    await LATER();
    one.leave();
    two.leave();
    await expect(two.report).rejects.toThrow('gone');
    expect(run(0).signal.aborted).toBe(true);
  });

  it('leaves a new run to one that comes while the old one is being cancelled', async () => {
    const { runs, run, recorded, call } = shared();
    const one = call();
    await LATER();
    one.leave();
    const two = call();
    await LATER();
    expect(runs).toHaveLength(2);
    // The old one still brings something, which is nobody's.
    run(0).tell(second);
    run(1).tell(first);
    run(1).finish();
    expect((await two.report).checks).toEqual([first]);
    expect(two.told).toEqual(['begun', first]);
    expect(recorded).toEqual([first]);
  });

  it('leaves no result behind, even if the run ends well in spite of it', async () => {
    const { runs, run, call } = shared();
    const one = call();
    await LATER();
    run(0).finish([first]);
    one.leave();
    await LATER();
    call({ maxAgeMs: 1000 });
    await LATER();
    expect(runs).toHaveLength(2);
  });

  it('begins nothing when it was gone before', async () => {
    const { start, runs } = controlledCheck();
    const clock = { now: () => '', monotonicMs: () => 0 };
    const check = createSharedRuns({ start, clock, record: () => undefined });
    await expect(check({}, AbortSignal.abort(new Error('gone')))).rejects.toThrow('gone');
    expect(runs).toHaveLength(0);
  });
});

describe('the settings of the accounts', () => {
  it('are part of the question: after they have changed, nothing older is given', async () => {
    const { start, runs } = controlledCheck();
    let proxy = 'a:1';
    const clock = { now: () => '', monotonicMs: () => 0 };
    const settingsOf = (contexts: readonly string[]) => Promise.resolve([contexts, proxy]);
    const check = createSharedRuns({ start, clock, record: () => undefined, settingsOf });
    const signal = new AbortController().signal;
    const before = check({}, signal);
    await LATER();
    runAt(runs, 0).finish([]);
    await before;
    await check({ maxAgeMs: 1000 }, signal);
    expect(runs).toHaveLength(1);
    proxy = 'b:2';
    void check({ maxAgeMs: 1000 }, signal);
    await LATER();
    expect(runs).toHaveLength(2);
  });
});

describe('a run that fails', () => {
  it('fails for all that wait, and is begun anew for the next', async () => {
    const { runs, run, call } = shared();
    const [one, two] = [call({ maxAgeMs: 1000 }), call({ maxAgeMs: 1000 })];
    await LATER();
    run(0).fail(new Error('no such context'));
    await expect(one.report).rejects.toThrow('no such context');
    await expect(two.report).rejects.toThrow('no such context');
    call({ maxAgeMs: 1000 });
    await LATER();
    expect(runs).toHaveLength(2);
  });
});

describe('maxAgeMs', () => {
  /** A result that began at 0 and was ready at 400. */
  async function withResult() {
    const all = shared();
    const one = all.call();
    await LATER();
    all.pass(400);
    all.run(0).tell(first);
    all.run(0).finish();
    await one.report;
    return all;
  }

  it('gives a result again, also to one that watches, that is not older; its age counts from when the run began', async () => {
    const { runs, recorded, call, pass } = await withResult();
    pass(600);
    const again = call({ maxAgeMs: 1000 });
    expect((await again.report).checks).toEqual([first]);
    expect(again.told).toEqual(['begun', first]);
    expect(runs).toHaveLength(1);
    expect(recorded).toEqual([first]);
    pass(1);
    call({ maxAgeMs: 1000 });
    await LATER();
    expect(runs).toHaveLength(2);
  });

  it.each([undefined, 0])('of %p probes anew', async (maxAgeMs) => {
    const { runs, call } = await withResult();
    call({ maxAgeMs });
    await LATER();
    expect(runs).toHaveLength(2);
  });

  it('joins a run under way when no result is young enough', async () => {
    const { runs, call, pass } = await withResult();
    pass(5000);
    call();
    await LATER();
    call({ maxAgeMs: 1000 });
    await LATER();
    expect(runs).toHaveLength(2);
  });

  it('keeps a bounded number of results, and drops the oldest', async () => {
    const { runs, run, call } = shared({ room: 2 });
    for (const context of ['A', 'B', 'C']) {
      const { report } = call({ contexts: [context] });
      await LATER();
      run(runs.length - 1).finish([]);
      await report;
    }
    await call({ contexts: ['B'], maxAgeMs: 1000 }).report;
    await call({ contexts: ['C'], maxAgeMs: 1000 }).report;
    expect(runs).toHaveLength(3);
    call({ contexts: ['A'], maxAgeMs: 1000 });
    await LATER();
    expect(runs).toHaveLength(4);
  });
});
