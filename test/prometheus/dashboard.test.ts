/** Grafana's dashboard: its form, and that Prometheus understands each expression. */
import { writeFile } from 'node:fs/promises';
import path from 'node:path';
import { stringify } from 'yaml';
import { killAll, startProgram } from '../faults/program';
import { scrape } from './agents';
import { temporaryFolder } from '../support/temporaryFolder';
import { type Dashboard, expressionsOf, metricsIn, type Panel } from './expressions';
import { allRules, deployed, promtool } from './promtool';

jest.setTimeout(60_000);

const dashboard = JSON.parse(deployed('grafana-dashboard.json')) as Dashboard & {
  readonly schemaVersion: number;
  readonly title: string;
  readonly uid: string;
};
const { panels } = dashboard;
const drawn = panels.filter(({ type }) => type !== 'row');
const expressions = expressionsOf(dashboard, { instance: '.*', context: '.*', __rate_interval: '5m' });

let folder: Awaited<ReturnType<typeof temporaryFolder>>;
beforeAll(async () => {
  folder = await temporaryFolder();
});
afterAll(async () => {
  await killAll();
  await folder.remove();
});

describe('the dashboard', () => {
  it('is one of Grafana’s, whose data source, machines and accounts are chosen by variables', () => {
    expect(dashboard).toMatchObject({
      title: 'Sensorproxy fleet',
      uid: 'sensorproxy-fleet',
      schemaVersion: 39,
    });
    expect(dashboard.templating.list.map(({ name, type }) => [name, type])).toEqual([
      ['datasource', 'datasource'],
      ['instance', 'query'],
      ['context', 'query'],
    ]);
    const sources = [
      ...drawn.map(({ datasource }) => datasource?.uid),
      ...drawn.flatMap(({ targets = [] }) => targets.map(({ datasource }) => datasource.uid)),
    ];
    expect(new Set(sources)).toEqual(new Set(['${datasource}']));
  });

  it('has panels with ids, titles and explanations of their own, none upon another', () => {
    expect(drawn.length).toBeGreaterThan(20);
    expect(new Set(panels.map(({ id }) => id)).size).toBe(panels.length);
    expect(new Set(panels.map(({ title }) => title)).size).toBe(panels.length);
    for (const { title, description = '', targets = [] } of drawn) {
      expect([title, description.length > 5, targets.length > 0]).toEqual([title, true, true]);
      expect(new Set(targets.map(({ refId }) => refId)).size).toBe(targets.length);
    }
    const overlaps = panels.flatMap((one, index) =>
      panels
        .slice(index + 1)
        .filter((other) => overlap(one, other))
        .map(({ title }) => [one.title, title]),
    );
    expect(overlaps).toEqual([]);
    expect(panels.filter(({ gridPos: { x, w } }) => x < 0 || x + w > 24)).toEqual([]);
  });

  it('asks what Prometheus can parse', async () => {
    const rules = expressions.map(({ expr }, index) => ({ record: `panel:${index}`, expr }));
    const check = async (name: string, all: readonly object[]) => {
      const file = path.join(folder.path, name);
      await writeFile(file, stringify({ groups: [{ name: 'dashboard', rules: all }] }));
      return promtool('check', 'rules', file);
    };
    expect(await check('expressions.yml', rules)).toEqual({
      ok: true,
      output: expect.stringContaining(`SUCCESS: ${expressions.length} rules found`),
    });
    const broken = await check('broken.yml', [{ record: 'panel:0', expr: `${expressions[0]?.expr ?? ''})` }]);
    expect(broken).toEqual({ ok: false, output: expect.stringContaining('parse error') });
  });
});

describe('dashboard and rules', () => {
  it('name metrics that the service has, and no others', async () => {
    const dataDir = path.join(folder.path, 'data');
    const service = await startProgram(dataDir);
    const scraped = await scrape(service, dataDir);
    const exposed = [...scraped.matchAll(/^# TYPE (\w+) (\w+)$/gm)].flatMap(([, name = '', type]) =>
      type === 'histogram' ? [`${name}_bucket`, `${name}_sum`, `${name}_count`] : [name],
    );
    expect(exposed.length).toBeGreaterThan(25);
    const recorded = allRules().flatMap(({ record }) => (record === undefined ? [] : [record]));
    // Prometheus' own.
    const known = new Set([...exposed, ...recorded, 'up', 'ALERTS']);
    const used = [...expressions, ...allRules()].flatMap(({ expr }) => metricsIn(expr));
    expect(new Set(used).size).toBeGreaterThan(25);
    expect([...new Set(used)].filter((name) => !known.has(name))).toEqual([]);
    // All that is worth a look: what is left out here is shown by another form of the same.
    const unused = exposed.filter((name) => !used.includes(name) && !/_(?:sum|count)$/.test(name));
    expect(unused).toEqual(['sensorproxy_probe_tls_certificate_days_left']);
  });

  it.each<[string, readonly string[]]>([
    ['sum by (a, b) (rate(x_total{c="d{e}", f!~"g|h"}[5m])) / on (a) y:z:w > 0.05', ['x_total', 'y:z:w']],
    ['up{job="x"} offset 1h unless up{job="x"}', ['up']],
    ['abs(a_b) > 3 * 86400 or time() - c', ['a_b', 'c']],
    ['x > 1e9', ['x']],
  ])('are read right: %s', (expr, names) => {
    expect(metricsIn(expr)).toEqual(names);
  });
});

function overlap({ gridPos: a }: Panel, { gridPos: b }: Panel): boolean {
  return a.x < b.x + b.w && b.x < a.x + a.w && a.y < b.y + b.h && b.y < a.y + a.h;
}
