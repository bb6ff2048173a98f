import path from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import type { Change } from '../../src/proxy/model';
import { temporaryFolder } from '../support/temporaryFolder';
import { expectBackups, journalOf, leftovers } from './evidence';
import { type Answer, type Program, killAll, startProgram } from './program';
import { random } from './random';

const ROUNDS = 210;
const SEED = 20261124;
const WARM_UP = 3;
const LIMIT_MS = 1_200_000;

let folder: Awaited<ReturnType<typeof temporaryFolder>>;
beforeAll(async () => {
  folder = await temporaryFolder();
});
afterAll(async () => {
  await killAll();
  await folder.remove();
});

type Operation = (service: Program, round: number, journal: readonly Change[]) => Promise<Answer<unknown>>;

const operations: readonly (readonly [string, Operation])[] = [
  ['put', (service, round) => put(service, round)],
  ['copy', (service) => service.call('POST', '/proxy/copy')],
  [
    'restore',
    (service, _round, journal) => {
      const backupId = journal.findLast(({ outcome }) => outcome === 'applied')?.backupId ?? '';
      return service.call('POST', `/proxy/backups/${backupId}/restore`);
    },
  ],
];

async function put(service: Program, round: number): Promise<Answer<unknown>> {
  return service.call('PUT', '/proxy/contexts/LocalSystem', {
    ifMatch: '*',
    body: { proxyServer: `round${round}.contoso.com:8080` },
  });
}

it(
  `leaves each account its old bytes or its new ones, and says which, in ${ROUNDS} rounds of kill -9 (seed ${SEED})`,
  async () => {
    const dataDir = path.join(folder.path, 'data');
    const next = random(SEED);
    const seen: Record<string, number> = {};
    let service = await startProgram(dataDir);
    // Something to put back from the first round on, and how long a change takes here.
    await service.call('POST', '/proxy/copy');
    let longest = 0;
    for (let round = -WARM_UP; round < 0; round += 1) {
      const begin = performance.now();
      expect((await put(service, round)).status).toBe(200);
      longest = Math.max(longest, performance.now() - begin);
    }
    let journal = await journalOf(dataDir);
    for (let round = 0; round < ROUNDS; round += 1) {
      const [what, change] = operations[round % operations.length] ?? ['', put];
      // So that there is something to copy over, and to put back.
      if (what !== 'put') expect((await put(service, round)).status).toBe(200);
      if (what !== 'put') journal = await journalOf(dataDir);
      const old = await service.hexes();
      let answered: number | undefined;
      const asked = change(service, round, journal).then(
        ({ status }) => {
          answered = status;
        },
        () => undefined,
      );
      await delay(next() * longest);
      await service.kill();
      await asked;
      service = await startProgram(dataDir);
      const now = await service.hexes();
      const entries = await journalOf(dataDir);
      const context = { round, what, answered };
      // What was there is there, and one entry has come at the most.
      expect({ ...context, kept: entries.slice(0, journal.length) }).toEqual({ ...context, kept: journal });
      const added = entries.slice(journal.length);
      expect({ ...context, added: added.length <= 1 }).toEqual({ ...context, added: true });
      const [entry] = added;
      expect({ ...context, outcome: entry?.outcome ?? 'none' }).toEqual({
        ...context,
        outcome: expect.stringMatching(/^(?:none|applied|rolledBack)$/) as unknown,
      });
      // An answer is a promise: what was answered is recorded and stays, unless there was nothing to do.
      if (answered === 200 && entry === undefined)
        expect({ ...context, now }).toEqual({ ...context, now: old });
      else if (answered !== undefined)
        expect({ ...context, outcome: entry?.outcome }).toEqual({
          ...context,
          answered: 200,
          outcome: 'applied',
        });
      const wanted: Record<string, unknown> = { ...old };
      if (entry?.outcome === 'applied') {
        for (const { context: account, afterHex } of entry.contexts) wanted[account] = afterHex;
      }
      expect({ ...context, now }).toEqual({ ...context, now: wanted });
      if (entry?.outcome === 'rolledBack') expect(entry.failure).toContain('The service ended in the middle');
      expect({ ...context, left: await leftovers(dataDir) }).toEqual({ ...context, left: [] });
      await expectBackups(dataDir, added);
      const end = `${answered === undefined ? 'killed' : 'answered'}, ${entry?.outcome ?? 'nothing written'}`;
      seen[end] = (seen[end] ?? 0) + 1;
      journal = entries;
    }
    await expectBackups(dataDir, journal);
    process.stderr.write(`kill -9, seed ${SEED}: ${JSON.stringify(seen)}\n`);
    // The rounds ended in all parts of a change.
    expect(Object.keys(seen)).toEqual(
      expect.arrayContaining([
        'killed, rolledBack',
        'killed, applied',
        'killed, nothing written',
        'answered, applied',
      ]),
    );
  },
  LIMIT_MS,
);
