/** The alert and recording rules, as promtool judges them. */
import { copyFile, mkdir, readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { parse, stringify } from 'yaml';
import { temporaryFolder } from '../support/temporaryFolder';
import { alertRules, allRules, DEPLOY, deployed, promtool, testFiles, TESTS } from './promtool';

jest.setTimeout(180_000);

interface RulesTest {
  readonly promql_expr_test?: readonly {
    readonly expr: string;
    readonly exp_samples?: readonly { readonly labels: string }[];
  }[];
  readonly alert_rule_test?: readonly {
    readonly alertname: string;
    readonly exp_alerts: readonly unknown[];
  }[];
}

const tests = testFiles().flatMap(
  (name) => (parse(deployed(path.join('tests', name))) as { readonly tests: readonly RulesTest[] }).tests,
);
const alerts = alertRules();

let folder: Awaited<ReturnType<typeof temporaryFolder>>;
beforeEach(async () => {
  folder = await temporaryFolder();
});
afterEach(() => folder.remove());

/** Runs the tests over alerts that were changed; gives what promtool said. */
async function testsWith(change: (rule: Record<string, unknown>) => void) {
  const document = parse(deployed('alerts.rules.yml')) as { groups: { rules: Record<string, unknown>[] }[] };
  for (const { rules } of document.groups) rules.forEach(change);
  await writeFile(path.join(folder.path, 'alerts.rules.yml'), stringify(document));
  await copyFile(path.join(DEPLOY, 'recording.rules.yml'), path.join(folder.path, 'recording.rules.yml'));
  await mkdir(path.join(folder.path, 'tests'));
  const files = testFiles().map((name) => path.join(folder.path, 'tests', name));
  for (const file of files) await writeFile(file, await readFile(path.join(TESTS, path.basename(file))));
  return promtool('test', 'rules', ...files);
}

/** Whether promtool speaks of an alert. */
function named(output: string, alert: string): boolean {
  return new RegExp(`\\b${alert}\\b`).test(output);
}

describe('the rules', () => {
  it('are rules for promtool', async () => {
    for (const name of ['recording.rules.yml', 'alerts.rules.yml']) {
      const { ok, output } = await promtool('check', 'rules', path.join(DEPLOY, name));
      expect({ ok, output }).toEqual({ ok: true, output: expect.stringMatching(/SUCCESS: \d+ rules found/) });
    }
  });

  it('do what their tests say', async () => {
    const { ok, output } = await promtool(
      'test',
      'rules',
      ...testFiles().map((name) => path.join(TESTS, name)),
    );
    expect({ ok, output }).toEqual({ ok: true, output: expect.not.stringContaining('FAILED') });
  });

  it('have tests that notice when no alert fires any more', async () => {
    const { ok, output } = await testsWith((rule) => {
      rule.expr = 'vector(0) > 1';
    });
    expect(ok).toBe(false);
    expect(alerts.filter(({ alert }) => !named(output, alert)).map(({ alert }) => alert)).toEqual([]);
  });

  it('have tests that notice when an alert fires at once', async () => {
    const { ok, output } = await testsWith((rule) => {
      delete rule.for;
    });
    expect(ok).toBe(false);
    const waiting = alerts.filter((rule) => rule.for !== undefined);
    expect(waiting.length).toBeGreaterThan(10);
    expect(waiting.filter(({ alert }) => !named(output, alert)).map(({ alert }) => alert)).toEqual([]);
  });
});

describe('each alert', () => {
  it.each(alerts.map(({ alert }) => alert))(
    '%s is tested: quiet, firing, over, and what it says',
    (alert) => {
      const looks = tests
        .flatMap(({ promql_expr_test: looked = [] }) => looked)
        .filter(({ expr }) => expr.includes(`alertname="${alert}"`))
        .map(({ exp_samples: samples = [] }) => samples.map(({ labels }) => labels).join());
      expect(looks[0]).toBe('');
      expect(new Set(looks).size).toBeGreaterThan(1);
      expect(looks.at(-1)).not.toBe(looks.at(-2));
      const texts = tests
        .flatMap(({ alert_rule_test: said = [] }) => said)
        .filter(({ alertname }) => alertname === alert);
      expect(texts.flatMap(({ exp_alerts: shown }) => shown)).toHaveLength(1);
    },
  );

  it.each(alerts)('$alert names the machine, the cure and its place in docs/alerts.md', async (rule) => {
    const { summary = '', description = '', runbook_url: runbook = '' } = rule.annotations ?? {};
    // Without any target there is no machine to name.
    if (rule.alert !== 'SensorProxyAgentsMissing') expect(summary).toContain('{{ $labels.instance }}: ');
    expect(summary.length).toBeLessThan(160);
    expect(description.length).toBeGreaterThan(60);
    expect(['critical', 'warning', 'info']).toContain(rule.labels?.severity);
    const page = await readFile(path.join(DEPLOY, '..', '..', 'docs', 'alerts.md'), 'utf8');
    const anchors = [...page.matchAll(/^### (\w+)$/gm)].map(([, heading = '']) => heading.toLowerCase());
    expect(runbook).toBe(
      `https://git.contoso.com/sensorproxy/blob/main/docs/alerts.md#${rule.alert.toLowerCase()}`,
    );
    expect(anchors).toContain(rule.alert.toLowerCase());
  });

  it('has a name of its own, and docs/alerts.md describes no other', async () => {
    const names = alerts.map(({ alert }) => alert);
    expect(new Set(names).size).toBe(names.length);
    const page = await readFile(path.join(DEPLOY, '..', '..', 'docs', 'alerts.md'), 'utf8');
    expect([...page.matchAll(/^### (\w+)$/gm)].map(([, heading]) => heading).sort()).toEqual(names.sort());
  });
});

describe('the recording rules', () => {
  it('are each used by a look of their tests', () => {
    const looked = tests.flatMap(({ promql_expr_test: looks = [] }) => looks.map(({ expr }) => expr));
    const recorded = allRules().flatMap(({ record }) => (record === undefined ? [] : [record]));
    expect(recorded.length).toBeGreaterThan(5);
    expect(recorded.filter((name) => !looked.includes(name))).toEqual([]);
  });
});

describe('the example of a configuration', () => {
  it('is one for promtool, with the files that it names', async () => {
    const root = '/etc/prometheus/sensorproxy';
    const text = deployed('prometheus.example.yml').replaceAll(root, folder.path);
    await mkdir(path.join(folder.path, 'targets'));
    await copyFile(path.join(DEPLOY, 'targets.example.yml'), path.join(folder.path, 'targets', 'dcs.yml'));
    for (const name of ['recording.rules.yml', 'alerts.rules.yml'])
      await copyFile(path.join(DEPLOY, name), path.join(folder.path, name));
    for (const name of ['contoso-root.pem', 'client.pem', 'client.key', 'dc03.token'])
      await writeFile(path.join(folder.path, name), '');
    const file = path.join(folder.path, 'prometheus.yml');
    await writeFile(file, text);
    // Keys and certificates are loaded by `check config`; the fleet's test uses real ones.
    const { ok, output } = await promtool('check', 'config', '--syntax-only', file);
    expect({ ok, output }).toEqual({ ok: true, output: expect.stringContaining('SUCCESS') });
  });
});
