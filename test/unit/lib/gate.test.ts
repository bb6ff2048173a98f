import { createGate } from '../../../src/lib/gate';

const stays = new AbortController().signal;

/** A work that ends when it is told to. */
function work() {
  let end = (): void => undefined;
  let began = false;
  const run = () => {
    began = true;
    return new Promise<void>((resolve) => (end = resolve));
  };
  return {
    run,
    end: () => {
      end();
    },
    began: () => began,
  };
}

const soon = () => new Promise((resolve) => setImmediate(resolve));

describe('a gate', () => {
  it('lets in as many as it has room for, and the others in the order in which they came', async () => {
    const gate = createGate(2);
    const works = [work(), work(), work(), work()];
    const done = works.map((one) => gate.run(one.run, stays));
    await soon();
    expect(works.map((one) => one.began())).toEqual([true, true, false, false]);
    works[1]?.end();
    await done[1];
    await soon();
    expect(works.map((one) => one.began())).toEqual([true, true, true, false]);
    for (const one of works) {
      one.end();
      await soon();
    }
    await Promise.all(done);
  });

  it('gives its place on when a work fails', async () => {
    const gate = createGate(1);
    await expect(gate.run(() => Promise.reject(new Error('broken')), stays)).rejects.toThrow('broken');
    await expect(gate.run(() => Promise.resolve('next'), stays)).resolves.toBe('next');
  });

  it('lets one that waits go when its caller has gone, and does not begin it', async () => {
    const gate = createGate(1);
    const first = work();
    const running = gate.run(first.run, stays);
    const caller = new AbortController();
    const waiting = work();
    const refused = gate.run(waiting.run, caller.signal);
    caller.abort(new Error('gone'));
    await expect(refused).rejects.toThrow('gone');
    first.end();
    await running;
    await soon();
    expect(waiting.began()).toBe(false);
    await expect(gate.run(() => Promise.resolve('free'), stays)).resolves.toBe('free');
  });

  it('begins nothing for a caller that was gone before', async () => {
    const one = work();
    await expect(createGate(1).run(one.run, AbortSignal.abort(new Error('gone')))).rejects.toThrow('gone');
    expect(one.began()).toBe(false);
  });
});
