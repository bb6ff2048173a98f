import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { access, readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as pause } from 'node:timers/promises';
import { openRegFile } from '../../src/registry/regfile/regFileRegistry';
import { reg, temporaryFolders } from '../unit/registry/regFileTexts';

interface Said {
  readonly opened: boolean;
  readonly code?: string;
  readonly detail?: string;
}

const TEXT = reg('[HKEY_USERS\\S-1-5-18]');
const folders = temporaryFolders();
const children: ChildProcess[] = [];

afterEach(async () => {
  for (const child of children.splice(0)) await end(child);
});

async function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  child.kill('SIGKILL');
  await once(child, 'exit');
}

/** Starts a second process on the file and waits for what it says first. */
async function secondProcess(file: string, task = 'hold'): Promise<{ child: ChildProcess; said: Said }> {
  const child = spawn(
    process.execPath,
    ['--import', 'tsx', path.join(__dirname, 'regFileChild.ts'), file, task],
    {
      stdio: ['ignore', 'pipe', 'inherit'],
    },
  );
  children.push(child);
  for await (const line of createInterface({ input: child.stdout }))
    return { child, said: JSON.parse(line) as Said };
  throw new Error('the second process said nothing');
}

describe('the registry file among processes', () => {
  test('a second process is told which process has the file open', async () => {
    const file = await folders.file(TEXT);
    const registry = await openRegFile(file);
    const { said } = await secondProcess(file);
    expect(said).toMatchObject({ opened: false, code: 'registry-locked' });
    expect(said.detail).toContain(`Process ${process.pid} `);
    expect(said.detail).not.toContain(file);
    await registry.close();
  });

  test('the lock of a process killed by SIGKILL is taken over', async () => {
    const file = await folders.file(TEXT);
    const { child, said } = await secondProcess(file);
    expect(said).toEqual({ opened: true });
    await expect(openRegFile(file)).rejects.toMatchObject({
      code: 'registry-locked',
      detail: expect.stringContaining(`Process ${String(child.pid)} `) as unknown,
    });
    await end(child);
    await access(`${file}.lock`);
    const registry = await openRegFile(file);
    expect(JSON.parse(await readFile(`${file}.lock`, 'utf8'))).toMatchObject({ pid: process.pid });
    await registry.close();
  });

  test('of many processes that find a dead lock at once, one gets the file', async () => {
    const file = await folders.file(TEXT);
    await writeFile(`${file}.lock`, JSON.stringify({ pid: 2 ** 22 + 1, startTime: '1', id: 'old' }));
    const outcomes = await Promise.all(Array.from({ length: 6 }, () => secondProcess(file)));
    const said = outcomes.map((outcome) => outcome.said);
    expect(said.filter((line) => line.opened)).toHaveLength(1);
    expect(said.filter((line) => line.code === 'registry-locked')).toHaveLength(5);
  });

  test('a file killed in the middle of its writes is whole', async () => {
    const file = await folders.file(TEXT);
    for (const delay of [20, 45, 70]) {
      const { child } = await secondProcess(file, 'write');
      await pause(delay);
      await end(child);
      const registry = await openRegFile(file);
      const value = await registry.readValue('HKEY_USERS\\S-1-5-18', 'Value');
      expect(new Set(value?.data ?? []).size).toBeLessThanOrEqual(1);
      await registry.close();
    }
  });
});
