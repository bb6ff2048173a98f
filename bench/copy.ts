import { open, readFile, rename } from 'node:fs/promises';
import path from 'node:path';
import { practiceDomainController } from '../src/registry/regfile/practiceDomainController';
import { actor, localService, localSystem, openPractice } from '../test/support/practice';
import { temporaryFolder } from '../test/support/temporaryFolder';
import { median } from './median';
import type { BenchRow } from './row';

const ROUNDS = 60;

/**
 * A copy to two targets, against nothing but the writes and fsyncs that it needs: backup, manifest,
 * note of what is under way (made and removed), two targets, journal.
 */
export async function benchCopy(): Promise<BenchRow[]> {
  const practice = await openPractice();
  const folder = await temporaryFolder();
  try {
    const sizes = await fileSizes(practice);
    const copies: number[] = [];
    const syncs: number[] = [];
    for (let round = 0; round < ROUNDS; round += 1) {
      await practice.set(localSystem, { counter: round });
      await practice.remove(localService);
      copies.push(await timed(() => practice.proxy.copy({}, actor)));
      syncs.push(await timed(() => syncsAlone(folder.path, sizes)));
    }
    const ratio = median(copies.map((copy, round) => copy / (syncs[round] ?? NaN)));
    return [
      {
        measure: 'a copy to two targets, ms',
        value: median(copies),
        against: `the fsyncs it needs, done alone: ${median(syncs).toFixed(1)} ms`,
        ratio,
        reach: '3 or less',
        ok: ratio <= 3,
        note: `median of ${ROUNDS}; 13 fsyncs`,
      },
    ];
  } finally {
    await practice.close();
    await folder.remove();
  }
}

async function fileSizes(practice: Awaited<ReturnType<typeof openPractice>>) {
  const { backupId } = await practice.proxy.copy({}, actor);
  const size = async (...name: string[]) => (await readFile(path.join(practice.dataDir, ...name))).length;
  return {
    replaced: [
      await size('backups', `${backupId ?? ''}.reg`),
      await size('backups', `${backupId ?? ''}.json`),
      // The note holds the journal's entry and little more.
      await size('journal', '000000000000001.jsonl'),
      practiceDomainController().length,
      practiceDomainController().length,
    ],
    appended: await size('journal', '000000000000001.jsonl'),
  };
}

async function syncsAlone(
  folder: string,
  sizes: { readonly replaced: readonly number[]; readonly appended: number },
) {
  for (const [index, size] of sizes.replaced.entries()) {
    const file = await open(path.join(folder, `${index}.tmp`), 'w');
    await file.writeFile(Buffer.alloc(size));
    await file.sync();
    await file.close();
    await rename(path.join(folder, `${index}.tmp`), path.join(folder, String(index)));
    const directory = await open(folder, 'r');
    await directory.sync();
    await directory.close();
  }
  const removed = await open(folder, 'r');
  await removed.sync();
  await removed.close();
  const journal = await open(path.join(folder, 'journal'), 'a');
  await journal.appendFile(Buffer.alloc(sizes.appended));
  await journal.datasync();
  await journal.close();
  const anchor = await open(path.join(folder, 'anchor'), 'a+');
  await anchor.write(Buffer.alloc(256), 0, 256, 0);
  await anchor.datasync();
  await anchor.close();
}

async function timed(work: () => Promise<unknown>): Promise<number> {
  const begin = performance.now();
  await work();
  return performance.now() - begin;
}
