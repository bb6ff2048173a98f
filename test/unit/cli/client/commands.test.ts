import { readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { startServer } from '../../../../src/http/server';
import { type Served, serve } from '../../../http/clients';
import { openService } from '../../../http/service';
import { saying } from './scriptedService';
import { type Run, type as typeWith, at, found } from './typing';

let served: Served;
beforeAll(async () => (served = await serve()));
afterAll(() => served.close());

const type = (...args: string[]): Promise<Run> => typeWith(args, at(served.url, served.service.token));
const rows = (text: string) => text.split('\n').map((line) => line.split(/ {2,}/));

describe('the documented job, typed', () => {
  it('shows drift with 1, copies with 0, and then shows none with 0', async () => {
    const before = await type('contexts');
    expect([before.code, before.err]).toEqual([1, '']);
    expect(rows(before.out)[0]).toEqual(['ID', 'ACCOUNT', 'RUNS', 'PROXY', 'BYPASS', 'COMPARED']);
    expect(rows(before.out)[1]).toEqual([
      'LocalSystem',
      'NT AUTHORITY\\SYSTEM',
      'AATPSensorUpdater',
      'direct',
      '-',
      'different',
    ]);
    expect(before.out).toMatch(/in sync: no\n$/);

    const dry = await type('copy', '--dry-run');
    expect([dry.code, dry.out]).toEqual([0, expect.stringContaining('A dry run: nothing was written.')]);
    expect((await type('contexts')).code).toBe(1);

    const copied = await type('copy', '--ticket', 'CHG0031337', '--reason', 'The sensor is offline.');
    expect([copied.code, copied.err]).toEqual([0, '']);
    expect(copied.out).toMatch(/^LocalService {2}no settings {2}proxy\.contoso\.com:8080 {2}yes$/m);
    const after = await type('contexts');
    expect([after.code, after.out]).toEqual([0, expect.stringMatching(/in sync: yes\n$/)]);

    const again = await type('copy');
    expect([again.code, again.out]).toEqual([0, expect.stringContaining('Nothing had to be changed.')]);
  });

  it('finds the change and its backup again, and puts it back', async () => {
    const changes = await type('changes', '--limit', '1');
    expect(changes.out).toMatch(/copy +applied +admin +CHG0031337 +LocalSystem, LocalService/);
    const id = found(/^(\S+-[0-9a-f]{8}) /m, changes.out);
    const evidence = await type('changes', id);
    expect([evidence.code, evidence.err]).toEqual([0, '']);
    expect(evidence.out).toContain(`# Proxy change ${id}\n`);

    const backup = found(/^(\S+-[0-9a-f]{8}) /m, (await type('backups')).out);
    const file = path.join(served.service.dataDir, 'saved.reg');
    const saved = await type('backups', backup, '--save', file);
    expect([saved.code, saved.out]).toEqual([0, expect.stringMatching(/LocalService +had no value/)]);
    expect((await readFile(file)).toString('utf16le')).toContain('Windows Registry Editor');
    await writeFile(file, 'mine');
    expect(await type('backups', backup, '--save', file)).toMatchObject({ code: 2, out: '' });
    expect(await readFile(file, 'utf8')).toBe('mine');

    expect((await type('restore', backup, '--dry-run')).code).toBe(0);
    expect((await type('contexts')).code).toBe(0);
    const restored = await type('restore', backup, '--ticket', 'CHG2');
    expect([restored.code, restored.out]).toEqual([0, expect.stringMatching(/^change {2}\S+$/m)]);
    expect((await type('contexts')).code).toBe(1);
  });

  it('does once what is asked for twice with one key', async () => {
    const key = ['--idempotency-key', 'once-1', '--json'];
    const first = await type('copy', '--source', 'CurrentUser', '--target', 'LocalService', ...key);
    const second = await type('copy', '--source', 'CurrentUser', '--target', 'LocalService', ...key);
    expect(second).toEqual(first);
    const other = await type('copy', '--target', 'LocalSystem', ...key);
    expect([other.code, JSON.parse(other.out)]).toEqual([
      4,
      expect.objectContaining({ code: 'idempotency-key-reused' }),
    ]);
  });

  it('shows one account, with 1 when it has another proxy than the source', async () => {
    const one = await type('contexts', 'NetworkService');
    expect([one.code, one.out]).toEqual([1, expect.stringMatching(/^compared +absent$/m)]);
    const user = await type('contexts', 'S-1-5-21-1004336348-1177238915-682003330-1104');
    expect([user.code, user.out]).toEqual([0, expect.stringMatching(/^compared +identical$/m)]);
    const named = await type('contexts', '--source', 'LocalSystem');
    expect([named.code, named.out]).toEqual([1, expect.stringContaining('(the source)')]);
  });
});

it('says with 1 that it cannot be told where there is nothing to compare with', async () => {
  const service = await openService({ SENSORPROXY_DRIFT_SOURCE: 'S-1-5-21-1-2-3-1199' });
  const server = await startServer(service.app, { host: '127.0.0.1', port: 0 });
  const here = at(server.url, service.token);
  const sentence =
    /^Whether this is as it should be cannot be told: there is no source to compare with\..*\n$/m;
  try {
    for (const args of [['contexts'], ['contexts', 'LocalService']]) {
      const shown = await typeWith(args, here);
      expect([shown.code, shown.out, shown.err]).toEqual([1, expect.stringMatching(sentence), '']);
      expect(shown.out).not.toContain('in sync');
      const { code, out, err } = await typeWith([...args, '--json'], here);
      expect([code, err]).toEqual([1, expect.stringMatching(sentence)]);
      expect(() => JSON.parse(out) as unknown).not.toThrow();
    }
    const named = await typeWith(['contexts', '--source', 'LocalSystem'], here);
    expect([named.code, named.out]).toEqual([1, expect.stringMatching(/in sync: no\n$/)]);
  } finally {
    await server.stop();
    await service.close();
  }
});

describe('health, typed', () => {
  it('tells each check on stderr as it ends, then the table on stdout, with 1 when it is unhealthy', async () => {
    const { code, out, err } = await type(
      'health',
      '--context',
      'LocalService',
      '--context',
      'NetworkService',
    );
    expect(code).toBe(1);
    expect(err.split('\n')).toEqual([
      'Checking…',
      expect.stringMatching(
        /^1\. unhealthy (?:Local|Network)Service 127\.0\.0\.1 connect-refused \(\d+ ms\)$/,
      ),
      expect.stringMatching(
        /^2\. unhealthy (?:Local|Network)Service 127\.0\.0\.1 connect-refused \(\d+ ms\)$/,
      ),
      '',
    ]);
    expect(rows(out)[1]).toEqual(
      expect.arrayContaining(['LocalService', '127.0.0.1:1', 'direct', 'unhealthy', 'connect-refused']),
    );
    // Two checks failed for one reason: it is told once.
    expect(out.match(/connect-refused \(connect\)/g)).toHaveLength(1);
    expect(out).toMatch(/overall: unhealthy, in \d+ ms\n$/);
  });

  it('refuses what it cannot mean, and passes on what the service refuses', async () => {
    expect(await type('health', '--timeout-ms', '50')).toMatchObject({ code: 2, out: '' });
    const { code, err } = await type('health', '--region', 'Nowhere');
    expect([code, err]).toEqual([4, expect.stringContaining('region-unknown')]);
  });

  it('gives the report alone as JSON', async () => {
    const { code, out, err } = await type('health', '--json');
    expect([code, err]).toEqual([1, '']);
    expect(JSON.parse(out)).toMatchObject({ status: 'unhealthy', checks: [{}, {}] });
  });
});

describe('the sensor, typed', () => {
  it('is shown, with 1 when something is not as it should be', async () => {
    const { code, out } = await type('sensor');
    expect(code).toBe(1);
    expect(out).toMatch(/^AATPSensorUpdater +LocalSystem +automatic +unknown/m);
    expect(out).toContain('sensor-configuration-absent');
  });

  it('cannot be restarted where there is no service manager: 4, with the reason and its page', async () => {
    const { code, out, err } = await type('sensor', 'restart', '--dry-run');
    expect([code, out]).toEqual([4, '']);
    expect(err).toContain(`sensorproxy: What helps: ${served.url}/problems/service-manager-unavailable\n`);
  });
});

describe('what the service refuses', () => {
  it.each([
    [['restore', 'nope'], 'backup-not-found'],
    [['contexts', '../copy'], 'context-not-found'],
    [['contexts', 'S-1-5-21-1-2-3-4'], 'context-not-found'],
    [['changes', 'x'], 'change-not-found'],
  ])('is told by title, detail and page, with 4: %p', async (args, code) => {
    const run = await type(...args);
    expect([run.code, run.out]).toEqual([4, '']);
    expect(run.err).toContain(`, ${code})\n`);
    expect(run.err).toContain(`/problems/${code}\n`);
  });

  it('is told fault by fault', async () => {
    const { code, err } = await type('copy', '--ticket', 'x'.repeat(201));
    expect([code, err]).toEqual([4, expect.stringMatching(/^sensorproxy: body \/ticket: /m)]);
  });

  it('is a problem document on stdout with --json', async () => {
    const { code, out, err } = await typeWith(['contexts', '--json'], at(served.url));
    expect(code).toBe(4);
    expect(JSON.parse(out)).toMatchObject({ status: 401, code: 'token-invalid' });
    expect(err).toContain('token-invalid');
  });
});

describe('colours', () => {
  const here = () => at(served.url, served.service.token);
  const ESC = '\x1b[';

  it('are on a terminal, and the columns are where they are without', async () => {
    const bare = await typeWith(['contexts'], here());
    const coloured = await typeWith(['contexts'], { ...here(), terminal: true });
    expect(bare.out).not.toContain('\x1b');
    expect(coloured.out).toContain(`${ESC}31mdifferent${ESC}0m`);
    // eslint-disable-next-line no-control-regex
    expect(coloured.out.replace(/\x1b\[\d+m/g, '')).toBe(bare.out);
  });

  it('are off with NO_COLOR, and never in JSON', async () => {
    const environment = { ...here().environment, NO_COLOR: '1' };
    expect((await typeWith(['contexts'], { environment, terminal: true })).out).not.toContain('\x1b');
    expect((await typeWith(['contexts', '--json'], { ...here(), terminal: true })).out).not.toContain('\x1b');
  });
});

it('lists what was done to webhooks among the changes', async () => {
  const record = {
    id: '20261124T061512350Z-4e07408c',
    at: '2026-11-24T06:15:12.350Z',
    kind: 'webhook',
    action: 'paused',
    outcome: 'applied',
    actor: 'alice',
    ticket: null,
    name: 'Service desk',
  };
  const service = await saying({ items: [record], next: null }, { type: 'application/json', status: 200 });
  try {
    const { code, out } = await typeWith(['changes'], at(service.url));
    expect([code, out]).toEqual([
      0,
      expect.stringMatching(/webhook +applied +alice +- +Service desk: paused$/m),
    ]);
  } finally {
    await service.close();
  }
});

it('lists as much as was asked for, and says when there is more', async () => {
  for (let round = 0; round < 2; round += 1) {
    await type('copy', '--target', 'NetworkService');
    const [latest = ''] = found(/^(\S+-[0-9a-f]{8}) /m, (await type('backups')).out).split(' ');
    await type('restore', latest);
  }
  const { out } = await type('backups', '--limit', '2');
  expect(out.match(/^\d{8}T/gm)).toHaveLength(2);
  expect(out).toContain('There are more');
  const all = JSON.parse((await type('changes', '--limit', '10000', '--json')).out) as {
    readonly items: readonly object[];
    readonly next: unknown;
  };
  expect(all.next).toBeNull();
  expect(all.items.length).toBeGreaterThan(4);
});
