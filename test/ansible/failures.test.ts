import type { RunningAgent } from './agents';
import { type Fleet, inventoryOf, messagesOf, startFleet, task } from './fleet';
import { startRelay } from './relay';

const LIMIT_MS = 600_000;
const LINE = /^[^\n\r]{20,2000}$/;

let fleet: Fleet;
let agent: RunningAgent;
beforeAll(async () => {
  fleet = await startFleet(['dc01']);
  const [first] = fleet.agents;
  if (first === undefined) throw new Error('there is no agent');
  agent = first;
}, LIMIT_MS);
afterAll(() => fleet.close(), LIMIT_MS);

/** The agent's files without its notes of keys: a request that is refused for good is answered alike when it is asked again. */
const kept = async () =>
  Object.entries(await agent.files()).filter(([name]) => !name.includes('/idempotency/'));

const MODULES: readonly (readonly [string, object])[] = [
  ['proxy_contexts_info', {}],
  ['proxy_copy', {}],
  ['proxy_settings', { context: 'LocalSystem', auto_detect: true }],
  ['proxy_restore', { backup_id: '20261124T080434371Z-5a24972a' }],
  ['endpoints_health', {}],
];

it(
  'says in one line that an agent is down, and fails for that host alone',
  async () => {
    const down = await fleet.add('down');
    await down.stop();
    const inventory = inventoryOf([agent, down]);
    const line = `${down.url} cannot be reached: Connection refused`;
    const { tasks, code } = await fleet.ansible.play([task('proxy_contexts_info')], inventory);
    expect(code).toBe(2);
    expect(tasks[0]?.hosts.dc01?.failed).toBeUndefined();
    expect(tasks[0]?.hosts.down).toMatchObject({ failed: true, changed: false, msg: line });
    const all = MODULES.map(([module, options]) => task(module, options));
    expect(await messagesOf(fleet, down, all)).toEqual(MODULES.map(() => line));
    const seen = await fleet.ansible.play([task('proxy_copy')], inventory, { output: 'default' });
    const seenLines = seen.stdout.split('\n').filter((one) => one.includes('[down]'));
    expect(seenLines).toEqual([`fatal: [down]: FAILED! => {"changed": false, "msg": "${line}"}`]);
    expect(seen.stdout + seen.stderr).not.toContain('Traceback');
  },
  LIMIT_MS,
);

