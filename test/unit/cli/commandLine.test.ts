import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { access } from 'node:fs/promises';
import path from 'node:path';
import { type Command, parseCommandLine } from '../../../src/cli/commandLine';
import { type CommandName, COMMANDS } from '../../../src/cli/commands';
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
    'service --help now',
    'services --help',
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

describe('commands that ask a service', () => {
  const parsed = (...args: string[]): Command => parseCommandLine(args, '1.2.3');

  it('take what each needs, and what all of them take', () => {
    expect(
      parsed(
        'copy',
        '--target',
        'a',
        '--target=b',
        '--dry-run',
        '--json',
        '--url',
        'http://x',
        '--config',
        'c',
      ),
    ).toEqual({
      kind: 'client',
      name: 'copy',
      subject: '',
      settings: { configFile: path.resolve('c'), dataDir: null },
      options: { target: ['a', 'b'], 'dry-run': true, json: true, url: 'http://x' },
    });
    expect(parsed('restore', 'x')).toMatchObject({ name: 'restore', subject: 'x' });
    expect(parsed('sensor')).toMatchObject({ kind: 'client', name: 'sensor' });
    expect(parsed('sensor', 'restart', '--dry-run')).toMatchObject({ name: 'sensor restart' });
  });

  it.each([
    ['copy --limit 3', "Unknown option '--limit'."],
    ['copy now', '“now” is not expected here.'],
    ['restore', 'It takes a backup.'],
    ['restore a b', '“b” is not expected here.'],
    ['changes --ticket', "Option '--ticket <value>' argument missing."],
    ['changes --ticket=', '--ticket takes a value.'],
    ['copy --target=', '--target takes a value.'],
    ['copy --dry-run=yes', "Option '--dry-run' does not take an argument."],
    ['sensor stop', '“stop” is not expected here.'],
    ['health --strict', "Unknown option '--strict'."],
  ])('answer “%s” with 2 and what is wrong', (line, why) => {
    const name = line.split(' ')[0] ?? '';
    expect(parsed(...line.split(' '))).toEqual({
      kind: 'print',
      exitCode: 2,
      text: `sensorproxy ${name}: ${why}\nSee sensorproxy ${name} --help.`,
    });
  });
});

describe('help', () => {
  const typed = Object.keys(COMMANDS).filter((name) => COMMANDS[name as CommandName].does !== null);

  it.each(typed)('of %s has examples that are understood, and the exit codes', (name) => {
    const command = parseCommandLine([...name.split(' '), '--help'], '1.2.3');
    if (command.kind !== 'print') throw new Error('no help');
    expect(command.exitCode).toBe(0);
    const examples = [...command.text.matchAll(/^ {2}sensorproxy (.*?)(?: > .*)?$/gm)].map(
      ([, line = '']) => line,
    );
    expect(examples.length).toBeGreaterThan(0);
    for (const example of examples) {
      expect(parseCommandLine(wordsOf(example), '1.2.3')).toMatchObject({ name });
    }
    expect(command.text).toMatch(/\nExit codes:\n {2}0 /);
  });

  it.each(typed)('of the program and of the group names %s', (name) => {
    const [first = '', second] = name.split(' ');
    const asked = [['--help'], ...(second === undefined || first in COMMANDS ? [] : [[first, '--help']])];
    for (const args of asked) {
      expect(parseCommandLine(args, '1.2.3')).toMatchObject({
        exitCode: 0,
        text: expect.stringContaining(`  sensorproxy ${name}`),
      });
    }
  });

  it('goes before whatever else is missing or wrong in number', () => {
    expect(parseCommandLine(['restore', '--help'], '1.2.3')).toMatchObject({ kind: 'print', exitCode: 0 });
    expect(parseCommandLine(['token', 'create', '--help'], '1.2.3')).toMatchObject({ exitCode: 0 });
  });

  it('has nothing that docs/cli.md leaves out, whose lines are all understood', () => {
    const text = readFileSync(path.join(ROOT, 'docs', 'cli.md'), 'utf8');
    const lines = [...text.matchAll(/^(?:> )?sensorproxy .*$|`(sensorproxy [^<`]*)`/gm)].map(
      ([line, quoted]) => (quoted ?? line).replace(/^> /, '').replace(/ +(?:#|>|\|).*$/, ''),
    );
    expect(lines.length).toBeGreaterThan(15);
    const commands = lines.map((line) =>
      parseCommandLine(wordsOf(line.replace('sensorproxy ', '')), '1.2.3'),
    );
    expect(lines.filter((_, index) => !['client', 'command'].includes(commands[index]?.kind ?? ''))).toEqual(
      [],
    );
    const shown = commands.flatMap((command) => ('name' in command ? [command.name] : []));
    const clients = typed.filter((name) => COMMANDS[name as CommandName].kind === 'client');
    expect(clients.filter((name) => !shown.includes(name as (typeof shown)[number]))).toEqual([]);
  });

  it('does not name what no person types', () => {
    expect(parseCommandLine(['--help'], '1.2.3')).not.toMatchObject({
      text: expect.stringContaining('service run'),
    });
  });
});

/** Words as a shell takes them, as far as the examples go. */
function wordsOf(line: string): readonly string[] {
  return [...line.matchAll(/"([^"]*)"|(\S+)/g)].map(([, quoted, word]) => quoted ?? word ?? '');
}

describe('the program', () => {
  async function program(...args: string[]) {
    const child = spawn(process.execPath, [path.join(ROOT, 'dist', 'main.js'), ...args], {
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
