import { restartAnswer, sensorAnswer } from './answers';
import { type ClientCommandRun, changeBody, keyOf } from './command';
import { ClientExit } from './failure';
import { sayFindings, toned } from './words';

/** `sensorproxy sensor`: the sensor on the service's machine. */
export const sensor: ClientCommandRun = async ({ client, screen, options }) => {
  const answer = await client.json({ path: '/sensor' }, sensorAnswer);
  const isWrong = answer.findings.some(({ severity }) => severity !== 'info');
  const exitCode = isWrong ? ClientExit.wrong : ClientExit.fine;
  if (options.json === true) {
    screen.json(answer);
    return exitCode;
  }
  const { installed, version, path, services, configuration } = answer;
  screen.table(
    ['SERVICE', 'ACCOUNT', 'START', 'STATE', 'NOTE'],
    services.map((service) => [
      service.name,
      service.account ?? '-',
      service.startType ?? '-',
      toned(service.state ?? 'not installed'),
      service.detail ?? '-',
    ]),
  );
  screen.say('');
  const { endpoint, state } = configuration;
  screen.facts([
    ['installed', installed === null ? 'cannot be told' : installed ? 'yes' : 'no'],
    ['version', version ?? '-'],
    ['folder', path ?? '-'],
    ['endpoint', endpoint === null ? `- (${state})` : `${endpoint.host}:${endpoint.port}`],
  ]);
  sayFindings(screen, answer.findings);
  return exitCode;
};

/** `sensorproxy sensor restart`. */
export const restartSensor: ClientCommandRun = async ({ client, screen, options }) => {
  const request = {
    method: 'POST',
    path: '/sensor/restart',
    body: changeBody(options),
    idempotencyKey: keyOf(options),
  } as const;
  const answer = await client.json(request, restartAnswer);
  if (options.json === true) {
    screen.json(answer);
    return ClientExit.fine;
  }
  screen.table(
    ['STEP', 'SERVICE', 'STATE', 'MS'],
    answer.steps.map(({ action, service, state, durationMs }) => [
      action,
      service,
      toned(state),
      String(durationMs),
    ]),
  );
  screen.say('');
  sayFindings(screen, answer.findings);
  if (answer.dryRun) screen.say('A dry run: nothing was stopped.');
  else screen.say(`The sensor was restarted, in ${answer.durationMs} ms.`);
  if (answer.changeId !== null) screen.say(`change  ${answer.changeId}`);
  return ClientExit.fine;
};
