import { mkdir, readdir, rm, rmdir } from 'node:fs/promises';
import path from 'node:path';
import { DomainError } from '../../../src/lib/errors';
import { openWebhookFiles } from '../../../src/webhooks/files';
import { MemoryFeed } from '../../support/memoryFeed';
import {
  type PracticeWebhooks,
  type WebhookOptions,
  openPracticeWebhooks,
  scriptedReceiver,
  webhookActor,
} from '../../support/practiceWebhooks';
import { eventually } from '../../support/receiver';
import { temporaryFolder } from '../../support/temporaryFolder';

const cleanUp: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const one of cleanUp.splice(0).reverse()) await one();
});

const full = new DomainError('unavailable', 'journal-unavailable', 'the journal could not be written');
const ALL = { limit: 200 };

async function open(options: WebhookOptions = {}): Promise<PracticeWebhooks> {
  const practice = await openPracticeWebhooks(options);
  cleanUp.push(() => practice.close());
  return practice;
}

/** A webhook with a dead delivery, in a folder of its own. */
async function withADeadDelivery() {
  const folder = await temporaryFolder();
  cleanUp.push(() => folder.remove());
  const feed = new MemoryFeed();
  const { exchange, time } = scriptedReceiver(() => 410);
  const first = await openPracticeWebhooks({
    feed,
    exchange,
    time,
    files: await openWebhookFiles(folder.path),
  });
  const { id } = await first.create();
  feed.record();
  await eventually(() => first.webhooks.get(id).dead === 1);
  await first.webhooks.patch(id, { paused: false }, webhookActor);
  await first.close();
  const [{ id: delivery } = { id: '' }] = first.deliveries(id);
  const names = () => readdir(path.join(folder.path, 'webhooks'));
  return { id, delivery, feed, exchange, time, folder: folder.path, names };
}

type Kept = Awaited<ReturnType<typeof withADeadDelivery>>;
type Act = (practice: PracticeWebhooks, kept: Kept) => Promise<unknown>;

const acts: readonly (readonly [string, Act, object])[] = [
  ['a creation', ({ create }) => create(), [{ status: 'active', dead: 1 }, { status: 'active' }]],
  [
    'a pause',
    ({ webhooks }, { id }) => webhooks.patch(id, { paused: true }, webhookActor),
    [{ status: 'paused', dead: 1 }],
  ],
  ['a deletion', ({ webhooks }, { id }) => webhooks.remove(id, webhookActor), []],
  [
    'a replay',
    ({ webhooks }, { id, delivery }) => webhooks.replay(id, delivery, webhookActor),
    // The receiver answers 410 again.
    [{ status: 'disabled', dead: 1 }],
  ],
];

describe.each(acts)('%s', (_name, act, after) => {
  const before = [{ status: 'active', dead: 1, pending: 0 }];

  it('that the journal does not take has not happened, and leaves nothing behind', async () => {
    const kept = await withADeadDelivery();
    const files = await openWebhookFiles(kept.folder);
    const practice = await open({ ...kept, files, record: () => Promise.reject(full) });
    const names = await kept.names();
    await expect(act(practice, kept)).rejects.toMatchObject({ code: 'journal-unavailable' });
    expect(practice.webhooks.page(ALL).items).toMatchObject(before);
    expect(await kept.names()).toEqual(names);
    kept.feed.record();
    // It still works.
    await eventually(() => practice.webhooks.get(kept.id).status === 'disabled');
  });

  it.each([
    ['before the entry is in the journal was not made', false],
    ['after the entry is in the journal was made', true],
  ])('that kill -9 interrupts %s', async (_when, recorded) => {
    const kept = await withADeadDelivery();
    const never = new Promise<never>(() => undefined);
    let entryId = '';
    const killed = await openPracticeWebhooks({
      ...kept,
      files: await openWebhookFiles(kept.folder),
      record: (entry) => {
        entryId = entry.id;
        return never;
      },
    });
    void act(killed, kept);
    await eventually(() => entryId !== '');

    const practice = await open({
      ...kept,
      files: await openWebhookFiles(kept.folder),
      recorded: (id) => Promise.resolve(recorded && id === entryId),
    });
    const wanted = recorded ? after : before;
    await eventually(() => {
      const { items } = practice.webhooks.page(ALL);
      return items.every(({ pending }) => pending === 0);
    });
    // Both may have been made within the same millisecond, so that their ids tell no order.
    const items = [...practice.webhooks.page(ALL).items].sort((a, b) => b.dead - a.dead);
    expect(items).toMatchObject(wanted);
    expect((await kept.names()).filter((name) => name.includes('.next.'))).toEqual([]);
  });

  it('of which it cannot be told whether it is in the journal has that webhook send nothing, and is left alone', async () => {
    const kept = await withADeadDelivery();
    const files = await openWebhookFiles(kept.folder);
    const killed = await openPracticeWebhooks({ ...kept, files, record: () => new Promise(() => undefined) });
    void act(killed, kept);
    const note = async () => (await kept.names()).filter((name) => name.endsWith('.next.json'));
    let notes: readonly string[] = [];
    for (let nth = 0; nth < 200 && notes.length === 0; nth += 1) {
      await new Promise((resolve) => setTimeout(resolve, 5));
      notes = await note();
    }
    expect(notes).toHaveLength(1);
    const practice = await open({
      ...kept,
      files: await openWebhookFiles(kept.folder),
      recorded: () => Promise.reject(full),
    });
    const id = notes[0]?.replace('.next.json', '') ?? '';
    expect(practice.webhooks.page(ALL).items.map((one) => one.id)).not.toContain(id);
    expect(practice.logger.lines.join()).toContain(`"file":"${id}.next.json"`);
    expect(await note()).toEqual(notes);
  });
});

