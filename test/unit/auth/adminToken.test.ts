import { readFile, stat, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { openAdminToken } from '../../../src/auth/adminToken';
import { temporaryFolder } from '../../support/temporaryFolder';

let folder: Awaited<ReturnType<typeof temporaryFolder>>;
beforeEach(async () => {
  folder = await temporaryFolder();
});
afterEach(() => folder.remove());

const tokenFile = () => path.join(folder.path, 'admin.token');

describe('the administrator’s token', () => {
  it('is made at the first start, for this account’s eyes alone, and is the same at the second', async () => {
    const first = await openAdminToken(folder.path);
    const token = (await readFile(tokenFile(), 'utf8')).trim();
    expect(first.created).toBe(true);
    expect(token).toMatch(/^[A-Za-z0-9_-]{43}$/);
    expect((await stat(tokenFile())).mode & 0o777).toBe(0o600);
    const second = await openAdminToken(folder.path);
    expect(second.created).toBe(false);
    expect(second.verify(token)).toEqual({ name: 'admin' });
  });

  it('is the only text that is let in', async () => {
    const { verify } = await openAdminToken(folder.path);
    const token = (await readFile(tokenFile(), 'utf8')).trim();
    for (const wrong of [
      '',
      token.slice(0, -1),
      `${token}x`,
      token.toUpperCase(),
      ` ${token}`,
      'x'.repeat(100_000),
    ]) {
      expect(verify(wrong)).toBeUndefined();
    }
    expect(verify(token)).toBeDefined();
  });

  it('differs from folder to folder', async () => {
    const other = await temporaryFolder();
    try {
      await openAdminToken(folder.path);
      await openAdminToken(other.path);
      expect(await readFile(tokenFile(), 'utf8')).not.toBe(
        await readFile(path.join(other.path, 'admin.token'), 'utf8'),
      );
    } finally {
      await other.remove();
    }
  });

  it.each(['', 'short', 'has spaces in it, though it is long enough to be one'])(
    'refuses to start with a token file that holds %j, rather than let anybody in',
    async (text) => {
      await writeFile(tokenFile(), text);
      await expect(openAdminToken(folder.path)).rejects.toMatchObject({ code: 'token-file-malformed' });
      expect(await readFile(tokenFile(), 'utf8')).toBe(text);
    },
  );
});
