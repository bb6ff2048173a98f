import { answersWith } from './answers';
import { answering, type ScriptedService } from './scriptedService';
import { at, type } from './typing';

const { backup, change } = answersWith('some text');

interface Page {
  readonly items: readonly object[];
  readonly next: string | null;
}

/** The page behind each cursor; the first is behind none. */
let pages: Readonly<Record<string, Page>>;
let asked: string[];
let service: ScriptedService;
beforeAll(async () => {
  service = await answering((request, response) => {
    const cursor = new URL(request.url ?? '', 'http://service').searchParams.get('cursor') ?? 'none';
    asked.push(cursor);
    response.writeHead(200, { 'Content-Type': 'application/json' }).end(JSON.stringify(pages[cursor]));
  });
});
afterAll(() => service.close());
beforeEach(() => (asked = []));

const typed = (...args: string[]) => type(args, at(service.url));

describe.each([
  ['changes', ['changes', '--ticket', 'CHG0031337'], change],
  ['backups', ['backups'], backup],
] as const)('the list of %s', (_what, args, item) => {
  it('goes on behind a page that is empty: only without a cursor is it the last', async () => {
    pages = {
      none: { items: [], next: 'a' },
      a: { items: [], next: 'b' },
      b: { items: [item], next: 'c' },
      c: { items: [], next: 'd' },
      d: { items: [], next: null },
    };
    const { code, out, err } = await typed(...args, '--json');
    expect([code, err]).toEqual([0, '']);
    expect(JSON.parse(out)).toEqual({ items: [item], next: null });
    expect(asked).toEqual(['none', 'a', 'b', 'c', 'd']);
  });

  it('is given up when a cursor comes twice: it would not end', async () => {
    pages = {
      none: { items: [], next: 'a' },
      a: { items: [item], next: 'b' },
      b: { items: [], next: 'a' },
    };
    const { code, out, err } = await typed(...args);
    expect([code, out]).toEqual([3, '']);
    expect(err).toMatch(/^sensorproxy: What answers at .+: it gives the cursor of one page twice\..+\n$/);
    expect(asked).toEqual(['none', 'a', 'b']);
  });
});

it('a list that was filled says that there may be more where more were only looked for', async () => {
  pages = { none: { items: [change], next: 'a' } };
  const chosen = await typed('changes', '--ticket', 'CHG0031337', '--limit', '1');
  expect(chosen.out).toContain('There may be more: --limit <number>.');
  const all = await typed('changes', '--limit', '1');
  expect(all.out).toContain('There are more: --limit <number>.');
});
