import { mkdir, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { temporaryFolder } from '../../../support/temporaryFolder';
import { saying, type ScriptedService } from './scriptedService';
import { at, type Run, SOME_TOKEN, type } from './typing';

let folder: Awaited<ReturnType<typeof temporaryFolder>>;
let service: ScriptedService;
beforeEach(async () => {
  folder = await temporaryFolder();
  service = await saying({ items: [], next: null });
});
afterEach(async () => {
  await service.close();
  await folder.remove();
});

const port = () => new URL(service.url).port;
const sent = () => service.asked.map(({ headers }) => headers.authorization);
const local = () => ({ SENSORPROXY_DATA_DIR: folder.path, SENSORPROXY_PORT: port() });

async function file(name: string, text: string): Promise<string> {
  const location = path.join(folder.path, name);
  await writeFile(location, text);
  return location;
}

function misuse(run: Run, why: RegExp): void {
  expect([run.code, run.out]).toEqual([2, '']);
  expect(run.err).toMatch(why);
  expect(service.asked).toEqual([]);
}

describe('this machine’s service', () => {
  it('is found by its settings, and the administrator’s token by itself', async () => {
    await file('admin.token', `${SOME_TOKEN}\n`);
    expect((await type(['backups'], { environment: local() })).code).toBe(0);
    expect(sent()).toEqual([`Bearer ${SOME_TOKEN}`]);
  });

  it('is found by a settings file, and by --data-dir', async () => {
    await mkdir(path.join(folder.path, 'data'));
    await file('data/admin.token', SOME_TOKEN);
    const config = await file('settings.env', `SENSORPROXY_PORT=${port()}\nSENSORPROXY_HOST=0.0.0.0\n`);
    const args = ['backups', '--config', config, '--data-dir', path.join(folder.path, 'data')];
    expect((await type(args)).code).toBe(0);
  });

  it('needs nothing of its settings that only the service may read, such as its key', async () => {
    await file('admin.token', SOME_TOKEN);
    const environment = { ...local(), SENSORPROXY_TLS_KEY: '/no/such/key', SENSORPROXY_REGIONS: 'x' };
    expect((await type(['backups'], { environment })).code).toBe(0);
  });

  it('takes another token where one is given: of a file, before one of the environment', async () => {
    await file('admin.token', SOME_TOKEN);
    const environment = { ...local(), SENSORPROXY_TOKEN: 'sp_environment' };
    await type(['backups'], { environment });
    await type(['backups', '--token-file', await file('t', 'sp_ofthefile\r\n')], { environment });
    expect(sent()).toEqual(['Bearer sp_environment', 'Bearer sp_ofthefile']);
  });

  it('cannot be asked without a token that may be read', async () => {
    misuse(
      await type(['backups'], { environment: local() }),
      /admin\.token cannot be read \(ENOENT\).*as administrator/,
    );
    await mkdir(path.join(folder.path, 'admin.token'));
    misuse(await type(['backups'], { environment: local() }), /cannot be read \(EISDIR\).*--token-file/);
  });

  it('is not known where the system chooses its port', async () => {
    await file('admin.token', SOME_TOKEN);
    misuse(await type(['backups'], { environment: { ...local(), SENSORPROXY_PORT: '0' } }), /--url/);
  });
});

describe('a service that is named', () => {
  it('never gets the token of this machine’s', async () => {
    await file('admin.token', SOME_TOKEN);
    misuse(await type(['backups', '--url', service.url], { environment: local() }), /needs a token/);
    const environment = { ...local(), SENSORPROXY_URL: service.url };
    misuse(await type(['backups'], { environment }), /--token-file/);
  });

  it('gets no token over http, unless it is on this machine or that is asked for', async () => {
    const far = 'http://192.0.2.1:8484';
    misuse(await type(['backups'], at(far)), /http would send the token.*--allow-plaintext/);
    misuse(await type(['backups'], at('http://localhost.example:1')), /another machine/);
    const { code } = await type(['backups', '--allow-plaintext', '--timeout', '1'], at(far));
    expect(code).toBe(3);
    expect((await type(['backups'], at(service.url.replace('127.0.0.1', 'localhost')))).code).toBe(0);
  });

  it.each([
    'dc01:8484',
    'ftp://dc01',
    'file:///etc/passwd',
    'https://user:secret@dc01',
    'https://dc01/?x=1',
    'https://dc01/#x',
    'not a url',
  ])('is no service by the URL %s', async (url) => {
    misuse(await type(['backups', '--url', url], at(service.url)), /^sensorproxy: The URL of a service/);
  });
});

describe('what cannot be used', () => {
  it.each([
    ['', /not a token/],
    ['two words', /not a token/],
    ['x\r\nX-Evil: 1', /not a token/],
    ['é'.repeat(50), /not a token/],
  ])('is a token such as %j', async (text, why) => {
    misuse(await type(['backups', '--token-file', await file('t', text)], at(service.url)), why);
  });

  it('is a token as an argument, which is not repeated', async () => {
    for (const args of [['--token', 'sp_secret'], ['--token=sp_secret']]) {
      const run = await type(['backups', ...args], at(service.url));
      misuse(run, /whoever lists the processes/);
      expect(run.err).not.toContain('sp_secret');
    }
  });

  it.each([
    ['--timeout', '0'],
    ['--timeout', '1e3'],
    ['--limit', '10001'],
    ['--ca', '/no/such/file'],
    ['--config', '/no/such/file'],
    ['--token-file', '/no/such/file'],
  ])('is %s %s', async (...args) => {
    misuse(await type(['backups', ...args], at(service.url)), /^sensorproxy: /);
  });

  it.each([
    [['contexts', 'LocalSystem', '--source', 'x'], /leave the account out/],
    [['changes', 'x', '--ticket', 'y'], /leave the change out/],
    [['backups', '--save', 'x'], /name it behind backups/],
    [['copy', '--idempotency-key', 'a"b'], /visible ASCII/],
  ])('is %p', async (args, why) => {
    misuse(await type(args, at(service.url)), why);
  });

  it('is a setting that there is not', async () => {
    const environment = { ...at(service.url).environment, SENSORPROXY_URI: 'x' };
    misuse(await type(['backups'], { environment }), /SENSORPROXY_URI: there is no such setting/);
  });
});
