import { readFile, readdir, writeFile } from 'node:fs/promises';
import path from 'node:path';
import type { ChangeOutcome } from '../../../src/proxy/model';
import { RegistryType } from '../../../src/registry/registry';
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

/** As the drift watch asks. */
const watch = { name: 'drift-watch', requestId: null };

let practice: Practice;
beforeEach(async () => {
  practice = await openPractice({ source: anna });
});
afterEach(() => practice.close());

const repair = () => practice.proxy.repair({ accounts: both }, watch);
const repairable = () => practice.proxy.repairable();
const both = ['LocalSystem', 'LocalService'];
const hexes = () => Promise.all([localSystem, localService].map((sid) => practice.hexOf(sid)));

describe('a repair of drift', () => {
  it('puts back what a person’s copy has left, byte for byte, absence and all, with backup and journal', async () => {
    const copied = await practice.proxy.copy({}, actor);
    const approved = await hexes();
    await practice.remove(localSystem);
    await practice.set(localService, { flags: 3, proxy: 'elsewhere.contoso.com:8080' });
    expect(await repairable()).toEqual(both);
    const { changed, changeId, backupId, source } = await practice.proxy.repair(
      { ticket: 'CHG7', accounts: both },
      watch,
    );
    expect([changed, source]).toEqual([true, { id: anna, sid: anna }]);
    expect(await hexes()).toEqual(approved);
    expect(await practice.journal.find(changeId ?? '')).toMatchObject({
      kind: 'copy',
      actor: 'drift-watch',
      ticket: 'CHG7',
      reason: `Drift watch: LocalSystem and LocalService had not any more what was set there by ${copied.changeId ?? ''}, and the source still has.`,
      outcome: 'applied',
      backupId,
    });
    expect((await practice.proxy.restore(backupId ?? '', {}, actor)).changed).toBe(true);
    expect(await practice.hexOf(localSystem)).toBeUndefined();
  });

  it('writes nothing when the source has changed, whoever did that', async () => {
    await practice.proxy.copy({}, actor);
    const approved = await hexes();
    await practice.set(anna, { flags: 3, proxy: 'evil.example:3128' });
    expect(await repairable()).toEqual([]);
    expect(await repair()).toMatchObject({ changed: false, changeId: null, results: [] });
    expect(await hexes()).toEqual(approved);
    // Neither when the targets drift as well.
    await practice.remove(localService);
    expect(await repair()).toMatchObject({ changed: false });
    expect(await practice.hexOf(localService)).toBeUndefined();
    // A person approves it by a copy; from then on that is what is put back.
    await practice.proxy.copy({ source: anna }, actor);
    await practice.remove(localService);
    expect(await repairable()).toEqual(both);
    expect((await repair()).results).toMatchObject([
      { target: 'LocalService', after: { proxyServer: 'evil.example:3128' } },
    ]);
  });

  it('writes the approved bytes, not those that the source has now for the same in force', async () => {
    await practice.proxy.copy({}, actor);
    const approved = await hexes();
    const force = { flags: 3, proxy: annasProxy, bypass: '*.contoso.com;<local>' };
    await practice.set(anna, { ...force, counter: 99, trailer: Buffer.from('anything at all') });
    await practice.remove(localService);
    expect((await repair()).changed).toBe(true);
    expect(await hexes()).toEqual(approved);
  });

  it('writes no other account than it is told to', async () => {
    await practice.proxy.copy({}, actor);
    await practice.remove(localSystem);
    await practice.remove(localService);
    const { results } = await practice.proxy.repair({ accounts: ['LocalService'] }, watch);
    expect(results).toMatchObject([{ target: 'LocalService', changed: true }]);
    expect(await practice.hexOf(localSystem)).toBeUndefined();
    expect((await practice.proxy.repair({ accounts: [] }, watch)).changed).toBe(false);
  });

  it('writes nothing where no person has ever changed anything', async () => {
    expect((await practice.proxy.contexts()).inSync).toBe(false);
    expect(await repairable()).toEqual([]);
    expect((await repair()).changed).toBe(false);
  });

  it('takes its own repairs for no approval', async () => {
    await practice.proxy.copy({}, actor);
    const approved = await hexes();
    for (let time = 0; time < 3; time += 1) {
      await practice.remove(localService);
      expect((await repair()).changed).toBe(true);
    }
    expect(await hexes()).toEqual(approved);
    // Nor what an earlier version has copied by itself.
    await practice.proxy.copy({ source: ben }, watch);
    await practice.set(anna, { flags: 1 });
    expect(await repairable()).toEqual([]);
  });

  it('leaves an account alone for which a person has set something else, and repairs the other', async () => {
    await practice.proxy.copy({}, actor);
    const { etag } = await practice.proxy.context('LocalService');
    await practice.proxy.put('LocalService', { proxyServer: 'own.contoso.com:8080' }, etag, actor);
    await practice.remove(localSystem);
    const own = await practice.hexOf(localService);
    expect(await repairable()).toEqual(['LocalSystem']);
    expect((await repair()).results).toMatchObject([{ target: 'LocalSystem', changed: true }]);
    expect(await practice.hexOf(localService)).toBe(own);
  });

  it.each<[string, () => Promise<unknown>, readonly string[]]>([
    [
      'removed',
      async () =>
        practice.proxy.remove('LocalService', {}, (await practice.proxy.context('LocalService')).etag, actor),
      ['LocalSystem'],
    ],
    [
      'restored',
      async () => {
        const { items } = await practice.proxy.backups({ limit: 1 });
        return practice.proxy.restore(items[0]?.id ?? '', {}, actor);
      },
      [],
    ],
  ])('does not set again what a person has %s', async (_how, change, left) => {
    await practice.proxy.copy({}, actor);
    await change();
    expect(await repairable()).toEqual(left);
    expect((await repair()).changed).toBe(false);
  });

  it('is never made for whoever happens to be signed in', async () => {
    await practice.close();
    practice = await openPractice();
    await practice.proxy.copy({}, actor);
    await practice.remove(localService);
    expect(await repairable()).toEqual([]);
    expect((await repair()).changed).toBe(false);
  });

  it('finds the approval behind many later changes, and of another process', async () => {
    await practice.proxy.copy({}, actor);
    for (let time = 0; time < 15; time += 1) {
      await practice.proxy.copy({ targets: ['NetworkService'] }, actor);
      await practice.proxy.copy({ source: ben, targets: ['NetworkService'] }, actor);
    }
    await practice.remove(localService);
    await practice.proxy.close();
    const next = await practice.reopen();
    expect(await next.repairable()).toEqual(both);
    expect((await next.repair({ accounts: both }, watch)).changed).toBe(true);
    await next.close();
  });
});

