import { appendFile, readFile, rm, truncate, writeFile } from 'node:fs/promises';
import { createHash } from 'node:crypto';
import path from 'node:path';
import {
  type Practice,
  actor,
  anna,
  annasProxy,
  localService,
  localSystem,
  openPractice,
} from '../../support/practice';
import { changeAsMarkdown } from '../../../src/proxy/evidence';

let practice: Practice;
beforeEach(async () => {
  practice = await openPractice();
});
afterEach(() => practice.close());

const putSettings = async (...call: Parameters<Practice['proxy']['put']>) =>
  (await practice.proxy.put(...call)).outcome;

const etag = async (id: string) => (await practice.proxy.context(id)).etag;

describe('what is said of programs that share an account', () => {
  const said = ({ findings }: { readonly findings: readonly { readonly detail: string }[] }) =>
    findings.map(({ detail }) => detail);
  const getProxy =
    'Every program that uses WinINET as LocalSystem or LocalService gets this proxy, not the sensor alone.';
  const haveNone =
    'Every program that uses WinINET as LocalSystem or LocalService has no proxy then, not the sensor alone.';

  it('is that they get the proxy, or after a restore to none that they have none', async () => {
    const copied = await practice.proxy.copy({}, actor);
    expect(said(copied)).toEqual([getProxy]);
    const restored = await practice.proxy.restore(copied.backupId ?? '', {}, actor);
    expect(said(restored)).toEqual([haveNone]);
    expect(said(await practice.proxy.restore(restored.backupId ?? '', { dryRun: true }, actor))).toEqual([
      getProxy,
    ]);
  });

  it('is of each account what it gets, where they get different things', async () => {
    await practice.set(localSystem, { flags: 3, proxy: 'old.contoso.com:8080' });
    const { backupId } = await practice.proxy.copy({}, actor);
    expect(said(await practice.proxy.restore(backupId ?? '', {}, actor))).toEqual([
      'Every program that uses WinINET as LocalSystem gets this proxy, not the sensor alone.',
      'Every program that uses WinINET as LocalService has no proxy then, not the sensor alone.',
    ]);
  });

  it('is that they have none when a PUT goes direct, and not when it leads to a script or a search', async () => {
    const ends = (put: { readonly findings: readonly { readonly detail: string }[] }) =>
      said(put)[0]?.replace(/^.*LocalSystem /, '');
    const put = (settings: object) => putSettings('LocalSystem', settings, '*', actor);
    const gets = 'gets this proxy, not the sensor alone.';
    expect(ends(await put({ proxyServer: 'proxy:3128' }))).toBe(gets);
    expect(ends(await put({}))).toBe('has no proxy then, not the sensor alone.');
    expect(ends(await put({ autoDetect: true }))).toBe(gets);
    expect(ends(await put({ autoConfigUrl: 'http://pac.contoso.com/p.pac' }))).toBe(gets);
  });
});

