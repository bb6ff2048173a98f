import { readdir, readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import fc from 'fast-check';
import { openAnchorFile, readAnchor } from '../../../src/journal/anchor';
import type { JournalEntry } from '../../../src/journal/journal';
import { JournalFolder } from '../../../src/journal/journalFolder';
import { deletionAsMarkdown, isBackupsDeleted } from '../../../src/proxy/deletedBackups';
import { changeAsMarkdown, isChange } from '../../../src/proxy/evidence';
import { isSensorRestart, restartAsMarkdown } from '../../../src/sensor/evidence';
import { isWebhookChange, webhookChangeAsMarkdown } from '../../../src/webhooks/evidence';
import { anyText, damaged, SEED } from '../../support/damage';
import { memoryLogger } from '../../support/memoryLogger';
import { temporaryFolder } from '../../support/temporaryFolder';

let folder: Awaited<ReturnType<typeof temporaryFolder>>;
beforeEach(async () => {
  folder = await temporaryFolder();
});
afterEach(() => folder.remove());

describe('the anchor', () => {
  it('whose file is damaged is one of the two that were written, or none', async () => {
    const location = path.join(folder.path, 'anchor');
    const written = [41, 42].map((seq) => ({ seq, hash: seq.toString(16).repeat(32) }));
    const file = await openAnchorFile(location);
    for (const anchor of written) await file.write(anchor);
    await file.close();
    const whole = await readFile(location);
    const halves = [whole.subarray(0, 256), whole.subarray(256)];
    const shuffled = fc
      .array(fc.oneof(fc.constantFrom(...halves), damaged(whole)), { maxLength: 3 })
      .map((parts) => Buffer.concat(parts));
    await fc.assert(
      fc.asyncProperty(fc.oneof(damaged(whole), shuffled), async (bytes) => {
        await writeFile(location, bytes);
        expect([null, ...written]).toContainEqual(await readAnchor(location));
      }),
      { seed: SEED, numRuns: 150 },
    );
  });
});

describe('sealed.json', () => {
  const COUNT = 30;
  const idOf = (seq: number) => String(seq).padStart(4, '0');
  const isEntry = (value: unknown): value is JournalEntry =>
    typeof value === 'object' && value !== null && 'id' in value;
  const open = () =>
    JournalFolder.open<JournalEntry>(folder.path, { logger: memoryLogger(), isEntry, segmentBytes: 1500 });
  const all = Array.from({ length: COUNT }, (_, index) => idOf(COUNT - index));

  it('that is damaged keeps the journal from nothing: it opens, has the same entries by page, by id and behind one, and goes on where it was', async () => {
    const writing = await open();
    for (let seq = 1; seq <= COUNT; seq += 1) await writing.append({ id: idOf(seq), at: 'now' });
    await writing.close();
    // As a process leaves it that ends where it begins a new file: then the notes say where the chain goes on.
    await writeFile(path.join(folder.path, `${String(COUNT + 1).padStart(15, '0')}.jsonl`), '');
    await (await open()).close();
    expect((await readdir(folder.path)).filter((name) => name.endsWith('.jsonl')).length).toBeGreaterThan(3);
    const location = path.join(folder.path, 'sealed.json');
    const whole = await readFile(location);
    const anchor = await readAnchor(path.join(folder.path, 'anchor'));
    await fc.assert(
      fc.asyncProperty(damaged(whole), async (bytes) => {
        await writeFile(location, bytes);
        const journal = await open();
        try {
          expect((await journal.page({ limit: 100 })).items.map(({ id }) => id)).toEqual(all);
          expect((await journal.after(0, 100)).map(({ entry }) => entry.id).reverse()).toEqual(all);
          for (const id of all) expect((await journal.find(id))?.id).toBe(id);
          expect((await journal.after(2, 1)).map(({ entry }) => entry.id)).toEqual([idOf(3)]);
          expect(journal.size.entries).toBe(COUNT);
          expect(await readAnchor(path.join(folder.path, 'anchor'))).toEqual(anchor);
        } finally {
          await journal.close();
        }
      }),
      { seed: SEED, numRuns: 25 },
    );
  });
});

type Fields = Readonly<Record<string, fc.Arbitrary<unknown>>>;
type Make = (fields: Fields) => fc.Arbitrary<unknown>;

/** A record as it is written. */
const whole: Make = (fields) => fc.record(fields);

/** A record with some of its fields of another form, or gone. */
const spoilt: Make = (fields) => {
  const others = Object.entries(fields).map(
    ([name, own]) => [name, fc.oneof({ arbitrary: own, weight: 12 }, fc.jsonValue())] as const,
  );
  return fc.record(Object.fromEntries(others), { requiredKeys: [] });
};

const text = anyText(20);
const orNull = (arbitrary: fc.Arbitrary<unknown>) => fc.option(arbitrary, { nil: null });
const list = (arbitrary: fc.Arbitrary<unknown>) => fc.array(arbitrary, { maxLength: 2 });

/** Records of each kind, with any text where a text may stand. */
function records(make: Make) {
  const flag = fc.boolean();
  const settings = make({
    flags: make({ direct: flag, proxy: flag, autoConfigUrl: flag, autoDetect: flag }),
    proxyServer: orNull(text),
    bypassList: list(text),
    autoConfigUrl: orNull(text),
  });
  const context = make({
    context: text,
    sid: text,
    account: text,
    beforeHex: orNull(text),
    afterHex: orNull(text),
    before: orNull(settings),
    after: orNull(settings),
  });
  const common = {
    id: text,
    at: text,
    actor: text,
    requestId: orNull(text),
    ticket: orNull(text),
    reason: orNull(text),
    failure: orNull(text),
    outcome: text,
  };
  return {
    change: make({
      ...common,
      kind: fc.constantFrom('copy', 'put', 'delete', 'restore'),
      source: orNull(make({ id: text, sid: text })),
      backupId: text,
      restoredBackupId: orNull(text),
      contexts: list(context),
    }),
    restart: make({
      ...common,
      kind: fc.constant('sensorRestart'),
      changeId: orNull(text),
      durationMs: fc.nat(),
      steps: list(make({ action: text, service: text, state: text, durationMs: fc.nat() })),
    }),
    deletion: make({
      ...common,
      kind: fc.constant('backupsDeleted'),
      backups: list(make({ id: text, createdAt: text, because: text, contexts: list(text), sha256: text })),
    }),
    webhook: make({
      ...common,
      kind: fc.constant('webhook'),
      action: fc.constantFrom('created', 'paused', 'resumed', 'deleted', 'replayed'),
      webhookId: text,
      name: text,
      host: text,
      preset: text,
      eventTypes: list(text),
      deliveryId: orNull(text),
    }),
  };
}

describe.each<[string, keyof ReturnType<typeof records>, (record: unknown) => string | undefined]>([
  ['a change', 'change', (record) => (isChange(record) ? changeAsMarkdown(record) : undefined)],
  ['a restart', 'restart', (record) => (isSensorRestart(record) ? restartAsMarkdown(record) : undefined)],
  [
    'a deletion of backups',
    'deletion',
    (record) => (isBackupsDeleted(record) ? deletionAsMarkdown(record) : undefined),
  ],
  [
    'a change of a webhook',
    'webhook',
    (record) => (isWebhookChange(record) ? webhookChangeAsMarkdown(record) : undefined),
  ],
])('the record of %s', (_name, kind, markdownOf) => {
  it('is known again after it was written, and can be shown, whatever texts it has', () => {
    fc.assert(
      fc.property(records(whole)[kind], (record) => {
        expect(markdownOf(JSON.parse(JSON.stringify(record)))).toMatch(/^# /);
      }),
      { seed: SEED, numRuns: 150 },
    );
  });

  it('is told from any other JSON, whatever is missing from it or has another form', () => {
    const guards = [isChange, isSensorRestart, isBackupsDeleted, isWebhookChange];
    fc.assert(
      fc.property(fc.oneof(records(spoilt)[kind], fc.jsonValue()), (record) => {
        for (const guard of guards) expect([true, false]).toContain(guard(record));
      }),
      { seed: SEED, numRuns: 250 },
    );
  });
});

it('what is taken for the record of a change of a webhook can be shown', () => {
  let taken = 0;
  fc.assert(
    fc.property(records(spoilt).webhook, (record) => {
      if (!isWebhookChange(record)) return;
      taken += 1;
      expect(webhookChangeAsMarkdown(record)).toMatch(/^# Webhook /);
    }),
    { seed: SEED, numRuns: 1000 },
  );
  expect(taken).toBeGreaterThan(10);
});
