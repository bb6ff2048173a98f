import { chmod, readdir, readFile, rm, stat, symlink } from 'node:fs/promises';
import path from 'node:path';
import { openRegFile } from '../../../src/registry/regfile/regFileRegistry';
import type { Registry } from '../../../src/registry/registry';
import { plain, reg, sz, temporaryFolders, utf16 } from './regFileTexts';

const SYSTEM = 'HKEY_USERS\\S-1-5-18';
const folders = temporaryFolders();
const opened: Registry[] = [];

afterEach(async () => {
  for (const registry of opened.splice(0)) await registry.close();
});

async function open(content: Uint8Array): Promise<{ registry: Registry; file: string }> {
  const file = await folders.file(content);
  const registry = await openRegFile(file);
  opened.push(registry);
  return { registry, file };
}

async function values(
  registry: Registry,
  key: string,
): Promise<Record<string, string | undefined> | undefined> {
  const found = await registry.listValues(key);
  return found && Object.fromEntries(found.map((value) => [value.name, plain(value)]));
}

describe('what a .reg file stands for', () => {
  test('later sections and later values win, in any case and by short or long hive names', async () => {
    const { registry } = await open(
      reg(
        '[HKLM\\A\\B]',
        '"x"="1"',
        '"X"="2"',
        '"y"="1"',
        '[HKEY_LOCAL_MACHINE\\a\\b]',
        '"Y"="3"',
        '[hku\\S-1-5-18]',
      ),
    );
    expect(await values(registry, 'HKEY_LOCAL_MACHINE\\A\\b')).toEqual({
      x: plain(sz('2')),
      y: plain(sz('3')),
    });
    expect(await registry.listSubkeys('HKEY_LOCAL_MACHINE')).toEqual(['A']);
    expect(await registry.listSubkeys('HKEY_USERS')).toContain('S-1-5-18');
  });

  test('deletions take effect in file order, as in an import', async () => {
    const { registry } = await open(
      reg(
        ...['[HKLM\\A]', '"x"="1"', '"y"="1"', '"x"=-', '[HKLM\\A\\B\\C]', '@="gone"', '[HKLM\\A\\D]', ''],
        ...[
          '[-HKLM\\a\\b]',
          '[-HKLM\\never]',
          '[HKLM\\A\\B]',
          '"z"="again"',
          '[HKLM\\E\\F]',
          '[-HKLM\\E\\F]',
        ],
      ),
    );
    expect(await values(registry, 'HKEY_LOCAL_MACHINE\\A')).toEqual({ y: plain(sz('1')) });
    expect(await values(registry, 'HKEY_LOCAL_MACHINE\\A\\B')).toEqual({ z: plain(sz('again')) });
    expect(await registry.listSubkeys('HKEY_LOCAL_MACHINE\\A\\B')).toEqual([]);
    expect(await registry.listSubkeys('HKEY_LOCAL_MACHINE')).toEqual(['A', 'E']);
    expect(await registry.listSubkeys('HKEY_LOCAL_MACHINE\\E')).toEqual([]);
  });

  test('.DEFAULT and S-1-5-18 are one hive, whichever the file names', async () => {
    const { registry } = await open(reg('[HKU\\.Default\\A]', '"x"="1"', '[HKU\\S-1-5-18\\A]', '"y"="2"'));
    for (const hive of ['.DEFAULT', 'S-1-5-18', 's-1-5-18']) {
      expect(await values(registry, `HKEY_USERS\\${hive}\\a`)).toEqual({
        x: plain(sz('1')),
        y: plain(sz('2')),
      });
    }
    expect(await registry.listSubkeys('HKEY_USERS')).toEqual(['.DEFAULT', 'S-1-5-18']);
  });

  test('names outside of ASCII are found in any case, and stay apart from ASCII ones', async () => {
    const { registry } = await open(reg('[HKLM\\Größe]', '"Ä"="1"', '"ſ"="long s"', '"s"="s"'));
    expect(await values(registry, 'HKEY_LOCAL_MACHINE\\GRÖßE')).toEqual({
      Ä: plain(sz('1')),
      ſ: plain(sz('long s')),
      s: plain(sz('s')),
    });
    expect(plain(await registry.readValue('HKEY_LOCAL_MACHINE\\größe', 'ä'))).toBe(plain(sz('1')));
  });

  test('a key whose name begins with that of the key before it is a key of its own', async () => {
    const { registry } = await open(
      reg('[HKLM\\A]', '"x"="1"', '[HKLM\\AB\\C]', '[HKLM\\A\\C]', '[HKLM\\A]', '"y"="2"'),
    );
    expect(await registry.listSubkeys('HKEY_LOCAL_MACHINE')).toEqual(['A', 'AB']);
    expect(await registry.listSubkeys('HKEY_LOCAL_MACHINE\\A')).toEqual(['C']);
    expect(await registry.listSubkeys('HKEY_LOCAL_MACHINE\\AB')).toEqual(['C']);
    expect(await values(registry, 'HKEY_LOCAL_MACHINE\\A')).toEqual({ x: plain(sz('1')), y: plain(sz('2')) });
  });

  test('thousands of keys under one are all found', async () => {
    const names = Array.from({ length: 5000 }, (_, i) => `Key${i}`);
    const { registry } = await open(
      reg(...names.flatMap((name) => [`[HKLM\\A\\${name}]`, `"x"="${name}"`, ''])),
    );
    expect(await registry.listSubkeys('HKEY_LOCAL_MACHINE\\a')).toEqual(names);
    for (const name of names) {
      expect(plain(await registry.readValue(`HKEY_LOCAL_MACHINE\\A\\${name.toUpperCase()}`, 'X'))).toBe(
        plain(sz(name)),
      );
    }
  });

  test('a file that does not parse is refused, untouched, and given free', async () => {
    const file = await folders.file(reg('[HKLM\\A]', '"x"=nonsense'));
    const before = await readFile(file);
    const refusal = openRegFile(file);
    await expect(refusal).rejects.toMatchObject({
      kind: 'invalid',
      code: 'regfile-malformed',
      extensions: { line: 4 },
    });
    await expect(refusal).rejects.not.toThrow(path.dirname(file));
    expect(await readFile(file)).toEqual(before);
    expect(await readdir(path.dirname(file))).toEqual(['registry.reg']);
  });

  test('a missing file is made when asked for, and an error otherwise', async () => {
    const file = await folders.file(reg());
    await rm(file);
    await expect(openRegFile(file)).rejects.toMatchObject({
      kind: 'unavailable',
      code: 'registry-unavailable',
    });
    const registry = await openRegFile(file, { createFrom: () => reg('[HKU\\S-1-5-18]') });
    opened.push(registry);
    expect(await readFile(file)).toEqual(reg('[HKU\\S-1-5-18]'));
    await registry.createKey(`${SYSTEM}\\x`);
  });

  test('a closed registry answers nothing', async () => {
    const { registry } = await open(reg('[HKU\\S-1-5-18]'));
    await registry.close();
    const refusal = { kind: 'unavailable', code: 'registry-unavailable' };
    await expect(registry.readValue(SYSTEM, 'x')).rejects.toMatchObject(refusal);
    await expect(registry.listSubkeys(SYSTEM)).rejects.toMatchObject(refusal);
    await expect(registry.writeValue(SYSTEM, 'x', sz('x'))).rejects.toMatchObject(refusal);
    await expect(registry.createKey(`${SYSTEM}\\x`)).rejects.toMatchObject(refusal);
  });
});

