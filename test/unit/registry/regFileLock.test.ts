import { readdir, readFile, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { parseRegFile } from '../../../src/registry/regfile/format';
import { openRegFile } from '../../../src/registry/regfile/regFileRegistry';
import { reg, temporaryFolders } from './regFileTexts';

const TEXT = reg('[HKEY_USERS\\S-1-5-18]');
const folders = temporaryFolders();

describe('the lock of the registry file', () => {
  test('a second opening in the same process is refused too', async () => {
    const file = await folders.file(TEXT);
    const registry = await openRegFile(file);
    await expect(openRegFile(file)).rejects.toMatchObject({ kind: 'conflict', code: 'registry-locked' });
    const [first, second] = await Promise.allSettled([registry.close(), openRegFile(file)]);
    expect([first.status, second.status]).toEqual(['fulfilled', 'rejected']);
  });

  test('closing gives the file free and leaves no other file behind', async () => {
    const file = await folders.file(TEXT);
    await (await openRegFile(file)).close();
    expect(await readdir(path.dirname(file))).toEqual(['registry.reg']);
    const registry = await openRegFile(file);
    await registry.close();
    await registry.close();
  });

  test.each([
    ['whose pid now belongs to another process', { pid: process.ppid, startTime: '1', id: 'old' }],
    ['of a former process with our own pid', { pid: process.pid, id: 'old' }],
    ['of a pid that is not there', { pid: 2 ** 22 + 1, startTime: '1', id: 'old' }],
    ['that a power cut left empty', undefined],
  ])('a lock %s is taken over', async (_, content) => {
    const file = await folders.file(TEXT);
    await writeFile(`${file}.lock`, content === undefined ? '' : JSON.stringify(content));
    const registry = await openRegFile(file);
    await registry.close();
    expect(await readdir(path.dirname(file))).toEqual(['registry.reg']);
  });

  test('whoever reads the file during writes sees one whole state', async () => {
    const file = await folders.file(TEXT);
    const registry = await openRegFile(file);
    let writing = true;
    const writes = (async () => {
      for (let i = 0; i < 40; i += 1) {
        await registry.writeValue('HKEY_USERS\\S-1-5-18', 'Value', {
          type: 3,
          data: new Uint8Array(3000).fill(i),
        });
      }
      writing = false;
    })();
    // The other side clears the flag while this one waits for the disk.
    const stillWriting = () => writing;
    while (stillWriting()) {
      const [value] = parseRegFile(await readFile(file))[0]?.values ?? [];
      expect(new Set(value?.value?.data ?? []).size).toBeLessThanOrEqual(1);
    }
    await writes;
    await registry.close();
  });

  test('a folder that is not there is an unavailable registry, without its path in the text', async () => {
    const file = await folders.file(TEXT);
    await rm(path.dirname(file), { recursive: true });
    const refusal = openRegFile(file);
    await expect(refusal).rejects.toMatchObject({ kind: 'unavailable', code: 'registry-unavailable' });
    await expect(refusal).rejects.not.toThrow(path.dirname(file));
  });
});
