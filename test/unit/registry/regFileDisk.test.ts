import { chmod, mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { openRegFile } from '../../../src/registry/regfile/regFileRegistry';
import type { Registry } from '../../../src/registry/registry';
import { plain, reg, sz, temporaryFolders } from './regFileTexts';

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

describe('when the disk fails', () => {
  async function expectUnchanged(registry: Registry): Promise<void> {
    expect(await values(registry, SYSTEM)).toEqual({ x: plain(sz('1')) });
  }

  test('a folder that has vanished: the old value stays in force, and a later write works', async () => {
    const { registry, file } = await open(reg('[HKU\\S-1-5-18]', '"x"="1"'));
    await rm(path.dirname(file), { recursive: true });
    const refusal = registry.writeValue(SYSTEM, 'x', sz('2'));
    await expect(refusal).rejects.toMatchObject({ kind: 'unavailable', code: 'registry-unavailable' });
    await expect(refusal).rejects.not.toThrow(path.dirname(file));
    await expectUnchanged(registry);
    await mkdir(path.dirname(file));
    await writeFile(file, reg('[HKU\\S-1-5-18]', '"x"="1"'));
    await registry.writeValue(SYSTEM, 'x', sz('2'));
    expect(await readFile(file)).toEqual(reg('[HKU\\S-1-5-18]', '"x"="2"'));
  });

  test('a rename that fails leaves no temporary file', async () => {
    const { registry, file } = await open(reg('[HKU\\S-1-5-18]', '"x"="1"'));
    await rm(file);
    await mkdir(path.join(file, 'in the way'), { recursive: true });
    await expect(registry.deleteValue(SYSTEM, 'x')).rejects.toMatchObject({ code: 'registry-unavailable' });
    await expect(registry.createKey(`${SYSTEM}\\y`)).rejects.toMatchObject({ code: 'registry-unavailable' });
    await expectUnchanged(registry);
    expect(await registry.listSubkeys(SYSTEM)).toEqual([]);
    expect((await readdir(path.dirname(file))).sort()).toEqual(['registry.reg', 'registry.reg.lock']);
  });

  test('a folder without write access is an access denied', async () => {
    const { registry, file } = await open(reg('[HKU\\S-1-5-18]', '"x"="1"'));
    await chmod(path.dirname(file), 0o555);
    await withoutPrivileges(async () => {
      await expect(registry.writeValue(SYSTEM, 'x', sz('2'))).rejects.toMatchObject({
        kind: 'forbidden',
        code: 'registry-access-denied',
      });
    });
    await chmod(path.dirname(file), 0o755);
    await expectUnchanged(registry);
    await registry.writeValue(SYSTEM, 'x', sz('2'));
  });
});

/** Runs as `nobody` when this process is root, who may write anywhere. */
async function withoutPrivileges(task: () => Promise<void>): Promise<void> {
  const root = process.geteuid?.() === 0;
  if (root) process.seteuid?.(65534);
  try {
    await task();
  } finally {
    if (root) process.seteuid?.(0);
  }
}
