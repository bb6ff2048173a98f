import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { access, mkdtemp, open, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';
import {
  formatRegFile,
  parseRegFile,
  type RegFileEntry,
  type RegFileSection,
} from '../../src/registry/regfile/format';
import { practiceDomainController } from '../../src/registry/regfile/practiceDomainController';
import { openRegFile } from '../../src/registry/regfile/regFileRegistry';
import type { RegistryValue } from '../../src/registry/registry';
import { actor, connectionsKey, localService, localSystem, openPractice } from '../support/practice';
import { emptyHive } from './emptyHive';

const run = promisify(execFile);
const NAME = 'DefaultConnectionSettings';
const HIVE = 'HKEY_LOCAL_MACHINE\\SOFTWARE\\SensorProxyInterop';

/** Values that every registry takes and gives back byte for byte. */
const VALUES: Readonly<Record<string, RegistryValue>> = {
  '': sz('the default value'),
  plain: sz('proxy.contoso.com:8080'),
  empty: sz(''),
  'quotes " and \\': sz('"C:\\Program Files\\x" \\'),
  'Größe €': sz('Größe €, 漢字, 🙂'),
  '[x]=@;': sz('[y]=@;-'),
  expand: { type: 2, data: sz('%SystemRoot%\\system32').data },
  multi: { type: 7, data: sz('one\0two\0three\0').data },
  binary: { type: 3, data: Buffer.from(Array.from({ length: 256 }, (_, i) => i)) },
  'binary, odd': { type: 3, data: Buffer.from([1, 2, 3]) },
  none: { type: 0, data: Buffer.from([1]) },
  dword: { type: 4, data: Buffer.from([0xef, 0xbe, 0xad, 0xde]) },
  'dword, big-endian': { type: 5, data: Buffer.from([0, 0, 0, 1]) },
  link: { type: 6, data: Buffer.from('\\Registry\\x', 'utf16le') },
  'resource list': { type: 8, data: Buffer.alloc(20, 7) },
  qword: { type: 11, data: Buffer.from([1, 2, 3, 4, 5, 6, 7, 8]) },
  'a type of its own': { type: 0xffff0007, data: Buffer.from([1, 2, 3]) },
  ['a long name '.repeat(10)]: { type: 3, data: Buffer.alloc(100, 1) },
};

/** What Windows and a hive hold, but Wine mends on its way in: text without its terminator, and odd lengths. */
const RAW_VALUES: Readonly<Record<string, RegistryValue>> = {
  'line breaks': sz('one\r\ntwo\nthree'),
  'NUL inside': sz('a\0b'),
  'no terminator': { type: 1, data: Buffer.from('ab', 'utf16le') },
  'text of an odd length': { type: 1, data: Buffer.from([0x61, 0, 0x62]) },
  'dword of three bytes': { type: 4, data: Buffer.from([1, 2, 3]) },
  'no bytes': { type: 3, data: Buffer.alloc(0) },
};

let folder: string;

beforeAll(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'sensorproxy-interop-'));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

describe('hivexregedit reads what is written here into a real hive', () => {
  let hive: string;

  beforeAll(() => requireProgram('hivexregedit', 'libwin-hivex-perl'));
  beforeEach(async () => {
    hive = path.join(folder, 'software.hive');
    await writeFile(hive, emptyHive());
  });

  test('every type comes through, byte for byte', async () => {
    const values = entries({ ...VALUES, ...RAW_VALUES });
    await merge([
      { key: HIVE, values: [] },
      { key: `${HIVE}\\A`, values },
      { key: `${HIVE}\\A\\b [1]`, values: entries({ x: sz('y') }) },
    ]);
    expect(await exported()).toEqual(
      new Map([
        [HIVE, {}],
        [`${HIVE}\\A`, plainOf(values)],
        [`${HIVE}\\A\\b [1]`, plainOf(entries({ x: sz('y') }))],
      ]),
    );
  });

  test('deletions of values and of keys take effect', async () => {
    await merge([
      { key: `${HIVE}\\A`, values: entries({ '': sz('1'), gone: sz('1'), kept: sz('1') }) },
      { key: `${HIVE}\\B`, values: entries({ x: sz('1') }) },
    ]);
    await merge([
      {
        key: `${HIVE}\\A`,
        values: [
          { name: '', value: undefined },
          { name: 'GONE', value: undefined },
        ],
      },
      { key: `${HIVE}\\B`, deleteKey: true, values: [] },
    ]);
    expect(await exported()).toEqual(
      new Map([
        [HIVE, {}],
        [`${HIVE}\\A`, plainOf(entries({ kept: sz('1') }))],
      ]),
    );
  });

  test("the driver's own file merges after any edits", async () => {
    const file = path.join(folder, 'driver.reg');
    await writeFile(file, formatRegFile([{ key: HIVE, values: [] }]));
    await edit(file, { ...VALUES, ...RAW_VALUES });
    await mergeFile(file);
    expect((await exported()).get(`${HIVE}\\A\\B`)).toEqual(plainOf(entries({ ...VALUES, ...RAW_VALUES })));
  });

  async function merge(sections: readonly RegFileSection[]): Promise<void> {
    const file = path.join(folder, 'merge.reg');
    await writeFile(file, formatRegFile(sections));
    await mergeFile(file);
  }

  /** hivexregedit wants its text in UTF-8 with LF and without a mark: the same text, as iconv and dos2unix would give it. */
  async function mergeFile(file: string): Promise<void> {
    const text = (await readFile(file)).toString('utf16le').slice(1).replaceAll('\r\n', '\n');
    const converted = `${file}.utf8`;
    await writeFile(converted, text);
    await run('hivexregedit', ['--merge', '--prefix', HIVE, '--encoding', 'UTF-16LE', hive, converted], {
      // Without it Perl takes each byte for a character.
      env: { ...process.env, PERL_UNICODE: 'i' },
    });
  }

  async function exported(): Promise<Map<string, Record<string, string>>> {
    const { stdout } = await run('hivexregedit', ['--export', '--prefix', HIVE, hive, '\\'], {
      maxBuffer: 1 << 24,
    });
    const text = stdout.replaceAll(`${HIVE}\\]`, `${HIVE}]`);
    return byKey(parseRegFile(Buffer.from(text)));
  }
});

