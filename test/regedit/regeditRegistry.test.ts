import { writeFile } from 'node:fs/promises';
import path from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { openRegeditRegistry } from '../../src/registry/regedit/regeditRegistry';
import { RegistryType, stringValue, type Registry, type RegistryValue } from '../../src/registry/registry';
import { type RegeditMachine, regeditMachine } from '../support/regeditMachine';

const USER = 'S-1-5-21-1004336348-1177238915-682003330-1104';
const KEY = `HKEY_USERS\\${USER}\\Software\\Key`;
const STORED = `HKU\\${USER}\\Software\\Key`;
const BYTES = { type: RegistryType.binary, data: Buffer.from([0x46, 0, 0xff]) };
const UNAVAILABLE = { kind: 'unavailable', code: 'registry-unavailable' };
const UNSUPPORTED = { kind: 'unprocessable', code: 'registry-value-unsupported' };

let machine: RegeditMachine;
let registry: Registry;

beforeAll(async () => {
  machine = await regeditMachine([USER]);
  registry = await openRegeditRegistry({ systemRoot: machine.systemRoot });
});
beforeEach(() => {
  machine.reset({ [STORED]: [] });
});
afterAll(async () => {
  await registry.close();
  await machine.remove();
});

const hex = (text: string) => Buffer.from(text, 'utf16le').toString('hex');
const open = (options: { timeoutMs?: number; scripts?: string; cscript?: string } = {}) =>
  openRegeditRegistry({ systemRoot: machine.systemRoot, ...options });