it(
  'refuses bad input with one line that says what to mend, and changes nothing',
  async () => {
    const before = await kept();
    const url = (text: string) => task('proxy_contexts_info', { url: text });
    const settings = (options: object) => task('proxy_settings', { context: 'LocalSystem', ...options });
    const cases: readonly (readonly [object, string])[] = [
      [url('dc01:8484'), 'url must be http://host:port or https://host:port'],
      [url('ftp://dc01'), 'url must be http://host:port or https://host:port'],
      [url('http://dc01:0'), 'url must be http://host:port or https://host:port'],
      [url('http://dc01:port'), 'url cannot be read: '],
      [url('http://a:b@dc01'), 'url must hold no credentials: use token'],
      [url('http://dc01/proxy'), 'url must end behind the port'],
      [task('proxy_contexts_info', { timeout: 0 }), 'timeout must be 1 second or more'],
      [
        task('proxy_contexts_info', { token: 'two\nlines' }),
        'token is empty, or has a character that no token has',
      ],
      [task('proxy_contexts_info', { token: '' }), 'token is empty'],
      [
        task('proxy_contexts_info', { token: '{{ omit }}' }),
        'one of the following is required: token, client_cert',
      ],
      [
        task('proxy_contexts_info', { client_key: '/k' }),
        "missing parameter(s) required by 'client_key': client_cert",
      ],
      [task('proxy_contexts_info', { token: 'wrong' }), `${agent.url} refused GET /proxy/contexts: 401 `],
      [task('proxy_contexts_info', { source: 'S-1-5-21-1-1-1-1' }), ': 404 context-not-found: '],
      [task('proxy_copy', { targets: ['nobody'] }), ': 404 context-not-found: '],
      [task('proxy_copy', { targets: [] }), ': 400 validation-failed: '],
      [task('proxy_copy', { ticket: 'x'.repeat(201) }), '[/ticket: '],
      [task('proxy_copy', { source: 'NetworkService' }), ': 409 source-not-configured: '],
      [
        settings({}),
        'state is present but any of the following are missing: proxy_server, auto_config_url, auto_detect',
      ],
      [
        settings({ state: 'absent', proxy_server: 'p:80' }),
        'state=absent takes no settings: leave out proxy_server',
      ],
      [settings({ bypass_list: ['a'], auto_detect: true }), "required by 'bypass_list': proxy_server"],
      [settings({ proxy_server: 'p:99999' }), ': 422 settings-invalid: '],
      [
        settings({ proxy_server: 'p:80', bypass_list: ['ok', '.x'] }),
        '[/bypassList/1: Windows refuses a leading dot',
      ],
      [task('proxy_settings', { context: '../copy', auto_detect: true }), ': 404 context-not-found: '],
      [task('proxy_restore', { backup_id: '20261124T080434371Z-5a24972a' }), ': 404 backup-not-found: '],
      [task('proxy_restore', { backup_id: '../../x' }), ': 404 backup-not-found: '],
      [task('endpoints_health', { regions: ['Atlantis'] }), ': 400 region-unknown: '],
      [task('endpoints_health', { timeout_ms: 1 }), ': 400 validation-failed: '],
    ];
    const said = await messagesOf(
      fleet,
      agent,
      cases.map(([one]) => one),
    );
    cases.forEach(([, expected], index) => {
      expect([index, said[index]]).toEqual([index, expect.stringContaining(expected)]);
      expect(said[index]).toMatch(LINE);
    });
    expect(await kept()).toEqual(before);
  },
  LIMIT_MS,
);

it(
  'never shows the token, however much is asked to be shown',
  async () => {
    const down = await fleet.add('silent');
    await down.stop();
    const tasks = [
      ...MODULES.map(([module, options]) => task(module, options)),
      task('proxy_contexts_info', { url: down.url }),
      task('proxy_contexts_info', { token: '{{ sensorproxy_token }}\nx' }),
    ].map((one) => ({ ...one, ignore_errors: true }));
    for (const output of ['default', 'json'] as const) {
      const { stdout, stderr } = await fleet.ansible.play(tasks, inventoryOf([agent]), {
        ...{ output, diff: true, args: ['-vvvv'] },
      });
      expect(stdout).toContain('VALUE_SPECIFIED_IN_NO_LOG_PARAMETER');
      expect(stdout + stderr).not.toContain(agent.token);
    }
  },
  LIMIT_MS,
);

it(
  'shows the token neither when a server repeats it, in an answer as in a refusal, nor with white space around it',
  async () => {
    const repeats = await startRelay(agent.url, ({ path, headers }, response) => {
      const said = headers.authorization ?? '';
      const token = said.replace('Bearer ', '');
      if (path.includes('refused')) {
        response
          .writeHead(403)
          .end(JSON.stringify({ code: said, detail: `I know ${token}.`, errors: [said] }));
      } else response.end(JSON.stringify({ source: said, contexts: [{ id: token }] }));
    });
    const tasks = ['refused', 'answered'].flatMap((source) =>
      ['{{ sensorproxy_token }}', ' {{ sensorproxy_token }}\n'].map((token) => ({
        ...task('proxy_contexts_info', { url: repeats.url, source, token }),
        ignore_errors: true,
      })),
    );
    for (const output of ['default', 'json'] as const) {
      const { stdout, stderr } = await fleet.ansible.play(tasks, inventoryOf([agent]), {
        ...{ output, diff: true, args: ['-vvvvv'] },
      });
      expect(stdout).toContain('I know ********.');
      expect(stdout + stderr).not.toContain(agent.token);
    }
    expect(repeats.requests).toHaveLength(8);
    expect(new Set(repeats.requests.map(({ headers }) => headers.authorization))).toEqual(
      new Set([`Bearer ${agent.token}`]),
    );
    await repeats.close();
  },
  LIMIT_MS,
);
