import { settingsBytes } from '../../support/settingsBytes';
import {
  type Practice,
  actor,
  anna,
  annasProxy,
  ben,
  localService,
  localSystem,
  openPractice,
} from '../../support/practice';
import { parseRegFile } from '../../../src/registry/regfile/format';
import { RegistryType } from '../../../src/registry/registry';

let practice: Practice;
beforeEach(async () => {
  practice = await openPractice();
});
afterEach(() => practice.close());

const state = async () => [await practice.hexOf(localSystem), await practice.hexOf(localService)];

async function nothingHappened(before: unknown) {
  expect(await state()).toEqual(before);
  expect((await practice.proxy.backups({ limit: 10 })).items).toEqual([]);
  expect((await practice.journal.page({ limit: 10 })).items).toEqual([]);
}

describe('the documented job', () => {
  it('copies the user’s bytes to LocalSystem and LocalService, after a backup, and records it', async () => {
    const [systemBefore] = await state();
    const source = await practice.hexOf(anna);
    const done = await practice.proxy.copy({ ticket: 'CHG0031337', reason: 'sensor offline' }, actor);

    expect(await state()).toEqual([source, source]);
    expect(done).toMatchObject({
      changed: true,
      dryRun: false,
      source: { id: anna, sid: anna },
      restartRecommended: true,
      results: [
        {
          target: 'LocalSystem',
          changed: true,
          before: { flags: { proxy: false } },
          after: { proxyServer: annasProxy },
        },
        { target: 'LocalService', changed: true, before: null, after: { proxyServer: annasProxy } },
      ],
      findings: [{ code: 'applies-to-all-services', severity: 'info' }],
    });
    const [change] = (await practice.journal.page({ limit: 10 })).items;
    expect(change).toMatchObject({
      id: done.changeId,
      kind: 'copy',
      actor: 'admin',
      requestId: 'test-request',
      ticket: 'CHG0031337',
      reason: 'sensor offline',
      outcome: 'applied',
      backupId: done.backupId,
      contexts: [
        { context: 'LocalSystem', beforeHex: systemBefore, afterHex: source },
        { context: 'LocalService', beforeHex: null, afterHex: source, before: null },
      ],
    });
  });

  it('copies every byte, the trailer and what nobody understands included', async () => {
    const odd = settingsBytes({
      flags: 0x80000003,
      counter: 60370,
      proxy: 'p:1',
      trailer: Buffer.from('odd trailer'),
    });
    await practice.setRaw(anna, odd);
    await practice.proxy.copy({}, actor);
    expect(await state()).toEqual([odd.toString('hex'), odd.toString('hex')]);
  });

  it('leaves a target alone that has the same in force already', async () => {
    const same = settingsBytes({ flags: 3, proxy: annasProxy, bypass: '*.contoso.com;<local>', counter: 77 });
    await practice.setRaw(localSystem, same);
    const done = await practice.proxy.copy({}, actor);
    expect(done.results.map(({ target, changed }) => [target, changed])).toEqual([
      ['LocalSystem', false],
      ['LocalService', true],
    ]);
    expect(await practice.hexOf(localSystem)).toBe(same.toString('hex'));
  });

  it('does nothing the second time: no change, no backup, no record', async () => {
    await practice.proxy.copy({}, actor);
    const again = await practice.proxy.copy({}, actor);
    expect(again).toMatchObject({
      changed: false,
      changeId: null,
      backupId: null,
      restartRecommended: false,
    });
    expect((await practice.proxy.backups({ limit: 10 })).items).toHaveLength(1);
    expect((await practice.journal.page({ limit: 10 })).items).toHaveLength(1);
  });

  it('writes nothing on a dry run, and says what it would do', async () => {
    const before = await state();
    const dry = await practice.proxy.copy({ dryRun: true }, actor);
    expect(dry).toMatchObject({ changed: true, dryRun: true, changeId: null, backupId: null });
    expect(dry.results.map(({ after }) => after?.proxyServer)).toEqual([annasProxy, annasProxy]);
    await nothingHappened(before);
  });

  it('overwrites a malformed target, whose bytes the backup keeps', async () => {
    await practice.setRaw(localSystem, Buffer.from('4600000000', 'hex'), RegistryType.dword);
    const done = await practice.proxy.copy({}, actor);
    await practice.proxy.restore(done.backupId ?? '', {}, actor);
    const value = await practice.registry.readValue(
      'HKEY_USERS\\S-1-5-18\\Software\\Microsoft\\Windows\\CurrentVersion\\Internet Settings\\Connections',
      'DefaultConnectionSettings',
    );
    expect(value?.type).toBe(RegistryType.dword);
    expect(await practice.hexOf(localSystem)).toBe('4600000000');
  });

  it('takes other accounts when they are named, once each', async () => {
    const done = await practice.proxy.copy({ source: anna, targets: [ben, 'NetworkService', ben] }, actor);
    expect(done.results.map(({ target }) => target)).toEqual([ben, 'NetworkService']);
    expect(await practice.hexOf(ben)).toBe(await practice.hexOf(anna));
    expect(done.restartRecommended).toBe(false);
  });
});

