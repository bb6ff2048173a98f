import { appendFile, readdir, readFile, truncate, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { temporaryFolder } from '../support/temporaryFolder';
import { type Program, command, killAll, refusal, startProgram } from './program';

let folder: Awaited<ReturnType<typeof temporaryFolder>>;
let dataDir: string;
let service: Program;
beforeEach(async () => {
  folder = await temporaryFolder();
  dataDir = path.join(folder.path, 'data');
  service = await startProgram(dataDir);
  for (const nth of [1, 2, 3]) expect(await put(nth)).toBe(200);
});
afterEach(async () => {
  await killAll();
  await folder.remove();
});

const journalFile = () => path.join(dataDir, 'journal', '000000000000001.jsonl');
const outcomes = async () => (await service.changes()).map(({ outcome }) => outcome);

async function put(nth: number): Promise<number> {
  const body = { proxyServer: `damage${nth}.contoso.com:80` };
  return (await service.call('PUT', '/proxy/contexts/LocalSystem', { ifMatch: '*', body })).status;
}

async function restart(): Promise<void> {
  await service.kill();
  service = await startProgram(dataDir);
}

describe('a journal', () => {
  it('with a torn last line: the log and verify say so, all else is served, and it goes on behind it', async () => {
    await service.kill();
    await appendFile(journalFile(), '{"seq":4,"prev":"00');
    service = await startProgram(dataDir);
    expect(service.log()).toContain('lines that cannot be used');
    expect(await outcomes()).toHaveLength(3);
    expect(await put(4)).toBe(200);
    expect(await outcomes()).toHaveLength(4);
    const { code, lines } = await command(dataDir, 'journal', 'verify');
    expect({ code, lines }).toEqual({
      code: 0,
      lines: [
        expect.stringContaining('as it was written: 4 entries'),
        'torn, nothing is missing: 000000000000001.jsonl, line 4',
      ],
    });
  });

  it('with a flipped byte: the log and verify name it, the other entries are served, and changes are made', async () => {
    await service.kill();
    const bytes = await readFile(journalFile());
    const at = bytes.indexOf('damage2');
    bytes[at] = (bytes[at] ?? 0) ^ 1;
    await writeFile(journalFile(), bytes);
    service = await startProgram(dataDir);
    expect(service.log()).toContain('lines that cannot be used');
    expect(await outcomes()).toHaveLength(2);
    expect(await put(4)).toBe(200);
    const { code, stderr } = await command(dataDir, 'journal', 'verify');
    expect(code).toBe(1);
    expect(stderr).toContain('000000000000001.jsonl, line 2: it was changed');
  });

  it('whose end was cut off: the log and verify say how much is missing', async () => {
    await service.kill();
    const text = await readFile(journalFile(), 'utf8');
    await truncate(journalFile(), text.indexOf('\n') + 1);
    service = await startProgram(dataDir);
    expect(service.log()).toContain('entries are missing at its end');
    expect(await put(4)).toBe(200);
    const { code, stderr } = await command(dataDir, 'journal', 'verify');
    expect(code).toBe(1);
    expect(stderr).toContain('entries 2 to 3 are missing before it');
  });
});

describe('a backup that was cut short', () => {
  it.each(['reg', 'json'])(
    'in its .%s is refused by name, touches nothing, and the others are served',
    async (part) => {
      const backups = path.join(dataDir, 'backups');
      const [first = '', second = ''] = (await readdir(backups))
        .filter((name) => name.endsWith(`.${part}`))
        .sort();
      await truncate(path.join(backups, first), 20);
      await restart();
      const before = await service.hexes();
      const id = (name: string) => name.slice(0, -part.length - 1);
      const restore = (name: string) => service.call('POST', `/proxy/backups/${id(name)}/restore`);
      expect(await restore(first)).toMatchObject({ status: 422, body: { code: 'backup-damaged' } });
      expect(await service.hexes()).toEqual(before);
      expect((await service.call('GET', '/proxy/backups')).status).toBe(200);
      expect((await restore(second)).status).toBe(200);
    },
  );
});

describe('two instances on one data folder', () => {
  it('are not possible: the second refuses and names the first, which goes on', async () => {
    const { code, stderr } = await refusal(dataDir);
    expect(code).toBe(1);
    expect(stderr).toMatch(/^sensorproxy: another instance \(process \d+\) uses this data folder/);
    expect(await put(4)).toBe(200);
  });
});
