import { formatRegFile, parseRegFile, type RegFileSection } from '../../../src/registry/regfile/format';
import type { RegistryValue } from '../../../src/registry/registry';
import { plain, reg, sz, utf16 } from './regFileTexts';

const KEY = 'HKEY_USERS\\S-1-5-18\\Software';

function textOf(name: string, value: RegistryValue | undefined): string {
  const text = formatRegFile([{ key: KEY, values: [{ name, value }] }]).toString('utf16le');
  const start = `\ufeffWindows Registry Editor Version 5.00\r\n\r\n[${KEY}]\r\n`;
  expect(text.startsWith(start)).toBe(true);
  expect(text.endsWith('\r\n\r\n')).toBe(true);
  return text.slice(start.length, -4);
}

function valuesOf(bytes: Uint8Array): Record<string, string | undefined> {
  const entries = parseRegFile(bytes).flatMap((section) => section.values);
  return Object.fromEntries(entries.map(({ name, value }) => [name, plain(value)]));
}

function raw(type: number, hex: string): RegistryValue {
  return { type, data: Buffer.from(hex, 'hex') };
}

describe('formatting a .reg file', () => {
  test.each<[string, RegistryValue | undefined, string]>([
    ['a string', sz('a "quoted" C:\\path'), '"x"="a \\"quoted\\" C:\\\\path"'],
    ['an empty string', sz(''), '"x"=""'],
    ['a dword', raw(4, 'efbeadde'), '"x"=dword:deadbeef'],
    ['a dword of three bytes', raw(4, '010203'), '"x"=hex(4):01,02,03'],
    ['binary data', raw(3, '00ff'), '"x"=hex:00,ff'],
    ['binary data of no bytes', raw(3, ''), '"x"=hex:'],
    ['a qword', raw(11, '0100000000000000'), '"x"=hex(b):01,00,00,00,00,00,00,00'],
    ['an unknown type', raw(0xffff0000, '01'), '"x"=hex(ffff0000):01'],
    ['a string of no bytes', raw(1, ''), '"x"=hex(1):'],
    ['a string without a terminator', raw(1, '6100'), '"x"=hex(1):61,00'],
    ['a string with two terminators', raw(1, '610000000000'), '"x"=hex(1):61,00,00,00,00,00'],
    ['a string of an odd length', raw(1, '610000'), '"x"=hex(1):61,00,00'],
    ['a string with a line feed', sz('a\nb'), '"x"=hex(1):61,00,0a,00,62,00,00,00'],
    ['a string with half a surrogate pair', raw(1, '00d80000'), '"x"=hex(1):00,d8,00,00'],
    ['a deletion', undefined, '"x"=-'],
  ])('writes %s', (_, value, line) => {
    expect(textOf('x', value)).toBe(line);
  });

  test('writes the default value as @, and escapes names', () => {
    expect(textOf('', sz('a'))).toBe('@="a"');
    expect(textOf('a\\"b', undefined)).toBe('"a\\\\\\"b"=-');
  });

  // The three lines are where regedit broke lines in exports that people have published.
  test.each([
    ['DefaultConnectionSettings', 3, 15],
    ['SavedLegacySettings', 3, 17],
    ['FailureActions', 3, 19],
    ['ImagePath', 2, 20],
  ])('breaks the hex data of %s where regedit does', (name, type, inFirstLine) => {
    const [first, second, ...rest] = textOf(name, { type, data: new Uint8Array(100) }).split('\\\r\n');
    expect(first?.match(/00,/g)).toHaveLength(inFirstLine);
    expect(second).toBe(`  ${'00,'.repeat(25)}`);
    expect(rest.at(-1)).toMatch(/^ {2}(00,)*00$/);
  });

  test('deletes a key with a minus, and parses it back', () => {
    const sections: RegFileSection[] = [{ key: KEY, deleteKey: true, values: [] }];
    expect(formatRegFile(sections).toString('utf16le')).toContain(`\r\n[-${KEY}]\r\n`);
    expect(parseRegFile(formatRegFile(sections))).toEqual(sections);
  });

  test.each(['a\rb', 'a\nb', 'a\0b'])('refuses the name %j in a value and in a key', (name) => {
    const refusal = expect.objectContaining({ kind: 'invalid', code: 'registry-name-invalid' }) as unknown;
    expect(() => formatRegFile([{ key: KEY, values: [{ name, value: sz('x') }] }])).toThrow(refusal as Error);
    expect(() => formatRegFile([{ key: `${KEY}\\${name}`, values: [] }])).toThrow(refusal as Error);
  });
});