describe('what a person says that changes nothing', () => {
  const byHand = () => practice.set(localService, { flags: 3, proxy: 'branch.contoso.com:3128' });
  const etag = async () => (await practice.proxy.context('LocalService')).etag;
  const put = async (more = {}) =>
    (
      await practice.proxy.put(
        'LocalService',
        { proxyServer: 'branch.contoso.com:3128', ...more },
        await etag(),
        actor,
      )
    ).outcome;

  /** What somebody does by hand, and who then says that it shall be so. */
  const words: readonly [string, () => Promise<unknown>, (dryRun: boolean) => Promise<ChangeOutcome>][] = [
    ['PUT', byHand, (dryRun) => put({ dryRun })],
    [
      'DELETE',
      () => practice.remove(localService),
      async (dryRun) => practice.proxy.remove('LocalService', { dryRun }, await etag(), actor),
    ],
    [
      'restore',
      () => practice.remove(localService),
      async (dryRun) => {
        const { items } = await practice.proxy.backups({ limit: 200 });
        const first = items.at(-1)?.id ?? '';
        return practice.proxy.restore(first, { dryRun }, actor);
      },
    ],
    [
      'copy',
      byHand,
      async (dryRun) => {
        await practice.set(ben, { flags: 3, proxy: 'branch.contoso.com:3128' });
        return practice.proxy.copy({ source: ben, targets: ['LocalService'], dryRun }, actor);
      },
    ],
  ];

  it.each(words)(
    'is the last word where self-repair would reverse it: a %s is written and journalled, once',
    async (_what, hand, say) => {
      // So that the first backup holds an account without settings alone.
      await practice.remove(localService);
      await practice.proxy.copy({ targets: ['LocalService'] }, actor);
      await hand();
      const [there, tag] = [await practice.hexOf(localService), await etag()];
      expect(await repairable()).toEqual(['LocalService']);

      expect(await say(true)).toMatchObject({ changed: true, changeId: null });
      expect(await repairable()).toEqual(['LocalService']);
      const { changed, changeId, backupId } = await say(false);
      expect(changed).toBe(true);
      expect(await practice.journal.find(changeId ?? '')).toMatchObject({
        outcome: 'applied',
        backupId,
        contexts: [{ context: 'LocalService', beforeHex: there ?? null, afterHex: there ?? null }],
      });
      expect([await practice.hexOf(localService), await etag()]).toEqual([there, tag]);
      expect(await repairable()).toEqual([]);
      expect((await repair()).changed).toBe(false);

      for (const dryRun of [true, false])
        expect(await say(dryRun)).toMatchObject({ changed: false, changeId: null, backupId: null });
      await practice.restart();
      expect(await say(false)).toMatchObject({ changed: false });
      expect(await practice.hexOf(localService)).toBe(there);
    },
  );

  it('is nothing where nothing would be reversed', async () => {
    // No person has said anything.
    await byHand();
    expect(await put()).toMatchObject({ changed: false, changeId: null });
    // What was said last was that there be nothing.
    await practice.proxy.remove('LocalService', {}, await etag(), actor);
    await byHand();
    expect(await put()).toMatchObject({ changed: false, changeId: null });
  });

  it('is said once also by a restore of what is no proxy, though its bytes look like one', async () => {
    const data = Buffer.from((await practice.hexOf(anna)) ?? '', 'hex');
    await practice.setRaw(localService, data, RegistryType.string);
    await practice.proxy.copy({ targets: ['LocalService'] }, actor);
    const { items } = await practice.proxy.backups({ limit: 1 });
    const restore = () => practice.proxy.restore(items[0]?.id ?? '', {}, actor);
    expect((await restore()).changed).toBe(true);
    expect((await restore()).changed).toBe(false);
    expect(await repairable()).toEqual([]);
  });

  it('is nothing for an account that is never repaired', async () => {
    await practice.proxy.copy({ targets: ['LocalService', 'NetworkService'] }, actor);
    await practice.set('S-1-5-20', { flags: 3, proxy: 'branch.contoso.com:3128' });
    await practice.proxy.put('NetworkService', { proxyServer: 'own.contoso.com:80' }, '*', actor);
    const again = await practice.proxy.put(
      'NetworkService',
      { proxyServer: 'own.contoso.com:80' },
      '*',
      actor,
    );
    expect(again.outcome.changed).toBe(false);
  });

  it('is nothing where nothing is repaired', async () => {
    await practice.close();
    practice = await openPractice({ source: anna, repairs: false });
    await practice.proxy.copy({}, actor);
    await byHand();
    expect(await put()).toMatchObject({ changed: false, changeId: null, backupId: null });
    expect(await repairable()).toEqual([]);
    expect((await repair()).changed).toBe(false);
  });
});

