/** Debian's promtool, and the files that it is to judge. */
import { execFile } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { parse } from 'yaml';
import { binary } from '../lab/processes';

/** The files that an operator takes. */
export const DEPLOY = path.join(__dirname, '..', '..', 'deploy', 'prometheus');
export const TESTS = path.join(DEPLOY, 'tests');
const RULE_FILES = ['recording.rules.yml', 'alerts.rules.yml'];
const PROMTOOL_MS = 120_000;

/** One rule, of either kind. */
export interface Rule {
  readonly alert?: string;
  readonly record?: string;
  readonly expr: string;
  readonly for?: string;
  readonly labels?: Readonly<Record<string, string>>;
  readonly annotations?: Readonly<Record<string, string>>;
}

/** A file of the folder. */
export function deployed(name: string): string {
  return readFileSync(path.join(DEPLOY, name), 'utf8');
}

/** Every rule of both files. */
export function allRules(): readonly Rule[] {
  return RULE_FILES.flatMap((name) => {
    const { groups } = parse(deployed(name)) as { readonly groups: readonly { readonly rules: Rule[] }[] };
    return groups.flatMap(({ rules }) => rules);
  });
}

export function alertRules(): readonly (Rule & { readonly alert: string })[] {
  return allRules().flatMap((rule) => (rule.alert === undefined ? [] : [{ ...rule, alert: rule.alert }]));
}

export function testFiles(): readonly string[] {
  return readdirSync(TESTS).filter((name) => name.endsWith('.test.yml'));
}

/** Debian's prometheus; its package brings promtool too. */
export function prometheusBinary(): string {
  return binary('/usr/bin/prometheus', 'prometheus');
}

/** Runs promtool to its end: whether it was content, and all that it wrote. */
export function promtool(
  ...args: readonly string[]
): Promise<{ readonly ok: boolean; readonly output: string }> {
  const file = binary('/usr/bin/promtool', 'prometheus');
  const options = { timeout: PROMTOOL_MS, maxBuffer: 64 * 1024 * 1024 };
  return new Promise((resolve, reject) => {
    execFile(file, args, options, (error, stdout, stderr) => {
      if (error !== null && typeof error.code !== 'number') {
        reject(new Error(`promtool did not run to its end: ${error.message}`));
        return;
      }
      resolve({ ok: error === null, output: stdout + stderr });
    });
  });
}
