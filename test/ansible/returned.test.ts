import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { type PacServer, startPacServer } from '../support/pacServer';
import { anna, ben } from '../support/practice';
import { PROGRAM, type RunningAgent } from './agents';
import type { PlayOptions, TaskResult } from './ansible';
import { type Fleet, resultsOf, startFleet, task } from './fleet';
import { documentedPaths, misfits, returnDocs, type ReturnDoc } from './returned';

const LIMIT_MS = 600_000;
const MODULES = [
  ...['endpoints_health', 'proxy_contexts_info', 'proxy_copy', 'proxy_restore', 'proxy_settings'],
] as const;

let fleet: Fleet;
let pac: PacServer;
let docs: Readonly<Record<string, Readonly<Record<string, ReturnDoc>>>>;
const seen: Record<string, Set<string>> = {};
beforeAll(async () => {
  fleet = await startFleet([]);
  pac = await startPacServer();
  docs = await returnDocs(fleet.ansible, MODULES);
}, LIMIT_MS);
afterAll(async () => {
  await pac.close();
  await fleet.close();
}, LIMIT_MS);

/** Runs tasks, and looks at what each has returned. */
async function run(
  agent: RunningAgent,
  tasks: readonly (readonly [module: string, options?: object])[],
  how: PlayOptions = {},
): Promise<TaskResult[]> {
  const all = tasks.map(([module, options]) => task(module, options));
  const results = await resultsOf(fleet, agent, all, how);
  const wrong = tasks.flatMap(([module], index) =>
    misfits(results[index] ?? { changed: false }, docs[module] ?? {}, (seen[module] ??= new Set())).map(
      (line) => `${module}, task ${index}: ${line}`,
    ),
  );
  expect(wrong).toEqual([]);
  return results;
}

it(
  'documents all that a module returns when it succeeds, with its type, in check mode as well',
  async () => {
    const agent = await fleet.add('good');
    const settings = { context: 'NetworkService', proxy_server: 'p:80', auto_config_url: 'http://pac/x.pac' };
    const tasks = [
      ['proxy_contexts_info'],
      ['proxy_settings', settings],
      ['proxy_settings', { context: 'NetworkService', state: 'absent' }],
      ['proxy_copy', { ticket: 'CHG1' }],
      ['endpoints_health', { regions: ['Europe'] }],
    ] as const;
    await run(agent, tasks, { check: true, diff: true });
    const copied = (await run(agent, tasks, { diff: true }))[3];
    const restoring = [
      ['proxy_restore', { backup_id: copied?.backup_id }],
      ['proxy_copy', { source: anna, restart_sensor: true }],
      ['proxy_copy'],
      ['proxy_restore', { backup_id: copied?.backup_id }],
    ] as const;
    const results = await run(agent, restoring);
    expect(results.map(({ failed = false, changed }) => [failed, changed])).toEqual([
      ...[
        [false, true],
        [true, true],
        [false, false],
      ],
      [false, true],
    ]);
  },
  LIMIT_MS,
);

it(
  'documents all that a health check returns when an account cannot reach the endpoints, and after a failover, and all of a way back',
  async () => {
    const agent = await fleet.add('ill');
    const { settings } = await agent.call<{ settings: { proxyServer: string } }>(
      'GET',
      `/proxy/contexts/${anna}`,
    );
    const ways = `PROXY 127.0.0.1:9; PROXY ${settings.proxyServer}`;
    pac.serve('/proxy.pac', `function FindProxyForURL() { return '${ways}'; }`);
    const results = await run(agent, [
      ['proxy_settings', { context: 'LocalService', proxy_server: '127.0.0.1:9' }],
      ['proxy_settings', { context: 'LocalSystem', auto_config_url: pac.url('/proxy.pac') }],
      ['proxy_contexts_info'],
      ['endpoints_health', { timeout_ms: 5000 }],
    ]);
    expect(results[3]).toMatchObject({ failed: true, status: 'unhealthy' });
    // There and back with a PAC file, which the practice users do not have.
    const [first, second] = await run(agent, [
      ['proxy_copy', { source: 'LocalSystem', targets: ['LocalService'] }],
      ['proxy_copy', { source: anna }],
    ]);
    await run(agent, [
      ['proxy_restore', { backup_id: second?.backup_id }],
      ['proxy_restore', { backup_id: first?.backup_id }],
    ]);
  },
  LIMIT_MS,
);

it(
  'documents all that a module returns when the service refuses',
  async () => {
    const agent = await fleet.add('refusing');
    const create = ['token', 'create', 'reader', '--scope', 'read', '--data-dir', agent.dataDir];
    const { stdout } = await promisify(execFile)(process.execPath, [PROGRAM, ...create]);
    const token = stdout.split('\n')[0];
    const [copied] = await run(agent, [['proxy_copy']]);
    const backup_id = copied?.backup_id;
    await agent.call('PUT', `/proxy/contexts/${ben}`, { proxyServer: 'p.contoso.com:80' }, '*');
    const before = await run(agent, [
      ['proxy_contexts_info'],
      ['proxy_contexts_info', { source: 'x'.repeat(300) }],
      ['proxy_contexts_info', { source: 'S-1-5-21-1-1-1-1' }],
      ['proxy_copy'],
      ['proxy_copy', { ticket: 'x'.repeat(201) }],
      ['proxy_copy', { token }],
      ['proxy_settings', { context: 'CurrentUser', auto_detect: true }],
      ['proxy_settings', { context: 'LocalSystem', proxy_server: 'p:99999' }],
      ['proxy_settings', { context: 'x'.repeat(300), auto_detect: true }],
      ['proxy_settings', { context: 'LocalSystem', auto_detect: true, token }],
      ['proxy_restore', { backup_id, ticket: 'x'.repeat(201) }],
      ['proxy_restore', { backup_id: '20261124T080434371Z-5a24972a' }],
      ['proxy_restore', { backup_id, token }],
      ['endpoints_health', { regions: ['Atlantis'] }],
      ['endpoints_health', { timeout_ms: 1 }],
      ['endpoints_health', { contexts: ['CurrentUser'] }],
    ]);
    await agent.denyRegistry();
    const after = await run(agent, [
      ['proxy_copy', { source: ben }],
      ['proxy_settings', { context: 'LocalSystem', auto_detect: true }],
      ['proxy_restore', { backup_id }],
    ]);
    const results = [...before, ...after];
    expect(results.map(({ problem }) => (problem as { code: string } | undefined)?.code)).toEqual([
      undefined,
      ...['validation-failed', 'context-not-found', 'source-ambiguous', 'validation-failed', 'scope-missing'],
      ...['source-ambiguous', 'settings-invalid', 'validation-failed', 'scope-missing'],
      ...['validation-failed', 'backup-not-found', 'scope-missing'],
      ...['region-unknown', 'validation-failed', 'source-ambiguous'],
      ...['write-failed', 'write-failed', 'write-failed'],
    ]);
  },
  LIMIT_MS,
);

it('documents nothing that no module returns', () => {
  // Those that only a domain controller has, or a fault that no practice registry can be given.
  const elsewhere =
    /^problem\.(?:offset|scope|not_restored\[\]\.\w+)$|^sensor_restart\b|^source\b|^machine\.win_http\.proxy_server$|clock_offset_ms$/;
  const unseen = MODULES.flatMap((module) =>
    documentedPaths(docs[module] ?? {})
      .filter((path) => !(module === 'endpoints_health' && path.startsWith('findings[].')))
      .filter((path) => !seen[module]?.has(path) && !elsewhere.test(path))
      .map((path) => `${module}: ${path}`),
  );
  expect(unseen).toEqual([]);
});
