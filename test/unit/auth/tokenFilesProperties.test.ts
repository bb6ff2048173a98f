import { readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import fc from 'fast-check';
import { openAdminToken } from '../../../src/auth/adminToken';
import { newToken, readTokenFile, tokenFileIn, tokenHash, writeTokenFile } from '../../../src/auth/tokenFile';

import { CommandRefusal } from '../../../src/cli/commandResult';
import { createToken, listTokens } from '../../../src/cli/tokenCommand';
import { systemClock } from '../../../src/lib/clock';
import { DomainError } from '../../../src/lib/errors';
import { anyText, damaged, SEED } from '../../support/damage';
import { temporaryFolder } from '../../support/temporaryFolder';

const DAY_MS = 86_400_000;
const NOW = '2026-11-24T06:15:12.350Z';

let folder: Awaited<ReturnType<typeof temporaryFolder>>;
beforeEach(async () => {
  folder = await temporaryFolder();
});
afterEach(() => folder.remove());

const place = () => ({ dataDir: folder.path, clock: { ...systemClock, now: () => NOW } });

it('admin.token with any content lets in what stands in it, or is refused and left as it is', async () => {
  const location = path.join(folder.path, 'admin.token');
  const { verify } = await openAdminToken(folder.path);
  const whole = await readFile(location);
  expect(verify(whole.toString().trim())).toBeDefined();
  const content = fc.oneof(
    damaged(whole),
    anyText().map((text) => Buffer.from(text)),
    fc.stringMatching(/^\s?[A-Za-z0-9_-]{40,50}\s{0,2}$/).map((text) => Buffer.from(text)),
  );
  await fc.assert(
    fc.asyncProperty(content, async (bytes) => {
      await writeFile(location, bytes);
      try {
        const opened = await openAdminToken(folder.path);
        const token = bytes.toString().trim();
        expect(token).toMatch(/^[A-Za-z0-9_-]{43,}$/);
        expect(opened.created).toBe(false);
        expect(opened.verify(token)).toBeDefined();
        for (const wrong of ['', token.slice(1), `${token}-`]) expect(opened.verify(wrong)).toBeUndefined();
      } catch (error) {
        if (!(error instanceof DomainError)) throw error;
        expect(error.code).toBe('token-file-malformed');
      }
      expect((await readFile(location)).equals(bytes)).toBe(true);
    }),
    { seed: SEED, numRuns: 80 },
  );
});

it('token-use.json with any content does not keep the tokens from being listed', async () => {
  const names = ['ansible', 'sccm'];
  const record = (name: string) =>
    ({ name, sha256: tokenHash(newToken()), scope: 'read', createdAt: NOW, expiresAt: null }) as const;
  await writeTokenFile(tokenFileIn(folder.path), names.map(record));
  const whole = Buffer.from(JSON.stringify({ ansible: NOW, sccm: NOW }));
  const other = fc
    .dictionary(fc.constantFrom(...names, '__proto__', 'x'), fc.oneof(anyText(), fc.jsonValue()))
    .map((uses) => Buffer.from(JSON.stringify(uses)));
  await fc.assert(
    fc.asyncProperty(fc.oneof(damaged(whole), other), async (bytes) => {
      await writeFile(path.join(folder.path, 'token-use.json'), bytes);
      const { exitCode, lines } = await listTokens(place());
      expect(exitCode).toBe(0);
      expect(lines.slice(1).map((line) => line.split(' ')[0])).toEqual(names);
    }),
    { seed: SEED, numRuns: 80 },
  );
});

it('--expires with any text gives a time to come, ten years ahead at most, or is refused and makes no token', async () => {
  const text = fc.oneof(
    anyText(8),
    fc.stringMatching(/^[-+ ]?\d{1,6}\.?[hdHDms]{0,2}\n?$/),
    fc.constantFrom(
      '1h',
      '90d',
      '12h',
      '0d',
      '00001d',
      '3660d',
      '3661d',
      '87840h',
      '87841h',
      '99999h',
      '1e3d',
      '１d',
      '90d ',
    ),
  );
  let made = 0;
  await fc.assert(
    fc.asyncProperty(text, async (expires) => {
      const name = `token${made}`;
      try {
        await createToken({ name, scope: 'read', expires }, place());
        made += 1;
      } catch (error) {
        if (!(error instanceof CommandRefusal)) throw error;
        expect(error.message).toContain('expiry');
      }
      const records = await readTokenFile(tokenFileIn(folder.path));
      expect(records).toHaveLength(made);
      for (const { expiresAt } of records.slice(-1)) {
        const ms = Date.parse(expiresAt ?? '') - Date.parse(NOW);
        expect(ms).toBeGreaterThanOrEqual(DAY_MS / 24);
        expect(ms).toBeLessThanOrEqual(3660 * DAY_MS);
      }
    }),
    { seed: SEED, numRuns: 100 },
  );
  expect(made).toBeGreaterThan(3);
});
