import { type JiraStandIn, jiraUser, startJira } from '../test/support/jiraStandIn';
import {
  type ServiceNowStandIn,
  serviceNowCaller,
  serviceNowGroup,
  serviceNowUser,
  startServiceNow,
} from '../test/support/serviceNowStandIn';
import { say } from './print';

/** How often it is looked whether a ticket has changed. */
const LOOK_MS = 250;
/** The watch, quick enough to be waited for; without probes, so that drift alone makes tickets. */
const WATCH = {
  SENSORPROXY_WATCH: 'on',
  SENSORPROXY_WATCH_INTERVAL: '5',
  SENSORPROXY_PROBE_INTERVAL: '0',
};

/** What stands in for ServiceNow and Jira, on loopback. */
export interface TicketSystems {
  /** What the service needs to send tickets there. */
  readonly settings: Readonly<Record<string, string>>;
  /** Tells where they are, and from then on what becomes of each ticket. */
  show(): void;
  close(): Promise<void>;
}

/** Starts the stand-ins of the tests. */
export async function startTicketSystems(): Promise<TicketSystems> {
  const [serviceNow, jira] = await Promise.all([startServiceNow(), startJira()]);
  let looking: ReturnType<typeof setInterval> | undefined;
  return {
    settings: {
      ...WATCH,
      SENSORPROXY_WEBHOOK_HOSTS: [serviceNow, jira].map(({ port }) => `127.0.0.1:${port}`).join(','),
    },
    show: () => {
      say(
        `export NOW=${serviceNow.url} NOW_USER=${serviceNowUser.user} NOW_PASSWORD=${serviceNowUser.secret}`,
      );
      say(`export NOW_CALLER=${serviceNowCaller} NOW_GROUP=${serviceNowGroup}`);
      say(`export JIRA=${jira.url} JIRA_USER=${jiraUser.user} JIRA_TOKEN=${jiraUser.secret}`);
      say('\nWhat becomes of the tickets is told here.');
      let before = new Map<string, string>();
      looking = setInterval(() => {
        const now = new Map([...incidents(serviceNow), ...issues(jira)]);
        for (const [ticket, state] of now) if (before.get(ticket) !== state) say(`${ticket}  ${state}`);
        before = now;
      }, LOOK_MS);
    },
    close: async () => {
      clearInterval(looking);
      await Promise.all([serviceNow.close(), jira.close()]);
    },
  };
}

function incidents({ incidents: all }: ServiceNowStandIn): [string, string][] {
  return all.map(({ number = '', state, short_description: title, close_code: code, close_notes: notes }) => [
    `ServiceNow ${number}`,
    state === '6' ? `resolved (${code ?? ''}): ${firstLine(notes)}` : `open: ${firstLine(title)}`,
  ]);
}

function issues({ issues: all }: JiraStandIn): [string, string][] {
  return all.map(({ key, status, fields, comments }) => [
    `Jira ${key}`,
    `${status}: ${firstLine(comments.at(-1) ?? fields.summary)}`,
  ]);
}

function firstLine(text: unknown): string {
  return String(text).split('\n', 1)[0] ?? '';
}
