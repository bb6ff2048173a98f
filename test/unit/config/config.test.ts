import { writeFile } from 'node:fs/promises';
import path from 'node:path';
import { ConfigError, readConfig } from '../../../src/config';
import { temporaryFolder } from '../../support/temporaryFolder';

let folder: Awaited<ReturnType<typeof temporaryFolder>>;
beforeEach(async () => {
  folder = await temporaryFolder();
});
afterEach(() => folder.remove());

function problems(environment: Record<string, string>): readonly string[] {
  try {
    readConfig(environment, 'linux');
  } catch (error) {
    if (error instanceof ConfigError) return error.problems;
    throw error;
  }
  return [];
}

async function file(name: string, text: string): Promise<string> {
  const location = path.join(folder.path, name);
  await writeFile(location, text);
  return location;
}

describe('the settings', () => {
  it('have the contract’s defaults', () => {
    expect(readConfig({}, 'linux')).toEqual({
      host: '127.0.0.1',
      port: 8484,
      plaintextBeyondLoopback: false,
      tls: null,
      allowedHosts: [],
      requireTicket: null,
      backups: { keep: 200, days: 365 },
      dataDir: path.resolve('data'),
      registry: { driver: 'regfile', file: path.resolve('data', 'registry.reg'), seed: true },
      workspace: null,
      cloud: 'commercial',
      regions: null,
      endpoints: null,
      extraCa: null,
      resolve: [],
      driftSource: null,
      watch: null,
      webhooks: { hosts: [], plaintext: false },
      logLevel: 'info',
    });
  });

  it('say what is watched, and how often', () => {
    const on = (settings: Record<string, string> = {}) =>
      readConfig({ SENSORPROXY_WATCH: 'on', ...settings }, 'linux').watch;
    const damping = { needed: 2, of: 3 };
    expect(on()).toEqual({
      intervalS: 60,
      probeIntervalS: 300,
      onDrift: 'report',
      driftTicket: null,
      damping,
    });
    const all = {
      SENSORPROXY_WATCH_INTERVAL: '5',
      SENSORPROXY_PROBE_INTERVAL: '0',
      SENSORPROXY_ON_DRIFT: 'copy',
      SENSORPROXY_DRIFT_SOURCE: 'S-1-5-21-1-2-3-1104',
      SENSORPROXY_DRIFT_TICKET: 'CHG0031337',
      SENSORPROXY_DAMPING: '1/4',
    };
    expect(on(all)).toEqual({
      intervalS: 5,
      probeIntervalS: 0,
      onDrift: 'copy',
      driftTicket: 'CHG0031337',
      damping: { needed: 1, of: 4 },
    });
    expect(readConfig({ SENSORPROXY_WATCH_INTERVAL: '5' }, 'linux').watch).toBeNull();
  });

  it('about the watch are checked while it is off too, and a repair needs it', () => {
    const bad = {
      SENSORPROXY_WATCH: 'yes',
      SENSORPROXY_WATCH_INTERVAL: '4',
      SENSORPROXY_PROBE_INTERVAL: '9',
      SENSORPROXY_ON_DRIFT: 'fix',
      SENSORPROXY_DRIFT_SOURCE: 'CurrentUser',
      SENSORPROXY_DRIFT_TICKET: 'x'.repeat(201),
      SENSORPROXY_DAMPING: '3/2',
    };
    expect(
      problems(bad)
        .map((line) => line.split(':')[0])
        .sort(),
    ).toEqual(Object.keys(bad).sort());
    expect(problems({ SENSORPROXY_PROBE_INTERVAL: '86401' })[0]).toContain(
      '0 or a number of seconds from 10',
    );
    expect(problems({ SENSORPROXY_ON_DRIFT: 'copy', SENSORPROXY_DRIFT_SOURCE: 'LocalSystem' })).toEqual([
      'SENSORPROXY_ON_DRIFT: copy needs SENSORPROXY_WATCH=on.',
    ]);
  });

  describe('refuse a repair of drift', () => {
    const repair = (settings: Record<string, string>) =>
      problems({ SENSORPROXY_WATCH: 'on', SENSORPROXY_ON_DRIFT: 'copy', ...settings });

    it('without the account whose proxy it is about, which is never whoever is signed in', () => {
      expect(repair({})).toEqual([
        expect.stringMatching(/^SENSORPROXY_DRIFT_SOURCE: it is needed with SENSORPROXY_ON_DRIFT=copy/),
      ]);
      for (const text of ['CurrentUser', 'CONTOSO\\anna.admin', 'S-1-x']) {
        expect(repair({ SENSORPROXY_DRIFT_SOURCE: text })).toEqual([
          expect.stringMatching(/^SENSORPROXY_DRIFT_SOURCE: it must be one account: the SID/),
        ]);
      }
      expect(readConfig({ SENSORPROXY_DRIFT_SOURCE: 'networkservice' }, 'linux').driftSource).toBe(
        'NetworkService',
      );
    });

    it('without a ticket where each change needs one, or with one that does not fit', () => {
      const settings = {
        SENSORPROXY_DRIFT_SOURCE: 'NetworkService',
        SENSORPROXY_REQUIRE_TICKET: 'CHG[0-9]{7}',
      };
      expect(repair(settings)).toEqual([
        expect.stringMatching(/^SENSORPROXY_DRIFT_TICKET: it is needed .*SENSORPROXY_REQUIRE_TICKET is set/),
      ]);
      expect(repair({ ...settings, SENSORPROXY_DRIFT_TICKET: 'CHG1' })).toEqual([
        'SENSORPROXY_DRIFT_TICKET: it does not fit SENSORPROXY_REQUIRE_TICKET.',
      ]);
      expect(repair({ ...settings, SENSORPROXY_DRIFT_TICKET: 'CHG0031337' })).toEqual([]);
      expect(repair({ SENSORPROXY_DRIFT_SOURCE: 'NetworkService' })).toEqual([]);
    });
  });

  it('are frozen', () => {
    expect(Object.isFrozen(readConfig({}, 'linux'))).toBe(true);
  });

  it('are all checked, and every bad one is named at once', () => {
    const found = problems({
      SENSORPROXY_HOST: 'example.com',
      SENSORPROXY_PORT: '70000',
      SENSORPROXY_REGISTRY: 'advapi32x',
      SENSORPROXY_CLOUD: 'moon',
      SENSORPROXY_REGIONS: 'Europe,Atlantis',
      SENSORPROXY_WORKSPACE: 'a b',
      SENSORPROXY_ENDPOINTS_FILE: '/nowhere/endpoints.json',
      SENSORPROXY_EXTRA_CA: '/nowhere/ca.pem',
      SENSORPROXY_RESOLVE: 'host',
      SENSORPROXY_LOG_LEVEL: 'loud',
      SENSORPROXY_ALLOW_PLAINTEXT: 'yes',
      SENSORPROXY_PROT: '1',
    });
    const names = found.map((line) => line.split(':')[0]);
    expect(names.sort()).toEqual(
      [
        'SENSORPROXY_ALLOW_PLAINTEXT',
        'SENSORPROXY_CLOUD',
        'SENSORPROXY_ENDPOINTS_FILE',
        'SENSORPROXY_EXTRA_CA',
        'SENSORPROXY_HOST',
        'SENSORPROXY_LOG_LEVEL',
        'SENSORPROXY_PORT',
        'SENSORPROXY_PROT',
        'SENSORPROXY_REGIONS',
        'SENSORPROXY_REGISTRY',
        'SENSORPROXY_RESOLVE',
        'SENSORPROXY_WORKSPACE',
      ].sort(),
    );
  });

  it('refuse an address beyond loopback without TLS, unless that is allowed in so many words', () => {
    expect(problems({ SENSORPROXY_HOST: '0.0.0.0' })[0]).toMatch(
      /^SENSORPROXY_HOST: any address but loopback needs TLS/,
    );
    const allowed = readConfig({ SENSORPROXY_HOST: '0.0.0.0', SENSORPROXY_ALLOW_PLAINTEXT: '1' }, 'linux');
    expect(allowed.plaintextBeyondLoopback).toBe(true);
    expect(problems({ SENSORPROXY_HOST: '::1' })).toEqual([]);
  });

  it('may stand in a file, below the environment', async () => {
    const config = await file(
      'sensorproxy.env',
      '# a comment\nSENSORPROXY_PORT=9000\r\nSENSORPROXY_LOG_LEVEL=debug\n',
    );
    const read = readConfig({ SENSORPROXY_CONFIG: config, SENSORPROXY_PORT: '9001' }, 'linux');
    expect([read.port, read.logLevel]).toEqual([9001, 'debug']);
  });

  it('may stand in a file that Notepad has written, with a byte order mark', async () => {
    const config = await file('sensorproxy.env', '\ufeffSENSORPROXY_PORT=9000\r\n');
    expect(readConfig({ SENSORPROXY_CONFIG: config }, 'linux').port).toBe(9000);
  });

  it.each([
    ['a line that is no setting', 'SENSORPROXY_PORT=1\nwhatever\n', 'line 2'],
    ['a space that cannot be seen', 'SENSORPROXY_PORT=1\n\u00a0SENSORPROXY_HOST=::1\n', 'line 2'],
    ['a setting of something else', 'PATH=/x\n', 'PATH'],
    ['a typing error', 'SENSORPROXY_PROT=1\n', 'SENSORPROXY_PROT'],
  ])('refuse a file with %s', async (_what, text, expected) => {
    const config = await file('sensorproxy.env', text);
    expect(problems({ SENSORPROXY_CONFIG: config }).join('\n')).toContain(expected);
  });

  it('refuse a CA file that holds no certificate, or a broken one', async () => {
    const none = await file('none.pem', 'hello');
    const broken = await file('broken.pem', '-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n');
    expect(problems({ SENSORPROXY_EXTRA_CA: none })).toEqual([
      'SENSORPROXY_EXTRA_CA: the file holds no PEM certificate.',
    ]);
    expect(problems({ SENSORPROXY_EXTRA_CA: broken })[0]).toContain('cannot be read');
  });

  it('take the place of the registry’s file and the endpoints’ file', async () => {
    const endpoints = await file(
      'endpoints.json',
      '[{"host":"sensor.example.com","port":8443,"region":"Lab"}]',
    );
    const config = readConfig(
      { SENSORPROXY_REGISTRY: 'regfile:x.reg', SENSORPROXY_ENDPOINTS_FILE: endpoints },
      'linux',
    );
    expect(config.registry).toEqual({ driver: 'regfile', file: path.resolve('x.reg'), seed: false });
    expect(config.endpoints).toMatchObject([{ host: 'sensor.example.com', port: 8443, region: 'Lab' }]);
  });

  it('choose the registry by the system: on Windows its own, elsewhere a practice file in the data folder', () => {
    const windows = { ProgramData: 'D:\\PD', SystemRoot: 'D:\\Windows' };
    expect(readConfig(windows, 'win32')).toMatchObject({
      dataDir: expect.stringContaining('D:\\PD') as unknown,
      registry: { driver: 'auto', systemRoot: 'D:\\Windows' },
    });
    for (const driver of ['advapi32', 'regedit'] as const) {
      expect(readConfig({ ...windows, SENSORPROXY_REGISTRY: driver }, 'win32').registry).toMatchObject({
        driver,
      });
      expect(problems({ SENSORPROXY_REGISTRY: driver })).toEqual([
        `SENSORPROXY_REGISTRY: ${driver} needs Windows; here it must be auto or regfile:<path>.`,
      ]);
    }
    expect(readConfig({ SENSORPROXY_DATA_DIR: 'x' }, 'linux').registry).toEqual({
      driver: 'regfile',
      file: path.resolve('x', 'registry.reg'),
      seed: true,
    });
    expect(problems({ SENSORPROXY_REGISTRY: 'winreg' })[0]).toContain('advapi32');
  });
});
