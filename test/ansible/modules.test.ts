import { writeFile } from 'node:fs/promises';
import path from 'node:path';
import type { ProxyContexts } from '../../src/proxy/model';
import { createAuthority } from '../support/certificates';
import { anna, ben } from '../support/practice';
import { startTlsEndpoint } from '../support/tlsEndpoint';
import { type RunningAgent, startAgent } from './agents';
import type { PlayOptions, TaskResult } from './ansible';
import { expectDiffs } from './differences';
import { type Fleet, inventoryOf, startFleet, task } from './fleet';

const LIMIT_MS = 600_000;

let fleet: Fleet;
let count = 0;
beforeAll(async () => {
  fleet = await startFleet([]);
}, LIMIT_MS);
afterAll(() => fleet.close(), LIMIT_MS);

/** Runs one module on one agent. */
async function ask(
  agent: RunningAgent,
  module: string,
  options: object = {},
  how: PlayOptions = {},
): Promise<TaskResult> {
  const { tasks, stderr, stdout } = await fleet.ansible.play(
    [task(module, options)],
    inventoryOf([agent]),
    how,
  );
  const result = tasks[0]?.hosts[agent.name];
  if (result === undefined) throw new Error(`there is no result: ${stdout}${stderr}`);
  return result;
}

const newAgent = (env?: Readonly<Record<string, string>>) => fleet.add(`module${(count += 1)}`, env);

/** Runs a module in check mode, then for real, then again, and looks at what each has done. */
async function changes(agent: RunningAgent, module: string, options: object): Promise<TaskResult> {
  const before = await agent.files();
  const entries = await agent.changes();
  const checked = await ask(agent, module, options, { check: true, diff: true });
  expect(checked).toMatchObject({ changed: true, dry_run: true, change_id: null, backup_id: null });
  expect(await agent.files()).toEqual(before);
  const first = await ask(agent, module, options, { diff: true });
  expect(first).toMatchObject({ changed: true, dry_run: false });
  expect(first.diff).toEqual(checked.diff);
  expect(first.findings).toEqual(checked.findings);
  expect(first.restart_recommended).toBe(checked.restart_recommended);
  expectDiffs(first);
  expect(first.results).toEqual(checked.results);
  const [entry, ...others] = await agent.changes();
  expect(entry).toMatchObject({ id: first.change_id, backupId: first.backup_id, outcome: 'applied' });
  expect(others).toEqual(entries);
  const after = await agent.hexes();
  const checkedAgain = await ask(agent, module, options, { check: true, diff: true });
  const second = await ask(agent, module, options, { diff: true });
  expect(second.diff).toEqual(checkedAgain.diff);
  expect([checkedAgain.changed, checkedAgain.dry_run]).toEqual([false, true]);
  expectDiffs(second);
  expect(second).toMatchObject({ changed: false, change_id: null, backup_id: null });
  expect(second.diff?.every((one) => one.before === one.after)).toBe(true);
  expect(await agent.hexes()).toEqual(after);
  expect(await agent.changes()).toHaveLength(entries.length + 1);
  return first;
}

describe('proxy_contexts_info', () => {
  it(
    'gives what the service says of the accounts, with names as Ansible has them, and never a change',
    async () => {
      const agent = await newAgent();
      const said = await agent.call<ProxyContexts>('GET', '/proxy/contexts');
      for (const check of [false, true]) {
        const result = await ask(agent, 'proxy_contexts_info', {}, { check });
        expect(result).toMatchObject({
          changed: false,
          in_sync: false,
          source: anna,
          findings: said.findings,
        });
        expect(result.contexts).toEqual(
          said.contexts.map(({ id, hex, state }): unknown => expect.objectContaining({ id, hex, state })),
        );
        expect(result).not.toHaveProperty('diff');
      }
    },
    LIMIT_MS,
  );

  it(
    'compares with the source that is named',
    async () => {
      const agent = await newAgent();
      expect(await ask(agent, 'proxy_contexts_info', { source: 'LocalSystem' })).toMatchObject({
        source: 'S-1-5-18',
      });
    },
    LIMIT_MS,
  );
});

