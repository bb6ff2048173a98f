import { changeAsMarkdown, isChange } from '../../../src/proxy/evidence';
import type { Change } from '../../../src/proxy/model';
import { type Practice, actor, anna, localSystem, openPractice } from '../../support/practice';

let practice: Practice;
let change: Change;
beforeEach(async () => {
  practice = await openPractice();
  const { changeId } = await practice.proxy.copy({}, actor);
  const found = await practice.journal.find(changeId ?? '');
  if (found === undefined) throw new Error('the change is not in the journal');
  change = found;
});
afterEach(() => practice.close());

describe('a change as Markdown', () => {
  it('names a person’s account as the source once, and a service account with its SID', () => {
    expect(changeAsMarkdown(change)).toContain(`| Copied from | ${anna} |\n`);
    const ofSystem = { ...change, source: { id: 'LocalSystem', sid: localSystem } };
    expect(changeAsMarkdown(ofSystem)).toContain(`| Copied from | LocalSystem \\(${localSystem}\\) |\n`);
  });
});

describe('an entry of the journal', () => {
  it.each(['beforeHex', 'afterHex', 'before', 'after', 'sid'])(
    'is no change without %s: what cannot be shown is not served',
    (member) => {
      const contexts = change.contexts.map((context) =>
        Object.fromEntries(Object.entries(context).filter(([name]) => name !== member)),
      );
      expect([isChange(change), isChange({ ...change, contexts })]).toEqual([true, false]);
    },
  );

  it('is no change with bytes that are no text', () => {
    const contexts = change.contexts.map((context) => ({ ...context, afterHex: 7 }));
    expect(isChange({ ...change, contexts })).toBe(false);
  });
});