describe('PUT of named settings', () => {
  it('sets them, keeps the trailer, raises the counter, and makes a backup', async () => {
    await practice.set(localSystem, { counter: 9, trailer: Buffer.from('keep me') });
    const request = { proxyServer: 'proxy:3128', bypassList: ['*.contoso.com', '<local>'] };
    const done = await putSettings('LocalSystem', request, await etag('LocalSystem'), actor);
    expect(done).toMatchObject({
      changed: true,
      source: null,
      results: [{ after: { counter: 10, proxyServer: 'proxy:3128' } }],
    });
    expect(await practice.hexOf(localSystem)).toMatch(
      new RegExp(`${Buffer.from('keep me').toString('hex')}$`),
    );
    expect((await practice.proxy.backup(done.backupId ?? '')).kind).toBe('put');
  });

  it('makes the key and the value of an account that has none', async () => {
    await putSettings('LocalService', { autoDetect: true }, await etag('LocalService'), actor);
    expect((await practice.proxy.context('LocalService')).settings).toMatchObject({
      version: 70,
      counter: 1,
      flags: { direct: true, proxy: false, autoDetect: true },
    });
  });

  it('tells the entity tag that the account has then: the new one, and on a dry run or without a change the old one', async () => {
    const before = await etag('LocalSystem');
    const put = async (dryRun: boolean) =>
      (await practice.proxy.put('LocalSystem', { autoDetect: true, dryRun }, '*', actor)).etag;
    expect(await put(true)).toBe(before);
    const after = await put(false);
    expect(after).not.toBe(before);
    expect(await etag('LocalSystem')).toBe(after);
    expect(await put(false)).toBe(after);
  });

  it('leaves settings alone that are in force already', async () => {
    const request = { proxyServer: annasProxy, bypassList: ['<local>', '*.contoso.com'] };
    const before = await practice.hexOf(anna);
    expect(await putSettings(anna, request, await etag(anna), actor)).toMatchObject({
      changed: false,
    });
    expect(await practice.hexOf(anna)).toBe(before);
  });

  it('needs If-Match, and the one that fits', async () => {
    const put = (ifMatch?: string) => putSettings('LocalSystem', { autoDetect: true }, ifMatch, actor);
    await expect(put()).rejects.toMatchObject({ code: 'if-match-required' });
    await expect(put('"stale"')).rejects.toMatchObject({ code: 'etag-stale' });
    await expect(put(`W/${await etag('LocalSystem')}`)).rejects.toMatchObject({ code: 'etag-stale' });
    await expect(put(`"x", ${await etag('LocalSystem')}`)).resolves.toMatchObject({ changed: true });
    await expect(put('*')).resolves.toMatchObject({ changed: false });
    await expect(putSettings('LocalService', {}, '*', actor)).rejects.toMatchObject({
      code: 'etag-stale',
    });
  });

  it('lets one of many writers with the same ETag win', async () => {
    const tag = await etag('LocalSystem');
    const writes = Array.from({ length: 20 }, (_, index) =>
      putSettings('LocalSystem', { proxyServer: `proxy${index}:80` }, tag, actor),
    );
    const ended = await Promise.allSettled(writes);
    expect(ended.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
    expect((await practice.journal.page({ limit: 50 })).items).toHaveLength(1);
  });

  it.each<[string, Parameters<Practice['proxy']['put']>[1], string]>([
    ['a line break in the proxy', { proxyServer: 'proxy:80\r\nX: y' }, '/proxyServer'],
    ['a NUL in the proxy', { proxyServer: 'proxy\0:80' }, '/proxyServer'],
    ['quotes in the proxy', { proxyServer: '"proxy":80' }, '/proxyServer'],
    ['credentials in the proxy', { proxyServer: 'user:secret@proxy:80' }, '/proxyServer'],
    ['a port that is none', { proxyServer: 'proxy:99999' }, '/proxyServer'],
    ['a proxy list of separators', { proxyServer: ';;' }, '/proxyServer'],
    ['letters outside ASCII', { proxyServer: 'pröxy:80' }, '/proxyServer'],
    ['a leading dot', { proxyServer: 'p:80', bypassList: ['ok', '.contoso.com'] }, '/bypassList/1'],
    ['a network in the bypass list', { proxyServer: 'p:80', bypassList: ['10.0.0.0/8'] }, '/bypassList/0'],
    ['two entries in one', { proxyServer: 'p:80', bypassList: ['a;b'] }, '/bypassList/0'],
    ['an empty entry', { proxyServer: 'p:80', bypassList: [''] }, '/bypassList/0'],
    ['a bypass list without a proxy', { bypassList: ['a'] }, '/bypassList'],
    ['a proxy of spaces', { proxyServer: '   ' }, '/proxyServer'],
    ['an empty proxy', { proxyServer: '' }, '/proxyServer'],
    ['a PAC URL without slashes', { autoConfigUrl: 'http:wpad' }, '/autoConfigUrl'],
    ['a PAC URL that is none', { autoConfigUrl: 'wpad.dat' }, '/autoConfigUrl'],
    ['a PAC file on disk', { autoConfigUrl: 'file:///c:/p.pac' }, '/autoConfigUrl'],
    ['credentials in the PAC URL', { autoConfigUrl: 'http://u:p@h/p.pac' }, '/autoConfigUrl'],
  ])('refuses %s, pointing at it', async (_what, request, pointer) => {
    const before = await practice.hexOf(localSystem);
    const refusal = await practice.proxy
      .put('LocalSystem', request, '*', actor)
      .catch((error: unknown) => error);
    expect(refusal).toMatchObject({ code: 'settings-invalid', extensions: { errors: [{ pointer }] } });
    expect(JSON.stringify(refusal)).not.toContain('secret');
    expect(await practice.hexOf(localSystem)).toBe(before);
  });
});

describe('DELETE', () => {
  it('removes the value after a backup, and restoring the backup brings the bytes back', async () => {
    const before = await practice.hexOf(anna);
    const done = await practice.proxy.remove(anna, { reason: 'leaving' }, await etag(anna), actor);
    expect(await practice.hexOf(anna)).toBeUndefined();
    expect(done).toMatchObject({ changed: true, results: [{ after: null }] });
    await practice.proxy.restore(done.backupId ?? '', {}, actor);
    expect(await practice.hexOf(anna)).toBe(before);
  });

  it('of what is not there changes nothing', async () => {
    const done = await practice.proxy.remove('LocalService', {}, '"absent"', actor);
    expect(done).toMatchObject({ changed: false, changeId: null });
  });
});

describe('restoring a backup', () => {
  it('puts back exactly what was there, absence included, and is itself backed up and recorded', async () => {
    const before = [await practice.hexOf(localSystem), await practice.hexOf(localService)];
    const copied = await practice.proxy.copy({}, actor);
    const after = [await practice.hexOf(localSystem), await practice.hexOf(localService)];
    const restored = await practice.proxy.restore(copied.backupId ?? '', { ticket: 'T2' }, actor);
    expect([await practice.hexOf(localSystem), await practice.hexOf(localService)]).toEqual(before);
    expect(before[1]).toBeUndefined();
    expect((await practice.journal.page({ limit: 1 })).items).toMatchObject([
      { kind: 'restore', restoredBackupId: copied.backupId, ticket: 'T2' },
    ]);
    await practice.proxy.restore(restored.backupId ?? '', {}, actor);
    expect([await practice.hexOf(localSystem), await practice.hexOf(localService)]).toEqual(after);
  });

  it('of what is there already changes nothing', async () => {
    const { backupId } = await practice.proxy.copy({}, actor);
    await practice.proxy.restore(backupId ?? '', {}, actor);
    expect(await practice.proxy.restore(backupId ?? '', {}, actor)).toMatchObject({
      changed: false,
      backupId: null,
    });
  });

  it('writes nothing on a dry run', async () => {
    const { backupId } = await practice.proxy.copy({}, actor);
    const now = await practice.hexOf(localSystem);
    expect(await practice.proxy.restore(backupId ?? '', { dryRun: true }, actor)).toMatchObject({
      changed: true,
      dryRun: true,
      changeId: null,
    });
    expect(await practice.hexOf(localSystem)).toBe(now);
  });

  it.each(['nonsense', '../../etc/passwd', '20990101T000000000Z-00000000', ''])(
    'says that %j is not there',
    async (id) => {
      await expect(practice.proxy.restore(id, {}, actor)).rejects.toMatchObject({ code: 'backup-not-found' });
    },
  );

  it.each<[string, (file: string, manifest: string) => Promise<void>]>([
    ['a flipped byte in the file', async (file) => flipByte(file)],
    ['a file cut short', (file) => truncate(file, 100)],
    ['a file that is gone', (file) => rm(file)],
    ['something appended', (file) => appendFile(file, 'x')],
    ['a manifest that is not JSON', (_file, manifest) => writeFile(manifest, '{"id":')],
    ['a manifest that lists nothing', (_file, manifest) => rewrite(manifest, () => [])],
    ['a manifest whose list holds no values', (_file, manifest) => rewrite(manifest, () => [null])],
    [
      'a manifest that lists what the file lacks',
      (_file, manifest) =>
        rewrite(manifest, (values) => [...values, { ...(values[0] as object), sid: anna }]),
    ],
    ['a manifest of another shape', (_file, manifest) => writeFile(manifest, '{"id":1,"sha256":null}')],
  ])('refuses %s and touches nothing', async (_what, damage) => {
    const { backupId } = await practice.proxy.copy({}, actor);
    const now = await practice.hexOf(localSystem);
    const base = path.join(practice.dataDir, 'backups', backupId ?? '');
    await damage(`${base}.reg`, `${base}.json`);
    await expect(practice.proxy.restore(backupId ?? '', {}, actor)).rejects.toMatchObject({
      code: 'backup-damaged',
    });
    expect(await practice.hexOf(localSystem)).toBe(now);
  });
});

describe('the evidence of a change', () => {
  it('is Markdown that says who, when, why, before and after', async () => {
    const { changeId } = await practice.proxy.copy({ ticket: 'CHG0031337', reason: 'sensor offline' }, actor);
    const change = await practice.journal.find(changeId ?? '');
    if (!change) throw new Error('no such change');
    const page = changeAsMarkdown(change);
    expect(page).toContain('| Ticket | CHG0031337 |');
    expect(page).toContain('| Who | admin |');
    expect(page).toContain('| Proxy | none | proxy.contoso.com:8080 |');
    expect(page).toContain('Before: no value');
  });

  it('escapes what a caller wrote, so that it cannot pose as part of the page', async () => {
    const reason = '| x |\n# Approved <img src=x> [a](http://evil)';
    const { changeId } = await practice.proxy.copy({ reason }, actor);
    const change = await practice.journal.find(changeId ?? '');
    if (!change) throw new Error('no such change');
    expect(changeAsMarkdown(change)).toContain(
      '| Reason | \\| x \\| \\# Approved \\<img src=x\\> \\[a\\]\\(http://evil\\) |',
    );
  });
});

it('a restore writes the listed value alone, whatever else a file with a fitting hash may hold', async () => {
  const { backupId } = await practice.proxy.copy({}, actor);
  const base = path.join(practice.dataDir, 'backups', backupId ?? '');
  const text = (await readFile(`${base}.reg`)).toString('utf16le');
  const run = 'HKEY_LOCAL_MACHINE\\SOFTWARE\\Microsoft\\Windows\\CurrentVersion\\Run';
  const file = Buffer.from(`${text}[${run}]\r\n"evil"="evil.exe"\r\n\r\n`, 'utf16le');
  const manifest = JSON.parse(await readFile(`${base}.json`, 'utf8')) as object;
  const sha256 = createHash('sha256').update(file).digest('hex');
  await writeFile(`${base}.reg`, file);
  await writeFile(`${base}.json`, JSON.stringify({ ...manifest, sha256 }));
  await practice.proxy.restore(backupId ?? '', {}, actor);
  expect(await practice.registry.readValue(run, 'evil')).toBeUndefined();
  expect(await practice.hexOf(localService)).toBeUndefined();
});

/** Changes the list of a manifest, the rest left as it is. */
async function rewrite(manifest: string, change: (values: unknown[]) => unknown[]): Promise<void> {
  const content = JSON.parse(await readFile(manifest, 'utf8')) as { values: unknown[] };
  await writeFile(manifest, JSON.stringify({ ...content, values: change(content.values) }));
}

async function flipByte(file: string): Promise<void> {
  const bytes = await readFile(file);
  bytes.writeUInt8(bytes.readUInt8(bytes.length - 9) ^ 1, bytes.length - 9);
  await writeFile(file, bytes);
}
