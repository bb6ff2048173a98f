import path from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import type { ChangeOutcome } from '../../src/proxy/model';
import { temporaryFolder } from '../support/temporaryFolder';
import { expectBackups, journalOf, leftovers } from './evidence';
import { type Program, killAll, startProgram } from './program';
import { random } from './random';

const ROUNDS = 40;
const SEED = 20261124;

let folder: Awaited<ReturnType<typeof temporaryFolder>>;
beforeAll(async () => {
  folder = await temporaryFolder();
});
afterAll(async () => {
  await killAll();
  await folder.remove();
});

const copy = (service: Program, idempotencyKey: string) =>
  service.call<ChangeOutcome>('POST', '/proxy/copy', { idempotencyKey });

it(`a copy that is asked again with its Idempotency-Key after a kill -9 is made once, in ${ROUNDS} rounds (seed ${SEED})`, async () => {
  const dataDir = path.join(folder.path, 'data');
  const next = random(SEED);
  const seen = { replayed: 0, done: 0 };
  let service = await startProgram(dataDir);
  let longest = 50;
  for (let round = 0; round < ROUNDS; round += 1) {
    // Something to copy over.
    const body = { proxyServer: `round${round}.contoso.com:8080` };
    expect((await service.call('PUT', '/proxy/contexts/LocalSystem', { ifMatch: '*', body })).status).toBe(
      200,
    );
    const before = (await journalOf(dataDir)).length;
    const key = `"round-${round}"`;
    const lost = copy(service, key).catch(() => undefined);
    await delay(next() * longest);
    await service.kill();
    await lost;
    service = await startProgram(dataDir);
    const begin = performance.now();
    const answer = await copy(service, key);
    const replayed = answer.headers.get('idempotency-replayed') === 'true';
    if (!replayed) longest = Math.max(longest, performance.now() - begin);
    seen[replayed ? 'replayed' : 'done'] += 1;
    const entries = (await journalOf(dataDir)).slice(before);
    const applied = entries.filter(({ outcome }) => outcome === 'applied');
    const context = { round, replayed };
    expect({ ...context, status: answer.status, changed: answer.body.changed }).toEqual({
      ...context,
      status: 200,
      changed: true,
    });
    expect({ ...context, applied: applied.map(({ id }) => id) }).toEqual({
      ...context,
      applied: [answer.body.changeId],
    });
    const { source, ...targets } = await service.hexes();
    expect({ ...context, targets }).toEqual({
      ...context,
      targets: { LocalSystem: source, LocalService: source },
    });
    // And once more: the answer is kept.
    const again = await copy(service, key);
    expect({ ...context, again: again.body }).toEqual({ ...context, again: answer.body });
    expect({ ...context, left: await leftovers(dataDir) }).toEqual({ ...context, left: [] });
    await expectBackups(dataDir, entries);
  }
  process.stderr.write(`kill -9 with a key, seed ${SEED}: ${JSON.stringify(seen)}\n`);
  expect(seen.replayed).toBeGreaterThan(0);
  expect(seen.done).toBeGreaterThan(0);
}, 300_000);
