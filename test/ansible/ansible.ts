/** Debian's Ansible, with the collection as `ansible-galaxy` builds and installs it, in a folder of its own. */
import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdir, readdir, writeFile } from 'node:fs/promises';
import path from 'node:path';

const COLLECTION = path.join(__dirname, '..', '..', 'deploy', 'ansible');
const RUN_MS = 600_000;
const MAX_OUTPUT = 64 * 1024 * 1024;

/** A program's end. */
export interface Ended {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** What a module has returned for one host. */
export interface TaskResult {
  readonly changed: boolean;
  readonly failed?: boolean;
  readonly skipped?: boolean;
  readonly msg?: string;
  readonly warnings?: readonly string[];
  readonly diff?: readonly {
    readonly before: string;
    readonly after: string;
    readonly before_header: string;
  }[];
  readonly [name: string]: unknown;
}

/** What a playbook has done. */
export interface Played extends Ended {
  /** Each task that ran, in order, with its result for each host. */
  readonly tasks: readonly { readonly name: string; readonly hosts: Readonly<Record<string, TaskResult>> }[];
  /** Ansible's own count for each host. */
  readonly stats: Readonly<Record<string, Readonly<Record<string, number>>>>;
}

/** A host, and its variables. */
export type Inventory = Readonly<Record<string, Readonly<Record<string, unknown>>>>;

/** How a playbook is run. */
export interface PlayOptions {
  readonly check?: boolean;
  readonly diff?: boolean;
  readonly vars?: Readonly<Record<string, unknown>>;
  /** `json`: the result of each task. `default`: what a person sees. */
  readonly output?: 'json' | 'default';
  readonly args?: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
}

/** Ansible, ready to use. */
export interface Ansible {
  readonly folder: string;
  /** The folder of the installed collection. */
  readonly collection: string;
  /** The file that `ansible-galaxy collection build` made. */
  readonly tarball: string;
  run(program: string, args: readonly string[]): Promise<Ended>;
  /** Runs a playbook: a file, or one of the collection by its name. */
  playbook(playbook: string, inventory: Inventory, options?: PlayOptions): Promise<Played>;
  /** Runs tasks on all hosts, in this machine. */
  play(tasks: readonly object[], inventory: Inventory, options?: PlayOptions): Promise<Played>;
}

/** Builds the collection and installs what was built, below `folder`. Rejects when Debian's package is missing. */
export async function installCollection(folder: string): Promise<Ansible> {
  const collections = path.join(folder, 'collections');
  const env = {
    PATH: process.env.PATH,
    LANG: 'C.UTF-8',
    HOME: folder,
    PWD: folder,
    ANSIBLE_HOME: path.join(folder, '.ansible'),
    ANSIBLE_COLLECTIONS_PATH: collections,
    ANSIBLE_LOCAL_TEMP: path.join(folder, 'tmp'),
    ANSIBLE_REMOTE_TEMP: path.join(folder, 'tmp'),
    ANSIBLE_NOCOLOR: '1',
    ANSIBLE_NOCOWS: '1',
    ANSIBLE_RETRY_FILES_ENABLED: '0',
    ANSIBLE_FORKS: '10',
    ANSIBLE_PIPELINING: '1',
  };
  const run = (program: string, args: readonly string[], more: Readonly<Record<string, string>> = {}) =>
    runToItsEnd(debians(program), args, { cwd: folder, env: { ...env, ...more } });
  await must(run('ansible-galaxy', ['collection', 'build', '--output-path', folder, COLLECTION]));
  const tarball = (await readdir(folder)).find((name) => name.endsWith('.tar.gz'));
  if (tarball === undefined) throw new Error('ansible-galaxy has built nothing');
  // What it depends on is in Debian's package, where ansible-galaxy does not look.
  const install = [
    'collection',
    'install',
    '--no-deps',
    '--offline',
    '-p',
    collections,
    path.join(folder, tarball),
  ];
  await must(run('ansible-galaxy', install));
  let runs = 0;
  const playbook: Ansible['playbook'] = async (file, inventory, options = {}) => {
    runs += 1;
    const inventoryFile = path.join(folder, `inventory-${runs}.json`);
    // Readable by its owner alone: the tokens are in it.
    await writeFile(inventoryFile, JSON.stringify({ domain_controllers: { hosts: inventory } }), {
      mode: 0o600,
    });
    const args = [
      ...['-i', inventoryFile, file],
      ...(options.check ? ['--check'] : []),
      ...(options.diff ? ['--diff'] : []),
      ...(options.vars ? ['-e', JSON.stringify(options.vars)] : []),
      ...(options.args ?? []),
    ];
    const callback = options.output === 'default' ? 'default' : 'ansible.posix.json';
    const ended = await run('ansible-playbook', args, {
      ANSIBLE_STDOUT_CALLBACK: callback,
      ...options.env,
    });
    return { ...ended, ...(callback === 'default' ? { tasks: [], stats: {} } : readJson(ended)) };
  };
  await mkdir(path.join(folder, 'tmp'), { recursive: true });
  return {
    folder,
    collection: path.join(collections, 'ansible_collections', 'sensorproxy', 'agent'),
    tarball: path.join(folder, tarball),
    run,
    playbook,
    play: async (tasks, inventory, options) => {
      const file = path.join(folder, `play-${runs}.yml`);
      const vars = { ansible_python_interpreter: '{{ ansible_playbook_python }}' };
      const play = { name: 'Play', hosts: 'all', connection: 'local', gather_facts: false, vars, tasks };
      await writeFile(file, JSON.stringify([play]));
      return playbook(file, inventory, options);
    },
  };
}

function debians(program: string): string {
  const file = `/usr/bin/${program}`;
  const name = program === 'ansible-lint' ? 'ansible-lint' : 'ansible';
  if (existsSync(file)) return file;
  throw new Error(`${file} is missing: install Debian's package ${name} (apt-get install ${name})`);
}

async function must(running: Promise<Ended>): Promise<void> {
  const { code, stdout, stderr } = await running;
  if (code !== 0) throw new Error(`it ended with ${code}: ${stdout}${stderr}`);
}

function runToItsEnd(
  file: string,
  args: readonly string[],
  options: { readonly cwd: string; readonly env: NodeJS.ProcessEnv },
): Promise<Ended> {
  return new Promise((resolve, reject) => {
    execFile(
      file,
      [...args],
      { ...options, timeout: RUN_MS, maxBuffer: MAX_OUTPUT },
      (error, stdout, stderr) => {
        if (error !== null && typeof error.code !== 'number')
          reject(new Error(`${file} did not end by itself`, { cause: error }));
        else resolve({ code: Number(error?.code ?? 0), stdout, stderr });
      },
    );
  });
}

interface JsonOutput {
  readonly plays: readonly {
    readonly tasks: readonly {
      readonly task: { readonly name: string };
      readonly hosts: Readonly<Record<string, TaskResult>>;
    }[];
  }[];
  readonly stats: Played['stats'];
}

function readJson({ code, stdout, stderr }: Ended): Pick<Played, 'tasks' | 'stats'> {
  const begin = stdout.indexOf('{');
  if (begin < 0) throw new Error(`Ansible ended with ${code} and no results: ${stdout}${stderr}`);
  const { plays, stats } = JSON.parse(stdout.slice(begin)) as JsonOutput;
  return {
    tasks: plays.flatMap(({ tasks }) => tasks.map(({ task, hosts }) => ({ name: task.name, hosts }))),
    stats,
  };
}