describe('the backup', () => {
  it('is a .reg file that puts the old state back, deletions included, with its hash in the manifest', async () => {
    const [systemBefore] = await state();
    const { backupId } = await practice.proxy.copy({ ticket: 'T1' }, actor);
    const backup = await practice.proxy.backup(backupId ?? '');
    expect(backup).toMatchObject({
      kind: 'copy',
      ticket: 'T1',
      values: [
        { context: 'LocalSystem', state: 'present' },
        { context: 'LocalService', state: 'absent' },
      ],
    });
    const file = await practice.proxy.backupFile(backup.id);
    expect(file.subarray(0, 2).toString('hex')).toBe('fffe');
    const text = file.toString('utf16le', 2);
    expect(text.startsWith('Windows Registry Editor Version 5.00\r\n')).toBe(true);
    expect(text).toContain('"DefaultConnectionSettings"=-\r\n');
    const [system] = parseRegFile(file);
    expect(Buffer.from(system?.values[0]?.value?.data ?? []).toString('hex')).toBe(systemBefore);
  });

  it('can be listed, newest first, by pages', async () => {
    const ids: string[] = [];
    for (let round = 0; round < 5; round += 1) {
      await practice.set(localSystem, { counter: round });
      ids.unshift((await practice.proxy.copy({}, actor)).backupId ?? '');
    }
    const first = await practice.proxy.backups({ limit: 2 });
    const second = await practice.proxy.backups({ limit: 2, cursor: first.next ?? '' });
    const third = await practice.proxy.backups({ limit: 2, cursor: second.next ?? '' });
    expect([first, second, third].flatMap(({ items }) => items.map(({ id }) => id))).toEqual(ids);
    expect(third.next).toBeNull();
    await expect(practice.proxy.backups({ limit: 2, cursor: 'bogus' })).rejects.toMatchObject({
      code: 'cursor-invalid',
    });
  });
});

describe('a copy that must not happen', () => {
  it.each([
    ['an unknown source', { source: 'Nobody' }, 'context-not-found'],
    ['an unknown target', { targets: ['LocalSystem', 'S-1-5-21-9-9-9-9'] }, 'context-not-found'],
    ['a source without settings', { source: 'LocalService' }, 'source-not-configured'],
  ])('is refused for %s, with nothing touched', async (_what, request, code) => {
    const before = await state();
    await expect(practice.proxy.copy(request, actor)).rejects.toMatchObject({ code });
    await nothingHappened(before);
  });

  it('is refused for a malformed source with the offset, even when it is the only candidate', async () => {
    await practice.setRaw(anna, Buffer.from('4600000000', 'hex'));
    const before = await state();
    for (const source of [anna, undefined]) {
      await expect(practice.proxy.copy({ source }, actor)).rejects.toMatchObject({
        code: 'source-malformed',
        kind: 'unprocessable',
        extensions: { offset: 5 },
      });
    }
    await nothingHappened(before);
  });

  it('is refused with the candidates when several users have a proxy', async () => {
    await practice.set(ben, { flags: 5, pac: 'http://wpad/p.pac' });
    await expect(practice.proxy.copy({}, actor)).rejects.toMatchObject({
      code: 'source-ambiguous',
      kind: 'conflict',
      extensions: {
        candidates: [
          { sid: anna, account: 'CONTOSO\\anna.admin' },
          { sid: ben, account: 'CONTOSO\\ben.admin' },
        ],
      },
    });
  });
});

it('a copy says that the machine’s policy makes it meaningless', async () => {
  const policy =
    'HKEY_LOCAL_MACHINE\\SOFTWARE\\Policies\\Microsoft\\Windows\\CurrentVersion\\Internet Settings';
  await practice.registry.createKey(policy);
  const off = { type: RegistryType.dword, data: Buffer.alloc(4) };
  await practice.registry.writeValue(policy, 'ProxySettingsPerUser', off);
  const { findings } = await practice.proxy.copy({ dryRun: true }, actor);
  expect(findings).toMatchObject([
    { code: 'machine-policy-overrides', severity: 'blocking' },
    { code: 'applies-to-all-services' },
  ]);
});
