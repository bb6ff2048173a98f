import { copyFile, readdir, readFile } from 'node:fs/promises';
import path from 'node:path';
import { eventually } from '../support/receiver';
import { temporaryFolder } from '../support/temporaryFolder';
import { expectBackups, journalOf, leftovers } from './evidence';
import { type Answer, type Problem, type Program, command, killAll, startProgram } from './program';
import { type SmallDisk, mountSmallDisk } from './smallDisk';

const PAGE = 4096;
const MOST_PAGES = 60;
const LIMIT_MS = 180_000;

let folder: Awaited<ReturnType<typeof temporaryFolder>>;
let disk: SmallDisk;
beforeEach(async () => {
  folder = await temporaryFolder();
  disk = await mountSmallDisk(path.join(folder.path, 'disk'));
});
afterEach(async () => {
  await killAll();
  await disk.remove();
  await folder.remove();
});

type Operation = (service: Program, tries: number) => Promise<Answer<Problem>>;

/** Each makes a change, whatever the one before has left; what it needs is made ready while there is room. */
const operations: Readonly<
  Record<string, (nth: number, service: Program) => Operation | Promise<Operation>>
> = {
  'a put': (nth) => (service) =>
    service.call('PUT', '/proxy/contexts/LocalSystem', {
      ifMatch: '*',
      body: { proxyServer: `full${nth}.contoso.com:80` },
    }),
  'a copy': () => (service) => service.call('POST', '/proxy/copy'),
  'a restore': async (_nth, ready) => {
    const [last] = await ready.changes(1);
    return (service) => service.call('POST', `/proxy/backups/${last?.backupId ?? ''}/restore`);
  },
  'a delete': () => (service) => service.call('DELETE', '/proxy/contexts/LocalSystem', { ifMatch: '*' }),
  'a copy with a key': (nth) => (service, tries) =>
    service.call('POST', '/proxy/copy', { idempotencyKey: `"full-${nth}-${tries}"` }),
};

/**
 * Tries a change with no room, and with a page more each time, until it succeeds: so every write of it meets the full disk
 * once. Gives the errors that there were.
 */
async function fillUp(service: Program, dataDir: string, change: Operation): Promise<Set<string>> {
  const codes = new Set<string>();
  for (let pages = 0; pages < MOST_PAGES; pages += 1) {
    const before = await service.hexes();
    const journal = await journalOf(dataDir);
    await disk.leave(pages * PAGE);
    const { status, body } = await change(service, pages);
    if (status === 200) {
      await disk.empty();
      return codes;
    }
    const at = `with ${pages} pages free`;
    expect({ at, status, detail: body.detail }).toEqual({
      at,
      status: 503,
      detail: expect.stringMatching(/ENOSPC/) as unknown,
    });
    codes.add(body.code ?? 'none');
    // Reads are served; nothing is half-done.
    expect({ at, now: await service.hexes() }).toEqual({ at, now: before });
    const entries = await journalOf(dataDir);
    expect({ at, earlier: entries.slice(0, journal.length) }).toEqual({ at, earlier: journal });
    for (const entry of entries.slice(journal.length)) expect(entry.outcome).toBe('rolledBack');
    expect({ at, left: await leftovers(dataDir) }).toEqual({ at, left: [] });
    expect({ at, halves: await halfBackups(dataDir) }).toEqual({ at, halves: [] });
    await disk.empty();
  }
  throw new Error(`it fails with ${MOST_PAGES} pages free`);
}

/** Backups of which only the file or only the manifest is there. */
async function halfBackups(dataDir: string): Promise<readonly string[]> {
  const names = await readdir(path.join(dataDir, 'backups'));
  const ids = names.map((name) => name.replace(/\.(?:reg|json)$/, ''));
  return ids.filter((id) => !names.includes(`${id}.reg`) || !names.includes(`${id}.json`));
}

async function fillUpWithEach(dataDir: string, env: Record<string, string>): Promise<Set<string>> {
  const codes = new Set<string>();
  let service = await startProgram(dataDir, { env });
  for (let round = 0; round < 3; round += 1) {
    for (const operation of Object.values(operations)) {
      for (const code of await fillUp(service, dataDir, await operation(round, service))) codes.add(code);
    }
  }
  await service.stop();
  service = await startProgram(dataDir, { env });
  expect((await (await operations['a put']?.(99, service))?.(service, 0))?.status).toBe(200);
  await expectBackups(dataDir, await journalOf(dataDir));
  return codes;
}

/**
 * Runs a command of tokens with no room, and with a page more each time, until it succeeds: its lines then. Each time before
 * it says in one line what is missing, and leaves no file; `meanwhile` looks at the rest.
 */
