import { readFile, rename, stat, symlink, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { openTokenStore, type TokenStore } from '../../../src/auth/tokenStore';
import { parseTokenFile } from '../../../src/auth/tokenFile';
import { parseCommandLine } from '../../../src/cli/commandLine';
import { runCommand } from '../../../src/cli/runCommand';
import { systemClock } from '../../../src/lib/clock';
import { memoryLogger } from '../../support/memoryLogger';
import { temporaryFolder } from '../../support/temporaryFolder';

let folder: Awaited<ReturnType<typeof temporaryFolder>>;
const stores: TokenStore[] = [];
beforeEach(async () => (folder = await temporaryFolder()));
afterEach(async () => {
  for (const store of stores.splice(0)) await store.close();
  await folder.remove();
});

/** Runs `sensorproxy token …` as it was typed. */
async function token(...args: string[]) {
  const command = parseCommandLine(['token', ...args, '--data-dir', folder.path], '1.2.3');
  if (command.kind !== 'command') throw new Error(`not a command: ${command.kind}`);
  const service = () => {
    throw new Error('no service manager is needed');
  };
  return runCommand(command, { service, write: () => undefined });
}

async function created(name: string, scope: string, ...options: string[]): Promise<string> {
  const { exitCode, lines } = await token('create', name, '--scope', scope, ...options);
  expect(exitCode).toBe(0);
  return lines[0] ?? '';
}

async function openStore(now = systemClock.now()): Promise<TokenStore> {
  const clock = { ...systemClock, now: () => now };
  const store = await openTokenStore(folder.path, { clock, logger: memoryLogger() });
  stores.push(store);
  return store;
}

const tokenFile = () => path.join(folder.path, 'tokens.json');

describe('sensorproxy token', () => {
  it('makes a token that the service knows by its name and scope, and keeps only its hash', async () => {
    const made = await created('ansible', 'operate');
    expect(made).toMatch(/^sp_[A-Za-z0-9_-]{43}$/);
    const kept = await readFile(tokenFile(), 'utf8');
    expect(kept).not.toContain(made.slice(3));
    expect((await stat(tokenFile())).mode & 0o777).toBe(0o600);
    expect((await openStore()).verify(made)).toEqual({ name: 'ansible', scope: 'operate' });
  });

  it('lists each with its scope, expiry and last use, and never a token', async () => {
    const made = await created('sccm', 'read', '--expires', '90d');
    const store = await openStore();
    store.verify(made);
    await store.close();
    const { exitCode, lines } = await token('list');
    expect(exitCode).toBe(0);
    expect(lines[0]).toMatch(/^NAME +SCOPE +CREATED +EXPIRES +LAST USE$/);
    expect(lines[1]).toMatch(/^sccm +read +\d{4}-\S+Z +\d{4}-\S+Z +\d{4}-\S+Z$/);
    expect(lines.join()).not.toContain(made);
  });

  it('lets nobody in with an expired token, a revoked one, or another', async () => {
    const expiring = await created('short', 'read', '--expires', '12h');
    const revoked = await created('gone', 'admin');
    await token('revoke', 'gone');
    const later = new Date(Date.now() + 13 * 3_600_000).toISOString();
    const store = await openStore(later);
    expect([expiring, revoked, 'sp_', ''].map((text) => store.verify(text))).toEqual(
      Array(4).fill(undefined),
    );
    expect((await openStore()).verify(expiring)).toBeDefined();
  });

  it('reaches a service that runs, within a second or so', async () => {
    const store = await openStore();
    const made = await created('late', 'read');
    const until = async (wanted: boolean) => {
      while ((store.verify(made) !== undefined) !== wanted)
        await new Promise((resolve) => setTimeout(resolve, 20));
    };
    await until(true);
    await token('revoke', 'late');
    await until(false);
  });

  it.each([
    ['create', 'admin', '--scope', 'read'],
    ['create', 'a b', '--scope', 'read'],
    ['create', '../x', '--scope', 'read'],
    ['create', 'x'.repeat(65), '--scope', 'read'],
    ['create', 'x', '--scope', 'root'],
    ['create', 'x'],
    ['create', 'x', '--scope', 'read', '--expires', '0d'],
    ['create', 'x', '--scope', 'read', '--expires', '9999d'],
    ['create', 'x', '--scope', 'read', '--expires', 'tomorrow'],
    ['revoke', 'nobody'],
  ])('refuses “%s %s …” with 2 and changes nothing', async (...args) => {
    await created('first', 'read');
    const before = await readFile(tokenFile(), 'utf8');
    const { exitCode, lines } = await token(...args);
    expect([exitCode, lines.length]).toEqual([2, 1]);
    expect(await readFile(tokenFile(), 'utf8')).toBe(before);
  });

  it('refuses a name that is taken, whatever its case', async () => {
    await created('Ansible', 'read');
    expect(await token('create', 'ansible', '--scope', 'read')).toMatchObject({ exitCode: 2 });
  });

  it('gives out many at once without losing one', async () => {
    await Promise.all(Array.from({ length: 10 }, (_, id) => created(`t${id}`, 'read')));
    expect(parseTokenFile(await readFile(tokenFile(), 'utf8'))).toHaveLength(10);
  });

  it('does not make a data folder that is not there', async () => {
    const command = parseCommandLine(
      ['token', 'create', 'x', '--scope', 'read', '--data-dir', path.join(folder.path, 'none')],
      '1',
    );
    if (command.kind !== 'command') throw new Error('not a command');
    const service = () => {
      throw new Error('not needed');
    };
    expect(await runCommand(command, { service, write: () => undefined })).toMatchObject({ exitCode: 1 });
  });
});

describe('a token file that was spoilt', () => {
  it.each([
    ['no JSON', '{'],
    ['no list', '{}'],
    ['a name twice', JSON.stringify([record('a'), record('A')])],
    ['a hash that is none', JSON.stringify([{ ...record('a'), sha256: 'abc' }])],
    ['a scope that there is not', JSON.stringify([{ ...record('a'), scope: 'root' }])],
    ['a time that is none', JSON.stringify([{ ...record('a'), expiresAt: 'soon' }])],
  ])('keeps the service from starting: %s', async (_, text) => {
    await writeFile(tokenFile(), text);
    await expect(openStore()).rejects.toMatchObject({ code: 'token-file-malformed' });
  });

  it('shuts everybody out but the administrator, when it happens while the service runs', async () => {
    const made = await created('ansible', 'read');
    const store = await openStore();
    await writeFile(tokenFile(), '[');
    while (store.verify(made) !== undefined) await new Promise((resolve) => setTimeout(resolve, 20));
    const admin = (await readFile(store.admin.file, 'utf8')).trim();
    expect(store.verify(admin)).toEqual({ name: 'admin', scope: 'admin' });
  });

  it('lets them in again once it can be read, though it could not even be looked at', async () => {
    const made = await created('ansible', 'read');
    const store = await openStore();
    const becomes = async (wanted: boolean) => {
      while ((store.verify(made) !== undefined) !== wanted)
        await new Promise((resolve) => setTimeout(resolve, 20));
    };
    await rename(tokenFile(), `${tokenFile()}.aside`);
    await symlink('tokens.json', tokenFile());
    await becomes(false);
    await rename(`${tokenFile()}.aside`, tokenFile());
    await becomes(true);
  });
});

describe('the last use', () => {
  const lastUses = async () => {
    const { lines } = await token('list');
    const rows = lines.slice(1).map((line) => line.split(/ +/));
    return rows.map(([name, ...row]) => `${name ?? ''} ${row.at(-1) === 'never' ? 'never' : 'known'}`);
  };

  it('is kept when the service starts again, and is not handed on with a name', async () => {
    const [first, second] = [await created('first', 'read'), await created('second', 'read')];
    for (const used of [first, second]) {
      const store = await openStore();
      store.verify(used);
      await store.close();
    }
    expect(await lastUses()).toEqual(['first known', 'second known']);
    await token('revoke', 'first');
    await created('first', 'read');
    expect(await lastUses()).toEqual(['second known', 'first never']);
  });
});

function record(name: string) {
  return {
    name,
    sha256: '0'.repeat(64),
    scope: 'read',
    createdAt: '2026-01-01T00:00:00.000Z',
    expiresAt: null,
  };
}
