import { readdir, readFile } from 'node:fs/promises';
import path from 'node:path';
import { anna } from '../support/practice';
import type { RunningAgent } from './agents';
import type { Inventory, PlayOptions } from './ansible';
import { type Fleet, inventoryOf, namesOf, startFleet } from './fleet';

const LIMIT_MS = 1_200_000;
const TEN = namesOf(10);
/** Their accounts have the user's proxy from the start. */
const IN_SYNC = ['dc02', 'dc05', 'dc09'];
const DRIFTED = TEN.filter((name) => !IN_SYNC.includes(name));

let fleet: Fleet;
beforeEach(async () => {
  fleet = await startFleet(TEN);
  await Promise.all(fleet.agents.filter(({ name }) => IN_SYNC.includes(name)).map((agent) => copy(agent)));
}, LIMIT_MS);
afterEach(() => fleet.close(), LIMIT_MS);

const copy = (agent: RunningAgent) => agent.call('POST', '/proxy/copy', {});
const named = (name: string): RunningAgent => {
  const agent = fleet.agents.find((one) => one.name === name);
  if (agent === undefined) throw new Error(`there is no ${name}`);
  return agent;
};

/** The report, as far as the tests look at it. */
interface Report {
  readonly state: string;
  readonly ticket: string | null;
  readonly began: string;
  readonly written: string;
  readonly check_mode: boolean;
  readonly totals: Readonly<Record<string, number>>;
  readonly hosts: readonly {
    readonly host: string;
    readonly url: string;
    readonly result: string;
    readonly before: string | null;
    readonly after: string | null;
    readonly source: string | null;
    readonly change_id: string | null;
    readonly backup_id: string | null;
    readonly not_restored: readonly string[];
    readonly accounts: readonly unknown[];
    readonly endpoints: string | null;
    readonly troubles: readonly string[];
    readonly message: string | null;
  }[];
}

/** Rolls out to all, and reads the report. */
async function rollOut(
  vars: Readonly<Record<string, unknown>> = {},
  options: PlayOptions & { readonly hosts?: Parameters<typeof inventoryOf>[1] } = {},
) {
  const played = await fleet.ansible.playbook(
    'sensorproxy.agent.rollout',
    inventoryOf(fleet.agents, options.hosts),
    { ...options, vars: { rollout_ticket: 'CHG0031337', rollout_batch: 3, ...vars } },
  );
  const newest = (await reports()).at(-1) ?? '';
  const report = JSON.parse(await readFile(`${newest}.json`, 'utf8')) as Report;
  return { ...played, report, markdown: await readFile(`${newest}.md`, 'utf8') };
}

/** The reports of all runs, without their endings, oldest first. */
async function reports(): Promise<string[]> {
  const names = await readdir(fleet.ansible.folder);
  return names
    .filter((name) => /^sensorproxy-rollout-\d{8}T\d{6}Z\.json$/.test(name))
    .map((name) => path.join(fleet.ansible.folder, path.basename(name, '.json')))
    .sort();
}

const everything = async () =>
  Object.fromEntries(
    await Promise.all(fleet.agents.map(async (agent) => [agent.name, await agent.files()] as const)),
  );
const entriesOf = async () =>
  Object.fromEntries(
    await Promise.all(
      fleet.agents.map(async (agent) => [agent.name, (await agent.changes()).length] as const),
    ),
  );
const resultsIn = ({ hosts }: Report) => Object.fromEntries(hosts.map(({ host, result }) => [host, result]));
const changedIn = (stats: Readonly<Record<string, Readonly<Record<string, number>>>>) =>
  Object.entries(stats).flatMap(([host, { changed }]) => (changed ? [host] : []));
const each = (names: readonly string[], result: string) =>
  Object.fromEntries(names.map((name) => [name, result]));