const HAND_WRITTEN = [
  'Windows Registry Editor Version 5.00',
  '; made by hand',
  '',
  '[HKU\\S-1-5-18]   ; LocalSystem',
  '  "Other" = "kept as it is"',
  ' "X" =   hex:01,2,\\ ',
  '   3 ; why',
  '@=dword:1',
  '; after the values',
  '',
  '[Unknown\\Root]',
  '"a"=hex(ff):',
  '[HKLM\\Deep\\Key]',
  '"x"="1"',
];

describe('what a write leaves alone', () => {
  const edits: [string, (registry: Registry) => Promise<void>, (lines: string[]) => string[]][] = [
    [
      'a changed value takes the place of the old data alone',
      (registry) => registry.writeValue(SYSTEM, 'x', sz('new')),
      (lines) => [...lines.slice(0, 5), ' "X" =   "new" ; why', ...lines.slice(7)],
    ],
    [
      'a new value follows the last one of its key',
      (registry) => registry.writeValue(SYSTEM, 'New', { type: 3, data: Buffer.alloc(40, 0xab) }),
      (lines) => [
        ...lines.slice(0, 8),
        `"New"=hex:${'ab,'.repeat(23)}\\`.slice(0, -1) + '\\',
        `  ${'ab,'.repeat(16)}ab`,
        ...lines.slice(8),
      ],
    ],
    [
      'a deleted value takes its own lines along',
      (registry) => registry.deleteValue(SYSTEM, 'X'),
      (lines) => [...lines.slice(0, 5), ...lines.slice(7)],
    ],
    [
      'a new key comes at the end, with its parents',
      (registry) => registry.createKey(`${SYSTEM}\\New\\Key`),
      (lines) => [...lines, '', `[${SYSTEM}\\New]`, '', `[${SYSTEM}\\New\\Key]`, '', ''],
    ],
    [
      'a value at the end of the file gets a line of its own',
      (registry) => registry.writeValue('HKEY_LOCAL_MACHINE\\Deep\\Key', 'y', sz('2')),
      (lines) => [...lines, '"y"="2"', ''],
    ],
    [
      'a key that is there through its subkeys alone gets a section',
      (registry) => registry.writeValue('HKEY_LOCAL_MACHINE\\Deep', 'y', sz('2')),
      (lines) => [...lines, '', '[HKEY_LOCAL_MACHINE\\Deep]', '"y"="2"', '', ''],
    ],
  ];

  describe.each<[string, string, (text: string) => Buffer]>([
    ['UTF-16LE with CRLF', '\r\n', utf16],
    ['UTF-8 with LF', '\n', (text) => Buffer.from(text)],
    ['UTF-8 with a mark and CRLF', '\r\n', (text) => Buffer.from(`\ufeff${text}`)],
    ['REGEDIT4', '\r\n', (text) => Buffer.from(text.replace(/^.*/, 'REGEDIT4'), 'latin1')],
  ])('in %s', (_, newline, encode) => {
    test.each(edits)('%s', async (_title, edit, expected) => {
      const { registry, file } = await open(encode(HAND_WRITTEN.join(newline)));
      await edit(registry);
      expect(await readFile(file)).toEqual(encode(expected(HAND_WRITTEN).join(newline)));
    });
  });

  test('a write that changes nothing does not touch the file', async () => {
    const { registry, file } = await open(reg('[HKU\\S-1-5-18]', '"x"=hex(4):1,0,0,0'));
    const before = await stat(file);
    await registry.writeValue(SYSTEM, 'X', { type: 4, data: Buffer.from([1, 0, 0, 0]) });
    await registry.deleteValue(SYSTEM, 'absent');
    await registry.createKey(SYSTEM);
    expect(await stat(file)).toMatchObject({ ino: before.ino, mtimeMs: before.mtimeMs });
  });

  test('a value that is set again and again is deleted as a whole', async () => {
    const { registry, file } = await open(
      reg('[HKU\\S-1-5-18]', '"x"="1"', '"y"="1"', '[HKU\\.DEFAULT]', '"X"="2"'),
    );
    await registry.deleteValue(SYSTEM, 'x');
    expect(await readFile(file)).toEqual(reg('[HKU\\S-1-5-18]', '"y"="1"', '[HKU\\.DEFAULT]'));
  });

  test('of a value that is set again and again, the last one in force is changed', async () => {
    const lines = ['[HKU\\S-1-5-18]', '"x"="1"', '"x"="2"', '[HKU\\S-1-5-18]', '"X"="3"'];
    const { registry, file } = await open(reg(...lines));
    await registry.writeValue(SYSTEM, 'x', sz('4'));
    expect(await readFile(file)).toEqual(reg(...lines.slice(0, -1), '"X"="4"'));
  });

  test('a write goes behind a deletion of its key', async () => {
    const { registry, file } = await open(reg('[HKLM\\A]', '"x"="1"', '[-HKLM\\A]', '[HKLM\\A\\B]'));
    await registry.writeValue('HKEY_LOCAL_MACHINE\\A', 'x', sz('2'));
    await registry.close();
    const again = await openRegFile(file);
    opened.push(again);
    expect(await values(again, 'HKEY_LOCAL_MACHINE\\A')).toEqual({ x: plain(sz('2')) });
  });

  test('permissions stay, and so does a symbolic link', async () => {
    const file = await folders.file(reg('[HKU\\S-1-5-18]'));
    await chmod(file, 0o640);
    const linked = path.join(path.dirname(file), 'link.reg');
    await symlink(file, linked);
    const registry = await openRegFile(linked);
    opened.push(registry);
    await registry.writeValue(SYSTEM, 'x', sz('1'));
    expect((await stat(file)).mode & 0o777).toBe(0o640);
    expect((await readFile(file, 'utf8')).includes('"x"="1"')).toBe(true);
    await expect(openRegFile(file)).rejects.toMatchObject({ code: 'registry-locked' });
  });
});