describe('a webhook’s own file that cannot be written once the journal has the entry', () => {
  it('is written later: the change counts at once and after a start, and nothing is changed before', async () => {
    const kept = await withADeadDelivery();
    const file = path.join(kept.folder, 'webhooks', `${kept.id}.json`);
    const first = await open({ ...kept, files: await openWebhookFiles(kept.folder) });
    // No file can be renamed onto a folder.
    await rm(file);
    await mkdir(file);
    await first.webhooks.patch(kept.id, { paused: true }, webhookActor);
    expect(first.webhooks.get(kept.id).status).toBe('paused');
    const resume = first.webhooks.patch(kept.id, { paused: false }, webhookActor);
    await expect(resume).rejects.toMatchObject({ code: 'webhook-unrecorded' });
    expect(first.journal.map(({ action }) => action)).toEqual(['paused']);
    expect(first.logger.lines.join()).toContain('is behind what was asked for');
    await first.close();

    const recorded = (id: string) => Promise.resolve(first.journal.some((entry) => entry.id === id));
    const second = await open({ ...kept, files: await openWebhookFiles(kept.folder), recorded });
    expect(second.webhooks.get(kept.id)).toMatchObject({ status: 'paused', dead: 1 });
    await rmdir(file);
    await second.webhooks.patch(kept.id, { paused: false }, webhookActor);
    await second.close();
    expect((await kept.names()).filter((name) => name.includes('.next.'))).toEqual([]);
    const third = await open({ ...kept, files: await openWebhookFiles(kept.folder) });
    expect(third.webhooks.get(kept.id)).toMatchObject({ status: 'active', dead: 1 });
  });
});

describe('asking twice', () => {
  it('for a pause, a resume or a replay, also at the same time, is one entry', async () => {
    const kept = await withADeadDelivery();
    const { webhooks, journal } = await open({ ...kept, files: await openWebhookFiles(kept.folder) });
    const twice = async (act: () => Promise<unknown>) => {
      await Promise.all([act(), act()]);
      await act();
    };
    await twice(() => webhooks.patch(kept.id, { paused: true }, webhookActor));
    await twice(() => webhooks.patch(kept.id, { paused: false }, webhookActor));
    await webhooks.patch(kept.id, { paused: true }, webhookActor);
    await Promise.all([1, 2].map(() => webhooks.replay(kept.id, kept.delivery, webhookActor)));
    expect(journal.map(({ action }) => action)).toEqual(['paused', 'resumed', 'paused', 'replayed']);
    expect(webhooks.get(kept.id)).toMatchObject({ pending: 1, dead: 0 });
  });

  it('for a deletion is 404, and so is a pause that a deletion was quicker than', async () => {
    const kept = await withADeadDelivery();
    const { webhooks, journal } = await open({ ...kept, files: await openWebhookFiles(kept.folder) });
    const ends = await Promise.allSettled([
      webhooks.remove(kept.id, webhookActor),
      webhooks.remove(kept.id, webhookActor),
      new Promise((resolve) => setImmediate(resolve)).then(() =>
        webhooks.patch(kept.id, { paused: true }, webhookActor),
      ),
    ]);
    expect(ends.slice(0, 2)).toMatchObject([
      { status: 'fulfilled' },
      { status: 'rejected', reason: { code: 'webhook-not-found' } },
    ]);
    expect(journal.map(({ action }) => action)).toEqual(
      ends[2].status === 'fulfilled' ? ['paused', 'deleted'] : ['deleted'],
    );
    expect(await kept.names()).toEqual([]);
  });
});
