import type { EndpointCheck, HealthReport } from '../../endpoints/report';
import type { HealthLine } from '../../http/healthStream';
import { checkAnswer, reportAnswer, summaryAnswer } from './answers';
import { type ClientCommandRun, type ClientParts } from './command';
import { ClientExit, unreachable } from './failure';
import type { ClientRequest } from './httpClient';
import { wholeNumber } from './numbers';
import { refusalOf } from './refusal';
import type { Screen } from './screen';
import { record, text } from './shape';
import { sayFindings, toned } from './words';

type Summary = Omit<HealthReport, 'checks'>;

const PATH = '/endpoints/health';
const LINE = record<HealthLine>({ type: text });

/** `sensorproxy health`: the endpoints, each check shown on stderr as it ends, and the table when all have. */
export const health: ClientCommandRun = async (parts) => {
  const { client, screen, options } = parts;
  const query = {
    context: options.context,
    region: options.region,
    timeoutMs: wholeNumber(options['timeout-ms'], 'timeout-ms', { least: 100, most: 60_000 }),
  };
  if (options.json === true) {
    const report = await client.json({ path: PATH, query }, reportAnswer);
    screen.json(report);
    return exitCodeOf(report);
  }
  const { checks, summary } = await watch(parts, query);
  sayReport(screen, checks, summary);
  return exitCodeOf(summary);
};

/** What works is fine, also where it is slow or has a warning; what cannot be told is not known to work. */
function exitCodeOf({ status }: Summary): 0 | 1 {
  return status === 'healthy' || status === 'degraded' ? ClientExit.fine : ClientExit.wrong;
}

async function watch({ client, screen }: ClientParts, query: ClientRequest['query']) {
  const checks: EndpointCheck[] = [];
  let summary: Summary | undefined;
  screen.note('Checking…');
  await client.lines({ path: PATH, query, accept: 'application/x-ndjson' }, (value) => {
    const line = client.checked(value, LINE);
    switch (line.type) {
      case 'check':
        checks.push(client.checked(line.check, checkAnswer));
        sayProgress(screen, checks.length, line.check);
        break;
      case 'summary':
        summary = client.checked<Summary>(line, summaryAnswer);
        break;
      case 'problem':
        throw refusalOf(line.problem, client.name) ?? unreachable(`The check at ${client.name} failed.`);
      default:
      // A line of a kind that came later than this program.
    }
  });
  if (summary === undefined) throw unreachable(`The answer of ${client.name} broke off.`);
  return { checks, summary };
}

function sayProgress(screen: Screen, count: number, check: EndpointCheck): void {
  const { context, endpoint, status, durationMs, failure } = check;
  const why = failure === null ? '' : ` ${failure.code}`;
  screen.note(
    `${count}. `,
    toned(status),
    ` ${context} ${endpoint.host}${why} (${Math.round(durationMs)} ms)`,
  );
}

function sayReport(screen: Screen, checks: readonly EndpointCheck[], summary: Summary): void {
  const sorted = [...checks].sort(
    (a, b) => compare(a.context, b.context) || compare(a.endpoint.host, b.endpoint.host),
  );
  screen.table(
    ['ACCOUNT', 'ENDPOINT', 'VIA', 'STATUS', 'MS', 'BECAUSE'],
    sorted.map((check) => [
      check.context,
      `${check.endpoint.host}:${check.endpoint.port}`,
      check.route.proxy ?? check.route.via,
      toned(check.status),
      String(Math.round(check.durationMs)),
      verdictsOf(check)
        .map(({ code }) => code)
        .join(', ') || '-',
    ]),
  );
  screen.say('');
  sayVerdicts(screen, sorted);
  sayFindings(screen, summary.findings);
  screen.say('overall: ', toned(summary.status), `, in ${Math.round(summary.durationMs)} ms`);
  if (summary.status === 'degraded') screen.say('It works, so the exit code is 0; see what it warns of.');
}

/** Each verdict once, with what helps: many endpoints fail for the same reason. */
function sayVerdicts(screen: Screen, checks: readonly EndpointCheck[]): void {
  const said = new Set<string>();
  for (const check of checks) {
    for (const { code, phase, detail, remedy } of verdictsOf(check)) {
      if (said.has(code)) continue;
      said.add(code);
      screen.say(
        { text: code, tone: check.status === 'unhealthy' ? 'bad' : 'doubtful' },
        ` (${phase}): ${detail}`,
      );
      screen.say(`  ${remedy}`);
    }
  }
}

function verdictsOf({ failure, warnings }: EndpointCheck) {
  return [...(failure === null ? [] : [failure]), ...warnings];
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
