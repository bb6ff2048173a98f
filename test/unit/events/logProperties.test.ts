import { readFile, readdir, writeFile } from 'node:fs/promises';
import path from 'node:path';
import fc from 'fast-check';
import { EVENTS_FOLDER, EventLog } from '../../../src/events/eventLog';
import { SEED, damaged } from '../../support/damage';
import { MemoryFeed } from '../../support/memoryFeed';
import { memoryLogger } from '../../support/memoryLogger';
import { temporaryFolder } from '../../support/temporaryFolder';

let folder: Awaited<ReturnType<typeof temporaryFolder>>;
beforeEach(async () => {
  folder = await temporaryFolder();
});
afterEach(() => folder.remove());

const open = () => EventLog.open(folder.path, { logger: memoryLogger() });

it('whatever became of the file of the events, the log opens, has only events that were written, and goes on', async () => {
  const feed = new MemoryFeed();
  const writing = await open();
  for (let nth = 0; nth < 4; nth += 1) await writing.append(feed.record());
  await writing.close();
  const later = feed.record();
  const written = new Map(feed.events.map((event) => [event.id, event]));
  const location = path.join(folder.path, EVENTS_FOLDER);
  const names = await readdir(location);
  const [segment = ''] = names.filter((name) => name.endsWith('.jsonl'));
  const contents = await Promise.all(
    names.map(async (name) => [name, await readFile(path.join(location, name))] as const),
  );
  const whole = await readFile(path.join(location, segment));
  const lines = whole.toString().trimEnd().split('\n');
  // As a file of JSON, each line of it can have one of its values replaced.
  const inLine = fc
    .nat(lines.length - 1)
    .chain((nth) =>
      damaged(Buffer.from(lines[nth] ?? '')).map((line) =>
        Buffer.concat([
          Buffer.from(lines.slice(0, nth).join('\n') + (nth === 0 ? '' : '\n')),
          line,
          Buffer.from(`\n${lines.slice(nth + 1).join('\n')}\n`),
        ]),
      ),
    );
  let lost = 0;
  await fc.assert(
    fc.asyncProperty(fc.oneof(damaged(whole), inLine), async (bytes) => {
      for (const [name, content] of contents) await writeFile(path.join(location, name), content);
      await writeFile(path.join(location, segment), bytes);
      const log = await open();
      try {
        const before = (await log.after(null, 99)).events;
        for (const event of before) expect(event).toEqual(written.get(event.id));
        expect(before.map(({ id }) => id)).toEqual([...new Set(before.map(({ id }) => id))].sort());
        await log.append(later);
        const page = await log.page({ limit: 99 });
        expect(page.items).toEqual([later, ...[...before].reverse()]);
        expect((await log.after(null, 99)).events).toEqual([...before, later]);
        lost += 4 - before.length;
      } finally {
        await log.close();
      }
      const again = await open();
      expect((await again.after(null, 99)).events.at(-1)).toEqual(later);
      await again.close();
    }),
    { seed: SEED, numRuns: 150 },
  );
  expect(lost).toBeGreaterThan(50);
});
