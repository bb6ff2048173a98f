/**
 * `npm run demo`: the documented job on a practice domain controller, with the real service, a real proxy and real TLS
 * endpoints, all on loopback. `-- --once` ends afterwards (0 when all went well) in place of serving on; `-- --by-hand`
 * does nothing of the job and serves, for who wants to do it themselves (docs/one-dc-by-hand.md); `-- --tickets` does that with
 * stand-ins for ServiceNow and Jira, and the watch on (docs/tickets.md).
 */
import type { ChangeOutcome, ProxyContexts } from '../src/proxy/model';
import type { HealthReport } from '../src/endpoints/report';
import { sayHowToCall } from './byHand';
import { startPracticeNetwork } from './practiceNetwork';
import { printBackup, printContexts, printCopy, printHealth, say, title } from './print';
import { startService } from './service';
import { startTicketSystems } from './ticketSystems';

const WAYS = ['--once', '--by-hand', '--tickets'];

void run(process.argv.slice(2)).then(
  (code) => process.exit(code),
  (error: unknown) => {
    console.error(error instanceof Error ? `\nThe demo failed: ${error.message}` : error);
    process.exit(1);
  },
);

async function run(ways: readonly string[]): Promise<number> {
  const [way] = ways;
  if (ways.length > 1 || (way !== undefined && !WAYS.includes(way))) {
    console.error(`npm run demo takes one of ${WAYS.map((known) => `-- ${known}`).join(', ')}, or nothing.`);
    return 2;
  }
  const network = await startPracticeNetwork();
  const tickets = way === '--tickets' ? await startTicketSystems() : undefined;
  const service = await startService(network, tickets?.settings);
  try {
    const byHand = way === '--by-hand' || tickets !== undefined;
    const well = byHand || (await documentedJob(service.call));
    if (byHand) {
      sayHowToCall(service, tickets ? 'docs/tickets.md' : 'docs/one-dc-by-hand.md');
      tickets?.show();
    } else {
      title('Look around');
      say(`Swagger UI  ${service.url}/docs`);
      say(`Token       ${service.token}   (for Authorize; this one lives as long as the demo)`);
      say(`curl        curl -H "Authorization: Bearer ${service.token}" ${service.url}/proxy/contexts`);
    }
    if (way !== '--once') {
      say('\nServing until Ctrl-C.');
      await new Promise<void>((resolve) => {
        process.once('SIGINT', resolve);
        process.once('SIGTERM', resolve);
      });
    }
    return well ? 0 : 1;
  } finally {
    await service.stop();
    await tickets?.close();
    await network.close();
  }
}

/** Whether every step had the result that it should have. */
async function documentedJob(
  call: <T>(method: string, path: string, body?: unknown) => Promise<T>,
): Promise<boolean> {
  title('1. Before: the accounts of DC01 and their proxies');
  const before = await call<ProxyContexts>('GET', '/proxy/contexts');
  printContexts(before);

  title('2. The documented job: back up, copy the user’s settings, read back');
  const copy = await call<ChangeOutcome>('POST', '/proxy/copy', {
    ticket: 'CHG0031337',
    reason: 'The sensor on DC01 cannot reach its service.',
  });
  printCopy(copy);
  if (copy.backupId !== null) printBackup(await call('GET', `/proxy/backups/${copy.backupId}`));

  title('3. After');
  const after = await call<ProxyContexts>('GET', '/proxy/contexts');
  printContexts(after);

  title('4. The proof: the cloud endpoints, as those accounts reach them');
  const health = await call<HealthReport>('GET', '/endpoints/health');
  printHealth(health);

  return !before.inSync && copy.changed && after.inSync && health.status === 'healthy';
}
