import { RegistryType, type Registry, type RegistryValue } from '../../src/registry/registry';

/** A registry to try, and how to see what it has kept. */
export interface OpenedRegistry {
  readonly registry: Registry;
  /** Closes it and opens the same data anew; left out where there is nothing to close. */
  reopen?(): Promise<Registry>;
  cleanup(): Promise<void>;
  /** The SID of a user whose hive is loaded; S-1-5-21-…-1104 unless told otherwise. */
  readonly user?: string;
}

/** What a driver cannot carry unchanged, and so must refuse; nothing unless told otherwise. */
export interface RegistryLimits {
  cannotCarry?(value: RegistryValue): boolean;
  /** Of the name of a value. */
  cannotName?(name: string): boolean;
}

const USER = 'S-1-5-21-1004336348-1177238915-682003330-1104';

const NAME_INVALID = { kind: 'invalid', code: 'registry-name-invalid' };
const VALUE_UNSUPPORTED = { kind: 'unprocessable', code: 'registry-value-unsupported' };

/**
 * What every driver must do. `open` gives a registry in which the hive of the user is loaded, and below which the key
 * `Software\SensorProxyContract` is free. What is within `limits` must be refused, and nothing be changed by it.
 */
export function describeRegistryContract(
  name: string,
  open: () => Promise<OpenedRegistry>,
  limits: RegistryLimits = {},
): void {
  describe(`a registry: ${name}`, () => {
    let opened: OpenedRegistry;
    let registry: Registry;
    let base: string;

    beforeEach(async () => {
      opened = await open();
      registry = opened.registry;
      base = `HKEY_USERS\\${opened.user ?? USER}\\Software\\SensorProxyContract`;
      await registry.createKey(base);
    });

    afterEach(() => opened.cleanup());

    const values: [string, RegistryValue][] = [
      ['REG_NONE without data', { type: RegistryType.none, data: bytes() }],
      ['REG_SZ', string('proxy.contoso.com:8080')],
      ['REG_SZ with quotes and backslashes', string('"C:\\Program Files\\x" \\')],
      ['REG_SZ outside of ASCII', string('Größe €, 漢字, 🙂')],
      ['REG_SZ that is empty', string('')],
      ['REG_SZ with line breaks', string('one\r\ntwo\nthree')],
      ['REG_SZ without a terminator', { type: RegistryType.string, data: Buffer.from('ab', 'utf16le') }],
      ['REG_SZ with a NUL inside', string('a\0b')],
      ['REG_SZ of an odd length', { type: RegistryType.string, data: bytes(0x61, 0, 0x62) }],
      ['REG_EXPAND_SZ', { ...string('%SystemRoot%\\x'), type: RegistryType.expandString }],
      [
        'REG_BINARY',
        { type: RegistryType.binary, data: Buffer.from(Array.from({ length: 256 }, (_, i) => i)) },
      ],
      ['REG_BINARY without data', { type: RegistryType.binary, data: bytes() }],
      ['REG_DWORD', { type: RegistryType.dword, data: bytes(0xef, 0xbe, 0xad, 0xde) }],
      ['REG_DWORD_BIG_ENDIAN', { type: RegistryType.dwordBigEndian, data: bytes(0, 0, 0, 1) }],
      ['REG_MULTI_SZ', { ...string('a\0b\0'), type: RegistryType.multiString }],
      ['REG_QWORD', { type: RegistryType.qword, data: bytes(1, 2, 3, 4, 5, 6, 7, 8) }],
      ['an unknown type', { type: 0xffff0007, data: bytes(1, 2, 3) }],
    ];
    const refused = (value: RegistryValue) => limits.cannotCarry?.(value) ?? false;
    const unnameable = (valueName: string) => limits.cannotName?.(valueName) ?? false;

    const carried = values.filter(([, value]) => !refused(value));
    test.each(carried)('gives back what was written: %s', async (_, value) => {
      await registry.writeValue(base, 'Value', value);
      expect(plain(await registry.readValue(base, 'Value'))).toEqual(plain(value));
      if (opened.reopen === undefined) return;
      registry = await opened.reopen();
      expect(plain(await registry.readValue(base, 'Value'))).toEqual(plain(value));
    });

    // test.each() takes no empty table.
    for (const [title, value] of values.filter(([, candidate]) => refused(candidate))) {
      test(`refuses what it cannot carry, and changes nothing: ${title}`, async () => {
        await expect(registry.writeValue(base, 'Value', value)).rejects.toMatchObject(VALUE_UNSUPPORTED);
        expect(await registry.listValues(base)).toEqual([]);
        await registry.writeValue(base, 'Value', string('before'));
        await expect(registry.writeValue(base, 'Value', value)).rejects.toMatchObject(VALUE_UNSUPPORTED);
        expect(plain(await registry.readValue(base, 'Value'))).toEqual(plain(string('before')));
      });
    }

    test('the empty name is the default value', async () => {
      await registry.writeValue(base, '', string('default'));
      expect(plain(await registry.readValue(base, ''))).toEqual(plain(string('default')));
      expect((await registry.listValues(base))?.map((value) => value.name)).toEqual(['']);
    });

    test('an absent value and an absent key are undefined, not errors', async () => {
      expect(await registry.readValue(base, 'Absent')).toBeUndefined();
      expect(await registry.readValue(`${base}\\Absent`, 'Absent')).toBeUndefined();
      expect(await registry.listValues(`${base}\\Absent`)).toBeUndefined();
      expect(await registry.listSubkeys(`${base}\\Absent`)).toBeUndefined();
    });

    test('an empty key has no values and no subkeys', async () => {
      expect(await registry.listValues(base)).toEqual([]);
      expect(await registry.listSubkeys(base)).toEqual([]);
    });

    test('keys and names are found in any case', async () => {
      await registry.writeValue(base, 'ProxyEnable', string('x'));
      expect(plain(await registry.readValue(base.toLowerCase(), 'PROXYENABLE'))).toEqual(plain(string('x')));
      await registry.writeValue(base.toUpperCase(), 'proxyenable', string('y'));
      expect((await registry.listValues(base))?.map((value) => value.name)).toEqual(['ProxyEnable']);
    });

    test('values are listed with types and data', async () => {
      await registry.writeValue(base, 'First', string('1'));
      await registry.writeValue(base, 'Second', { type: RegistryType.binary, data: bytes(2) });
      expect(
        (await registry.listValues(base))?.map((value) => ({ name: value.name, ...plain(value) })),
      ).toEqual([
        { name: 'First', ...plain(string('1')) },
        { name: 'Second', type: RegistryType.binary, data: '02' },
      ]);
    });

    test('writing over a value changes its type and its data', async () => {
      await registry.writeValue(base, 'Value', string('text'));
      await registry.writeValue(base, 'Value', { type: RegistryType.dword, data: bytes(1, 0, 0, 0) });
      expect(plain(await registry.readValue(base, 'Value'))).toEqual({
        type: RegistryType.dword,
        data: '01000000',
      });
    });

    test('a deleted value is gone, and deleting it again is no error', async () => {
      await registry.writeValue(base, 'Value', string('text'));
      await registry.deleteValue(base, 'VALUE');
      expect(await registry.readValue(base, 'Value')).toBeUndefined();
      await registry.deleteValue(base, 'Value');
      await registry.deleteValue(`${base}\\Absent`, 'Value');
    });

    test('a key is made with its parents, and making it again changes nothing', async () => {
      await registry.createKey(`${base}\\One\\Two`);
      await registry.writeValue(`${base}\\One\\Two`, 'Value', string('kept'));
      await registry.createKey(`${base}\\one\\TWO`);
      expect(await registry.listSubkeys(base)).toEqual(['One']);
      expect(await registry.listSubkeys(`${base}\\One`)).toEqual(['Two']);
      expect(plain(await registry.readValue(`${base}\\One\\Two`, 'Value'))).toEqual(plain(string('kept')));
    });

    test('the hives are there, and the loaded users among their subkeys', async () => {
      expect(await registry.listValues('HKEY_LOCAL_MACHINE')).toBeDefined();
      expect(await registry.listSubkeys('HKEY_USERS')).toContain(opened.user ?? USER);
    });

    test("LocalSystem's hive goes by two names", async () => {
      const key = (hive: string) => `HKEY_USERS\\${hive}\\Software\\SensorProxyContract`;
      await registry.createKey(key('S-1-5-18'));
      await registry.writeValue(key('.DEFAULT'), 'Value', string('same'));
      expect(plain(await registry.readValue(key('S-1-5-18'), 'Value'))).toEqual(plain(string('same')));
      await registry.deleteValue(key('S-1-5-18'), 'Value');
      expect(await registry.readValue(key('.Default'), 'Value')).toBeUndefined();
    });

    test('a value under a missing key is refused', async () => {
      await expect(registry.writeValue(`${base}\\Absent`, 'Value', string('x'))).rejects.toMatchObject({
        kind: 'notFound',
        code: 'registry-key-absent',
      });
    });

    test('a hive that is not loaded is never made', async () => {
      for (const key of ['HKEY_USERS\\S-1-5-21-1-2-3-999', 'HKEY_USERS\\S-1-5-21-1-2-3-999\\Software']) {
        await expect(registry.createKey(key)).rejects.toMatchObject({
          kind: 'notFound',
          code: 'registry-hive-not-loaded',
        });
      }
      expect(await registry.listSubkeys('HKEY_USERS')).not.toContain('S-1-5-21-1-2-3-999');
    });

    const badKeys = [
      'Software',
      'HKEY_NOWHERE\\x',
      '',
      '<key>\\',
      '<key>\\\\x',
      '<key>\\a\r\n[x',
      '<key>\\a\0b',
      `<key>\\${'x'.repeat(256)}`,
    ];
    test.each(badKeys)('refuses the key %j', async (template) => {
      const key = template.replace('<key>', base);
      const refusal = NAME_INVALID;
      await expect(registry.readValue(key, 'x')).rejects.toMatchObject(refusal);
      await expect(registry.listValues(key)).rejects.toMatchObject(refusal);
      await expect(registry.listSubkeys(key)).rejects.toMatchObject(refusal);
      await expect(registry.createKey(key)).rejects.toMatchObject(refusal);
      await expect(registry.writeValue(key, 'x', string('x'))).rejects.toMatchObject(refusal);
      await expect(registry.deleteValue(key, 'x')).rejects.toMatchObject(refusal);
    });

    test.each(['a\rb', 'a\nb', 'a\0b', 'x'.repeat(16384)])('refuses the value name %#', async (valueName) => {
      const refusal = NAME_INVALID;
      await expect(registry.readValue(base, valueName)).rejects.toMatchObject(refusal);
      await expect(registry.writeValue(base, valueName, string('x'))).rejects.toMatchObject(refusal);
      await expect(registry.deleteValue(base, valueName)).rejects.toMatchObject(refusal);
    });

    test('takes names of every other kind', async () => {
      const key = `${base}\\[odd] "key"; @=-`;
      await registry.createKey(key);
      const names = ['@', '"', '\\', 'a=b', ';x', '[y]', ' ', 'ÄÖ', 'x'.repeat(16383)];
      const takes = names.filter((valueName) => !unnameable(valueName));
      for (const valueName of takes) {
        await registry.writeValue(key, valueName, string(valueName.slice(0, 9)));
        expect(plain(await registry.readValue(key, valueName))).toEqual(plain(string(valueName.slice(0, 9))));
      }
      for (const valueName of names.filter(unnameable)) {
        await expect(registry.readValue(key, valueName)).rejects.toMatchObject(NAME_INVALID);
        await expect(registry.writeValue(key, valueName, string('x'))).rejects.toMatchObject(NAME_INVALID);
        await expect(registry.deleteValue(key, valueName)).rejects.toMatchObject(NAME_INVALID);
      }
      expect(await registry.listValues(key)).toHaveLength(takes.length);
    });

    test('what a caller does to the buffer that it has written changes nothing', async () => {
      const data = Buffer.from([1, 2, 3]);
      const written = registry.writeValue(base, 'Value', { type: RegistryType.binary, data });
      data[0] = 9;
      await written;
      expect(plain(await registry.readValue(base, 'Value'))).toEqual({
        type: RegistryType.binary,
        data: '010203',
      });
    });

    test('writes asked for at once are all done', async () => {
      await Promise.all(
        Array.from({ length: 20 }, (_, i) =>
          registry.writeValue(base, `Value${i % 10}`, string(`round ${i}`)),
        ),
      );
      expect(await registry.listValues(base)).toHaveLength(10);
      expect(plain(await registry.readValue(base, 'Value9'))).toEqual(plain(string('round 19')));
    });
  });
}

function string(text: string): RegistryValue {
  return { type: RegistryType.string, data: Buffer.from(`${text}\0`, 'utf16le') };
}

function bytes(...values: number[]): Uint8Array {
  return Buffer.from(values);
}

function plain(value: RegistryValue | undefined): { type: number; data: string } | undefined {
  return value && { type: value.type, data: Buffer.from(value.data).toString('hex') };
}