describe('opening', () => {
  test('reads the list of hives once, with the agnostic call of the package’s own script', async () => {
    const opened = await open();
    expect(opened.driver).toBe('regedit');
    expect(opened).not.toHaveProperty('watch');
    expect(machine.calls).toEqual([
      {
        pid: expect.any(Number),
        switches: '//Nologo',
        script: expect.stringMatching(/node_modules.regedit.vbs.regListStream\.wsf$/),
        args: ['A'],
        input: 'HKU\r\n\r\n',
      },
    ]);
  });

  test.each<[string, Parameters<typeof open>[0], RegExp]>([
    ['there is no cscript.exe', { cscript: '/nowhere/System32/cscript.exe' }, /it is not there/],
    ['the scripts are not there', { scripts: '/nowhere' }, /Can not find script file "regListStream\.wsf"/],
  ])('is refused when %s', async (_, options, detail) => {
    await expect(open(options)).rejects.toMatchObject({
      ...UNAVAILABLE,
      detail: expect.stringMatching(detail),
    });
  });

  test('is refused when cscript.exe must not be started', async () => {
    const cscript = path.join(machine.systemRoot, 'blocked.exe');
    await writeFile(cscript, '', { mode: 0o644 });
    const detail = expect.stringMatching(/EACCES.*policy/);
    await expect(open({ cscript })).rejects.toMatchObject({ ...UNAVAILABLE, detail });
  });

  test('is refused without VBScript, and says so', async () => {
    machine.misbehave({ how: 'noEngine' });
    await expect(open()).rejects.toMatchObject({
      ...UNAVAILABLE,
      detail: expect.stringMatching(/code 1: CScript Error: .*VBScript" for script.*Is VBScript installed/),
    });
  });

  test.each(['garbage', 'nothing', 'errorWithExit0', 'flood', 'die'] as const)(
    'is refused when the script host does this: %s',
    async (how) => {
      machine.misbehave({ how });
      await expect(open()).rejects.toMatchObject(UNAVAILABLE);
    },
  );
});

describe('a script host that fails', () => {
  test('is killed when it takes too long, and the next call works', async () => {
    const quick = await open({ timeoutMs: 1000 });
    machine.misbehave({ how: 'hang' });
    machine.calls.length = 0;
    const reads = [quick.readValue(KEY, 'a'), quick.listValues(`${KEY}\\Other`)];
    const [first, second] = await Promise.allSettled(reads);
    const failure = { ...UNAVAILABLE, detail: expect.stringMatching(/1000 ms \(time-out\) and was killed/) };
    expect(first).toMatchObject({ status: 'rejected', reason: failure });
    expect(second).toMatchObject({ status: 'rejected', reason: failure });
    const [call, ...more] = machine.calls;
    expect(more).toEqual([]);
    await gone(call?.pid ?? 0);
    machine.misbehave();
    expect(await quick.listValues(KEY)).toEqual([]);
  });

  test('and dies before it has read its input is an error of the call, not of the process', async () => {
    machine.misbehave({ how: 'die' });
    const value = { type: RegistryType.binary, data: Buffer.alloc(65_536, 0xff) };
    await expect(registry.writeValue(KEY, 'Value', value)).rejects.toMatchObject({
      ...UNAVAILABLE,
      detail: expect.stringContaining('code 3'),
    });
  });

  test.each(['nothing', 'errorWithExit0'] as const)(
    'and ends with code 0 has not written: %s',
    async (how) => {
      machine.misbehave({ how, only: 'regPutValue.wsf' });
      await expect(registry.writeValue(KEY, 'Value', BYTES)).rejects.toMatchObject(UNAVAILABLE);
    },
  );

  test('and reports an error, but ends with code 0, is taken at its word', async () => {
    machine.misbehave({ how: 'errorWithExit0' });
    await expect(registry.listValues(KEY)).rejects.toMatchObject({
      ...UNAVAILABLE,
      detail: expect.stringMatching(/code 0: regListStream\.wsf\(13, 3\) .* error: Type mismatch\.$/),
    });
  });

  test('keeps how much it printed as the cause, and none of it: values may hold passwords', async () => {
    machine.misbehave({ how: 'garbage' });
    const error: unknown = await registry.listValues(KEY).catch((reason: unknown) => reason);
    expect(error).toHaveProperty('cause.message', expect.stringMatching(/^\d+ bytes printed$/));
  });
});

describe('what was written is read back', () => {
  beforeEach(() => {
    machine.reset({ [STORED]: [{ name: 'Value', type: 1, data: hex('before\0') }] });
    machine.registry.loseWrites = true;
  });

  test('a write that is lost', async () => {
    await expect(registry.writeValue(KEY, 'Value', BYTES)).rejects.toMatchObject(UNAVAILABLE);
  });
  test('a deletion that is lost', async () => {
    await expect(registry.deleteValue(KEY, 'Value')).rejects.toMatchObject(UNAVAILABLE);
  });
  test('a key that is not made', async () => {
    await expect(registry.createKey(`${KEY}\\New`)).rejects.toMatchObject(UNAVAILABLE);
  });
});

describe('access that is denied', () => {
  beforeEach(() => {
    machine.registry.deny = STORED;
  });

  test('is told from absence where something is written', async () => {
    const denied = { kind: 'forbidden', code: 'registry-access-denied' };
    await expect(registry.writeValue(KEY, 'Value', BYTES)).rejects.toMatchObject(denied);
    await expect(registry.createKey(`${KEY}\\New`)).rejects.toMatchObject(denied);
    await expect(registry.deleteValue(KEY, 'Value')).rejects.toMatchObject(denied);
  });

  test('is not told from absence where something is read: the script does not say', async () => {
    expect(await registry.listValues(KEY)).toBeUndefined();
  });

  test('a write into a hive that is not loaded says so', async () => {
    const key = 'HKEY_USERS\\S-1-5-21-1-2-3-999\\Software';
    await expect(registry.writeValue(key, 'Value', BYTES)).rejects.toMatchObject({
      code: 'registry-hive-not-loaded',
    });
  });
});

describe('names from outside', () => {
  test.each([
    '//E:JScript',
    '//T:1',
    'a" //B "b',
    '%SystemRoot%',
    '%41',
    "it's & calc | more > out",
    ' blanks ',
    'tab\there',
    'Größe 漢字 🙂 \ud800',
    'new\\readme',
    '__proto__',
    '$(id) `id`',
  ])('%j is carried as it is, and never on a command line', async (name) => {
    const key = `${KEY}\\${name}`;
    await registry.createKey(key);
    expect([...machine.registry.keys.keys()]).toContain(`${STORED}\\${name}`);
    expect(await registry.listSubkeys(KEY)).toEqual([name.split('\\')[0]]);
    if (!name.includes('\\')) {
      await registry.writeValue(key, name, BYTES);
      expect(await registry.listValues(key)).toEqual([{ name, ...BYTES }]);
      await registry.deleteValue(key, name);
    }
    expect(await registry.listValues(key)).toEqual([]);
    expect(new Set(machine.calls.map(({ switches, args }) => [switches, ...args].join(' ')))).toEqual(
      new Set(['//Nologo A']),
    );
  });

  test.each(['HKEY_PERFORMANCE_DATA', 'HKEY_DYN_DATA\\x'])('%s is no hive of the scripts', async (key) => {
    await expect(registry.listValues(key)).rejects.toMatchObject({ code: 'registry-name-invalid' });
  });
});

describe('values', () => {
  test.each([1, 56, 4096, 65_536])('a REG_BINARY of %i bytes is exact', async (size) => {
    const data = Buffer.from(Array.from({ length: size }, (_, i) => (i * 7 + 255) % 256));
    await registry.writeValue(KEY, 'DefaultConnectionSettings', { type: RegistryType.binary, data });
    expect(machine.registry.keys.get(STORED)?.[0]?.data).toBe(data.toString('hex'));
    const read = await registry.readValue(KEY, 'DefaultConnectionSettings');
    expect(Buffer.from(read?.data ?? []).equals(data)).toBe(true);
  });

  test('come in stored order, whatever their names', async () => {
    const names = ['10', 'b', '2', '__proto__', 'a', ''];
    machine.reset({ [STORED]: names.map((name) => ({ name, type: 1, data: hex(`${name}\0`) })) });
    expect((await registry.listValues(KEY))?.map(({ name }) => name)).toEqual(names);
  });

  test('that the scripts do not show as they are stored are left out of lists, and refused by name', async () => {
    const hidden = [
      { name: 'none', type: 0, data: '' },
      { name: 'expand', type: 2, data: hex('%SystemRoot%\\x\0') },
      { name: 'bigEndian', type: 5, data: '00000001' },
      { name: 'link', type: 6, data: '00' },
      { name: 'unknown', type: 0xffff0007, data: '010203' },
      { name: 'lineBreak', type: 1, data: hex('a\r\nb\0') },
      { name: 'looksLikeOne', type: 1, data: hex('C:\\new\0') },
      { name: 'multi', type: 7, data: hex('a\0C:\\read\0\0') },
      { name: 'emptyMulti', type: 7, data: hex('\0') },
    ];
    const shown = { name: 'last', type: 1, data: hex('shown\0') };
    machine.reset({ [STORED]: [...hidden, { name: 'under\nneath', type: 1, data: hex('x\0') }, shown] });
    expect((await registry.listValues(KEY))?.map(({ name }) => name)).toEqual(['last']);
    const asked = await Promise.allSettled(hidden.map(({ name }) => registry.readValue(KEY, name)));
    for (const answer of asked) expect(answer).toMatchObject({ status: 'rejected', reason: UNSUPPORTED });
  });

  test('that are hidden can be replaced and deleted', async () => {
    machine.reset({ [STORED]: [{ name: 'Value', type: 0, data: '' }] });
    await registry.writeValue(KEY, 'Value', BYTES);
    expect(await registry.readValue(KEY, 'Value')).toEqual(BYTES);
    machine.reset({ [STORED]: [{ name: 'Value', type: 0, data: '' }] });
    await registry.deleteValue(KEY, 'Value');
    expect(await registry.listValues(KEY)).toEqual([]);
  });

  test('a REG_EXPAND_SZ of the machine comes as it is stored', async () => {
    const path = { name: 'ImagePath', type: 2, data: hex('%ProgramFiles%\\Sensor\\x.exe\0') };
    machine.reset({ 'HKLM\\SYSTEM': [], 'HKLM\\SYSTEM\\Sensor': [path] });
    const value = await registry.readValue('HKEY_LOCAL_MACHINE\\SYSTEM\\Sensor', 'ImagePath');
    expect(value?.type).toBe(RegistryType.expandString);
    expect(stringValue(value)).toBe('%ProgramFiles%\\Sensor\\x.exe');
    machine.misbehave({ how: 'errorWithExit0', only: 'wsRegReadListStream.wsf' });
    expect(await registry.listValues('HKEY_LOCAL_MACHINE\\SYSTEM\\Sensor')).toEqual([]);
  });

  test.each<[string, RegistryValue]>([
    ['empty', { type: RegistryType.string, data: Buffer.from('\0', 'utf16le') }],
    ['no string', BYTES],
  ])('a default value that is %s is refused', async (_, value) => {
    await expect(registry.writeValue(KEY, '', value)).rejects.toMatchObject(UNSUPPORTED);
    expect(machine.calls).toEqual([]);
  });

  test('what is refused is refused before anything is run', async () => {
    const large = { type: RegistryType.binary, data: Buffer.alloc(65_537) };
    await expect(registry.writeValue(KEY, 'Large', large)).rejects.toMatchObject(UNSUPPORTED);
    expect(machine.calls).toEqual([]);
  });
});

describe('several calls at once', () => {
  test('reads share one run of the script', async () => {
    machine.registry.keys.set(`${STORED}\\Below`, [{ name: 'Value', type: 3, data: '01' }]);
    const [values, subkeys, value, absent] = await Promise.all([
      registry.listValues(KEY),
      registry.listSubkeys(KEY),
      registry.readValue(`${KEY}\\Below`, 'value'),
      registry.readValue(`${KEY}\\Absent`, 'value'),
    ]);
    expect({ values, subkeys, value, absent }).toEqual({
      values: [],
      subkeys: ['Below'],
      value: { type: RegistryType.binary, data: Buffer.from([1]) },
      absent: undefined,
    });
    expect(machine.calls).toHaveLength(1);
  });

  test('a read that is asked for after a write sees it', async () => {
    const before = registry.readValue(KEY, 'Value');
    const write = registry.writeValue(KEY, 'Value', BYTES);
    const after = registry.readValue(KEY, 'Value');
    await write;
    expect(await before).toBeUndefined();
    expect(await after).toEqual(BYTES);
  });

  test('a key at which the script stumbles does not take the others with it', async () => {
    machine.registry.keys.set(`${STORED}\\Odd`, [{ name: 'Number', type: 4, data: '01' }]);
    const odd = registry.listValues(`${KEY}\\Odd`);
    const others = [registry.listValues(KEY), registry.listValues(`HKEY_USERS\\${USER}`)];
    await expect(odd).rejects.toMatchObject(UNAVAILABLE);
    expect(await Promise.all(others)).toEqual([[], []]);
  });
});

test('once it is closed, it is unavailable', async () => {
  const closed = await open();
  const write = closed.writeValue(KEY, 'Value', BYTES);
  await closed.close();
  await write;
  await expect(closed.readValue(KEY, 'Value')).rejects.toMatchObject(UNAVAILABLE);
});

/** Waits until there is no process of this id, which Jest's own time limit ends. */
async function gone(pid: number): Promise<void> {
  for (;;) {
    try {
      process.kill(pid, 0);
    } catch (error) {
      expect(error).toMatchObject({ code: 'ESRCH' });
      return;
    }
    await pause(10);
  }
}
