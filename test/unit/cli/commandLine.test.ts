import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { access } from 'node:fs/promises';
import path from 'node:path';
import { type Command, parseCommandLine } from '../../../src/cli/commandLine';
import { version } from '../../../package.json';
import { temporaryFolder } from '../../support/temporaryFolder';

const ROOT = path.join(__dirname, '..', '..', '..');

describe('the command line', () => {
  const parsed = (...args: string[]): Command => parseCommandLine(args, '1.2.3');

  it('serves without arguments, and tells its version and its commands', () => {
    expect(parsed()).toEqual({ kind: 'serve' });
    expect(parsed('--version')).toEqual({ kind: 'print', text: '1.2.3', exitCode: 0 });
    expect(parsed('--help')).toMatchObject({ exitCode: 0, text: expect.stringContaining('service install') });
  });

  it('reads what the service manager starts it with', () => {
    expect(parsed('service', 'run', '--data-dir', '/data', '--config', '/etc/s.env')).toEqual({
      kind: 'runAsService',
      settings: { configFile: '/etc/s.env', dataDir: '/data' },
    });
    expect(parsed('service', 'run')).toMatchObject({ settings: { configFile: null, dataDir: null } });
  });

  it('reads names and options of the other commands', () => {
    expect(parsed('token', 'create', 'ansible', '--scope', 'operate', '--expires=90d')).toMatchObject({
      kind: 'command',
      name: 'token create',
      subject: 'ansible',
      options: { scope: 'operate', expires: '90d' },
    });
    expect(parsed('journal', 'verify', '--data-dir', '/data')).toMatchObject({
      name: 'journal verify',
      settings: { configFile: null, dataDir: '/data' },
      options: {},
    });
  });

  it('makes paths absolute', () => {
    expect(parsed('service', 'install', '--data-dir=data', '--config=s.env')).toMatchObject({
      settings: { configFile: path.resolve('s.env'), dataDir: path.resolve('data') },
    });
  });

  it.each([
    'serve',
    'install',
    '-h',
    '--help service',
    '--version now',
    'service',
    'service restart',
    'service INSTALL',
    'service --help',
    'service install now',
    'service install --port 1',
    'service install --config',
    'service install --config --data-dir /x',
    'service install --data-dir=',
    'service install --config=',
    'service status --data-dir /x',
    'service uninstall --config /x',
    'service stop now',
    'services install',
    'token',
    'token create',
    'token create a b',
    'token list a',
    'token create a --scope',
    'token revoke a --scope read',
    'journal verify now',
    'toString constructor',
  ])('answers “%s” with 2 and how it is used', (line) => {
    expect(parsed(...line.split(' '))).toEqual({
      kind: 'print',
      exitCode: 2,
      text: expect.stringMatching(/^This is not understood\.\n\nsensorproxy: .*service status/s),
    });
  });
});

describe('the program', () => {
  async function program(...args: string[]) {
    const child = spawn(process.execPath, ['--import', 'tsx', path.join(ROOT, 'src', 'main.ts'), ...args], {
      cwd: ROOT,
      stdio: ['ignore', 'pipe', 'pipe'],
      env: { PATH: process.env.PATH },
    });
    const written = { stdout: '', stderr: '' };
    child.stdout.on('data', (chunk: Buffer) => (written.stdout += chunk.toString()));
    child.stderr.on('data', (chunk: Buffer) => (written.stderr += chunk.toString()));
    const [code] = (await once(child, 'close')) as unknown[];
    return { code, ...written };
  }

  it('tells its version and its commands on stdout, with 0', async () => {
    expect(await program('--version')).toEqual({ code: 0, stdout: `${version}\n`, stderr: '' });
    const help = await program('--help');
    expect(help).toMatchObject({ code: 0, stderr: '' });
    expect(help.stdout).toContain('sensorproxy service install');
  });

  it('says on stderr what it does not understand, with 2', async () => {
    const { code, stdout, stderr } = await program('service', 'restart');
    expect([code, stdout]).toEqual([2, '']);
    expect(stderr).toContain('sensorproxy service status');
  });

  it('says in one line that there is no service manager where there is no Windows', async () => {
    const folder = await temporaryFolder();
    const dataDir = path.join(folder.path, 'data');
    for (const verb of ['status', 'install']) {
      const options = verb === 'install' ? ['--data-dir', dataDir] : [];
      const { code, stdout, stderr } = await program('service', verb, ...options);
      expect([code, stdout]).toEqual([1, '']);
      expect(stderr).toMatch(/^sensorproxy: [^\n]*this is not Windows[^\n]*\n$/);
    }
    await expect(access(dataDir)).rejects.toThrow('ENOENT');
    await folder.remove();
  });
});
