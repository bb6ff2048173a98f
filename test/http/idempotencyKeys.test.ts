import { mkdir, readdir, rm } from 'node:fs/promises';
import path from 'node:path';
import { answersFromJournal } from '../../src/http/idempotency/interruptedAnswer';
import { type IdempotencyKeys, openIdempotencyKeys } from '../../src/http/idempotency/keys';
import type { Change } from '../../src/proxy/model';
import { memoryLogger } from '../support/memoryLogger';
import { temporaryFolder } from '../support/temporaryFolder';

describe('the keys', () => {
  const HOUR = 60 * 60 * 1000;
  let folder: Awaited<ReturnType<typeof temporaryFolder>>;
  let nowMs = Date.UTC(2026, 10, 24);
  const clock = { now: () => new Date(nowMs).toISOString(), monotonicMs: () => nowMs };
  const interrupted = () => Promise.resolve(null);
  const open = () =>
    openIdempotencyKeys(folder.path, { interrupted, clock, logger: memoryLogger(), most: 20, mostOfOne: 15 });
  const asked = (key: string, actor = 'admin') => ({ key, fingerprint: 'f', actor, body: null });
  const answer = { status: 200, body: { done: true } };

  beforeEach(async () => {
    folder = await temporaryFolder();
  });
  afterEach(() => folder.remove());

  async function done(keys: IdempotencyKeys, key: string, actor?: string): Promise<void> {
    const begun = await keys.begin(asked(key, actor));
    if (begun.kind !== 'new') throw new Error(`it is ${begun.kind}`);
    await begun.finish(answer);
  }

  it('are kept for 24 hours, also where the clock was set back', async () => {
    const keys = await open();
    await done(keys, 'a');
    nowMs += 23 * HOUR;
    expect(await keys.begin(asked('a'))).toEqual({ kind: 'replay', answer });
    nowMs -= 1000 * HOUR;
    expect(await keys.begin(asked('a'))).toEqual({ kind: 'replay', answer });
    nowMs += 1002 * HOUR;
    expect((await keys.begin(asked('a'))).kind).toBe('new');
  });

  it('are bounded in number: the oldest go first', async () => {
    let keys = await open();
    for (let count = 0; count < 23; count += 1) {
      nowMs += 1;
      await done(keys, `k${count}`, count % 2 === 0 ? 'admin' : 'ansible');
    }
    expect(await readdir(path.join(folder.path, 'idempotency'))).toHaveLength(20);
    keys = await open();
    expect((await keys.begin(asked('k22'))).kind).toBe('replay');
    expect((await keys.begin(asked('k3', 'ansible'))).kind).toBe('replay');
    expect((await keys.begin(asked('k2'))).kind).toBe('new');
  });

  it('are each actor’s own: nobody takes or sees those of another, or makes them go', async () => {
    const keys = await open();
    await done(keys, 'a', 'alice');
    for (let count = 0; count < 40; count += 1) await done(keys, `k${count}`, 'bob');
    expect(await keys.begin(asked('a', 'alice'))).toEqual({ kind: 'replay', answer });
    expect((await keys.begin(asked('a', 'bob'))).kind).toBe('new');
    expect(await readdir(path.join(folder.path, 'idempotency'))).toHaveLength(16);
  });

  it('are given out once, also while others make room', async () => {
    const keys = await open();
    const begun = await Promise.all(
      Array.from({ length: 200 }, async (_, nth) => {
        const key = `k${nth % 30}`;
        const one = await keys.begin(asked(key));
        if (one.kind !== 'new') return `${key} ${one.kind}`;
        const again = await keys.begin(asked(key));
        expect(again.kind).toBe('inUse');
        await one.finish(answer);
        return `${key} new`;
      }),
    );
    expect(begun).toHaveLength(200);
  });

  it('refuse to begin what they cannot note', async () => {
    const keys = await open();
    await rm(path.join(folder.path, 'idempotency'), { recursive: true });
    await expect(keys.begin(asked('a'))).rejects.toMatchObject({ code: 'idempotency-key-unrecorded' });
    await mkdir(path.join(folder.path, 'idempotency'));
    await done(keys, 'a');
  });

  it('hold an answer that they could not write for as long as the process lives', async () => {
    const keys = await open();
    const begun = await keys.begin(asked('a'));
    await rm(path.join(folder.path, 'idempotency'), { recursive: true });
    if (begun.kind === 'new') await begun.finish(answer);
    expect(await keys.begin(asked('a'))).toEqual({ kind: 'replay', answer });
  });
});

describe('a change that was interrupted', () => {
  const change: Change = {
    id: '20261124T061512350Z-2c26b46b',
    at: '2026-11-24T06:15:12.350Z',
    kind: 'copy',
    actor: 'admin',
    requestId: null,
    ticket: null,
    reason: null,
    source: null,
    backupId: '20261124T061512345Z-9f86d081',
    outcome: 'applied',
    failure: null,
    restoredBackupId: null,
    contexts: [],
  };
  const answerTo = (found: Change | undefined) =>
    answersFromJournal({
      find: () => Promise.resolve(found),
      page: () => Promise.resolve({ items: [], next: null }),
    })(change.id, null);

  it('is answered when the journal has it as applied', async () => {
    expect(await answerTo(change)).toMatchObject({
      status: 200,
      body: { changeId: change.id, changed: true },
    });
  });

  it.each(['rolledBack', 'rollbackFailed'] as const)(
    'is done again when the journal has it as %s',
    async (outcome) => {
      expect(await answerTo({ ...change, outcome })).toBeNull();
    },
  );

  it('is done when the journal does not have it', async () => {
    expect(await answerTo(undefined)).toBeNull();
  });
});
