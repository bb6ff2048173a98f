import { RegistryType } from '../../../src/registry/registry';
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

let practice: Practice;
beforeEach(async () => {
  practice = await openPractice();
});
afterEach(() => practice.close());

async function context(id: string) {
  const all = await practice.proxy.contexts();
  const found = all.contexts.find((candidate) => candidate.id === id || candidate.sid === id);
  if (!found) throw new Error(`no context ${id}`);
  return found;
}

const codes = (findings: readonly { readonly code: string }[]) => findings.map(({ code }) => code);

describe('a source that the settings name', () => {
  beforeEach(async () => {
    await practice.close();
    practice = await openPractice({ source: ben });
  });

  it('is whom all accounts are compared with and copied from, unless a request says otherwise', async () => {
    const all = await practice.proxy.contexts();
    expect([all.source, all.findings]).toEqual([ben, []]);
    expect((await context(ben)).comparison).toBe('identical');
    expect((await practice.proxy.context(anna)).comparison).toBe('different');
    expect((await practice.proxy.contexts(anna)).source).toBe(anna);
    expect((await practice.proxy.contexts('CurrentUser')).source).toBe(anna);
    expect((await practice.proxy.copy({}, actor)).source).toEqual({ id: ben, sid: ben });
    expect([...(await practice.proxy.drift())]).toEqual([
      ['LocalSystem', false],
      ['LocalService', false],
    ]);
  });

  it('that is signed off leaves the accounts to be shown, with a finding that says so', async () => {
    await practice.close();
    practice = await openPractice({ source: 'S-1-5-21-1-2-3-1199' });
    const all = await practice.proxy.contexts();
    expect([all.source, all.inSync, all.findings]).toEqual([
      null,
      false,
      [
        expect.objectContaining({
          code: 'source-not-configured',
          detail: expect.stringContaining('SENSORPROXY_DRIFT_SOURCE'),
          remedy: 'Have that account sign in, or name another source.',
        }),
      ],
    ]);
    expect((await practice.proxy.context('LocalService')).comparison).toBe('notCompared');
    expect((await practice.proxy.drift()).size).toBe(0);
    await expect(practice.proxy.contexts('S-1-5-21-1-2-3-1199')).rejects.toMatchObject({
      code: 'context-not-found',
    });
    await expect(practice.proxy.copy({}, actor)).rejects.toMatchObject({
      code: 'context-not-found',
      kind: 'notFound',
      detail: expect.stringMatching(/SENSORPROXY_DRIFT_SOURCE names is not signed in.* name another source/),
    });
    await expect(practice.proxy.copy({ source: 'Nobody' }, actor)).rejects.toMatchObject({
      detail: expect.not.stringContaining('SENSORPROXY_DRIFT_SOURCE'),
    });
    expect((await practice.proxy.copy({ source: anna }, actor)).changed).toBe(true);
  });
});

