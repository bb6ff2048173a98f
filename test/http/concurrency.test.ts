import type { Response } from 'supertest';
import type { JournalPage } from '../../src/http/controllers/changes.controller';
import { systemClock } from '../../src/lib/clock';
import { isChange } from '../../src/proxy/evidence';
import type { BackupPage, Change, ChangeOutcome, ProxyContext, ProxyContexts } from '../../src/proxy/model';
import { FakeServiceManager } from '../support/fakeServiceManager';
import { anna, openPractice } from '../support/practice';
import { faultyRegistry } from '../support/faultyRegistry';
import { type Service, bodyOf, openService } from './service';

const CALLERS = 100;
const TARGETS = ['LocalSystem', 'LocalService'];

let service: Service;
beforeEach(async () => {
  service = await openService();
});
afterEach(() => service.close());

const many = <T>(task: (index: number) => Promise<T>) =>
  Promise.all(Array.from({ length: CALLERS }, (_, index) => task(index)));
const copy = (headers: Record<string, string> = {}, body: object = {}) =>
  service.call('POST', '/proxy/copy', { headers, body });
const contextOf = async (id: string) =>
  bodyOf(await service.call('GET', `/proxy/contexts/${id}`)) as ProxyContext;
const backups = async () =>
  (bodyOf(await service.call('GET', '/proxy/backups?limit=200')) as BackupPage).items;

/** Changes, oldest first. */
async function changes(): Promise<readonly Change[]> {
  const { items } = bodyOf(await service.call('GET', '/changes?limit=200')) as JournalPage;
  return items.filter((entry) => isChange(entry)).reverse();
}

function countByStatus(answers: readonly Response[]): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const { status } of answers) counts[status] = (counts[status] ?? 0) + 1;
  return counts;
}

/** Each change began with what the one before it left: the order of the journal is that of the effects. */
function expectChain(entries: readonly Change[], id: string): string | null | undefined {
  const steps = entries.flatMap(({ contexts }) => contexts.filter(({ context }) => context === id));
  for (const [index, step] of steps.slice(1).entries()) expect(step.beforeHex).toBe(steps[index]?.afterHex);
  return steps.at(-1)?.afterHex;
}

/** Asks a hundred times at once with one key, and a hundred times more when all are answered: one effect, one answer. */
async function expectOneAnswer(location: string): Promise<Response> {
  const ask = () => service.call('POST', location, { headers: { 'Idempotency-Key': '"one"' }, body: {} });
  const answers = await many(ask);
  const done = answers.filter(({ status }) => status === 200);
  const waiting = answers.filter(({ status }) => status === 409);
  expect(done.length + waiting.length).toBe(CALLERS);
  for (const answer of waiting) {
    expect(bodyOf(answer)).toMatchObject({ code: 'idempotency-key-in-use' });
    expect(answer.headers['retry-after']).toBe('1');
  }
  const later = await many(ask);
  expect(new Set(later.map(({ status }) => status))).toEqual(new Set([200]));
  expect(new Set([...done, ...later].map(({ text }) => text)).size).toBe(1);
  const [first, ...others] = done.filter(({ headers }) => headers['idempotency-replayed'] === undefined);
  expect(others).toEqual([]);
  if (first === undefined) throw new Error('nobody was answered first');
  return first;
}

describe('of a hundred callers with one Idempotency-Key, one has an effect, and all get its answer:', () => {
  it('a copy', async () => {
    const { changeId } = bodyOf(await expectOneAnswer('/proxy/copy')) as ChangeOutcome;
    expect((await changes()).map(({ id }) => id)).toEqual([changeId]);
    expect(await backups()).toHaveLength(1);
  });

  it('a restore', async () => {
    const before = (await contextOf('LocalSystem')).hex;
    const { backupId } = bodyOf(await copy()) as ChangeOutcome;
    const restored = bodyOf(
      await expectOneAnswer(`/proxy/backups/${backupId ?? ''}/restore`),
    ) as ChangeOutcome;
    expect(restored.changed).toBe(true);
    expect((await changes()).slice(1).map(({ id }) => id)).toEqual([restored.changeId]);
    expect(await backups()).toHaveLength(2);
    expect((await contextOf('LocalSystem')).hex).toBe(before);
  });

  it('a restart of the sensor', async () => {
    await service.close();
    const manager = new FakeServiceManager(
      {
        AATPSensorUpdater: { state: 'running', starts: { name: 'AATPSensor', afterMs: 0 } },
        AATPSensor: { state: 'running', dependsOn: ['AATPSensorUpdater'] },
      },
      systemClock,
    );
    const readTextFile = () => Promise.resolve({ state: 'absent' as const });
    service = await openService({}, undefined, { control: manager, readTextFile });
    const { changeId } = bodyOf(await expectOneAnswer('/sensor/restart')) as { readonly changeId: string };
    const { items } = bodyOf(await service.call('GET', '/changes')) as JournalPage;
    expect(items.map(({ id, kind }) => [id, kind])).toEqual([[changeId, 'sensorRestart']]);
  });
});

