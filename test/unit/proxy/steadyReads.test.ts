import type { Snapshot } from '../../../src/proxy/snapshot';
import { SteadyReads } from '../../../src/proxy/steadyReads';

/** Told apart by identity. */
const snapshot = (): Snapshot => ({
  accounts: [],
  policy: undefined,
  winHttp: undefined,
  machineValue: undefined,
});

const before = snapshot();
const torn = snapshot();
const after = snapshot();

it('reads afresh while nothing is changed', async () => {
  expect(await new SteadyReads().read(() => Promise.resolve(after))).toBe(after);
});

it('gives what was there before, at once, while a change is under way; and what is there after it', async () => {
  const steady = new SteadyReads();
  const readNow = jest.fn(() => Promise.resolve(after));
  await steady.during(before, async () => {
    expect(await steady.read(readNow)).toBe(before);
    expect(readNow).not.toHaveBeenCalled();
  });
  expect(await steady.read(readNow)).toBe(after);
});

it('throws away what was read while a change began', async () => {
  const steady = new SteadyReads();
  let end: () => void = () => undefined;
  const ended = new Promise<void>((resolve) => (end = resolve));
  let change: Promise<void> | undefined;
  const read = steady.read(() => {
    change = steady.during(before, () => ended);
    return Promise.resolve(torn);
  });
  expect(await read).toBe(before);
  end();
  await change;
});

it('reads again when a whole change went by, and gives up reading when that goes on', async () => {
  const steady = new SteadyReads();
  const results = [torn, after];
  const once = async () => {
    const result = results.shift() ?? after;
    if (result === torn) await steady.during(before, () => Promise.resolve());
    return result;
  };
  expect(await steady.read(once)).toBe(after);
  const always = async () => {
    await steady.during(before, () => Promise.resolve());
    return torn;
  };
  expect(await steady.read(always)).toBe(before);
});

it('reads afresh after a change that failed, whose error it passes on', async () => {
  const steady = new SteadyReads();
  await expect(steady.during(before, () => Promise.reject(new Error('denied')))).rejects.toThrow('denied');
  expect(await steady.read(() => Promise.resolve(after))).toBe(after);
});
