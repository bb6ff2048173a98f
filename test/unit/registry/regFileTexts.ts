import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import type { RegistryValue } from '../../../src/registry/registry';

/** A .reg file of version 5.00 in UTF-8 with LF, from its lines behind the header. */
export function reg(...lines: string[]): Buffer {
  return Buffer.from(['Windows Registry Editor Version 5.00', '', ...lines, ''].join('\n'), 'utf8');
}

/** The same text as regedit stores it: UTF-16LE with a byte order mark. */
export function utf16(text: string): Buffer {
  return Buffer.from(`\ufeff${text}`, 'utf16le');
}

/** A REG_SZ. */
export function sz(text: string): RegistryValue {
  return { type: 1, data: Buffer.from(`${text}\0`, 'utf16le') };
}

/** Type and data as text, so that Buffer and Uint8Array compare alike. */
export function plain(value: RegistryValue | undefined): string | undefined {
  return value && `${value.type.toString(16)}:${Buffer.from(value.data).toString('hex')}`;
}

/** A folder of its own for each call of `use`; all are removed after the test. */
export function temporaryFolders() {
  const folders: string[] = [];
  afterEach(async () => {
    for (const folder of folders.splice(0)) await rm(folder, { recursive: true, force: true });
  });
  return {
    async file(content: Uint8Array): Promise<string> {
      const folder = await mkdtemp(path.join(tmpdir(), 'sensorproxy-'));
      folders.push(folder);
      const file = path.join(folder, 'registry.reg');
      await writeFile(file, content);
      return file;
    },
    read: (file: string) => readFile(file),
  };
}
