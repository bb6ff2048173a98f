import { appendFile, cp, readdir, readFile, rm, stat, truncate, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { formatLine, parseLine } from '../../src/journal/chain';
import { temporaryFolder } from '../support/temporaryFolder';
import { journalOf } from './evidence';
import { lengthenJournal } from './longJournal';
import { type Program, command, killAll, startProgram } from './program';

const ENTRIES = 15;

let folder: Awaited<ReturnType<typeof temporaryFolder>>;
let pristine: string;
let ids: readonly string[];
/** A journal of 15 entries in five files. */
beforeAll(async () => {
  folder = await temporaryFolder();
  pristine = path.join(folder.path, 'pristine');
  const first = await startProgram(pristine);
  expect((await put(first)).status).toBe(200);
  await first.stop();
  await lengthenJournal(pristine, ENTRIES);
  ids = (await journalOf(pristine)).map(({ id }) => id);
  expect(await names()).toEqual([1, 5, 8, 11, 14].map(nameOf));
});
afterAll(() => folder.remove());

let dataDir: string;
beforeEach(async () => {
  dataDir = path.join(folder.path, 'data');
  await cp(pristine, dataDir, { recursive: true });
});
afterEach(async () => {
  await killAll();
  await rm(dataDir, { recursive: true });
});

const names = async (of = pristine) =>
  (await readdir(path.join(of, 'journal'))).filter((name) => name.endsWith('.jsonl')).sort();
const inJournal = (name: string) => path.join(dataDir, 'journal', name);
const nameOf = (firstSeq: number) => `${String(firstSeq).padStart(15, '0')}.jsonl`;
const [SECOND, THIRD, LAST] = [nameOf(5), nameOf(8), nameOf(14)];

const put = (service: Program, proxyServer = 'damaged.contoso.com:80') =>
  service.call('PUT', '/proxy/contexts/LocalSystem', { ifMatch: '*', body: { proxyServer } });

/** What `journal verify` ends with, and what it says. */
async function verify(): Promise<readonly [number | null, ...string[]]> {
  const { code, lines, stderr } = await command(dataDir, 'journal', 'verify');
  const faulty = stderr === '' ? [] : stderr.trimEnd().split('\n');
  return [code, ...lines, ...faulty.map((line) => line.replace(/^sensorproxy: /, ''))];
}

async function flip(name: string, text: string): Promise<void> {
  const bytes = await readFile(inJournal(name));
  const at = bytes.lastIndexOf(text);
  expect(at).toBeGreaterThanOrEqual(0);
  bytes[at] = (bytes[at] ?? 0) ^ 1;
  await writeFile(inJournal(name), bytes);
}

const AS_WRITTEN = expect.stringMatching(
  /^The journal is as it was written: 15 entries, last hash [0-9a-f]{64}\.$/,
) as string;
const NOT_AS_WRITTEN = 'The journal is not as it was written.';
const LOST_ANCHOR = 'anchor: it is missing or damaged, so that a missing end could not be told';

/** How it is damaged; what `journal verify` says, what the start logs, and how many of the entries are served. */
const faults: readonly (readonly [
  string,
  () => Promise<void>,
  readonly [number, ...string[]],
  { readonly log: string; readonly served: number },
])[] = [
  [
    'has a torn line behind its last',
    () => appendFile(inJournal(LAST), '{"seq":16,"prev":"00'),
    [0, AS_WRITTEN, `torn, nothing is missing: ${LAST}, line 3`],
    { log: 'the journal has lines that cannot be used', served: 15 },
  ],
  [
    'has a flipped byte in its last file',
    () => flip(LAST, 'contoso'),
    [
      1,
      NOT_AS_WRITTEN,
      `${LAST}, line 2: it was changed: its hash does not fit what it says`,
      `${LAST}: the end is missing: entry 15 was written`,
    ],
    { log: 'the journal has lines that cannot be used', served: 14 },
  ],
  [
    'has a flipped byte in a full file',
    () => flip(SECOND, 'contoso'),
    [
      1,
      NOT_AS_WRITTEN,
      `${SECOND}, line 3: it was changed: its hash does not fit what it says`,
      `${THIRD}: it begins with entry 8, and entry 7 was expected`,
      `${THIRD}, line 1: entry 7 is missing before it`,
    ],
    { log: 'the journal has lines that cannot be used', served: 14 },
  ],
  [
    'lacks a file in the middle',
    () => rm(inJournal(SECOND)),
    [
      1,
      NOT_AS_WRITTEN,
      `${THIRD}: it begins with entry 8, and entry 5 was expected`,
      `${THIRD}, line 1: entries 5 to 7 are missing before it`,
    ],
    { log: 'the journal lacks entries before one of its files', served: 12 },
  ],
  [
    'lacks its last file',
    () => rm(inJournal(LAST)),
    [1, NOT_AS_WRITTEN, `${nameOf(11)}: the end is missing: entries 14 to 15 were written`],
    { log: 'the journal is shorter than it was: entries are missing at its end', served: 13 },
  ],
  [
    'lacks all of its files',
    async () => {
      for (const name of await names(dataDir)) await rm(inJournal(name));
    },
    [1, NOT_AS_WRITTEN, 'anchor: the end is missing: entries 1 to 15 were written'],
    { log: 'the journal is shorter than it was: entries are missing at its end', served: 0 },
  ],
  [
    'is cut off at the border of an entry',
    async () => truncate(inJournal(LAST), (await readFile(inJournal(LAST))).indexOf('\n') + 1),
    [1, NOT_AS_WRITTEN, `${LAST}: the end is missing: entry 15 was written`],
    { log: 'the journal is shorter than it was: entries are missing at its end', served: 14 },
  ],
  [
    'is cut off within its last entry',
    async () => truncate(inJournal(LAST), (await stat(inJournal(LAST))).size - 30),
    [
      1,
      NOT_AS_WRITTEN,
      `${LAST}, line 2: it was changed: it is no line of the journal any more`,
      `${LAST}: the end is missing: entry 15 was written`,
    ],
    { log: 'the journal is shorter than it was: entries are missing at its end', served: 14 },
  ],
  [
    'lacks its anchor',
    () => rm(inJournal('anchor')),
    [1, NOT_AS_WRITTEN, LOST_ANCHOR],
    { log: 'the journal has lost its anchor', served: 15 },
  ],
  [
    'has an anchor without a whole half',
    async () => {
      const bytes = await readFile(inJournal('anchor'));
      for (const at of [20, 276]) bytes[at] = (bytes[at] ?? 0) ^ 1;
      await writeFile(inJournal('anchor'), bytes);
    },
    [1, NOT_AS_WRITTEN, LOST_ANCHOR],
    { log: 'the journal has lost its anchor', served: 15 },
  ],
  [
    'has another last entry, with its hash made to fit',
    async () => {
      const lines = (await readFile(inJournal(LAST), 'utf8')).trimEnd().split('\n');
      const last = parseLine(lines.pop() ?? '');
      if (typeof last === 'string') throw new Error('no line');
      const other = { ...(last.entry as object), actor: 'nobody' };
      await writeFile(
        inJournal(LAST),
        [...lines, formatLine(last.seq, last.prev, other).text, ''].join('\n'),
      );
    },
    [1, NOT_AS_WRITTEN, `${LAST}: the last entry is not the one that was written last`],
    { log: 'the last entry of the journal is not the one that was written last', served: 15 },
  ],
];

it.each(faults)(
  'a journal that %s: verify says so by exit code, file and line; the start says so, serves the rest and goes on',
  async (_, damage, said, { log, served }) => {
    await damage();
    expect(await verify()).toEqual(said);
    const service = await startProgram(dataDir);
    expect(await service.changes()).toHaveLength(served);
    expect(service.log()).toContain(log);
    expect((await put(service, 'behind.contoso.com:80')).status).toBe(200);
    expect(await service.changes()).toHaveLength(served + 1);
    // The entries behind it do not hide it; but where an anchor was lost, nothing can be told any more.
    expect((await verify())[0]).toBe(said.includes(LOST_ANCHOR) ? 0 : said[0]);
  },
);

describe('sealed.json, which says what the full files of the journal hold,', () => {
  const notes = () => inJournal('sealed.json');
  const edit = async (from: string, to: string) => {
    const text = await readFile(notes(), 'utf8');
    expect(text).toContain(from);
    await writeFile(notes(), text.replace(from, to));
  };

  it.each<[string, () => Promise<void>]>([
    ['that is gone', () => rm(notes())],
    ['that was cut', async () => truncate(notes(), (await stat(notes())).size - 40)],
    ['with a flipped byte in a number', () => edit('"lastSeq": 15', '"lastSeq": 14')],
    ['with a flipped byte in a hash', () => edit('"lastHash": "', '"lastHash": "f')],
    ['with an id that is not that of the file', () => edit('"maxId": "2', '"maxId": "1')],
  ])(
    '%s: verify passes, the start says that it is made again, every entry is found, and the journal goes on where it was',
    async (_, damage) => {
      // As a refused new file of the journal leaves it: where the chain goes on is in the notes alone.
      await writeFile(inJournal(nameOf(16)), '');
      await (await startProgram(dataDir)).stop();
      await damage();
      expect(await verify()).toEqual([0, AS_WRITTEN]);
      const service = await startProgram(dataDir);
      expect(service.log()).toContain(
        'the notes on the full files of the journal are missing or not as they were written',
      );
      for (const id of ids) expect((await service.call('GET', `/changes/${id}`)).status).toBe(200);
      expect((await put(service, 'behind.contoso.com:80')).status).toBe(200);
      expect(await verify()).toEqual([0, expect.stringContaining(' 16 entries')]);
      await service.stop();
      const again = await startProgram(dataDir);
      expect(again.log()).not.toContain('the notes on the full files');
    },
  );
});
