import path from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import type { Change, ChangeOutcome } from '../../src/proxy/model';
import { temporaryFolder } from '../support/temporaryFolder';
import type { Receiver } from '../support/receiver';
import { eventsAt, expectDelivered, startSlowReceiver } from './deliveries';
import { appliedIn, expectBackups, feedOf, journalOf, leftovers } from './evidence';
import { type Answer, type Program, killAll, startProgram } from './program';
import { random } from './random';

const ROUNDS = 40;
const SEED = 20261124;
/** The receiver thinks about each event for so long at most. */
const THINK_MS = 30;
const LIMIT_MS = 120_000;

let folder: Awaited<ReturnType<typeof temporaryFolder>>;
let receiver: Receiver;
const next = random(SEED);
beforeAll(async () => {
  folder = await temporaryFolder();
  const think = random(SEED + 1);
  receiver = await startSlowReceiver(() => think() * THINK_MS);
});
afterAll(async () => {
  await killAll();
  await receiver.close();
  await folder.remove();
});

/** Some changes at once: they are made one behind the other. */
function burst(service: Program, round: number, backupId: string): Promise<Answer<ChangeOutcome>>[] {
  const put = (nth: number) =>
    service.call<ChangeOutcome>('PUT', '/proxy/contexts/LocalSystem', {
      ifMatch: '*',
      body: { proxyServer: `round${round}-${nth}.contoso.com:8080` },
    });
  return [
    put(1),
    service.call<ChangeOutcome>('POST', '/proxy/copy'),
    put(2),
    service.call<ChangeOutcome>('POST', `/proxy/backups/${backupId}/restore`),
  ];
}

it(
  `every journalled change has its one event, which reaches the receiver once at least and always with one id, in ${ROUNDS} rounds of kill -9 (seed ${SEED})`,
  async () => {
    const dataDir = path.join(folder.path, 'data');
    const env = { SENSORPROXY_WEBHOOK_HOSTS: `127.0.0.1:${receiver.port}` };
    const seen: Record<string, number> = {};
    let service = await startProgram(dataDir, { env });
    const body = { name: 'Service desk', url: receiver.url };
    expect((await service.call('POST', '/webhooks', { body })).status).toBe(201);
    // Something to put back, and how long it all takes here.
    const { source, ...wanted }: Record<string, string | null> = await service.hexes();
    expect(source).not.toBeNull();
    const backupId = (await service.call<ChangeOutcome>('POST', '/proxy/copy')).body.backupId ?? '';
    const begin = performance.now();
    await Promise.all(burst(service, -1, backupId));
    const takesMs = performance.now() - begin + 2 * THINK_MS;
    let journal: readonly Change[] = [];
    for (let round = 0; round < ROUNDS; round += 1) {
      const context = { round };
      const answered: Answer<ChangeOutcome>[] = [];
      const asked = burst(service, round, backupId).map((one) =>
        one.then(
          (answer) => answered.push(answer),
          () => undefined,
        ),
      );
      await delay(next() * takesMs);
      await service.kill();
      await Promise.all(asked);
      const before = { feed: (await feedOf(dataDir)).length, had: eventsAt(receiver).length };
      service = await startProgram(dataDir, { env });
      const entries = await journalOf(dataDir);
      const applied = appliedIn(entries);
      // What was there is there; what was answered is recorded; each has its event, in its order, once.
      expect({ ...context, kept: entries.slice(0, journal.length) }).toEqual({ ...context, kept: journal });
      for (const { status, body: outcome } of answered) {
        expect({ ...context, status }).toEqual({ ...context, status: 200 });
        if (outcome.changeId !== null) expect(applied).toContain(outcome.changeId);
      }
      const told = (await feedOf(dataDir)).map(({ id }) => id);
      expect({ ...context, told: told.filter((id) => applied.includes(id)) }).toEqual({
        ...context,
        told: applied,
      });
      // Both accounts have what the journal says, and no note is left.
      for (const { outcome, contexts = [] } of entries.slice(journal.length)) {
        if (outcome !== 'applied') continue;
        for (const { context: account, afterHex } of contexts) wanted[account] = afterHex;
      }
      expect({ ...context, now: await service.hexes() }).toEqual({ ...context, now: { source, ...wanted } });
      expect({ ...context, left: await leftovers(dataDir) }).toEqual({ ...context, left: [] });
      const changes = entries.slice(journal.length).filter(({ kind }) => kind !== ('webhook' as string));
      await expectBackups(dataDir, changes);
      const missing =
        told.length > before.feed ? 'a change without its event' : 'every change with its event';
      const waiting = before.feed > before.had ? 'and one not sent' : 'and all sent';
      const end = `${missing} ${waiting}`;
      seen[end] = (seen[end] ?? 0) + 1;
      journal = entries;
    }
    const twice = await expectDelivered(dataDir, receiver);
    process.stderr.write(
      `kill -9 with a webhook, seed ${SEED}: ${JSON.stringify({ ...seen, changes: appliedIn(journal).length, twice })}\n`,
    );
    // The rounds ended where something was left to do.
    expect(seen).toMatchObject({
      'every change with its event and one not sent': expect.any(Number) as unknown,
    });
    expect(twice).toBeGreaterThan(0);
  },
  LIMIT_MS,
);