describe('proxy_copy', () => {
  it(
    'copies once, in check mode not at all, and shows the same difference in both',
    async () => {
      const agent = await newAgent();
      const source = (await agent.hexes())[anna];
      const options = { ticket: 'CHG0031337', reason: 'The sensor is offline.' };
      const { diff } = await changes(agent, 'proxy_copy', options);
      expect(diff?.map(({ before_header }) => before_header)).toEqual(['LocalSystem', 'LocalService']);
      expect(diff?.[0]?.before).toContain('in force: direct\nproxy_server: -\n');
      expect(diff?.[0]?.after).toMatch(
        /^in force: direct, proxy\nproxy_server: proxy\.contoso\.com:\d+\nbypass_list: \*\.contoso\.com <local>\nauto_config_url: -\nversion: 70\ncounter: 3\n$/,
      );
      expect(diff?.[1]?.before).toBe('settings: none, or none that can be read\n');
      expect(await agent.hexes()).toMatchObject({
        LocalSystem: source,
        LocalService: source,
        NetworkService: null,
      });
      expect((await agent.changes())[0]).toMatchObject(options);
    },
    LIMIT_MS,
  );

  it(
    'copies to the targets that are named, from the source that is named, and shows no difference unasked',
    async () => {
      const agent = await newAgent();
      const result = await ask(agent, 'proxy_copy', { source: anna, targets: ['NetworkService'] });
      expect(result).toMatchObject({ changed: true, source: { sid: anna } });
      expect(result).not.toHaveProperty('diff');
      const { LocalService, NetworkService, [anna]: source } = await agent.hexes();
      expect([LocalService, NetworkService]).toEqual([null, source]);
    },
    LIMIT_MS,
  );

  it(
    'fails when the sensor cannot be restarted, and says that the copy was made and how to undo it',
    async () => {
      const agent = await newAgent();
      const result = await ask(agent, 'proxy_copy', { restart_sensor: true });
      const [entry] = await agent.changes();
      expect(result).toMatchObject({ failed: true, changed: true, backup_id: entry?.backupId });
      expect(result.msg).toBe(
        `${agent.url}: the proxy was copied (change ${entry?.id ?? ''}), but the sensor was not restarted: ${(result.sensor_restart as { detail: string }).detail}`,
      );
    },
    LIMIT_MS,
  );
});

it(
  'shows no password in a difference',
  async () => {
    const proxyServer = 'anna:secret@proxy.contoso.com:8080';
    const agent = await startAgent(fleet.ansible.folder, 'password', { proxyServer });
    const checked = await ask(agent, 'proxy_copy', {}, { check: true, diff: true });
    const { diff } = await ask(agent, 'proxy_copy', {}, { diff: true });
    expect(diff).toEqual(checked.diff);
    expect(diff?.[0]?.after).toContain('proxy_server: …@proxy.contoso.com:8080\n');
    expect(JSON.stringify(diff)).not.toContain('secret');
    await agent.stop();
  },
  LIMIT_MS,
);

describe('proxy_settings', () => {
  it(
    'sets an account, removes it, each once and in check mode not at all',
    async () => {
      const agent = await newAgent();
      const set = {
        context: 'LocalService',
        proxy_server: 'p.contoso.com:81',
        bypass_list: ['*.contoso.com'],
      };
      const { diff } = await changes(agent, 'proxy_settings', { ...set, ticket: 'CHG1', reason: 'Set.' });
      expect(diff?.[0]?.after).toContain('proxy_server: p.contoso.com:81\nbypass_list: *.contoso.com\n');
      const removed = await changes(agent, 'proxy_settings', {
        ...{ context: 'LocalService', state: 'absent' },
        ...{ ticket: 'CHG2', reason: 'Remove.' },
      });
      expect(removed.diff?.[0]?.after).toBe('settings: none, or none that can be read\n');
      const entries = await agent.changes();
      expect(entries.map(({ kind, ticket, reason }) => [kind, ticket, reason])).toEqual([
        ['delete', 'CHG2', 'Remove.'],
        ['put', 'CHG1', 'Set.'],
      ]);
    },
    LIMIT_MS,
  );

  it(
    'sets a PAC file, auto-detect, and no proxy at all',
    async () => {
      const agent = await newAgent();
      const context = 'LocalSystem';
      const { diff } = await changes(agent, 'proxy_settings', {
        ...{ context, auto_config_url: 'http://pac.contoso.com/proxy.pac', auto_detect: true },
      });
      expect(diff?.[0]?.after).toContain('in force: direct, auto_config_url, auto_detect\n');
      const direct = await changes(agent, 'proxy_settings', { context, auto_detect: false });
      expect(direct.diff?.[0]?.after).toContain('in force: direct\n');
    },
    LIMIT_MS,
  );
});