it(
  'changes what has drifted, and nothing the second time; check mode says the same and writes nothing',
  async () => {
    const before = await everything();
    const checked = await rollOut({}, { check: true, diff: true });
    expect(checked.code).toBe(0);
    expect(await everything()).toEqual(before);
    expect(resultsIn(checked.report)).toEqual({
      ...each(DRIFTED, 'would change'),
      ...each(IN_SYNC, 'in sync'),
    });
    expect(checked.report).toMatchObject({ check_mode: true, totals: { 'would change': 7, 'in sync': 3 } });
    expect(changedIn(checked.stats)).toEqual(DRIFTED);

    const first = await rollOut({}, { diff: true });
    expect(first.code).toBe(0);
    expect(changedIn(first.stats)).toEqual(DRIFTED);
    expect(await entriesOf()).toEqual(Object.fromEntries(TEN.map((name) => [name, 1])));
    for (const name of TEN) {
      const hexes = await named(name).hexes();
      expect([name, hexes.LocalSystem, hexes.LocalService]).toEqual([name, hexes[anna], hexes[anna]]);
    }
    expect(diffsOf(first)).toEqual(diffsOf(checked));
    await expectRightReport(first);

    const second = await rollOut();
    expect(second.code).toBe(0);
    expect(changedIn(second.stats)).toEqual([]);
    expect(second.report.totals).toEqual({ 'in sync': 10 });
    // The report of the first, which alone names the backups, is still there.
    expect(await reports()).toHaveLength(3);
    expect(await entriesOf()).toEqual(Object.fromEntries(TEN.map((name) => [name, 1])));
  },
  LIMIT_MS,
);

/** What each copy showed, for each host. */
function diffsOf({ tasks }: Awaited<ReturnType<typeof rollOut>>) {
  const copies = tasks.filter(({ name }) => name.includes('Copy the user'));
  const diffs = copies.flatMap(({ hosts }) =>
    Object.entries(hosts).map(([host, { diff }]) => [host, diff ?? null]),
  );
  expect(diffs.filter(([, diff]) => diff !== null)).toHaveLength(DRIFTED.length);
  return diffs;
}

/** The report against what the agents themselves say. */
async function expectRightReport({ report, markdown }: Awaited<ReturnType<typeof rollOut>>) {
  expect(report).toMatchObject({
    state: 'finished',
    ticket: 'CHG0031337',
    check_mode: false,
    totals: { changed: 7, 'in sync': 3 },
  });
  expect(report.hosts.map(({ host }) => host)).toEqual(TEN);
  expect(Date.parse(report.written)).toBeGreaterThanOrEqual(Date.parse(report.began));
  for (const entry of report.hosts) {
    const [change] = await named(entry.host).changes();
    const wasChanged = DRIFTED.includes(entry.host);
    expect(entry).toMatchObject({
      url: named(entry.host).url,
      result: wasChanged ? 'changed' : 'in sync',
      before: wasChanged ? 'drifted' : 'in sync',
      after: 'in sync',
      source: anna,
      change_id: wasChanged ? change?.id : null,
      backup_id: wasChanged ? change?.backupId : null,
      accounts: wasChanged ? [{ target: 'LocalSystem' }, { target: 'LocalService' }] : [],
      endpoints: 'healthy',
      troubles: [],
      message: null,
    });
    expect(change?.ticket).toBe(wasChanged ? 'CHG0031337' : null);
    const row = wasChanged
      ? `| ${entry.host} | changed | drifted | in sync | ${change?.id ?? ''} | ${change?.backupId ?? ''} | healthy |  |`
      : `| ${entry.host} | in sync | in sync | in sync |  |  | healthy |  |`;
    expect(markdown.split('\n')).toContain(row);
  }
  expect(markdown).toContain('- Ticket: CHG0031337\n');
  expect(markdown).toContain('- changed: 7, in sync: 3\n');
}

it(
  'stops at an agent that cannot write its registry: later batches are untouched, and the report says so',
  async () => {
    await named('dc04').denyRegistry();
    const before = await everything();
    const { code, report, markdown, stats } = await rollOut();
    expect(code).toBe(2);
    expect(resultsIn(report)).toEqual({
      ...each(['dc01', 'dc03', 'dc06'], 'changed'),
      ...each(['dc02', 'dc05'], 'in sync'),
      ...{ dc04: 'failed', ...each(['dc07', 'dc08', 'dc09', 'dc10'], 'not reached') },
    });
    expect(report.state).toBe('stopped');
    expect(report.totals).toEqual({ changed: 3, 'in sync': 2, failed: 1, 'not reached': 4 });
    const after = await everything();
    for (const name of ['dc02', 'dc05', 'dc07', 'dc08', 'dc09', 'dc10']) {
      expect([name, after[name]]).toEqual([name, before[name]]);
    }
    const failed = report.hosts.find(({ host }) => host === 'dc04');
    expect(failed?.message).toMatch(/^http:\S+ refused POST \/proxy\/copy: 503 [a-z-]+: [^\n]+$/);
    expect(failed).toMatchObject({ before: 'drifted', after: null, change_id: null, not_restored: [] });
    expect(failed?.backup_id).toEqual(expect.any(String));
    expect(markdown).toContain(
      `| dc04 | failed | drifted |  |  | ${failed?.backup_id ?? ''} |  | ${failed?.message ?? ''} |`,
    );
    expect(markdown).toContain('| dc07 | not reached | drifted |  |  |  |  |  |');
    expect(stats.dc04).toMatchObject({ failures: 1 });
    // What was stopped goes on where it was, once the cause is mended.
    const others = fleet.agents.filter(({ name }) => name !== 'dc04');
    const again = await fleet.ansible.playbook('sensorproxy.agent.rollout', inventoryOf(others));
    expect(again.code).toBe(0);
    expect(changedIn(again.stats)).toEqual(['dc07', 'dc08', 'dc10']);
  },
  LIMIT_MS,
);

