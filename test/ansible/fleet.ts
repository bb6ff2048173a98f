/** Ten domain controllers, what they need, and Ansible for them. */
import { writeFile } from 'node:fs/promises';
import path from 'node:path';
import { startPracticeNetwork } from '../../demo/practiceNetwork';
import { temporaryFolder } from '../support/temporaryFolder';
import { type RunningAgent, startAgent, startAgents } from './agents';
import {
  type Ansible,
  type Inventory,
  type PlayOptions,
  type TaskResult,
  installCollection,
} from './ansible';

/** Agents, the network that their health checks reach, and Ansible with the collection. */
export interface Fleet {
  readonly ansible: Ansible;
  readonly agents: readonly RunningAgent[];
  /** Starts one more. */
  add(name: string, env?: Readonly<Record<string, string>>): Promise<RunningAgent>;
  close(): Promise<void>;
}

/** Starts agents of these names, whose sensor's accounts have drifted from the user's proxy, as all practice DCs have. */
export async function startFleet(names: readonly string[]): Promise<Fleet> {
  const folder = await temporaryFolder();
  const network = await startPracticeNetwork();
  const proxyServer = `${network.proxyName}:${network.proxyPort}`;
  const authority = path.join(folder.path, 'authority.pem');
  await writeFile(authority, network.authority);
  const env = {
    SENSORPROXY_REGIONS: 'Europe',
    SENSORPROXY_RESOLVE: `${proxyServer}:127.0.0.1`,
    SENSORPROXY_EXTRA_CA: authority,
  };
  const ansible = await installCollection(folder.path);
  const agents = await startAgents(folder.path, names, { proxyServer, env });
  const added: RunningAgent[] = [];
  return {
    ansible,
    agents,
    add: async (name, more) => {
      const agent = await startAgent(folder.path, name, { proxyServer, env: { ...env, ...more } });
      added.push(agent);
      return agent;
    },
    close: async () => {
      await Promise.all([...agents, ...added].map((agent) => agent.stop()));
      await network.close();
      await folder.remove();
    },
  };
}

/** The names dc01, dc02, …. */
export function namesOf(count: number): readonly string[] {
  return Array.from({ length: count }, (_, index) => `dc${String(index + 1).padStart(2, '0')}`);
}

/** The agents as hosts; `changed` says what differs for some of them. */
export function inventoryOf(
  agents: readonly RunningAgent[],
  changed: Readonly<Record<string, Readonly<Record<string, unknown>>>> = {},
): Inventory {
  return Object.fromEntries(
    agents.map(({ name, url, token }) => [
      name,
      { sensorproxy_url: url, sensorproxy_token: token, ...changed[name] },
    ]),
  );
}

/** A task for a module of the collection, on the host's own agent. */
export function task(module: string, options: object = {}): object {
  return {
    name: module,
    [`sensorproxy.agent.${module}`]: {
      url: '{{ sensorproxy_url }}',
      token: '{{ sensorproxy_token }}',
      ...options,
    },
  };
}

/** Runs tasks on one agent, each whatever became of the one before, and gives what each returned. */
export async function resultsOf(
  { ansible }: Fleet,
  agent: RunningAgent,
  tasks: readonly object[],
  options: PlayOptions = {},
): Promise<TaskResult[]> {
  // A proxy that is not there: whoever goes through the environment's gets no answer.
  const environment = { http_proxy: 'http://127.0.0.1:9', https_proxy: 'http://127.0.0.1:9' };
  const going = tasks.map((one) => ({ ...one, environment, ignore_errors: true }));
  const { tasks: done, stdout, stderr } = await ansible.play(going, inventoryOf([agent]), options);
  return done.map(({ hosts }) => {
    const result = hosts[agent.name];
    if (result === undefined) throw new Error(`there is no result: ${stdout}${stderr}`);
    return result;
  });
}

/** What each of the tasks failed with; undefined for a success. */
export async function messagesOf(
  fleet: Fleet,
  agent: RunningAgent,
  tasks: readonly object[],
): Promise<(string | undefined)[]> {
  const results = await resultsOf(fleet, agent, tasks);
  return results.map(({ failed, msg }) => (failed ? msg : undefined));
}
