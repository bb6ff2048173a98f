import { mkdir, readFile, readdir, rm, stat, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { DeliveryFailure, type Exchange } from '../../../src/webhooks/exchange';
import { type WebhookFiles, openWebhookFiles } from '../../../src/webhooks/files';
import { MemoryFeed } from '../../support/memoryFeed';
import { memoryWebhookFiles } from '../../support/memoryWebhookFiles';
import { openPracticeWebhooks, webhookActor } from '../../support/practiceWebhooks';
import { eventually } from '../../support/receiver';
import { temporaryFolder } from '../../support/temporaryFolder';

const cleanUp: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const one of cleanUp.splice(0).reverse()) await one();
});

const ok = { status: 200, retryAfter: undefined, text: '', complete: true };

/** Files of a process that ends at its `nth` write: that never returns, and is on the disk or not. */
function killedAt(nth: number, when: 'before' | 'after', files: WebhookFiles) {
  let count = 0;
  let dead = false;
  let settled = false;
  const never = new Promise<never>(() => undefined);
  const step = async <T>(write: () => Promise<T>): Promise<T> => {
    count += 1;
    if (dead) return never;
    if (count < nth) return write();
    dead = true;
    if (when === 'after') await write();
    settled = true;
    return never;
  };
  const wrapped: WebhookFiles = {
    load: (parts) => files.load(parts),
    write: (webhook) => step(() => files.write(webhook)),
    writeDead: (id, graves) => step(() => files.writeDead(id, graves)),
    commit: (change, record) => step(() => files.commit(change, record)),
  };
  return { files: wrapped, isDead: () => settled };
}

describe('kill -9 at any write loses nothing', () => {
  const cases = Array.from({ length: 16 }, (_each, nth) => nth + 1).flatMap((nth) =>
    (['before', 'after'] as const).map((when) => [nth, when] as const),
  );

  it.each(cases)(
    'write %i, %s it is on the disk: each event arrives, by a stable id, or is a dead letter',
    async (nth, when) => {
      const feed = new MemoryFeed();
      const disk = memoryWebhookFiles();
      const arrived: string[] = [];
      let tries = 0;
      // The second problem is refused until it is given up; all else goes through, some at the second try.
      const exchange: Exchange = ({ headers, body }) => {
        const id = headers['webhook-id'] ?? '';
        tries += 1;
        if (body?.includes('poison') === true) return Promise.resolve({ ...ok, status: 422 });
        if (tries % 3 === 0) return Promise.reject(new DeliveryFailure('down'));
        arrived.push(id);
        return Promise.resolve(ok);
      };
      const maker = await openPracticeWebhooks({ feed, files: disk, exchange });
      const { id } = await maker.create();
      await maker.close();

      const { files, isDead } = killedAt(nth, when, disk);
      const killed = await openPracticeWebhooks({ feed, files, exchange });
      const events = ['a', 'poison', 'b', 'c'].map((problem) => feed.record({ problem }));
      const isOver = ({ webhooks }: typeof killed) =>
        webhooks.get(id).dead === 1 && webhooks.get(id).pending === 0;
      await eventually(() => isDead() || isOver(killed));

      const next = await openPracticeWebhooks({ feed, files: disk, exchange });
      cleanUp.push(() => next.close());
      await eventually(() => isOver(next), 'the end');
      const expected = events
        .filter(({ problem }) => problem !== 'poison')
        .map((event) => `msg_${event.id}_${id}`);
      expect([...new Set(arrived)].sort()).toEqual(expected);
      // At least once: only what was under way at the kill may have come twice.
      expect(arrived.length - expected.length).toBeLessThanOrEqual(1);
      expect(
        next.webhooks.deliveries(id, { limit: 200 }).items.map((one) => [one.eventId, one.state]),
      ).toEqual(
        [...events].reverse().map((event) => [event.id, event.problem === 'poison' ? 'dead' : 'delivered']),
      );
    },
  );

  it('a replay that is cut off at any write leaves the delivery dead or waiting, never both and never neither', async () => {
    for (const nth of [1, 2])
      for (const when of ['before', 'after'] as const) {
        const feed = new MemoryFeed();
        const folder = await temporaryFolder();
        cleanUp.push(() => folder.remove());
        const disk = await openWebhookFiles(folder.path);
        let status = 410;
        const exchange: Exchange = () => Promise.resolve({ ...ok, status });
        const first = await openPracticeWebhooks({ feed, files: disk, exchange });
        const { id } = await first.create();
        feed.record();
        await eventually(() => first.webhooks.get(id).dead === 1);
        await first.close();

        const { files, isDead } = killedAt(nth, when, disk);
        const killed = await openPracticeWebhooks({ feed, files, exchange });
        const [{ id: delivery } = { id: '' }] = killed.webhooks.deliveries(id, { limit: 1 }).items;
        void killed.webhooks.replay(id, delivery, webhookActor);
        await eventually(isDead);

        const next = await openPracticeWebhooks({ feed, files: disk, exchange });
        const states = next.webhooks.deliveries(id, { limit: 10 }).items.map((one) => [one.id, one.state]);
        expect(states).toEqual([[delivery, nth === 1 && when === 'before' ? 'dead' : 'pending']]);
        status = 200;
        await next.close();
      }
  });
});