describe('parsing a .reg file', () => {
  test('keeps sections, duplicates and deletions in file order', () => {
    const parsed = parseRegFile(
      reg('[HKLM\\a]', '"x"="1"', '"X"=-', '', '[-hkcu\\b]', '[HKEY_LOCAL_MACHINE\\a]', '@=dword:1'),
    );
    expect(
      parsed.map(({ key, deleteKey, values }) => [key, deleteKey, values.map((entry) => entry.name)]),
    ).toEqual([
      ['HKEY_LOCAL_MACHINE\\a', undefined, ['x', 'X']],
      ['HKEY_CURRENT_USER\\b', true, []],
      ['HKEY_LOCAL_MACHINE\\a', undefined, ['']],
    ]);
  });

  test('reads what people write by hand', () => {
    const bytes = reg(
      '; a comment',
      '  [HKCU\\a] ; behind a key',
      ' "dword" = DWORD:1F ; behind a value',
      '"hex"=hex:1,A,\\ ',
      '\t  ff , 0 ; and behind data',
      '"trailing"=hex:01,',
      '"empty"=hex(0):',
      '"string"="a;b" ;c',
      '; "off"="x"',
      '@=""',
    );
    expect(valuesOf(bytes)).toEqual({
      dword: '4:1f000000',
      hex: '3:010aff00',
      trailing: '3:01',
      empty: '0:',
      string: plain(sz('a;b')),
      '': plain(sz('')),
    });
  });

  test('a string may go on over lines, as regedit exports it', () => {
    expect(
      valuesOf(utf16('Windows Registry Editor Version 5.00\r\n\r\n[HKCU\\a]\r\n"x"="one\r\ntwo"\r\n')),
    ).toEqual({
      x: plain(sz('one\r\ntwo')),
    });
  });

  test('keys may hold brackets', () => {
    expect(parseRegFile(reg('[HKCU\\a[1]]'))[0]?.key).toBe('HKEY_CURRENT_USER\\a[1]');
  });

  test.each([
    ['UTF-16LE', utf16('Windows Registry Editor Version 5.00\r\n[HKCU\\Ä]\r\n"€"="漢🙂"')],
    ['UTF-8', Buffer.from('Windows Registry Editor Version 5.00\n[HKCU\\Ä]\n"€"="漢🙂"')],
    ['UTF-8 with a mark', Buffer.from('\ufeffWindows Registry Editor Version 5.00\n[HKCU\\Ä]\n"€"="漢🙂"')],
  ])('reads version 5.00 in %s, without a line end at its end', (_, bytes) => {
    expect(parseRegFile(bytes)[0]?.key).toBe('HKEY_CURRENT_USER\\Ä');
    expect(valuesOf(bytes)).toEqual({ '€': plain(sz('漢🙂')) });
  });

  test('REGEDIT4 is in the ANSI code page, and so are its hex strings', () => {
    const bytes = Buffer.concat([
      Buffer.from('REGEDIT4\r\n\r\n[HKEY_LOCAL_MACHINE\\a]\r\n"b'),
      Buffer.from([0x80, 0xe4]),
      Buffer.from('"="'),
      Buffer.from([0x80]),
      Buffer.from('"\r\n"e"=hex(2):80,61,00\r\n"m"=hex(7):61,00,62,00,00\r\n"n"=hex:61,00\r\n'),
    ]);
    expect(valuesOf(bytes)).toEqual({
      'b€ä': plain(sz('€')),
      e: plain({ ...sz('€a'), type: 2 }),
      m: plain({ ...sz('a\0b\0'), type: 7 }),
      n: '3:6100',
    });
  });

  test.each<[string, number, Buffer]>([
    ['an empty file', 1, Buffer.alloc(0)],
    ['another header', 1, Buffer.from('[HKCU\\a]\n')],
    ['big-endian UTF-16', 1, Buffer.from('\ufeffREGEDIT4', 'utf16le').swap16()],
    [
      'half a UTF-16 character',
      2,
      Buffer.concat([utf16('Windows Registry Editor Version 5.00\r\n'), Buffer.from('a')]),
    ],
    ['bytes that are no UTF-8', 3, Buffer.concat([reg(), Buffer.from([0xff])])],
    ['a value outside of any key', 3, reg('"x"="y"')],
    ['a value under a deleted key', 4, reg('[-HKCU\\a]', '"x"="y"')],
    ['a key without its bracket', 3, reg('[HKCU\\a')],
    ['a key without a name', 3, reg('[]')],
    ['a key with an empty component', 3, reg('[HKCU\\\\a]')],
    ['a key that ends in a backslash', 3, reg('[HKCU\\a\\]')],
    ['text behind a key', 3, reg('[HKCU\\a] b')],
    ['plain words', 4, reg('[HKCU\\a]', 'hello')],
    ['a name without =', 4, reg('[HKCU\\a]', '"x"')],
    ['a name without its quote', 4, reg('[HKCU\\a]', '"x=1', '"y"="2"')],
    ['a value without data', 5, reg('[HKCU\\a]', '"x"="1"', '"y"=')],
    ['an unknown form of data', 4, reg('[HKCU\\a]', '"x"=qword:1')],
    ['a string without its quote at the end', 4, reg('[HKCU\\a]', '"x"="y')],
    ['a string without its quote in the middle', 4, reg('[HKCU\\a]', '"x"="y', '"z"="1"')],
    ['a backslash that is not doubled', 5, reg('[HKCU\\a]', '', '"x"="C:\\temp"')],
    ['a dword of nine digits', 4, reg('[HKCU\\a]', '"x"=dword:123456789')],
    ['a dword of no digit', 4, reg('[HKCU\\a]', '"x"=dword:')],
    ['a digit that is none', 4, reg('[HKCU\\a]', '"x"=hex:01,0g')],
    ['a byte of three digits', 4, reg('[HKCU\\a]', '"x"=hex:001')],
    ['bytes without a comma', 5, reg('[HKCU\\a]', '"x"=hex:01,\\', '  02 03')],
    ['a type that is no number', 4, reg('[HKCU\\a]', '"x"=hex(z):01')],
    ['a continuation that does not come', 5, reg('[HKCU\\a]', '"x"=hex:01,\\')],
    ['a continuation that is another value', 5, reg('[HKCU\\a]', '"x"=hex:01,\\', '"y"="z"')],
    ['text behind a string', 4, reg('[HKCU\\a]', '"x"="y" z')],
    ['a NUL', 4, reg('[HKCU\\a]', '"x"="\0"')],
  ])('names the line of %s', (_, line, bytes) => {
    let thrown: unknown;
    try {
      parseRegFile(bytes);
    } catch (error) {
      thrown = error;
    }
    expect(thrown).toMatchObject({
      name: 'DomainError',
      kind: 'invalid',
      code: 'regfile-malformed',
      extensions: { line },
    });
    expect((thrown as Error).message).toContain(`Line ${line}: `);
  });
});