describe('the contexts of a practice DC', () => {
  it('are the three service accounts and the signed-in users, compared with the user that has a proxy', async () => {
    const all = await practice.proxy.contexts();
    expect(all.source).toBe(anna);
    expect(all.inSync).toBe(false);
    expect(all.findings).toEqual([]);
    expect(
      all.contexts.map(({ id, account, state, comparison }) => [id, account, state, comparison]),
    ).toEqual([
      ['LocalSystem', 'NT AUTHORITY\\SYSTEM', 'configured', 'different'],
      ['LocalService', 'NT AUTHORITY\\LOCAL SERVICE', 'absent', 'absent'],
      ['NetworkService', 'NT AUTHORITY\\NETWORK SERVICE', expect.any(String), expect.any(String)],
      [anna, 'CONTOSO\\anna.admin', 'configured', 'identical'],
      [ben, 'CONTOSO\\ben.admin', 'configured', 'different'],
    ]);
  });

  it('show the settings decoded, the raw bytes, the key and whom the account serves', async () => {
    const user = await context(anna);
    expect(user.settings).toEqual({
      version: 70,
      counter: 3,
      flags: { direct: true, proxy: true, autoConfigUrl: false, autoDetect: false },
      proxyServer: annasProxy,
      bypassList: ['*.contoso.com', '<local>'],
      autoConfigUrl: null,
    });
    expect(user.hex).toBe(await practice.hexOf(anna));
    const system = await context('LocalSystem');
    expect(system.usedBy).toEqual(['AATPSensorUpdater']);
    expect(system.key).toBe(
      'HKEY_USERS\\S-1-5-18\\Software\\Microsoft\\Windows\\CurrentVersion\\Internet Settings\\Connections',
    );
  });

  it('are in sync when both sensor accounts have the same in force, whatever counter and trailer', async () => {
    const same = { flags: 3, proxy: annasProxy, bypass: '*.contoso.com;<local>' };
    await practice.set(localSystem, { ...same, counter: 99 });
    await practice.set(localService, { ...same, trailer: Buffer.alloc(0) });
    const all = await practice.proxy.contexts();
    expect(all.inSync).toBe(true);
    expect((await context('LocalSystem')).comparison).toBe('equivalent');
  });

  it('show a value of the wrong type as malformed, never as an error', async () => {
    await practice.setRaw(localSystem, Buffer.from('p\0r\0'), RegistryType.string);
    const system = await context('LocalSystem');
    expect(system.state).toBe('malformed');
    expect(system.settings).toBeNull();
    expect(system.hex).toBe('70007200');
    expect(system.findings).toMatchObject([
      { code: 'value-malformed', detail: expect.stringContaining('type 1') },
    ]);
  });

  it('show an empty value and a cut one as malformed, with the offset', async () => {
    await practice.setRaw(localService, Buffer.alloc(0));
    expect((await context('LocalService')).findings[0]?.detail).toContain('offset 0');
    await practice.setRaw(localService, Buffer.from('4600000000', 'hex'));
    expect((await context('LocalService')).findings[0]?.detail).toContain('offset 5');
  });

  it('show a value of more than 64 KiB as malformed, so that no user can make the service chew on it', async () => {
    await practice.set(anna, { flags: 3, proxy: 'p:80', bypass: '*'.repeat(1024 * 1024) });
    const huge = await context(anna);
    expect(huge.state).toBe('malformed');
    expect(huge.findings[0]?.detail).toContain('more than 65536 are not interpreted');
  });

  it('give an ETag that changes with the bytes and the type, and stays otherwise', async () => {
    const tag = async () => (await context('LocalSystem')).etag;
    const first = await tag();
    expect(first).toMatch(/^"[0-9a-f]{32}"$/);
    expect(await tag()).toBe(first);
    await practice.setRaw(localSystem, Buffer.from('4600', 'hex'));
    const second = await tag();
    await practice.setRaw(localSystem, Buffer.from('4600', 'hex'), RegistryType.none);
    expect(new Set([first, second, await tag()]).size).toBe(3);
  });
});

describe('one context', () => {
  it.each(['LocalSystem', 'localsystem', 'S-1-5-18', 's-1-5-18'])('answers to %s', async (id) => {
    expect((await practice.proxy.context(id)).sid).toBe(localSystem);
  });

  it('answers to CurrentUser by the source rule', async () => {
    expect((await practice.proxy.context('CurrentUser')).sid).toBe(anna);
  });

  it.each([
    ['Nobody', 'context-not-found'],
    ['S-1-5-21-1-2-3-4', 'context-not-found'],
    ['S-1-5-32-544', 'context-not-found'],
    ['S-1-x', 'id-invalid'],
    ['S-1-5-21-1-2-3-4\\..\\S-1-5-18', 'id-invalid'],
  ])('is refused for %s with %s', async (id, code) => {
    await expect(practice.proxy.context(id)).rejects.toMatchObject({ code });
  });
});

describe('the source', () => {
  it('is the service’s own account when that is a person’s', async () => {
    const own = await openPractice({ ownSid: ben });
    try {
      expect((await own.proxy.contexts()).source).toBe(ben);
    } finally {
      await own.close();
    }
  });

  it('is null with a finding when nobody has a proxy', async () => {
    await practice.remove(anna);
    const all = await practice.proxy.contexts();
    expect(all.source).toBeNull();
    expect(codes(all.findings)).toEqual(['source-not-configured']);
    expect(all.contexts.every(({ comparison }) => comparison === 'notCompared')).toBe(true);
  });

  it('is null with a finding when several have one', async () => {
    await practice.set(ben, { flags: 3, proxy: 'other:80' });
    expect(codes((await practice.proxy.contexts()).findings)).toEqual(['source-ambiguous']);
  });

  it('may be named', async () => {
    const all = await practice.proxy.contexts(ben);
    expect(all.source).toBe(ben);
    await expect(practice.proxy.contexts('Nobody')).rejects.toMatchObject({ code: 'context-not-found' });
  });
});

