import fc from 'fast-check';
import { Mutex, WaitedTooLong } from '../../../src/lib/mutex';

const LATER = () => new Promise((resolve) => setImmediate(resolve));

/** A task that ends when it is told to. */
function held(name: string, seen: string[]) {
  let end = (): void => undefined;
  const ended = new Promise<void>((resolve) => (end = resolve));
  const task = async (): Promise<string> => {
    seen.push(`${name} in`);
    await ended;
    seen.push(`${name} out`);
    return name;
  };
  return { task, end };
}

describe('a task that waits for its turn', () => {
  it('gives up after its time, never runs, and is in nobody’s way', async () => {
    const mutex = new Mutex();
    const seen: string[] = [];
    const [a, b, c] = ['a', 'b', 'c'].map((name) => held(name, seen)) as [
      ReturnType<typeof held>,
      ReturnType<typeof held>,
      ReturnType<typeof held>,
    ];
    const first = mutex.run(a.task);
    const late = mutex.run(b.task, { waitMs: 20 });
    const third = mutex.run(c.task, { waitMs: 10_000 });
    b.end();
    c.end();
    await expect(late).rejects.toBeInstanceOf(WaitedTooLong);
    a.end();
    expect(await Promise.all([first, third])).toEqual(['a', 'c']);
    expect(seen).toEqual(['a in', 'a out', 'c in', 'c out']);
    expect(mutex.isIdle()).toBe(true);
  });

  it('gives up when it is aborted, with the reason', async () => {
    const mutex = new Mutex();
    const seen: string[] = [];
    const a = held('a', seen);
    const caller = new AbortController();
    const first = mutex.run(a.task);
    const second = mutex.run(held('b', seen).task, { signal: caller.signal, waitMs: 10_000 });
    caller.abort(new Error('gone'));
    await expect(second).rejects.toThrow('gone');
    await expect(mutex.run(held('c', seen).task, { signal: caller.signal })).rejects.toThrow('gone');
    a.end();
    await first;
    await LATER();
    expect(seen).toEqual(['a in', 'a out']);
  });

  it('is not ended once it has begun', async () => {
    const mutex = new Mutex();
    const seen: string[] = [];
    const a = held('a', seen);
    const caller = new AbortController();
    const first = mutex.run(a.task, { signal: caller.signal, waitMs: 5 });
    caller.abort();
    await new Promise((resolve) => setTimeout(resolve, 20));
    a.end();
    expect(await first).toBe('a');
  });

  it('goes on when the one before it throws, even at once', async () => {
    const mutex = new Mutex();
    const broken = mutex.run(() => {
      throw new Error('at once');
    });
    await expect(broken).rejects.toThrow('at once');
    expect(await mutex.run(() => Promise.resolve(1))).toBe(1);
  });
});

it('begins a task after its caller has gone on, even when nothing is under way', async () => {
  const order: string[] = [];
  const done = new Mutex().run(() => {
    order.push('task');
    return Promise.resolve();
  });
  order.push('caller');
  await done;
  expect(order).toEqual(['caller', 'task']);
});

it('never runs two at a time, and runs in order whoever does not give up', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.record({ givesUp: fc.boolean(), fails: fc.boolean(), steps: fc.nat(3) }), {
        maxLength: 20,
      }),
      async (plans) => {
        const mutex = new Mutex();
        let running = 0;
        const ran: number[] = [];
        const first = held('first', []);
        const holding = mutex.run(first.task);
        const all = plans.map(({ givesUp, fails, steps }, index) => {
          const caller = new AbortController();
          const result = mutex.run(
            async () => {
              running += 1;
              expect(running).toBe(1);
              ran.push(index);
              for (let step = 0; step < steps; step += 1) await LATER();
              running -= 1;
              if (fails) throw new Error('it fails');
            },
            { signal: caller.signal },
          );
          if (givesUp) caller.abort(new Error('gone'));
          return result;
        });
        first.end();
        await holding;
        const ended = await Promise.allSettled(all);
        expect(ran).toEqual(plans.flatMap(({ givesUp }, index) => (givesUp ? [] : [index])));
        expect(ended.map(({ status }) => status)).toEqual(
          plans.map(({ givesUp, fails }) => (givesUp || fails ? 'rejected' : 'fulfilled')),
        );
        expect(mutex.isIdle()).toBe(true);
      },
    ),
    { numRuns: 60 },
  );
});