describe("Wine's reg reads what is written here", () => {
  const wine = { WINEPREFIX: '', WINEDEBUG: '-all', WINEDLLOVERRIDES: 'mscoree,mshtml=', DISPLAY: '' };

  beforeAll(async () => {
    await requireProgram('wine', 'wine64 (and wine)');
    wine.WINEPREFIX = path.join(folder, 'wine');
    expect((await inWine('wineboot', '--init')).code).toBe(0);
  }, 180_000);

  afterAll(async () => {
    if (wine.WINEPREFIX === '') return;
    // It says 1 when there is no server left to end.
    await new Promise<void>((resolve) => {
      execFile('wineserver', ['-k'], { env: { ...process.env, ...wine } }, () => {
        resolve();
      });
    });
    await promisify(execFile)('wineserver', ['-w'], { env: { ...process.env, ...wine } });
  }, 60_000);

  test('every type comes through, byte for byte', async () => {
    const values = entries(VALUES);
    await importInto([{ key: `${HIVE}\\A`, values }]);
    expect((await exported(`${HIVE}\\A`)).get(`${HIVE}\\A`)).toEqual(plainOf(values));
  }, 60_000);

  test('deletions of values and of keys take effect', async () => {
    await importInto([
      { key: `${HIVE}\\D`, values: entries({ '': sz('1'), gone: sz('1'), kept: sz('1') }) },
      { key: `${HIVE}\\D\\E`, values: entries({ x: sz('1') }) },
    ]);
    await importInto([
      {
        key: `${HIVE}\\D`,
        values: [
          { name: '', value: undefined },
          { name: 'GONE', value: undefined },
        ],
      },
      { key: `${HIVE}\\D\\E`, deleteKey: true, values: [] },
    ]);
    expect(await exported(`${HIVE}\\D`)).toEqual(
      new Map([[`${HIVE}\\D`, plainOf(entries({ kept: sz('1') }))]]),
    );
    expect((await inWine('reg', 'query', `${HIVE}\\D`, '/v', 'gone')).code).toBe(1);
    expect((await inWine('reg', 'query', `${HIVE}\\D`, '/v', 'kept')).output).toContain('REG_SZ');
  }, 60_000);

  test("the driver's own file imports after any edits", async () => {
    const file = path.join(folder, 'driver.reg');
    await writeFile(file, formatRegFile([{ key: HIVE, values: [] }]));
    await edit(file, VALUES);
    await importFile(file);
    const found = (await exported(`${HIVE}\\A\\B`)).get(`${HIVE}\\A\\B`);
    expect(found).toEqual(plainOf(entries(VALUES)));
  }, 60_000);

  test('a string with line breaks comes through; Wine exports it with escapes of its own', async () => {
    await importInto([{ key: `${HIVE}\\L`, values: entries({ x: sz('one\r\ntwo') }) }]);
    const file = path.join(folder, 'lines.reg');
    await inWine('reg', 'export', `${HIVE}\\L`, windowsPath(file), '/y');
    expect((await readFile(file)).toString('utf16le')).toContain('"x"="one\\r\\ntwo"');
  }, 60_000);

  test('the practice domain controller imports as a whole', async () => {
    const file = path.join(folder, 'practice.reg');
    await writeFile(file, practiceDomainController());
    await importFile(file);
    const key = 'HKEY_LOCAL_MACHINE\\SYSTEM\\CurrentControlSet\\Services\\AATPSensor';
    const written = byKey(parseRegFile(practiceDomainController())).get(key);
    expect((await exported(key)).get(key)).toEqual(written);
  }, 60_000);

  test('a backup that the service has made puts the old state back, absence included', async () => {
    const dc = await openPractice();
    try {
      const before = await dc.hexOf(localSystem);
      const { backupId } = await dc.proxy.copy({}, actor);
      const after = path.join(folder, 'after.reg');
      await writeFile(after, await readFile(path.join(dc.dataDir, 'registry.reg')));
      await importFile(after);
      const value = async (sid: string) =>
        (await exported(connectionsKey(sid))).get(connectionsKey(sid))?.[NAME];
      expect(await value(localService)).toContain(await dc.hexOf(localService));

      const backup = path.join(folder, 'backup.reg');
      await writeFile(backup, await dc.proxy.backupFile(backupId ?? ''));
      await importFile(backup);
      expect(await value(localSystem)).toContain(before);
      expect(await value(localService)).toBeUndefined();
    } finally {
      await dc.close();
    }
  });

  test("Wine's own export of a hive is read here", async () => {
    const found = await exported('HKEY_LOCAL_MACHINE\\SYSTEM\\CurrentControlSet\\Control');
    expect(found.size).toBeGreaterThan(10);
  }, 60_000);

  async function importInto(sections: readonly RegFileSection[]): Promise<void> {
    const file = path.join(folder, 'import.reg');
    await writeFile(file, formatRegFile(sections));
    await importFile(file);
  }

  async function importFile(file: string): Promise<void> {
    const { code, output } = await inWine('reg', 'import', windowsPath(file));
    expect(`${String(code)} ${output}`).toMatch(/^0 /);
  }

  async function exported(key: string): Promise<Map<string, Record<string, string>>> {
    const file = path.join(folder, 'export.reg');
    const { code, output } = await inWine('reg', 'export', key, windowsPath(file), '/y');
    expect(`${String(code)} ${output}`).toMatch(/^0 /);
    return byKey(parseRegFile(await readFile(file)));
  }

  /** Wine is given files, not pipes: its server inherits them and would keep a pipe open. */
  async function inWine(...command: string[]): Promise<{ code: number | null; output: string }> {
    const file = path.join(folder, 'output.txt');
    const output = await open(file, 'w');
    try {
      const child = spawn('wine', command, {
        env: { ...process.env, ...wine },
        stdio: ['ignore', output.fd, output.fd],
      });
      const [code] = (await once(child, 'exit')) as [number | null];
      return { code, output: await readFile(file, 'utf8') };
    } finally {
      await output.close();
    }
  }
});