describe('findings', () => {
  const machinePolicy =
    'HKEY_LOCAL_MACHINE\\SOFTWARE\\Policies\\Microsoft\\Windows\\CurrentVersion\\Internet Settings';
  const machineConnections =
    'HKEY_LOCAL_MACHINE\\SOFTWARE\\Microsoft\\Windows\\CurrentVersion\\Internet Settings\\Connections';
  const dword = (value: number) => ({ type: RegistryType.dword, data: Buffer.from([value, 0, 0, 0]) });

  it.each([
    ['no-direct-flag', { flags: 2, proxy: 'p:80' }],
    ['unknown-version', { version: 0x47 }],
    ['unknown-version', { version: 10 }],
    ['auto-detect-only', { flags: 9 }],
    ['credentials-in-settings', { flags: 3, proxy: 'user:hunter2@proxy:8080' }],
    ['credentials-in-settings', { flags: 1, pac: 'http://user:hunter2@pac.contoso.com/' }],
    ['loopback-proxy', { flags: 3, proxy: '127.0.0.1:8888' }],
    ['loopback-proxy', { flags: 3, proxy: 'http=localhost:1;https=localhost:1' }],
    ['bypass-leading-dot', { flags: 3, proxy: 'p:80', bypass: '.contoso.com' }],
    ['bypass-slash-sends-all-direct', { flags: 3, proxy: 'p:80', bypass: 'a;10.0.0.0/8' }],
    ['proxy-without-server', { flags: 3 }],
  ])('%s is found in %j', async (code, fields) => {
    await practice.set(localService, fields);
    const findings = (await context('LocalService')).findings.filter(
      (finding) => finding.code !== 'legacy-values-differ', // the practice DC's accounts have ProxyEnable 0
    );
    expect(codes(findings)).toEqual([code]);
    expect(findings[0]?.remedy).not.toBe('');
  });

  it('say nothing about strings whose flag is off', async () => {
    await practice.set(localSystem, { flags: 1, proxy: '127.0.0.1:8888', bypass: '.x;10.0.0.0/8' });
    expect((await context('LocalSystem')).findings).toEqual([]);
  });

  it('machine-policy-overrides: the policy makes every account’s own settings meaningless', async () => {
    await practice.registry.createKey(machinePolicy);
    await practice.registry.writeValue(machinePolicy, 'ProxySettingsPerUser', dword(0));
    const all = await practice.proxy.contexts();
    expect(all.machine.proxySettingsPerUser).toBe(false);
    expect(all.findings).toMatchObject([{ code: 'machine-policy-overrides', severity: 'blocking' }]);
    await practice.registry.writeValue(machinePolicy, 'ProxySettingsPerUser', dword(1));
    expect((await practice.proxy.contexts()).findings).toEqual([]);
  });

  it('winhttp-only: WinHTTP has a proxy and the sensor’s accounts have none', async () => {
    await practice.registry.createKey(machineConnections);
    const data = Buffer.from('28000000000000000300000004000000613a3432040000002a2e3432', 'hex');
    await practice.registry.writeValue(machineConnections, 'WinHttpSettings', {
      type: RegistryType.binary,
      data,
    });
    const before = await practice.proxy.contexts();
    expect(before.machine.winHttp).toEqual({
      state: 'configured',
      proxyServer: 'a:42',
      bypassList: ['*.42'],
    });
    expect(codes(before.findings)).toEqual(['winhttp-only']);
    await practice.set(localSystem, { flags: 3, proxy: 'p:80' });
    expect((await practice.proxy.contexts()).findings).toEqual([]);
  });

  it('legacy-values-differ: the legacy values name another proxy than the one in force', async () => {
    expect((await context(anna)).findings).toEqual([]);
    await practice.set(anna, { flags: 3, proxy: 'new-proxy:80', bypass: '*.contoso.com;<local>' });
    expect((await context(anna)).findings).toMatchObject([
      { code: 'legacy-values-differ', detail: expect.stringContaining('ProxyEnable/ProxyServer') },
    ]);
  });
});

describe('what the health check is told', () => {
  it('is the account’s own settings in force', async () => {
    expect(await practice.proxy.proxyFor(anna)).toMatchObject({
      id: anna,
      scope: 'account',
      state: 'configured',
      inForce: { proxyServer: annasProxy },
    });
    expect(await practice.proxy.proxyFor('LocalService')).toMatchObject({ state: 'absent', inForce: null });
  });

  it('is the machine’s settings while policy overrides the accounts', async () => {
    const policy =
      'HKEY_LOCAL_MACHINE\\SOFTWARE\\Policies\\Microsoft\\Windows\\CurrentVersion\\Internet Settings';
    const machine =
      'HKEY_LOCAL_MACHINE\\SOFTWARE\\Microsoft\\Windows\\CurrentVersion\\Internet Settings\\Connections';
    await practice.registry.createKey(policy);
    await practice.registry.createKey(machine);
    const off = { type: RegistryType.dword, data: Buffer.alloc(4) };
    await practice.registry.writeValue(policy, 'ProxySettingsPerUser', off);
    const data = settingsBytes({ flags: 3, proxy: 'machine:80' });
    await practice.registry.writeValue(machine, 'DefaultConnectionSettings', {
      type: RegistryType.binary,
      data,
    });
    expect(await practice.proxy.proxyFor('LocalSystem')).toMatchObject({
      scope: 'machine',
      inForce: { proxyServer: 'machine:80' },
    });
  });
});
