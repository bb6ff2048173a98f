import type { ProxyContext, ProxyContexts } from '../../proxy/model';
import { type ClientCommandRun, segment } from './command';
import { ClientExit, misuse } from './failure';
import type { Cell } from './screen';
import { sayFindings, settingsInWords, toned } from './words';

/** `sensorproxy contexts`: the accounts and their proxies. */
export const contexts: ClientCommandRun = async (parts) => {
  const { client, screen, subject, options } = parts;
  if (subject !== '') return oneContext(parts);
  const answer = await client.json<ProxyContexts>({
    path: '/proxy/contexts',
    query: { source: options.source },
  });
  const exitCode = answer.inSync ? ClientExit.fine : ClientExit.wrong;
  if (options.json === true) {
    screen.json(answer);
    return exitCode;
  }
  screen.table(
    ['ID', 'ACCOUNT', 'RUNS', 'PROXY', 'BYPASS', 'COMPARED'],
    answer.contexts.map((context) => [
      context.id,
      context.account,
      context.usedBy.join(', ') || '-',
      proxyOf(context),
      context.settings?.bypassList.join(' ') || '-',
      comparison(context, answer.source),
    ]),
  );
  screen.say('');
  for (const { id, findings } of answer.contexts) sayFindings(screen, findings, id);
  sayFindings(screen, answer.findings);
  screen.say('in sync: ', answer.inSync ? { text: 'yes', tone: 'good' } : { text: 'no', tone: 'bad' });
  return exitCode;
};

async function oneContext({ client, screen, subject, options }: Parameters<ClientCommandRun>[0]) {
  if (options.source !== undefined) throw misuse('--source goes with the list alone: leave the account out.');
  const context = await client.json<ProxyContext>({ path: `/proxy/contexts/${segment(subject)}` });
  const drifts = context.comparison === 'different' || context.comparison === 'absent';
  const exitCode = drifts ? ClientExit.wrong : ClientExit.fine;
  if (options.json === true) {
    screen.json(context);
    return exitCode;
  }
  const { settings } = context;
  screen.facts([
    ['account', `${context.account} (${context.sid})`],
    ['runs', context.usedBy.join(', ') || '-'],
    ['proxy', proxyOf(context)],
    ['stored proxy', settings?.proxyServer ?? '-'],
    ['stored PAC', settings?.autoConfigUrl ?? '-'],
    ['bypass', settings?.bypassList.join(' ') || '-'],
    ['compared', comparison(context, null)],
    ['entity tag', context.etag],
    ['key', context.key],
  ]);
  sayFindings(screen, context.findings);
  return exitCode;
}

function proxyOf({ state, settings }: ProxyContext): string {
  return state === 'malformed' ? 'malformed' : settingsInWords(settings);
}

function comparison({ sid, comparison: found }: ProxyContext, source: string | null): Cell {
  if (sid === source) return '(the source)';
  return found === 'notCompared' ? 'not compared' : toned(found);
}