/** The driver at work: keys made, every value written, one written over, one deleted. */
async function edit(file: string, values: Readonly<Record<string, RegistryValue>>): Promise<void> {
  const registry = await openRegFile(file);
  const key = `${HIVE}\\A\\B`;
  await registry.createKey(key);
  await registry.writeValue(key, 'gone', sz('x'));
  await registry.writeValue(key, 'PLAIN', sz('first'));
  await registry.deleteValue(key, 'gone');
  await registry.deleteValue(key, 'plain');
  for (const { name, value } of entries(values)) {
    if (value !== undefined) await registry.writeValue(key, name, value);
  }
  await registry.close();
}

async function requireProgram(program: string, debianPackage: string): Promise<void> {
  for (const folderOfPath of (process.env.PATH ?? '').split(':')) {
    const found = await access(path.join(folderOfPath, program)).then(
      () => true,
      () => false,
    );
    if (found) return;
  }
  throw new Error(`${program} is missing: install Debian's package ${debianPackage}`);
}

function sz(text: string): RegistryValue {
  return { type: 1, data: Buffer.from(`${text}\0`, 'utf16le') };
}

function entries(values: Readonly<Record<string, RegistryValue>>): RegFileEntry[] {
  return Object.entries(values).map(([name, value]) => ({ name, value }));
}

function byKey(sections: readonly RegFileSection[]): Map<string, Record<string, string>> {
  return new Map(sections.map(({ key, values }) => [key, plainOf(values)]));
}

function plainOf(values: readonly RegFileEntry[]): Record<string, string> {
  return Object.fromEntries(
    values.map(({ name, value }) => [
      name,
      value === undefined
        ? 'deleted'
        : `${value.type.toString(16)}:${Buffer.from(value.data).toString('hex')}`,
    ]),
  );
}

function windowsPath(file: string): string {
  return `Z:${file.replaceAll('/', '\\')}`;
}
