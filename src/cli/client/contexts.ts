import type { ProxyContext } from '../../proxy/model';
import { contextAnswer, contextsAnswer } from './answers';
import { type ClientCommandRun, segment } from './command';
import { ClientExit, misuse } from './failure';
import type { Cell } from './screen';
import { sayFindings, settingsInWords, toned } from './words';

/** `sensorproxy contexts`: the accounts and their proxies. */
export const contexts: ClientCommandRun = async (parts) => {
  const { client, screen, subject, options } = parts;
  if (subject !== '') return oneContext(parts);
  const query = { source: options.source };
  const answer = await client.json({ path: '/proxy/contexts', query }, contextsAnswer);
  const exitCode = answer.inSync ? ClientExit.fine : ClientExit.wrong;
  if (options.json === true) {
    screen.json(answer);
    if (answer.source === null) screen.note(NOTHING_TO_COMPARE_WITH);
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
  if (answer.source === null) screen.say(NOTHING_TO_COMPARE_WITH);
  else screen.say('in sync: ', answer.inSync ? { text: 'yes', tone: 'good' } : { text: 'no', tone: 'bad' });
  return exitCode;
};

const NOTHING_TO_COMPARE_WITH =
  'Whether this is as it should be cannot be told: there is no source to compare with. Name one with contexts --source <account>.';

async function oneContext({ client, screen, subject, options }: Parameters<ClientCommandRun>[0]) {
  if (options.source !== undefined) throw misuse('--source goes with the list alone: leave the account out.');
  const context = await client.json({ path: `/proxy/contexts/${segment(subject)}` }, contextAnswer);
  // What cannot be told is not known to be fine.
  const isFine = context.comparison === 'identical' || context.comparison === 'equivalent';
  const exitCode = isFine ? ClientExit.fine : ClientExit.wrong;
  if (options.json === true) {
    screen.json(context);
    if (context.comparison === 'notCompared') screen.note(NOTHING_TO_COMPARE_WITH);
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
  if (context.comparison === 'notCompared') screen.say(NOTHING_TO_COMPARE_WITH);
  return exitCode;
}

function proxyOf({ state, settings }: ProxyContext): string {
  return state === 'malformed' ? 'malformed' : settingsInWords(settings);
}

function comparison({ sid, comparison: found }: ProxyContext, source: string | null): Cell {
  if (sid === source) return '(the source)';
  return found === 'notCompared' ? 'not compared' : toned(found);
}
