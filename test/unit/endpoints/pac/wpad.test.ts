import * as fc from 'fast-check';
import { getDomain } from 'tldts';
import { wpadNames } from '../../../../src/endpoints/pac/wpad';
import { networkOf, scriptsWith, TARGET } from './asking';

const ask = (parts: Parameters<typeof scriptsWith>[0]) =>
  scriptsWith(parts).ask({ kind: 'autoDetect' }, [TARGET, TARGET], {
    timeoutMs: 20_000,
    signal: new AbortController().signal,
  });
const domains = (...names: string[]) => ({ searchDomains: () => Promise.resolve(names) });

describe('the names that WPAD tries', () => {
  it.each<[readonly string[], readonly string[]]>([
    [
      ['eu.corp.contoso.co.uk'],
      ['wpad.eu.corp.contoso.co.uk', 'wpad.corp.contoso.co.uk', 'wpad.contoso.co.uk'],
    ],
    [['contoso.com'], ['wpad.contoso.com']],
    [['contoso.local'], ['wpad.contoso.local']],
    [['Corp.Contoso.Local.'], ['wpad.corp.contoso.local', 'wpad.contoso.local']],
    [['local'], []],
    [['com'], []],
    [['co.uk'], []],
    [['github.io'], []],
    [['corp.me.github.io'], ['wpad.corp.me.github.io', 'wpad.me.github.io']],
    [['10.0.0.1'], []],
    [['fd00::1'], []],
    [['not a name', '', 'a..b'], []],
    [['bücher.example'], ['wpad.xn--bcher-kva.example']],
    [
      ['a.contoso.com', 'b.contoso.com'],
      ['wpad.a.contoso.com', 'wpad.contoso.com', 'wpad.b.contoso.com'],
    ],
  ])('for %j are %j', (search, names) => {
    expect(wpadNames(search, 16)).toEqual(names);
  });

  it('are bounded', () => {
    expect(wpadNames([`${'a.'.repeat(60)}contoso.com`], 16)).toHaveLength(16);
  });

  it('are never above the domain that somebody registered', () => {
    const label = fc.constantFrom(
      'a',
      'corp',
      'co',
      'com',
      'uk',
      'local',
      'github',
      'io',
      '_x',
      'azurewebsites',
      'net',
    );
    fc.assert(
      fc.property(fc.array(label, { minLength: 1, maxLength: 6 }), (labels) => {
        const domain = labels.join('.');
        const registrable = getDomain(domain, { allowPrivateDomains: true, validateHostname: false });
        for (const name of wpadNames([domain], 16)) {
          const above = name.slice('wpad.'.length);
          expect(registrable).not.toBeNull();
          expect(above === registrable || above.endsWith(`.${registrable ?? ''}`)).toBe(true);
          expect(domain === above || domain.endsWith(`.${above}`)).toBe(true);
        }
      }),
    );
  });
});

describe('auto-detect', () => {
  it('takes the first name that has an address, in order, at port 80', async () => {
    const { network, asked } = networkOf({ 'wpad.contoso.com': ['127.0.0.1'] });
    const late = {
      ...network,
      // The better name is slower.
      lookup: async (host: string, port: number) => {
        if (host.replace(/\.$/, '') !== 'wpad.corp.contoso.com') return network.lookup(host, port);
        await new Promise((resolve) => setTimeout(resolve, 100));
        return ['127.0.0.2'];
      },
    };
    const [outcome] = await ask({ network: late, ...domains('corp.contoso.com') });
    // Nothing listens there: what counts is which name was asked.
    expect(outcome).toMatchObject({ kind: 'unavailable', reason: 'pac-unreachable' });
    expect(outcome).toMatchObject({ seen: expect.stringMatching(/^wpad\.corp\.contoso\.com:80 /) });
    expect(asked).toContain('wpad.contoso.com:80');
  });

  it('tells which names it tried when none has an address, for each target', async () => {
    const outcomes = await ask(domains('corp.contoso.com'));
    const seen = 'no WPAD server was found (wpad.corp.contoso.com, wpad.contoso.com); DHCP was not asked';
    expect(outcomes).toEqual([
      { kind: 'notFound', seen },
      { kind: 'notFound', seen },
    ]);
  });

  it('does not wait long for a look-up, and says that one failed', async () => {
    const { network } = networkOf({});
    const parts = { network: { ...network, lookup: () => new Promise<never>(() => undefined) } };
    const [outcome] = await ask({ ...parts, ...domains('contoso.com'), limits: { lookupMs: 50 } });
    expect(outcome).toEqual({
      kind: 'notFound',
      seen: 'no WPAD server was found (wpad.contoso.com); at least one look-up failed (ETIMEDOUT); DHCP was not asked',
    });
  });

  it.each<[string, () => Promise<readonly string[]>, RegExp]>([
    [
      'no search domain',
      () => Promise.resolve([]),
      /this machine has no DNS search domain; DHCP was not asked$/,
    ],
    ['only one that gives no name', () => Promise.resolve(['local']), /no name comes of .* \(local\)/],
    ['one that cannot be read', () => Promise.reject(new Error('x')), /cannot be read/],
  ])('says that there is %s', async (_what, searchDomains, seen) => {
    const [outcome] = await ask({ searchDomains });
    expect(outcome).toEqual({ kind: 'notFound', seen: expect.stringMatching(seen) });
  });

  it('is left at once when the one who asks is gone', async () => {
    const stop = new AbortController();
    const asked = scriptsWith({ searchDomains: () => new Promise(() => undefined) }).ask(
      { kind: 'autoDetect' },
      [TARGET],
      { timeoutMs: 20_000, signal: stop.signal },
    );
    stop.abort(new Error('gone'));
    await expect(asked).rejects.toThrow('gone');
  });
});
