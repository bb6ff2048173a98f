import { readFile, readdir, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import fc from 'fast-check';
import { type WebhookFile, openWebhookFiles } from '../../../src/webhooks/files';
import type { QueuedDelivery, StoredWebhook } from '../../../src/webhooks/stored';
import { SEED, damaged } from '../../support/damage';
import { MemoryFeed } from '../../support/memoryFeed';
import { openPracticeWebhooks, scriptedReceiver, webhookActor } from '../../support/practiceWebhooks';
import { eventually } from '../../support/receiver';
import { temporaryFolder } from '../../support/temporaryFolder';

let folder: Awaited<ReturnType<typeof temporaryFolder>>;
/** A webhook with a delivery that waits and one that is dead, as its files have it. */
let webhook: StoredWebhook;
let dead: readonly QueuedDelivery[];
let id: string;

const inFolder = (name: string) => path.join(folder.path, 'webhooks', name);

beforeEach(async () => {
  folder = await temporaryFolder();
  const feed = new MemoryFeed();
  const practice = await openPracticeWebhooks({
    ...scriptedReceiver(() => 410),
    feed,
    files: await openWebhookFiles(folder.path),
  });
  ({ id } = await practice.create());
  feed.record();
  feed.record({ problem: 'drift/LocalSystem' });
  await eventually(() => practice.webhooks.get(id).dead === 1);
  await practice.close();
  const [file] = (await loaded()).found;
  if (file === undefined) throw new Error('there is no webhook');
  ({ webhook, dead } = file);
  expect([webhook.pending.length, dead.length]).toEqual([1, 1]);
});
afterEach(() => folder.remove());

/** What the next start finds. `recorded`: whether the journal has the change; null: it cannot be asked. */
async function loaded(recorded: boolean | null = true) {
  const told: string[] = [];
  const asides: string[] = [];
  const files = await openWebhookFiles(folder.path);
  const found: readonly WebhookFile[] = await files.load({
    recorded: () => (recorded === null ? Promise.reject(new Error('no journal')) : Promise.resolve(recorded)),
    damaged: (which, file) => told.push(`${which} ${file}`),
    setAside: (_file, as) => asides.push(as),
  });
  return { found, told, asides };
}

describe('whatever became of a file of a webhook', () => {
  it('its own is what was written, or is told of and left as it is', async () => {
    const whole = await readFile(inFolder(`${id}.json`));
    const told = await outcomesOf(whole, async (bytes) => {
      await writeFile(inFolder(`${id}.json`), bytes);
      const start = await loaded();
      if (start.told.length === 0) expect(start.found).toEqual([{ webhook, dead }]);
      else expect([start.found, start.told]).toEqual([[], [`${id} ${id}.json`]]);
      expect(await readFile(inFolder(`${id}.json`))).toEqual(bytes);
      return start.told.length;
    });
    expect(told).toBeGreaterThan(100);
  });

  it('that of what was given up is what was written, or is put aside as it is, and the webhook goes on', async () => {
    const whole = await readFile(inFolder(`${id}.dead.json`));
    const aside = await outcomesOf(whole, async (bytes) => {
      await writeFile(inFolder(`${id}.dead.json`), bytes);
      const { found, told, asides } = await loaded();
      const [as] = asides;
      expect([found, told]).toEqual([[{ webhook, dead: as === undefined ? dead : [] }], []]);
      if (as !== undefined) {
        expect(await readFile(inFolder(as))).toEqual(bytes);
        await rm(inFolder(as));
      }
      return asides.length;
    });
    expect(aside).toBeGreaterThan(100);
  });

  it('that of a change under way is made or dropped as the journal says, or is told of and left as it is', async () => {
    const [own, ofDead] = await Promise.all([
      readFile(inFolder(`${id}.json`)),
      readFile(inFolder(`${id}.dead.json`)),
    ]);
    const paused: StoredWebhook = { ...webhook, status: 'paused' };
    const next = inFolder(`${id}.next.json`);
    // As a process leaves it that ends while the journal is written.
    const files = await openWebhookFiles(folder.path);
    void files.commit({ id, entryId: 'an-entry', webhook: paused }, () => new Promise(() => undefined));
    let whole = Buffer.alloc(0);
    while (whole.length === 0) whole = await readFile(next).catch(() => Buffer.alloc(0));
    const recorded = fc.constantFrom(true, false, null);
    const seen = new Set<string>();
    await fc.assert(
      fc.asyncProperty(fc.oneof(fc.constant(whole), damaged(whole)), recorded, async (bytes, answer) => {
        await Promise.all([
          writeFile(inFolder(`${id}.json`), own),
          writeFile(inFolder(`${id}.dead.json`), ofDead),
          writeFile(next, bytes),
        ]);
        const { found, told } = await loaded(answer);
        const names = await readdir(path.dirname(next));
        if (told.length > 0) {
          expect([found, told]).toEqual([[], [`${id} ${id}.next.json`]]);
          expect(await readFile(next)).toEqual(bytes);
        } else {
          expect(answer).not.toBeNull();
          expect(found).toEqual([{ webhook: answer === true ? paused : webhook, dead }]);
          expect(names).toEqual([`${id}.dead.json`, `${id}.json`]);
        }
        seen.add(`${answer} ${told.length}`);
      }),
      { seed: SEED, numRuns: 200 },
    );
    expect([...seen].sort()).toEqual(['false 0', 'false 1', 'null 1', 'true 0', 'true 1']);
  });

  it('the others go on, and it is listed as damaged or works', async () => {
    const whole = await readFile(inFolder(`${id}.json`));
    await fc.assert(
      fc.asyncProperty(damaged(whole), async (bytes) => {
        await writeFile(inFolder(`${id}.json`), bytes);
        const practice = await openPracticeWebhooks({
          ...scriptedReceiver(() => 200),
          files: await openWebhookFiles(folder.path),
        });
        const other = await practice.create({ name: 'other' });
        const { items, damaged: unusable } = practice.webhooks.page({ limit: 9 });
        expect([...items.map((one) => one.id), ...unusable].sort()).toEqual([id, other.id].sort());
        practice.feed.record();
        await eventually(() => practice.deliveries(other.id)[0]?.state === 'delivered');
        await practice.webhooks.remove(other.id, webhookActor);
        await practice.close();
      }),
      { seed: SEED, numRuns: 30 },
    );
  });
});

/** How often the file was told to be unusable, of 200 kinds of damage. */
async function outcomesOf(whole: Buffer, start: (bytes: Buffer) => Promise<number>): Promise<number> {
  let sum = 0;
  await fc.assert(
    fc.asyncProperty(damaged(whole), async (bytes) => {
      sum += await start(bytes);
    }),
    { seed: SEED, numRuns: 200 },
  );
  return sum;
}
