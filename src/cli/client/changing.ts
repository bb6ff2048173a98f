/** `sensorproxy copy` and `restore`: what they did, or would do. */
import type { ChangeOutcome } from '../../proxy/model';
import { changeAnswer } from './answers';
import { type ClientCommandRun, type ClientParts, changeBody, keyOf, segment } from './command';
import { ClientExit } from './failure';
import type { Screen } from './screen';
import { sayFindings, settingsInWords } from './words';

/** `sensorproxy copy`. */
export const copy: ClientCommandRun = ({ options, ...parts }) =>
  change({ options, ...parts }, '/proxy/copy', {
    ...changeBody(options),
    source: options.source,
    targets: options.target,
    restartSensor: options['restart-sensor'],
  });

/** `sensorproxy restore <backup>`. */
export const restore: ClientCommandRun = (parts) =>
  change(parts, `/proxy/backups/${segment(parts.subject)}/restore`, changeBody(parts.options));

async function change({ client, screen, options }: ClientParts, path: string, body: object): Promise<0 | 1> {
  const request = { method: 'POST', path, body, idempotencyKey: keyOf(options) } as const;
  const outcome = await client.json(request, changeAnswer);
  if (options.json === true) screen.json(outcome);
  else sayOutcome(screen, outcome);
  return outcome.sensorRestart?.status === 'failed' ? ClientExit.wrong : ClientExit.fine;
}

function sayOutcome(screen: Screen, outcome: ChangeOutcome): void {
  const { dryRun, changed, changeId, backupId, sensorRestart } = outcome;
  screen.table(
    ['TARGET', 'BEFORE', dryRun ? 'WOULD BE' : 'AFTER', dryRun ? 'WOULD CHANGE' : 'CHANGED'],
    outcome.results.map((result) => [
      result.target,
      settingsInWords(result.before),
      settingsInWords(result.after),
      result.changed ? 'yes' : 'no, the same is in force',
    ]),
  );
  screen.say('');
  sayFindings(screen, outcome.findings);
  if (dryRun) screen.say('A dry run: nothing was written.');
  else if (!changed) screen.say('Nothing had to be changed.');
  const facts: [string, string | null][] = [
    ['change', changeId],
    ['backup', backupId === null ? null : `${backupId} (undo: sensorproxy restore ${backupId})`],
    ['sensor', sensorRestart && `${sensorRestart.status}: ${sensorRestart.detail}`],
  ];
  const tone = sensorRestart?.status === 'failed' ? 'bad' : 'plain';
  screen.facts(
    facts.flatMap(([name, text]) =>
      text === null ? [] : [[name, { text, tone: name === 'sensor' ? tone : 'plain' }] as const],
    ),
  );
  if (outcome.restartRecommended) {
    screen.say('A running sensor may notice it only after a restart: sensorproxy sensor restart.');
  }
}