async function untilThereIsRoom(
  dataDir: string,
  args: readonly string[],
  meanwhile: () => Promise<void> = () => Promise.resolve(),
): Promise<readonly string[]> {
  const before = (await readdir(dataDir)).sort();
  for (let pages = 0; pages < MOST_PAGES; pages += 1) {
    await disk.leave(pages * PAGE);
    const { code, stderr, lines } = await command(dataDir, ...args);
    const left = (await readdir(dataDir)).sort();
    if (code !== 0) await meanwhile();
    await disk.empty();
    if (code === 0) {
      expect(pages).toBeGreaterThan(0);
      return lines;
    }
    const at = `with ${pages} pages free`;
    expect({ at, code, stderr, lines, left }).toEqual({
      at,
      code: 1,
      stderr: expect.stringMatching(/^[^\n]*ENOSPC[^\n]*\n$/) as unknown,
      lines: [],
      left: before,
    });
  }
  throw new Error(`it fails with ${MOST_PAGES} pages free`);
}

describe('a disk that is full', () => {
  it('at each write of a new token: one line that says so, and neither a token nor a file is left', async () => {
    const dataDir = path.join(disk.folder, 'data');
    await (await startProgram(dataDir)).stop();
    const before = await readdir(dataDir);
    const lines = await untilThereIsRoom(dataDir, ['token', 'create', 'job', '--scope', 'read']);
    expect(lines[0]).toMatch(/^sp_/);
    expect((await readdir(dataDir)).sort()).toEqual([...before, 'tokens.json'].sort());
    expect((await command(dataDir, 'token', 'list')).lines).toHaveLength(2);
  });

  it('at each write of a revocation: one line that says so, the token is let in until it has worked, and no longer', async () => {
    const dataDir = path.join(disk.folder, 'data');
    const service = await startProgram(dataDir);
    const made = async (name: string) =>
      (await command(dataDir, 'token', 'create', name, '--scope', 'read')).lines[0] ?? '';
    const [job, other] = [await made('job'), await made('other')];
    const statusOf = async (token: string) => (await service.call('GET', '/changes', { token })).status;
    // Not by asking: too many wrong tokens from one address are no longer looked at.
    const known = (many: number) =>
      eventually(() => {
        const read = service
          .log()
          .split('\n')
          .filter((line) => line.includes('have been read again'));
        return read.at(-1)?.includes(`"tokens":${many}}`) === true;
      }, `the service knows ${many} tokens`);
    await known(2);
    const before = await readFile(path.join(dataDir, 'tokens.json'), 'utf8');
    const lines = await untilThereIsRoom(dataDir, ['token', 'revoke', 'job'], async () => {
      expect(await readFile(path.join(dataDir, 'tokens.json'), 'utf8')).toBe(before);
      expect(await statusOf(job)).toBe(200);
    });
    expect(lines).toEqual(['The token job is revoked.']);
    await known(1);
    expect([await statusOf(job), await statusOf(other)]).toEqual([401, 200]);
  });

  it(
    'at each write of a change, with data and registry on it: an error that says so, nothing half-done, and it works again',
    async () => {
      const codes = await fillUpWithEach(path.join(disk.folder, 'data'), {});
      expect([...codes].sort()).toEqual(['backup-failed', 'idempotency-key-unrecorded', 'write-failed']);
    },
    LIMIT_MS,
  );

  it(
    'at each write of a change, with the data alone on it, the journal included',
    async () => {
      const first = await startProgram(path.join(folder.path, 'first'));
      await first.stop();
      const regfile = path.join(folder.path, 'registry.reg');
      await copyFile(path.join(folder.path, 'first', 'registry.reg'), regfile);
      const codes = await fillUpWithEach(path.join(disk.folder, 'data'), {
        SENSORPROXY_REGISTRY: `regfile:${regfile}`,
      });
      expect([...codes].sort()).toEqual([
        'backup-failed',
        'idempotency-key-unrecorded',
        'journal-unavailable',
      ]);
    },
    LIMIT_MS,
  );

  it('keeps a service from starting, which says so and starts once there is room', async () => {
    const dataDir = path.join(disk.folder, 'data');
    await disk.leave(0);
    await expect(startProgram(dataDir)).rejects.toThrow(/ENOSPC/);
    await disk.empty();
    const service = await startProgram(dataDir);
    expect((await service.call('POST', '/proxy/copy')).status).toBe(200);
    expect((await readdir(dataDir)).filter((name) => name.endsWith('.tmp'))).toEqual([]);
  });
});