describe('a disk that takes nothing', () => {
  const full = Object.assign(new Error('full'), { code: 'ENOSPC' });

  function failing(files: WebhookFiles) {
    const state = { fails: false };
    const guard = <T>(write: () => Promise<T>): Promise<T> => (state.fails ? Promise.reject(full) : write());
    const wrapped: WebhookFiles = {
      load: (parts) => files.load(parts),
      write: (webhook) => guard(() => files.write(webhook)),
      writeDead: (id, dead) => guard(() => files.writeDead(id, dead)),
      commit: (change, record) => guard(() => files.commit(change, record)),
    };
    return { files: wrapped, state };
  }

  it('makes each change fail as webhook-unrecorded, and changes nothing', async () => {
    const { files, state } = failing(memoryWebhookFiles());
    const { create, webhooks, close } = await openPracticeWebhooks({ files });
    cleanUp.push(close);
    const { id } = await create();
    state.fails = true;
    const unrecorded = { code: 'webhook-unrecorded' };
    await expect(create()).rejects.toMatchObject(unrecorded);
    await expect(webhooks.patch(id, { paused: true }, webhookActor)).rejects.toMatchObject(unrecorded);
    await expect(webhooks.remove(id, webhookActor)).rejects.toMatchObject(unrecorded);
    expect(webhooks.page({ limit: 50 }).items).toMatchObject([{ id, status: 'active' }]);
    state.fails = false;
    await webhooks.remove(id, webhookActor);
    expect(webhooks.page({ limit: 50 }).items).toEqual([]);
  });

  it('sends nothing twice: what was sent is written once there is room, before anything else is sent', async () => {
    const { files, state } = failing(memoryWebhookFiles());
    const arrived: string[] = [];
    const { create, feed, logger, close, deliveries } = await openPracticeWebhooks({
      files,
      exchange: ({ headers }) => {
        arrived.push(headers['webhook-id'] ?? '');
        state.fails = arrived.length === 1;
        return Promise.resolve(ok);
      },
    });
    cleanUp.push(close);
    const { id } = await create();
    feed.record({ problem: 'a' });
    feed.record({ problem: 'b' });
    await eventually(() => logger.lines.filter((line) => line.includes('ENOSPC')).length > 3);
    expect(arrived).toHaveLength(1);
    state.fails = false;
    await eventually(() => deliveries(id).filter((one) => one.state === 'delivered').length === 2);
    expect(arrived).toEqual(feed.events.map((event) => `msg_${event.id}_${id}`));
  });
});

