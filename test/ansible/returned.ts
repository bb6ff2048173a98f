/** What a module has returned, against its RETURN documentation. */
import type { Ansible, TaskResult } from './ansible';

/** A documented value. */
export interface ReturnDoc {
  readonly description: string | readonly string[];
  readonly returned?: string;
  readonly type: string;
  readonly elements?: string;
  readonly contains?: Readonly<Record<string, ReturnDoc>>;
}

/** What any module may return besides, and `action`, which Ansible's output adds. */
const COMMON = ['action', 'changed', 'failed', 'msg', 'warnings', 'diff', 'invocation'];
/** What `returned` says of a value that is never left out, where the module has done its work. */
const ALWAYS = [
  'success',
  'success, and when only the restart of the sensor failed',
  'when the service answered',
];

const IS_OF: Readonly<Record<string, (value: unknown) => boolean>> = {
  str: (value) => typeof value === 'string',
  bool: (value) => typeof value === 'boolean',
  int: Number.isInteger,
  float: (value) => typeof value === 'number',
  list: Array.isArray,
  dict: (value) => typeof value === 'object' && value !== null && !Array.isArray(value),
};

/** The RETURN documentation of each module, as `ansible-doc` gives it. */
export async function returnDocs(
  ansible: Ansible,
  modules: readonly string[],
): Promise<Readonly<Record<string, Readonly<Record<string, ReturnDoc>>>>> {
  const names = modules.map((module) => `sensorproxy.agent.${module}`);
  const { code, stdout, stderr } = await ansible.run('ansible-doc', ['--json', ...names]);
  if (code !== 0) throw new Error(stderr);
  const docs = JSON.parse(stdout) as Record<string, { readonly return: Record<string, ReturnDoc> }>;
  return Object.fromEntries(modules.map((module, index) => [module, docs[names[index] ?? '']?.return ?? {}]));
}

/** What does not fit, one line each; the paths of the values that were there go into `seen`. */
export function misfits(
  result: TaskResult,
  docs: Readonly<Record<string, ReturnDoc>>,
  seen: Set<string>,
): string[] {
  const own = Object.fromEntries(
    Object.entries(result).filter(([name]) => !COMMON.includes(name) && !name.startsWith('_ansible')),
  );
  const refused = 'problem' in own;
  const needed = (doc: ReturnDoc) =>
    refused ? doc.returned === 'when the service refused' : ALWAYS.includes(doc.returned ?? '');
  return fieldMisfits(own, docs, '', seen, needed);
}

function fieldMisfits(
  value: Readonly<Record<string, unknown>>,
  docs: Readonly<Record<string, ReturnDoc>>,
  where: string,
  seen: Set<string>,
  needed: (doc: ReturnDoc) => boolean,
): string[] {
  const missing = Object.entries(docs)
    .filter(([name, doc]) => needed(doc) && !(name in value))
    .map(([name]) => `${where}${name} is missing`);
  return Object.entries(value).reduce((all, [name, field]) => {
    const doc = docs[name];
    if (doc === undefined) return [...all, `${where}${name} is not documented`];
    return [...all, ...valueMisfits(field, doc, where + name, seen)];
  }, missing);
}

function valueMisfits(value: unknown, doc: ReturnDoc, where: string, seen: Set<string>): string[] {
  if (value === null) return String(doc.description).includes('None') ? [] : [`${where} is None`];
  if (!IS_OF[doc.type]?.(value)) return [`${where} is no ${doc.type}`];
  seen.add(where);
  if (Array.isArray(value)) {
    const element = { ...doc, type: doc.elements ?? 'none', elements: undefined, description: '' };
    return value.flatMap((one: unknown) => valueMisfits(one, element, `${where}[]`, seen));
  }
  if (doc.type !== 'dict') return [];
  const fields = value as Readonly<Record<string, unknown>>;
  return fieldMisfits(fields, doc.contains ?? {}, `${where}.`, seen, (one) => one.returned === undefined);
}

/** The paths of all values that are documented. */
export function documentedPaths(docs: Readonly<Record<string, ReturnDoc>>, where = ''): string[] {
  return Object.entries(docs).flatMap(([name, { type, contains = {} }]) => {
    const path = where + name;
    return [path, ...documentedPaths(contains, `${path}${type === 'list' ? '[]' : ''}.`)];
  });
}
