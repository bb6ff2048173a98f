import { existsSync, readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { parseCommandLine } from '../src/cli/commandLine';
import { VERDICTS } from '../src/endpoints/verdicts/verdicts';
import { testTitles } from './support/testTitles';

const DOCS = path.join(__dirname, '..', 'docs');
const read = (name: string) => readFileSync(path.join(DOCS, name), 'utf8');

/** The codes in the first column of a document's tables. */
function firstColumn(text: string): readonly string[] {
  return [...text.matchAll(/^\| (`[a-z0-9-]+`(?:, `[a-z0-9-]+`)*) \|/gm)].flatMap(([, cell = '']) =>
    [...cell.matchAll(/`([a-z0-9-]+)`/g)].map(([, code = '']) => code),
  );
}

describe('the documents say what the code does', () => {
  it('docs/health.md has each verdict as the table has it, in its order, and no other', () => {
    const text = read('health.md');
    const verdicts = text.slice(text.indexOf('## Verdicts'));
    expect(firstColumn(verdicts)).toEqual(VERDICTS.map(({ code }) => code));
    for (const { code, phase, outcome, summary, remedy } of VERDICTS) {
      expect(verdicts).toContain(`| \`${code}\` | ${phase} | ${outcome} | ${summary} | ${remedy} |`);
    }
  });

  it('docs/health.md names the part that reaches each verdict in the lab, or a scripted server', () => {
    const lab = path.join(__dirname, 'lab');
    const suites = readdirSync(lab).map((name) => readFileSync(path.join(lab, name), 'utf8'));
    const rows = [...read('health.md').matchAll(/^\| `([a-z0-9-]+)` \|.*\| ([^|]+) \|$/gm)];
    for (const [, code = '', reachedBy = ''] of rows) {
      const isInLab = suites.some((text) => text.includes(`'${code}'`));
      expect([code, reachedBy === 'scripted']).toEqual([code, !isInLab]);
    }
    expect(rows.filter(([, , reachedBy]) => reachedBy !== 'scripted').length).toBeGreaterThan(20);
  });

  it('docs/findings.md has each finding, and no other', () => {
    const src = path.join(__dirname, '..', 'src');
    const files = [
      'wininet/findings.ts',
      'proxy/machine.ts',
      'proxy/contexts.ts',
      'proxy/plan.ts',
      'sensor/findings.ts',
      'endpoints/rootFindings.ts',
    ];
    const code = files.map((file) => readFileSync(path.join(src, file), 'utf8')).join('\n');
    const made = [...code.matchAll(/code: '([a-z0-9-]+)'/g)].map(([, found = '']) => found);
    const ofTheSource = ['source-not-configured', 'source-ambiguous', 'source-malformed'];
    expect([...firstColumn(read('findings.md'))].sort()).toEqual([...made, ...ofTheSource].sort());
  });

  it('docs/configuration.md has each setting, and no other', () => {
    const config = readFileSync(path.join(__dirname, '..', 'src', 'config.ts'), 'utf8');
    const block = /const NAMES = \[([^\]]*)\]/.exec(config)?.[1] ?? '';
    const names = [...block.matchAll(/'([A-Z_]+)'/g)].map(([, name = '']) => `SENSORPROXY_${name}`);
    const documented = [
      ...read('configuration.md').matchAll(/^\| `(SENSORPROXY_[A-Z_]+)`(?:, `(SENSORPROXY_[A-Z_]+)`)?/gm),
    ];
    expect(
      documented
        .flatMap(([, first, second]) => [first, second])
        .filter(Boolean)
        .sort(),
    ).toEqual(names.sort());
  });

  it('SECURITY.md names tests that exist, by file and title, and each threat has one', () => {
    const root = path.join(__dirname, '..');
    const text = readFileSync(path.join(root, 'SECURITY.md'), 'utf8');
    const table = text.slice(text.indexOf('### Who may attack'), text.indexOf('### What is not defended'));
    const rows = table.split('\n').filter((line) => /^\| (?!actor|---)/.test(line));
    expect(rows.length).toBeGreaterThan(15);
    expect(rows.map((row) => namedTests(row).length).filter((count) => count === 0)).toEqual([]);
    // No file without a title.
    expect(namedTests(text).map(({ file }) => file)).toEqual(
      [...text.matchAll(/`(test\/[^`]+)`/g)].map(([, file]) => file),
    );
    const missing = namedTests(text).flatMap(({ file, titles }) => {
      const found = existsSync(path.join(root, file))
        ? testTitles(readFileSync(path.join(root, file), 'utf8'))
        : [];
      return titles
        .filter((title) => !found.some((one) => one.includes(title)))
        .map((title) => `${file}: ${title}`);
    });
    expect(missing).toEqual([]);
  });

  it('test/README.md has a row for each suite of the lab, of the faults and of the collection, and no other', () => {
    const text = readFileSync(path.join(__dirname, 'README.md'), 'utf8');
    for (const folder of ['lab', 'faults', 'ansible']) {
      const suites = readdirSync(path.join(__dirname, folder)).filter((name) => name.endsWith('.test.ts'));
      const rows = [...text.matchAll(/^\| `(\w+)\/(\w+\.test\.ts)` \|/gm)];
      const listed = rows.filter(([, where]) => where === folder).map(([, , name]) => name);
      expect([folder, listed.sort()]).toEqual([folder, suites.sort()]);
    }
  });

  it('docs/architecture.md has each folder of src, no other, and names files that exist', () => {
    const src = path.join(__dirname, '..', 'src');
    const text = read('architecture.md');
    const tree = text.slice(text.indexOf('\nsrc/\n'), text.indexOf('\nscripts/'));
    const folders = readdirSync(src, { withFileTypes: true }).filter((entry) => entry.isDirectory());
    expect([...tree.matchAll(/^ {2}(\w+)\/ /gm)].map(([, name]) => name).sort()).toEqual(
      folders.map(({ name }) => name).sort(),
    );
    const table = text.slice(text.indexOf('## Where things are decided'));
    const named = [...table.matchAll(/`([\w/]+(?:\.ts|\/))`/g)].map(([, name = '']) => name);
    expect(named.length).toBeGreaterThan(30);
    expect(named.filter((name) => !existsSync(path.join(src, name)))).toEqual([]);
  });

  it('the README and the docs link to files and headings that exist', () => {
    const root = path.join(__dirname, '..');
    const pages = ['README.md', ...readdirSync(DOCS).map((name) => path.join('docs', name))];
    const broken = pages
      .filter((page) => page.endsWith('.md'))
      .flatMap((page) => linksOf(readFileSync(path.join(root, page), 'utf8')).map((link) => ({ page, link })))
      .filter(({ page, link }) => !leadsSomewhere(path.join(root, page), link));
    expect(broken).toEqual([]);
  });

  it('their blocks for a shell have only commands and options that sensorproxy understands', () => {
    const typed = ['cli', 'one-dc-by-hand', 'tickets', 'access', 'alerts'].flatMap((name) =>
      [...read(`${name}.md`).matchAll(/```(?:sh|bat)\n(.*?)```/gs)].flatMap(([, block = '']) =>
        [...block.matchAll(/^ *sensorproxy (.+)$/gm)].map(([, words = '']) => words),
      ),
    );
    expect(typed.length).toBeGreaterThan(25);
    const refused = typed.filter((words) => {
      const command = parseCommandLine(wordsOf(words), '0');
      return command.kind === 'print' && command.exitCode !== 0;
    });
    expect(refused).toEqual([]);
  });
});

/** The tests that a text names: a file, and behind it parts of titles in quotation marks. */
function namedTests(text: string): readonly { readonly file: string; readonly titles: readonly string[] }[] {
  return [...text.matchAll(/`(test\/[^`]+\.test\.ts)`((?:,? "[^"]+")+)/g)].map(
    ([, file = '', titles = '']) => ({
      file,
      titles: [...titles.matchAll(/"([^"]+)"/g)].map(([, title = '']) => title),
    }),
  );
}

/** Where a page's links lead on this disk. */
function linksOf(text: string): readonly string[] {
  return [...text.replace(/```.*?```/gs, '').matchAll(/\]\(([^)\s]+)\)/g)]
    .map(([, link = '']) => link)
    .filter((link) => !/^https?:/.test(link));
}

function leadsSomewhere(page: string, link: string): boolean {
  const [file = '', anchor] = link.split('#');
  const target = file === '' ? page : path.join(path.dirname(page), file);
  if (!existsSync(target)) return false;
  if (anchor === undefined) return true;
  const headings = [...readFileSync(target, 'utf8').matchAll(/^#+ (.+)$/gm)];
  return headings.some(([, heading = '']) => slugOf(heading) === anchor);
}

/** As GitHub makes an anchor of a heading. */
function slugOf(heading: string): string {
  return heading
    .toLowerCase()
    .replace(/[^\p{L}\p{N}\s_-]/gu, '')
    .replaceAll(' ', '-');
}

/** As a shell takes it apart, as far as the docs go; what follows a pipe, a redirection or a comment is not the command's. */
function wordsOf(typed: string): readonly string[] {
  const command = typed.split(/ (?:\||>|#|\|\|) /)[0] ?? '';
  return (command.match(/"[^"]*"|'[^']*'|\S+/g) ?? []).map((word) => word.replace(/^(["'])(.*)\1$/, '$2'));
}