it('of a hundred callers that copy without a key, one has an effect', async () => {
  const answers = await many(() => copy());
  expect(countByStatus(answers)).toEqual({ '200': CALLERS });
  expect(answers.filter((answer) => (bodyOf(answer) as ChangeOutcome).changed)).toHaveLength(1);
  expect(await changes()).toHaveLength(1);
  expect(await backups()).toHaveLength(1);
});

it('of a hundred callers with one If-Match, one wins, and the others get 412', async () => {
  const { etag } = await contextOf('LocalService');
  const answers = await many((index) =>
    service.call('PUT', '/proxy/contexts/LocalService', {
      headers: { 'If-Match': etag },
      body: { proxyServer: `proxy${index}.contoso.com:8080` },
    }),
  );
  expect(countByStatus(answers)).toEqual({ '200': 1, '412': CALLERS - 1 });
  const won = answers.findIndex(({ status }) => status === 200);
  const now = await contextOf('LocalService');
  expect(now.settings?.proxyServer).toBe(`proxy${won}.contoso.com:8080`);
  expect(answers[won]?.headers.etag).toBe(now.etag);
  expect(await changes()).toHaveLength(1);
});

it('loses no update of a hundred callers that read, change and try again, and the journal has them in their order', async () => {
  const TRIES = 2;
  /** Whether it succeeded before it gave up. */
  const addOwn = async (writer: number): Promise<boolean> => {
    for (let tries = 0; tries < TRIES; tries += 1) {
      const { settings, etag } = await contextOf('LocalService');
      const bypassList = [...(settings?.bypassList ?? []), `host${writer}.contoso.com`];
      const body = { proxyServer: 'proxy.contoso.com:8080', bypassList };
      const headers = { 'If-Match': etag };
      const { status } = await service.call('PUT', '/proxy/contexts/LocalService', { headers, body });
      if (status === 200) return true;
      expect(status).toBe(412);
    }
    return false;
  };
  const succeeded = await many(addOwn);
  const expected = succeeded.flatMap((done, writer) => (done ? [`host${writer}.contoso.com`] : []));
  // Whoever lost that often has seen as many others win.
  expect(expected.length).toBeGreaterThanOrEqual(TRIES);
  const { settings, hex } = await contextOf('LocalService');
  expect([...(settings?.bypassList ?? [])].sort()).toEqual(expected.sort());
  const entries = await changes();
  expect(entries).toHaveLength(expected.length);
  expect(expectChain(entries, 'LocalService')).toBe(hex);
  expect(await backups()).toHaveLength(expected.length);
}, 60_000);

it('shows a hundred readers all of a copy or nothing of it, while copies and restores go on', async () => {
  const { backupId } = bodyOf(await copy()) as ChangeOutcome;
  const states = new Set<string>();
  let reading = true;
  const change = async (): Promise<void> => {
    while (reading) {
      await service.call('POST', `/proxy/backups/${backupId ?? ''}/restore`, { body: {} });
      await copy();
    }
  };
  const changing = change();
  for (let round = 0; round < 3; round += 1) {
    await many(async () => {
      const { contexts } = bodyOf(await service.call('GET', '/proxy/contexts')) as ProxyContexts;
      const source = contexts.find(({ id }) => id === anna)?.hex;
      states.add(TARGETS.map((target) => contexts.find(({ id }) => id === target)?.hex === source).join());
    });
  }
  reading = false;
  await changing;
  expect([...states].filter((state) => !['false,false', 'true,true'].includes(state))).toEqual([]);
  const entries = await changes();
  expect(entries.length).toBeGreaterThan(2);
  for (const target of TARGETS) expectChain(entries, target);
});

it('answers reads at once while a write takes long, with what was there before', async () => {
  let goOn: () => void = () => undefined;
  let reached: () => void = () => undefined;
  const atSecond = new Promise<void>((resolve) => (reached = resolve));
  const held = new Promise<void>((resolve) => (goOn = resolve));
  const practice = await openPractice({
    wrap: (registry) => {
      const inner = faultyRegistry(registry, () => undefined);
      let writes = 0;
      return {
        ...inner,
        writeValue: async (key, name, value) => {
          writes += 1;
          if (writes === 2) {
            reached();
            await held;
          }
          await inner.writeValue(key, name, value);
        },
      };
    },
  });
  try {
    const seen = async () => {
      const { contexts, inSync } = await practice.proxy.contexts();
      const [first, second] = TARGETS.map((target) => contexts.find(({ id }) => id === target)?.comparison);
      return { first, second, inSync };
    };
    const before = await seen();
    const copying = practice.proxy.copy({}, { name: 'admin', requestId: null });
    await atSecond;
    expect(await practice.hexOf('S-1-5-18')).toBe(await practice.hexOf(anna));
    expect(await seen()).toEqual(before);
    goOn();
    await copying;
    expect(await seen()).toEqual({ first: 'identical', second: 'identical', inSync: true });
  } finally {
    await practice.close();
  }
});
