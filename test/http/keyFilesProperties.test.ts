import { readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import fc from 'fast-check';
import { type KeyRecord, openKeyFiles } from '../../src/http/idempotency/keyFiles';
import { damaged, SEED } from '../support/damage';
import { temporaryFolder } from '../support/temporaryFolder';

const record: KeyRecord = {
  name: 'a'.repeat(64),
  fingerprint: 'b'.repeat(64),
  actor: 'ansible',
  changeId: '20261124T061512350Z-2c26b46b',
  at: '2026-11-24T06:15:12.350Z',
  answer: { status: 200, body: { changed: true } },
};

it('the file of an idempotency key is what was written, or is told to be unusable, whatever became of it', async () => {
  const folder = await temporaryFolder();
  try {
    const files = await openKeyFiles(folder.path);
    const location = path.join(folder.path, 'idempotency', `${record.name}.json`);
    await files.write(record);
    const whole = await readFile(location);
    const seen = new Set<boolean>();
    await fc.assert(
      fc.asyncProperty(damaged(whole), async (bytes) => {
        await writeFile(location, bytes);
        const read = await files.read(record.name);
        const [listed, ...more] = await files.list();
        expect(more).toEqual([]);
        expect(listed).toMatchObject({ name: record.name, record: read, sizeBytes: bytes.length });
        if (read !== null) expect(read).toEqual(record);
        seen.add(read !== null);
      }),
      { seed: SEED, numRuns: 300, examples: [[whole]] },
    );
    expect(seen).toEqual(new Set([true, false]));
  } finally {
    await folder.remove();
  }
});