describe('the files', () => {
  it('are for the service’s account alone', async () => {
    const folder = await temporaryFolder();
    cleanUp.push(() => folder.remove());
    const { create, close } = await openPracticeWebhooks({ files: await openWebhookFiles(folder.path) });
    const { id } = await create();
    await close();
    const mode = async (name: string) =>
      ((await stat(path.join(folder.path, name))).mode & 0o777).toString(8);
    expect(await mode('webhooks')).toBe('700');
    expect(await mode(`webhooks/${id}.json`)).toBe('600');
  });

  it('that are damaged are left as they are, with an error in the log, and the others go on', async () => {
    const folder = await temporaryFolder();
    cleanUp.push(() => folder.remove());
    const first = await openPracticeWebhooks({ files: await openWebhookFiles(folder.path) });
    const { id } = await first.create();
    const { id: other } = await first.create();
    await first.close();
    const file = path.join(folder.path, 'webhooks', `${id}.json`);
    const bytes = (await readFile(file, 'utf8')).replace('"paused"', '"x"').replace('"active"', '"paused"');
    await writeFile(file, bytes);
    const second = await openPracticeWebhooks({ files: await openWebhookFiles(folder.path) });
    cleanUp.push(second.close);
    expect(second.webhooks.page({ limit: 50 })).toMatchObject({ items: [{ id: other }], damaged: [id] });
    expect(second.webhooks.summary().states).toMatchObject({ active: 1, damaged: 1 });
    expect(() => second.webhooks.get(id)).toThrow(/cannot be used.*Restore webhooks\/<id>\.json/);
    expect(second.logger.lines.join()).toContain(`"file":"${id}.json"`);
    expect(await readFile(file, 'utf8')).toBe(bytes);
  });

  it.each(['json', 'next.json'])(
    'that cannot be read (%s) stop neither the start nor the others',
    async (kind) => {
      const folder = await temporaryFolder();
      cleanUp.push(() => folder.remove());
      const first = await openPracticeWebhooks({ files: await openWebhookFiles(folder.path) });
      const { id } = await first.create();
      const { id: other } = await first.create();
      await first.close();
      const file = path.join(folder.path, 'webhooks', `${id}.${kind}`);
      await rm(file, { force: true });
      await mkdir(file);
      const second = await openPracticeWebhooks({ files: await openWebhookFiles(folder.path) });
      cleanUp.push(second.close);
      expect(second.webhooks.page({ limit: 50 })).toMatchObject({ items: [{ id: other }], damaged: [id] });
      expect(second.logger.lines.join()).toContain(`"file":"${id}.${kind}"`);
    },
  );

  it('of dead deliveries that are damaged are kept aside, and the webhook goes on', async () => {
    const folder = await temporaryFolder();
    cleanUp.push(() => folder.remove());
    const exchange: Exchange = () => Promise.resolve({ ...ok, status: 410 });
    const first = await openPracticeWebhooks({ exchange, files: await openWebhookFiles(folder.path) });
    const { id } = await first.create();
    first.feed.record();
    await eventually(() => first.webhooks.get(id).dead === 1);
    await first.close();
    const file = path.join(folder.path, 'webhooks', `${id}.dead.json`);
    const bytes = (await readFile(file, 'utf8')).replace('LocalService', 'LocalSystem');
    await writeFile(file, bytes);

    const open = async () => {
      const opened = await openPracticeWebhooks({
        exchange,
        feed: first.feed,
        files: await openWebhookFiles(folder.path),
      });
      cleanUp.push(opened.close);
      return opened;
    };
    const { webhooks, feed, logger, close } = await open();
    expect(webhooks.page({ limit: 50 })).toMatchObject({ items: [{ id, dead: 0 }], damaged: [] });
    const line = logger.lines.find((one) => one.includes('kept aside')) ?? '{}';
    const { as, ...rest } = JSON.parse(line) as { as: string };
    expect(rest).toMatchObject({ level: 'error', file: `${id}.dead.json` });
    await webhooks.patch(id, { paused: false }, webhookActor);
    feed.record();
    await eventually(() => webhooks.get(id).dead === 1);
    expect(await readFile(path.join(folder.path, 'webhooks', as), 'utf8')).toBe(bytes);
    await close();
    expect((await open()).webhooks.get(id)).toMatchObject({ dead: 1 });
  });

  it('of a webhook that is deleted are gone, those of an interrupted deletion too', async () => {
    const folder = await temporaryFolder();
    cleanUp.push(() => folder.remove());
    const files = await openWebhookFiles(folder.path);
    const { create, webhooks, close } = await openPracticeWebhooks({ files });
    const { id } = await create();
    await files.writeDead(id, []);
    await files.writeDead('20261124T060000000Z-00000000', []);
    await webhooks.remove(id, webhookActor);
    await close();
    await (
      await openWebhookFiles(folder.path)
    ).load({
      recorded: () => Promise.resolve(true),
      damaged: () => undefined,
      setAside: () => undefined,
    });
    expect(await readdir(path.join(folder.path, 'webhooks'))).toEqual([]);
  });
});