describe('a repair where the journal is damaged', () => {
  const put = async (id: string, proxyServer: string) => {
    const { etag } = await practice.proxy.context(id);
    return practice.proxy.put(id, { proxyServer }, etag, actor);
  };
  /** Changes a byte of a line, counted from the last. */
  const damage = async (fromLast: number) => {
    const folder = path.join(practice.dataDir, 'journal');
    const file = path.join(folder, (await readdir(folder)).find((name) => name.endsWith('.jsonl')) ?? '');
    const lines = (await readFile(file, 'utf8')).trimEnd().split('\n');
    const at = lines.length - 1 - fromLast;
    lines[at] = lines[at]?.replace('"kind":"', '"kind":"x') ?? '';
    await writeFile(file, `${lines.join('\n')}\n`);
  };

  it.each([
    ['while it runs', false],
    ['before a start', true],
  ])('does not go back behind a person’s PUT whose entry was damaged %s', async (_when, restarts) => {
    await practice.proxy.copy({}, actor);
    expect(await repairable()).toEqual(both);
    await put('LocalService', 'own.contoso.com:8080');
    const own = await practice.hexOf(localService);
    await damage(0);
    if (restarts) await practice.restart();
    await practice.remove(localSystem);
    expect(await repairable()).toEqual([]);
    expect((await repair()).changed).toBe(false);
    expect(await practice.hexOf(localService)).toBe(own);
  });

  it('takes what was said after the damage, and nothing from before', async () => {
    await practice.proxy.copy({}, actor);
    await put('LocalService', 'own.contoso.com:8080');
    await practice.proxy.copy({ targets: ['LocalSystem'], source: ben }, actor);
    await practice.proxy.copy({ targets: ['LocalSystem'] }, actor);
    await damage(2);
    await practice.restart();
    await practice.remove(localSystem);
    expect(await repairable()).toEqual(['LocalSystem']);
    expect((await repair()).results).toMatchObject([{ target: 'LocalSystem', changed: true }]);
    // A person approves the other, too.
    await practice.proxy.copy({}, actor);
    expect(await repairable()).toEqual(both);
  });
});
