import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFile, readdir } from 'node:fs/promises';
import path from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as delay } from 'node:timers/promises';
import type { Change, ProxyContexts } from '../src/proxy/model';
import { anna } from './support/practice';
import { temporaryFolder } from './support/temporaryFolder';

const ROOT = path.join(__dirname, '..');
const ROUNDS = 6;
const SEED = 20261124;

/** Numbers from 0 to 1, the same for the same seed (a linear congruential generator, Numerical Recipes' constants). */
function random(seed: number): () => number {
  let last = seed;
  return () => {
    last = (Math.imul(last, 1664525) + 1013904223) >>> 0;
    return last / 2 ** 32;
  };
}

let folder: Awaited<ReturnType<typeof temporaryFolder>>;
let child: ChildProcess | undefined;
beforeEach(async () => {
  folder = await temporaryFolder();
});
afterEach(async () => {
  await kill();
  await folder.remove();
});

async function kill(): Promise<void> {
  if (child?.exitCode !== null || child.signalCode !== null) return;
  child.kill('SIGKILL');
  await once(child, 'exit');
}

/** Starts the real program and gives what asks it. */
async function start() {
  const data = path.join(folder.path, 'data');
  const started = spawn(process.execPath, ['--import', 'tsx', path.join(ROOT, 'src', 'main.ts')], {
    cwd: ROOT,
    stdio: ['ignore', 'pipe', 'inherit'],
    env: { PATH: process.env.PATH, SENSORPROXY_PORT: '0', SENSORPROXY_DATA_DIR: data },
  });
  child = started;
  const url = await new Promise<string>((resolve, reject) => {
    createInterface({ input: started.stdout }).on('line', (line) => {
      const entry = JSON.parse(line) as { readonly message: string; readonly url?: string };
      if (entry.message === 'listening' && entry.url) resolve(entry.url);
    });
    started.once('close', () => {
      reject(new Error('it did not start'));
    });
  });
  const token = (await readFile(path.join(data, 'admin.token'), 'utf8')).trim();
  const call = (method: string, where: string) =>
    fetch(url + where, { method, headers: { authorization: `Bearer ${token}` } });
  const get = async <Body>(where: string) => (await (await call('GET', where)).json()) as Body;
  return {
    call,
    hexes: async () => {
      const { contexts } = await get<ProxyContexts>('/proxy/contexts');
      const hexOf = (id: string) => contexts.find((context) => context.id === id)?.hex;
      return { source: hexOf(anna), targets: [hexOf('LocalSystem'), hexOf('LocalService')] };
    },
    newest: async () => (await get<{ items: Change[] }>('/changes?limit=1')).items[0],
    notes: async () => (await readdir(data)).filter((name) => name.startsWith('pending')),
  };
}

it(`leaves all or nothing of a copy, and the journal agrees, when it is killed at any moment (seed ${SEED})`, async () => {
  const next = random(SEED);
  let service = await start();
  const { source, targets: old } = await service.hexes();
  expect(old).not.toContain(source);
  const restore = async (backupId: string) => {
    expect((await service.call('POST', `/proxy/backups/${backupId}/restore`)).status).toBe(200);
    expect((await service.hexes()).targets).toEqual(old);
  };
  // How long a copy takes here, so that the rounds end in all of its parts.
  const begin = performance.now();
  expect((await service.call('POST', '/proxy/copy')).status).toBe(200);
  const longest = performance.now() - begin;
  await restore((await service.newest())?.backupId ?? '');
  for (let round = 1; round <= ROUNDS; round += 1) {
    const earlier = await service.newest();
    const asked = service.call('POST', '/proxy/copy').catch(() => undefined);
    await delay(next() * longest);
    await kill();
    await asked;
    service = await start();
    const { targets } = await service.hexes();
    const newest = await service.newest();
    const applied = newest?.id !== earlier?.id && newest?.outcome === 'applied';
    expect({ round, targets }).toEqual({ round, targets: applied ? [source, source] : old });
    if (newest?.id !== earlier?.id) expect(newest?.outcome).toMatch(/^(?:applied|rolledBack)$/);
    expect(await service.notes()).toEqual([]);
    if (applied) await restore(newest.backupId);
  }
}, 60_000);
