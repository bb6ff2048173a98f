import { readFileSync } from 'node:fs';
import path from 'node:path';
import { BYPASS_RULES, hopsText, type RouteCase, routeOf } from './routeCases';
import { BYPASS_CASES } from './routeCasesBypass';
import { ORDER_CASES } from './routeCasesOrder';
import { PAC_CASES } from './routeCasesPac';
import { PROXY_LIST_CASES } from './routeCasesProxyList';

const CASES: readonly RouteCase[] = [...ORDER_CASES, ...PROXY_LIST_CASES, ...BYPASS_CASES, ...PAC_CASES];

describe('the table of routes', () => {
  it.each(CASES.map((one) => [one.name, one.source, one] as const))('%s (%s)', (_name, _source, one) => {
    const route = routeOf(one);
    expect({
      via: route.kind === 'known' ? route.via : route.reason,
      hops: hopsText(route),
      doubts: route.kind === 'known' ? route.doubts.map(({ reason }) => reason) : [],
    }).toEqual({ via: one.via, hops: one.hops, doubts: one.doubts });
    if (typeof one.because === 'string') expect(route.because).toBe(one.because);
    else expect(route.because).toMatch(one.because);
    expect(JSON.stringify(route)).not.toContain('hunter2');
  });

  it('has at least 150 rows, each with a name of its own that is a sentence', () => {
    expect(CASES.length).toBeGreaterThanOrEqual(150);
    const names = CASES.map(({ name }) => name);
    expect(new Set(names).size).toBe(names.length);
    expect(names.filter((name) => !name.endsWith('.'))).toEqual([]);
  });

  it('has no two rows that ask the same', () => {
    const asked = CASES.map(({ settings, target, autoDetect, pac }) =>
      JSON.stringify([settings, target, autoDetect, pac]),
    );
    expect(asked.filter((one, index) => asked.indexOf(one) !== index)).toEqual([]);
  });

  it('has rows for every documented rule of the bypass list, and docs/routing.md has the same rules', () => {
    const tested = new Set(BYPASS_CASES.map(({ rule }) => rule));
    expect([...tested].sort()).toEqual([...BYPASS_RULES].sort());
    const file = path.join(__dirname, '..', '..', '..', 'docs', 'routing.md');
    const text = readFileSync(file, 'utf8');
    const table = text.slice(text.indexOf('## The bypass list'), text.indexOf('## PAC answers'));
    const documented = [...table.matchAll(/^\| (?!rule |-)`?([^|`]+?)`? \|/gm)].map(([, rule]) => rule);
    expect(documented).toEqual([...BYPASS_RULES]);
  });
});
