import { createHash } from 'node:crypto';
import { readFile, readdir, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { parse, parseAllDocuments } from 'yaml';
import { temporaryFolder } from '../support/temporaryFolder';
import { type Ansible, installCollection } from './ansible';

const LIMIT_MS = 600_000;
/** Enough for what is checked before anything is unpacked. */
const CONTENTS = 'not a zip';
const MODULES = [
  ...['endpoints_health', 'proxy_contexts_info', 'proxy_copy', 'proxy_restore', 'proxy_settings'],
] as const;

let folder: Awaited<ReturnType<typeof temporaryFolder>>;
let ansible: Ansible;
beforeAll(async () => {
  folder = await temporaryFolder();
  ansible = await installCollection(folder.path);
}, LIMIT_MS);
afterAll(() => folder.remove());

/** Runs a program that must end well, and gives what it wrote. */
async function output(program: string, ...args: string[]): Promise<string> {
  const { code, stdout, stderr } = await ansible.run(program, args);
  expect({ program, code, stderr }).toMatchObject({ program, code: 0 });
  return stdout;
}

interface Option {
  readonly description: readonly string[];
  readonly type?: string;
  readonly elements?: string;
  readonly required?: boolean;
  readonly default?: unknown;
  readonly choices?: readonly string[];
}

interface Documented {
  readonly doc: {
    readonly options: Readonly<Record<string, Option>>;
    readonly attributes: Readonly<Record<string, { readonly support: string }>>;
  };
  readonly examples: string;
  readonly return: Readonly<Record<string, { readonly description: unknown; readonly returned: string }>>;
}

async function documented(module: string): Promise<Documented> {
  const name = `sensorproxy.agent.${module}`;
  const docs = JSON.parse(await output('ansible-doc', '--json', name)) as Record<string, Documented>;
  const doc = docs[name];
  if (doc === undefined) throw new Error(`${name} is not documented`);
  return doc;
}

/** Prints the argument_spec that each module gives to Ansible. */
const SPECS = `
import importlib, json, sys
sys.path.insert(0, sys.argv[1])
class Told(Exception): pass
def tell(**arguments): raise Told(arguments)
specs = {}
for name in sys.argv[2:]:
    module = importlib.import_module('ansible_collections.sensorproxy.agent.plugins.modules.' + name)
    module.AnsibleModule = tell
    try: module.main()
    except Told as told: specs[name] = told.args[0]
print(json.dumps(specs))
`;

interface Spec {
  readonly supports_check_mode: boolean;
  readonly argument_spec: Readonly<
    Record<string, Omit<Option, 'description'> & { readonly no_log?: boolean }>
  >;
}

async function specs(): Promise<Readonly<Record<string, Spec>>> {
  const file = path.join(folder.path, 'specs.py');
  await writeFile(file, SPECS);
  const collections = path.join(folder.path, 'collections');
  return JSON.parse(await output('python3', file, collections, ...MODULES)) as Record<string, Spec>;
}

it(
  'is built and installed with all its parts, and nothing else',
  async () => {
    const files = (await readdir(ansible.collection, { recursive: true, withFileTypes: true }))
      .filter((entry) => entry.isFile())
      .map((entry) => path.relative(ansible.collection, path.join(entry.parentPath, entry.name)));
    expect(files).toEqual(
      expect.arrayContaining([
        ...['MANIFEST.json', 'FILES.json', 'README.md', 'LICENSE', 'meta/runtime.yml'],
        ...[
          'playbooks/rollout.yml',
          'playbooks/install.yml',
          'roles/agent/README.md',
          'roles/rollout/README.md',
        ],
        ...MODULES.map((module) => `plugins/modules/${module}.py`),
      ]),
    );
    expect(files.filter((name) => /\.pyc$|\.tar\.gz$|~$/.test(name))).toEqual([]);
    const read = async (file: string) => readFile(path.join(ansible.collection, file), 'utf8');
    const { version } = JSON.parse(
      await readFile(path.join(__dirname, '..', '..', 'package.json'), 'utf8'),
    ) as { version: string };
    expect(path.basename(ansible.tarball)).toBe(`sensorproxy-agent-${version}.tar.gz`);
    expect(await read('LICENSE')).toBe(await readFile(path.join(__dirname, '..', '..', 'LICENSE'), 'utf8'));
    const { action_groups: groups } = parse(await read('meta/runtime.yml')) as {
      action_groups: Record<string, string[]>;
    };
    expect(groups.agent).toEqual(MODULES);
  },
  LIMIT_MS,
);

it(
  'documents each option of each module as the module takes it, and what it returns',
  async () => {
    const taken = await specs();
    for (const module of MODULES) {
      const { doc, return: returned } = await documented(module);
      const spec = taken[module];
      const options = Object.entries(doc.options).map(([name, { description, ...option }]) => {
        expect([module, name, description.join('').length > 10]).toEqual([module, name, true]);
        return [name, shape(option)];
      });
      const taking = Object.entries(spec?.argument_spec ?? {}).map(([name, option]) => [name, shape(option)]);
      expect({ module, options: Object.fromEntries(options) as unknown }).toEqual({
        module,
        options: Object.fromEntries(taking) as unknown,
      });
      expect([module, spec?.argument_spec.token?.no_log]).toEqual([module, true]);
      expect([module, spec?.supports_check_mode]).toEqual([module, true]);
      expect(doc.attributes.check_mode?.support).toBe('full');
      expect(Object.keys(returned).length).toBeGreaterThan(4);
      for (const [name, value] of Object.entries(returned)) {
        expect([module, name, value]).toEqual([
          module,
          name,
          expect.objectContaining({ description: expect.anything(), returned: expect.any(String) }),
        ]);
      }
    }
  },
  LIMIT_MS,
);

/** What documentation and module must agree on. */
function shape(option: Omit<Option, 'description'>) {
  return {
    type: option.type ?? 'str',
    elements: option.elements ?? null,
    required: option.required ?? false,
    default: option.default ?? null,
    choices: option.choices ?? null,
  };
}

it(
  'has examples that Ansible takes',
  async () => {
    for (const module of MODULES) {
      const { examples } = await documented(module);
      const tasks = parse(examples) as object[];
      expect(tasks.length).toBeGreaterThan(0);
      const file = path.join(folder.path, `examples-${module}.yml`);
      await writeFile(file, JSON.stringify([{ name: 'Examples', hosts: 'localhost', tasks }]));
      await output('ansible-playbook', '--syntax-check', '-i', 'localhost,', file);
    }
  },
  LIMIT_MS,
);

it(
  'has playbooks and roles whose syntax holds, the Windows tasks included',
  async () => {
    for (const name of ['rollout', 'install']) {
      const said = await output(
        'ansible-playbook',
        '--syntax-check',
        '-i',
        'dc01,',
        `sensorproxy.agent.${name}`,
      );
      expect(said).toContain('playbook: ');
    }
    const files = await readdir(ansible.collection, { recursive: true });
    const yamls = files.filter((name) => name.endsWith('.yml'));
    expect(yamls.length).toBeGreaterThan(12);
    for (const name of yamls) {
      const documents = parseAllDocuments(await readFile(path.join(ansible.collection, name), 'utf8'));
      expect([name, documents.flatMap(({ errors }) => errors)]).toEqual([name, []]);
    }
    const tasks = await output(
      'ansible-playbook',
      '--list-tasks',
      '-i',
      'dc01,',
      'sensorproxy.agent.install',
    );
    expect(tasks).toContain('Unregister what is there, and register this version');
  },
  LIMIT_MS,
);

it(
  'holds against ansible-lint',
  async () => {
    // Not the folder alone: ansible-lint asks git what is in it, and would find nothing.
    const files = [
      'playbooks/rollout.yml',
      'playbooks/install.yml',
      'roles/agent',
      'roles/rollout',
      'meta/runtime.yml',
    ];
    const paths = files.map((name) => path.join(ansible.collection, name));
    expect(
      await output('ansible-lint', '--offline', '--nocolor', '-q', '--profile', 'production', ...paths),
    ).toBe('');
  },
  LIMIT_MS,
);

describe('the role agent, before it contacts a domain controller', () => {
  const name = 'sensorproxy-0.1.0-win-x64.zip';
  const installing = async (vars: object) => {
    // WinRM to a port that nothing listens on: what is refused must be so without it.
    const windows = { ansible_connection: 'winrm', ansible_host: '127.0.0.1', ansible_port: 9 };
    const inventory = { dc01: { ...windows, ansible_user: 'u', ansible_password: 'p', ...vars } };
    const { code, tasks } = await ansible.playbook('sensorproxy.agent.install', inventory);
    const results = tasks.map(({ hosts }) => hosts.dc01);
    return { code, last: results[results.length - 1] };
  };
  const zip = async (sum = createHash('sha256').update(CONTENTS).digest('hex')) => {
    const file = path.join(folder.path, name);
    await writeFile(file, CONTENTS);
    await writeFile(`${file}.sha256`, `${sum}  ${name}\n`);
    return { agent_package: file };
  };

  it.each<[string, () => Promise<object>, string]>([
    ['no package', () => Promise.resolve({}), 'agent_package'],
    [
      'a package that is not there',
      () => Promise.resolve({ agent_package: `/nowhere/${name}` }),
      `agent_package is no file named sensorproxy-<version>-win-x64.zip: /nowhere/${name}`,
    ],
    [
      'a package whose SHA-256 is another',
      () => zip('0'.repeat(64)),
      'has another SHA-256 than it must have',
    ],
    [
      'a setting that cannot stand in the settings file',
      async () => ({ ...(await zip()), agent_settings: { SENSORPROXY_WORKSPACE: "conto'so" } }),
      'agent_settings has SENSORPROXY_WORKSPACE, which is no setting, or whose value has a single quote',
    ],
  ])(
    'refuses %s',
    async (_what, vars, expected) => {
      const { code, last } = await installing(await vars());
      expect(code).toBe(2);
      expect(last).toMatchObject({ failed: true, msg: expect.stringContaining(expected) });
    },
    LIMIT_MS,
  );

  it(
    'goes on to the domain controller with a good package',
    async () => {
      const settings = { SENSORPROXY_HOST: '10.0.0.5', SENSORPROXY_TLS_CERT: 'C:\\tls\\cert.pem' };
      const { last } = await installing({ ...(await zip()), agent_settings: settings });
      expect(last).toMatchObject({ unreachable: true, msg: expect.stringContaining('refused') });
    },
    LIMIT_MS,
  );
});