describe('what a file of an old encoding holds', () => {
  const ANSI = Buffer.from('REGEDIT4\r\n\r\n[HKEY_USERS\\S-1-5-18]\r\n');

  test('REGEDIT4 gets its strings in the ANSI code page', async () => {
    const { registry, file } = await open(ANSI);
    const written = {
      a: sz('10 €'),
      b: { ...sz('€'), type: 2 },
      c: { ...sz('x\0y\0'), type: 7 },
      d: sz('a\nb'),
    };
    for (const [name, value] of Object.entries(written)) await registry.writeValue(SYSTEM, name, value);
    expect((await readFile(file)).subarray(ANSI.length)).toEqual(
      Buffer.from(
        '"a"="10 \x80"\r\n"b"=hex(2):80,00\r\n"c"=hex(7):78,00,79,00,00\r\n"d"=hex(1):61,0a,62,00\r\n',
        'latin1',
      ),
    );
    for (const [name, value] of Object.entries(written)) {
      expect(plain(await registry.readValue(SYSTEM, name))).toBe(plain(value));
    }
  });

  test('what REGEDIT4 cannot hold is refused and changes nothing', async () => {
    const { registry, file } = await open(ANSI);
    for (const value of [sz('漢'), { type: 1, data: Buffer.from([0x61]) }]) {
      await expect(registry.writeValue(SYSTEM, 'x', value)).rejects.toMatchObject({
        code: 'registry-unavailable',
      });
    }
    await expect(registry.writeValue(SYSTEM, '漢', sz('x'))).rejects.toMatchObject({
      code: 'registry-name-invalid',
    });
    await expect(registry.createKey(`${SYSTEM}\\漢`)).rejects.toMatchObject({
      code: 'registry-name-invalid',
    });
    expect(await readFile(file)).toEqual(ANSI);
  });

  test('UTF-8 refuses a name with half a surrogate pair', async () => {
    const { registry } = await open(reg('[HKU\\S-1-5-18]'));
    const refusal = { code: 'registry-name-invalid' };
    await expect(registry.writeValue(SYSTEM, '\ud800', sz('x'))).rejects.toMatchObject(refusal);
    await expect(registry.createKey(`${SYSTEM}\\\ud800`)).rejects.toMatchObject(refusal);
  });
});
