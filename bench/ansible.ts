import { cpus } from 'node:os';
import { startAgents } from '../test/ansible/agents';
import { installCollection } from '../test/ansible/ansible';
import { inventoryOf, task } from '../test/ansible/fleet';
import { temporaryFolder } from '../test/support/temporaryFolder';
import { median } from './median';
import type { BenchRow } from './row';

const AGENTS = 100;
const FORKS = 20;
const ROUNDS = 5;
const REACH = 1.25;

/** How long Ansible takes to ask a hundred agents: the collection's module against Ansible's own `uri`, one GET each. */
export async function benchAnsible(): Promise<BenchRow[]> {
  const folder = await temporaryFolder();
  const names = Array.from({ length: AGENTS }, (_, index) => `dc${index + 1}`);
  const agents: Awaited<ReturnType<typeof startAgents>> = [];
  try {
    const ansible = await installCollection(folder.path);
    agents.push(...(await startAgents(folder.path, names, {}, cpus().length)));
    const inventory = inventoryOf(agents);
    const uri = {
      name: 'uri',
      'ansible.builtin.uri': {
        url: '{{ sensorproxy_url }}/proxy/contexts',
        headers: { authorization: 'Bearer {{ sensorproxy_token }}' },
        return_content: true,
        use_proxy: false,
      },
    };
    const timed = async (one: object): Promise<number> => {
      const begin = performance.now();
      const { code, stats } = await ansible.play([one], inventory, { args: ['--forks', String(FORKS)] });
      const seconds = (performance.now() - begin) / 1000;
      const failed = Object.values(stats).filter(({ ok }) => ok !== 1).length;
      if (code !== 0 || Object.keys(stats).length !== AGENTS || failed > 0) {
        throw new Error(`Ansible ended with ${code}, and ${failed} of ${AGENTS} hosts have failed`);
      }
      return seconds;
    };
    const rounds: { readonly module: number; readonly uri: number }[] = [];
    for (let round = 0; round < ROUNDS; round += 1) {
      rounds.push({ module: await timed(task('proxy_contexts_info')), uri: await timed(uri) });
    }
    const value = median(rounds.map(({ module }) => module));
    const other = median(rounds.map((one) => one.uri));
    const ratio = median(rounds.map((one) => one.module / one.uri));
    return [
      {
        measure: `Ansible asks ${AGENTS} agents with proxy_contexts_info, s`,
        value,
        against: `its own \`uri\`, one GET each: ${other.toFixed(1)} s`,
        ratio,
        reach: `${REACH} or less`,
        ok: ratio <= REACH,
        note: `median of ${ROUNDS}, in turns; ${FORKS} at a time`,
      },
    ];
  } finally {
    await Promise.all(agents.map((agent) => agent.stop()));
    await folder.remove();
  }
}