it(
  'stops at an agent that is down, one batch at a time being one agent unless stated',
  async () => {
    await named('dc03').stop();
    const { code, report, stdout } = await rollOut(
      { rollout_batch: 1 },
      { output: 'default', args: ['-vvv'] },
    );
    expect(code).toBe(2);
    expect(resultsIn(report)).toEqual({
      ...{ dc01: 'changed', dc02: 'in sync', dc03: 'failed' },
      ...each(TEN.slice(3), 'not reached'),
    });
    const line = `${named('dc03').url} cannot be reached: Connection refused`;
    expect(report.hosts[2]?.message).toBe(line);
    expect(stdout).toContain(line);
    for (const { token } of fleet.agents) expect(stdout).not.toContain(token);
    for (const name of TEN.slice(3)) {
      expect(await named(name).changes()).toHaveLength(IN_SYNC.includes(name) ? 1 : 0);
    }
  },
  LIMIT_MS,
);

it(
  'stops at an agent that refuses the token, and tells of failures before they are reached',
  async () => {
    const hosts = { dc01: { sensorproxy_token: 'wrong' }, dc10: { sensorproxy_token: 'wrong' } };
    const before = await everything();
    const { code, report } = await rollOut({ rollout_batch: 1 }, { hosts });
    expect(code).toBe(2);
    expect(resultsIn(report)).toEqual({ dc01: 'failed', ...each(TEN.slice(1), 'not reached') });
    expect(report.hosts[0]?.message).toContain(': 401 ');
    expect(report.hosts[9]).toMatchObject({
      result: 'not reached',
      message: expect.stringContaining(': 401 '),
    });
    expect(await everything()).toEqual(before);
  },
  LIMIT_MS,
);

it(
  'stops where the endpoints cannot be reached after the copy, and keeps how to undo it in the report',
  async () => {
    const target = named('dc01');
    const body = { proxyServer: '127.0.0.1:9', bypassList: [] };
    await target.call('PUT', `/proxy/contexts/${anna}`, body, '*');
    const { code, report, markdown } = await rollOut({ rollout_batch: 1 });
    expect(code).toBe(2);
    const [change] = await target.changes();
    expect(report.hosts[0]).toMatchObject({
      ...{ host: 'dc01', result: 'failed', before: 'drifted', after: 'in sync', endpoints: 'unhealthy' },
      ...{ change_id: change?.id, backup_id: change?.backupId },
      message: expect.stringContaining('proxy-connect-refused'),
    });
    expect(markdown).toContain(change?.backupId);
    expect(report.totals).toEqual({ failed: 1, 'not reached': 9 });
  },
  LIMIT_MS,
);

it(
  'stops before anything is contacted when a host has no address, and before anything is changed when there can be no report',
  async () => {
    const before = await everything();
    const playing = (inventory: Inventory, vars: object = {}) =>
      fleet.ansible.playbook('sensorproxy.agent.rollout', inventory, {
        vars: { rollout_batch: 3, rollout_probe: false, ...vars },
      });
    const lacking = await playing({ ...inventoryOf(fleet.agents), dc11: {} });
    expect(lacking.code).toBe(2);
    expect(lacking.tasks.flatMap(({ hosts }) => hosts.dc11?.msg ?? [])).toEqual([
      expect.stringContaining('sensorproxy_url'),
    ]);
    expect(lacking.tasks.map(({ name }) => name)).not.toContain("Read the accounts' proxies");
    expect(await reports()).toEqual([]);
    const mute = await playing(inventoryOf(fleet.agents), { rollout_report: '/nowhere/report' });
    expect(mute.code).toBe(2);
    expect(changedIn(mute.stats)).toEqual([]);
    expect(await everything()).toEqual(before);
  },
  LIMIT_MS,
);