describe('proxy_restore', () => {
  it(
    'puts a backup back once, absence included, in check mode not at all',
    async () => {
      const agent = await newAgent();
      const before = await agent.hexes();
      const { backup_id } = await ask(agent, 'proxy_copy');
      await changes(agent, 'proxy_restore', { backup_id, ticket: 'CHG3', reason: 'Undo.' });
      expect(await agent.hexes()).toEqual(before);
      expect((await agent.changes())[0]).toMatchObject({ kind: 'restore', ticket: 'CHG3', reason: 'Undo.' });
    },
    LIMIT_MS,
  );

  it(
    'shows a difference where only bytes without a name differ',
    async () => {
      const agent = await newAgent();
      const context = 'LocalSystem';
      // What is saved has a number in its trailer that auto-detect keeps. What is there then has none, as it comes from a
      // user who has never used it; otherwise the two are made alike.
      const { backup_id } = await ask(agent, 'proxy_copy', { targets: [context] });
      await ask(agent, 'proxy_copy', { source: ben, targets: [context] });
      for (let counter = 1; counter < 9; counter += 1) {
        const body = { proxyServer: counter === 8 ? null : `p${counter}.contoso.com:80` };
        await agent.call('PUT', `/proxy/contexts/${context}`, body, '*');
      }
      const { diff, changed } = await ask(agent, 'proxy_restore', { backup_id }, { diff: true });
      expect(changed).toBe(true);
      const [{ before, after } = { before: '', after: '' }] = diff ?? [];
      expect(before).toMatch(/counter: 9\nother bytes: old\n$/);
      expect(after).toBe(before.replace('old', 'new'));
    },
    LIMIT_MS,
  );
});

describe('endpoints_health', () => {
  it(
    'says how each account reaches the endpoints, in check mode as well',
    async () => {
      const agent = await newAgent();
      await ask(agent, 'proxy_copy');
      const result = await ask(agent, 'endpoints_health', { fail_on: 'degraded' }, { check: true });
      expect(result.failed).toBeUndefined();
      expect(result).toMatchObject({ changed: false, status: 'healthy', troubles: [] });
      expect(result.checks).toHaveLength(4);
      const named = { contexts: ['LocalService'], regions: ['Europe', 'Europe'] };
      const { checks } = await ask(agent, 'endpoints_health', named);
      expect((checks as readonly { context: string }[]).map(({ context }) => context)).toEqual([
        'LocalService',
        'LocalService',
      ]);
    },
    LIMIT_MS,
  );

  it(
    'fails from the status on that is named, and says in one line what helps',
    async () => {
      const authority = await createAuthority('Contoso endpoints');
      const date = 'Tue, 24 Nov 2020 12:00:00 GMT';
      const endpoint = await startTlsEndpoint({
        certificate: await authority.issue({ hosts: ['localhost'] }),
        date,
      });
      const file = (name: string) => path.join(fleet.ansible.folder, name);
      await writeFile(file('endpoints.json'), JSON.stringify([{ host: 'localhost', port: endpoint.port }]));
      await writeFile(file('endpoints.pem'), authority.cert);
      const agent = await newAgent({
        SENSORPROXY_ENDPOINTS_FILE: file('endpoints.json'),
        SENSORPROXY_EXTRA_CA: file('endpoints.pem'),
      });
      const options = { contexts: ['LocalService'] };
      const passed = await ask(agent, 'endpoints_health', options);
      expect(passed).toMatchObject({
        status: 'degraded',
        troubles: [expect.stringContaining('clock-offset')],
      });
      expect(passed.failed).toBeUndefined();
      const failed = await ask(agent, 'endpoints_health', { ...options, fail_on: 'degraded' });
      expect(failed).toMatchObject({ failed: true, changed: false, status: 'degraded' });
      expect(failed.msg).toMatch(
        /^http:\S+: the endpoints are degraded: LocalService to localhost:\d+ is degraded: clock-offset: [^\n]+ Set the clock [^\n]+$/,
      );
      await endpoint.close();
    },
    LIMIT_MS,
  );

  it(
    'fails when an account cannot reach them, and with never leaves that to the caller',
    async () => {
      const agent = await newAgent();
      await ask(agent, 'proxy_settings', { context: 'LocalService', proxy_server: '127.0.0.1:9' });
      const options = { contexts: ['LocalService'], timeout_ms: 5000 };
      const failed = await ask(agent, 'endpoints_health', options);
      expect(failed).toMatchObject({ failed: true, changed: false, status: 'unhealthy' });
      expect(failed.msg).toContain('is unhealthy: proxy-connect-refused: ');
      const told = await ask(agent, 'endpoints_health', { ...options, fail_on: 'never' });
      expect(told.failed).toBeUndefined();
      expect(told).toMatchObject({
        status: 'unhealthy',
        troubles: [expect.stringContaining('9'), expect.anything()],
      });
    },
    LIMIT_MS,
  );
});
