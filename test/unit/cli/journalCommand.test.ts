import { readFile, truncate, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { parseCommandLine } from '../../../src/cli/commandLine';
import { runCommand } from '../../../src/cli/runCommand';
import { JournalFolder } from '../../../src/journal/journalFolder';
import type { JournalEntry } from '../../../src/journal/journal';
import { memoryLogger } from '../../support/memoryLogger';
import { temporaryFolder } from '../../support/temporaryFolder';

interface Entry extends JournalEntry {
  readonly text: string;
}

let folder: Awaited<ReturnType<typeof temporaryFolder>>;
beforeEach(async () => (folder = await temporaryFolder()));
afterEach(() => folder.remove());

const entry = (id: number): Entry => ({
  id: String(id),
  at: '2026-01-01T00:00:00.000Z',
  text: `“${id}”\n\u2028 \\ "é" ${'x'.repeat(id)}`,
});
const file = () => path.join(folder.path, 'journal', '000000000000001.jsonl');

function openJournal(): Promise<JournalFolder<Entry>> {
  const isEntry = (value: unknown): value is Entry =>
    typeof value === 'object' && value !== null && 'id' in value;
  return JournalFolder.open(path.join(folder.path, 'journal'), {
    logger: memoryLogger(),
    isEntry,
    segmentBytes: 2000,
  });
}

async function write(count: number): Promise<void> {
  const journal = await openJournal();
  for (let id = 1; id <= count; id += 1) await journal.append(entry(id));
  await journal.close();
}

/** As typed: exit code, what it says at its end, and what it wrote on the way. */
async function journal(...args: string[]) {
  const command = parseCommandLine(['journal', ...args, '--data-dir', folder.path], '1');
  if (command.kind !== 'command') throw new Error('not a command');
  const written: string[] = [];
  const service = () => {
    throw new Error('not needed');
  };
  const { exitCode, lines } = await runCommand(command, { service, write: (line) => written.push(line) });
  return { exitCode, lines, written };
}

describe('sensorproxy journal verify', () => {
  it('counts one entry as one', async () => {
    await write(1);
    expect((await journal('verify')).lines[0]).toMatch(/ as it was written: 1 entry, last hash /);
  });

  it('says how many entries there are and the last hash, with 0', async () => {
    await write(12);
    expect(await journal('verify')).toEqual({
      exitCode: 0,
      lines: [
        expect.stringMatching(/^The journal is as it was written: 12 entries, last hash [0-9a-f]{64}\.$/),
      ],
      written: [],
    });
  });

  it('names file, line and fault, with 1', async () => {
    await write(3);
    await writeFile(file(), (await readFile(file(), 'utf8')).replace('“2”', '“3”'));
    const { exitCode, lines } = await journal('verify');
    expect(exitCode).toBe(1);
    expect(lines[0]).toBe('The journal is not as it was written.');
    expect(lines[1]).toBe(
      '000000000000001.jsonl, line 2: it was changed: its hash does not fit what it says',
    );
  });

  it('tells a torn end apart, with 0', async () => {
    await write(2);
    await writeFile(file(), (await readFile(file(), 'utf8')) + '{"seq":3,');
    const { exitCode, lines } = await journal('verify');
    expect(exitCode).toBe(0);
    expect(lines[1]).toBe('torn, nothing is missing: 000000000000001.jsonl, line 3');
  });

  it('tells that the end was cut off, with 1', async () => {
    await write(3);
    await truncate(file(), (await readFile(file())).indexOf('\n') + 1);
    const { exitCode, lines } = await journal('verify');
    expect(exitCode).toBe(1);
    expect(lines.join('\n')).toContain('the end is missing: entries 2 to 3 were written');
  });

  it('says when there is no journal, with 1', async () => {
    expect(await journal('verify')).toMatchObject({
      exitCode: 1,
      lines: ['The journal cannot be read (ENOENT). Is this the data folder?'],
    });
  });

  it('finds nothing wrong, again and again, while a service writes', async () => {
    const writer = await openJournal();
    const stop = new AbortController();
    const written = (async () => {
      for (let id = 1; !stop.signal.aborted; id += 1) await writer.append(entry(id % 300));
    })();
    const verdicts: string[] = [];
    for (let time = 0; time < 15; time += 1) verdicts.push(...(await journal('verify')).lines);
    stop.abort();
    await written;
    await writer.close();
    for (const verdict of verdicts) expect(verdict).toMatch(/as it was written: |torn, nothing is missing/);
  });
});

describe('sensorproxy journal export', () => {
  it('gives each entry as one line, to the byte as it stands in the journal, with 0', async () => {
    await write(12);
    expect(await journal('export')).toEqual({
      exitCode: 0,
      lines: [],
      written: Array.from({ length: 12 }, (_, index) => JSON.stringify(entry(index + 1))),
    });
  });

  it('gives what is whole of a journal that was changed, and says so, with 1', async () => {
    await write(3);
    await writeFile(file(), (await readFile(file(), 'utf8')).replace('“2”', '“3”'));
    const { exitCode, lines, written } = await journal('export');
    expect(exitCode).toBe(1);
    expect(written).toEqual([entry(1), entry(3)].map((one) => JSON.stringify(one)));
    expect(lines).toEqual(['The journal is not as it was written: see sensorproxy journal verify.']);
  });

  it('says when there is no journal, with 1', async () => {
    expect(await journal('export')).toMatchObject({ exitCode: 1, written: [] });
  });
});
