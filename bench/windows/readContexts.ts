/**
 * Runs on a Windows Node: reads what a snapshot is made of, through the native driver and through reg.exe, in turns. Its
 * argument says how many rounds. Prints {@link ReadTimes} as JSON.
 */
import { execFile } from 'node:child_process';
import { readSnapshot } from '../../src/proxy/snapshot';
import { openAdvapi32Registry } from '../../src/registry/advapi32/advapi32Registry';
import type { Registry } from '../../src/registry/registry';
import { median } from '../median';

/** Milliseconds that one snapshot takes, once a round. */
export interface ReadTimes {
  /** How many keys are listed and values read for it. */
  readonly reads: number;
  /** The middle one of many. */
  readonly native: readonly number[];
  /** The same keys and values, asked of reg.exe one after the other. */
  readonly regExe: readonly number[];
}

/** A read of the snapshot's: what reg.exe is given for it, and whether there is such a key or value. */
interface Read {
  readonly query: readonly string[];
  found: boolean;
}

const SNAPSHOTS = 300;
const REG_EXE = `${process.env.SystemRoot ?? 'C:\\windows'}\\system32\\reg.exe`;

void main(Number(process.argv[2]));

async function main(rounds: number): Promise<void> {
  const registry = openAdvapi32Registry();
  const reads: Read[] = [];
  await readSnapshot(recorded(registry, reads));
  const native: number[] = [];
  const regExe: number[] = [];
  await manySnapshots(registry); // warm
  for (let round = 0; round < rounds; round += 1) {
    native.push(await manySnapshots(registry));
    regExe.push(await timed(() => throughRegExe(reads)));
  }
  const times: ReadTimes = { reads: reads.length, native, regExe };
  process.stdout.write(JSON.stringify(times));
}

/** The same registry, which notes what is read from it. */
function recorded(registry: Registry, reads: Read[]): Registry {
  const note = async <T>(query: readonly string[], value: Promise<T | undefined>) => {
    const read = { query, found: false };
    reads.push(read);
    const result = await value;
    read.found = result !== undefined;
    return result;
  };
  return Object.assign(Object.create(registry) as Registry, {
    readValue: (key: string, name: string) => note([key, '/v', name], registry.readValue(key, name)),
    listValues: (key: string) => note([key], registry.listValues(key)),
    listSubkeys: (key: string) => note([key], registry.listSubkeys(key)),
  });
}

async function manySnapshots(registry: Registry): Promise<number> {
  const times: number[] = [];
  for (let i = 0; i < SNAPSHOTS; i += 1) times.push(await timed(() => readSnapshot(registry)));
  return median(times);
}

async function throughRegExe(reads: readonly Read[]): Promise<void> {
  for (const { query, found } of reads) {
    if ((await regExeFinds(query)) !== found)
      throw new Error(`reg.exe does not see what the driver sees: ${query.join(' ')}`);
  }
}

function regExeFinds(query: readonly string[]): Promise<boolean> {
  return new Promise((resolve, reject) => {
    execFile(REG_EXE, ['query', ...query], (error) => {
      if (error === null) resolve(true);
      else if (error.code === 1) resolve(false);
      else reject(new Error('reg.exe failed', { cause: error }));
    });
  });
}

async function timed(work: () => Promise<unknown>): Promise<number> {
  const begin = performance.now();
  await work();
  return performance.now() - begin;
}
