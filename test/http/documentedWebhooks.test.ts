import { readFileSync } from 'node:fs';
import path from 'node:path';
import { type JiraStandIn, jiraUser, startJira } from '../support/jiraStandIn';
import {
  type ServiceNowStandIn,
  serviceNowCaller,
  serviceNowGroup,
  serviceNowUser,
  startServiceNow,
} from '../support/serviceNowStandIn';
import { type Service, bodyOf, openService } from './service';

const read = (name: string) => readFileSync(path.join(__dirname, '..', '..', 'docs', name), 'utf8');

let now: ServiceNowStandIn;
let jira: JiraStandIn;
let service: Service;

beforeAll(async () => {
  [now, jira] = await Promise.all([startServiceNow(), startJira()]);
  service = await openService({
    SENSORPROXY_WEBHOOK_HOSTS: [
      'contoso.service-now.com',
      'contoso.atlassian.net',
      'events.pagerduty.com',
      'hooks.contoso.com',
      `127.0.0.1:${now.port}`,
      `127.0.0.1:${jira.port}`,
    ].join(),
  });
});
afterAll(async () => {
  await service.close();
  await Promise.all([now.close(), jira.close()]);
});

/** What `jq -n` makes of an object as the documents write it, with their variables (`env.NAME`, `$name`) filled in. */
function objectOf(program: string, variables: Readonly<Record<string, string>>): object {
  const json = program
    .replace(/([{,]\s*)(\w+):/g, '$1"$2":')
    .replace(/(?:env\.|\$)(\w+)/g, (_all, name: string) => JSON.stringify(variables[name]));
  return JSON.parse(json) as object;
}

async function create(body: object): Promise<string> {
  const response = await service.call('POST', '/webhooks', { body });
  expect([body, response.status, bodyOf(response)]).toEqual([body, 201, expect.anything()]);
  return (bodyOf(response) as { readonly id: string }).id;
}

describe('webhooks are made by what the documents have posted', () => {
  it('docs/tickets.md, where they also open a ticket and close it', async () => {
    const text = read('tickets.md');
    // What the demo sets.
    const variables = {
      NOW: now.url,
      NOW_USER: serviceNowUser.user,
      NOW_PASSWORD: serviceNowUser.secret,
      NOW_CALLER: serviceNowCaller,
      NOW_GROUP: serviceNowGroup,
      JIRA: jira.url,
      JIRA_USER: jiraUser.user,
      JIRA_TOKEN: jiraUser.secret,
    };
    const programs = [...text.matchAll(/^jq -n '([^']*)' \|\n.*\$U\/webhooks -d @-/gm)];
    expect(programs).toHaveLength(2);
    for (const [, program = ''] of programs) {
      const id = await create(objectOf(program, variables));
      const tested = bodyOf(await service.call('POST', `/webhooks/${id}/test`)) as object;
      // Word for word, as it is shown there.
      expect(text).toContain(JSON.stringify(tested));
    }
    expect(now.incidents.map(({ state }) => state)).toEqual(['6']);
    expect(jira.issues.map(({ status }) => status)).toEqual(['Done']);
    const bodies = [...text.matchAll(/-X PATCH \$U\/webhooks\/\$W -d '([^']*)'/g)];
    expect(bodies).toHaveLength(2);
    const { items } = bodyOf(await service.call('GET', '/webhooks')) as { items: { id: string }[] };
    for (const [, body = ''] of bodies) {
      const location = `/webhooks/${items[0]?.id ?? ''}`;
      const response = await service.call('PATCH', location, { body: JSON.parse(body) as object });
      expect(response.status).toBe(200);
    }
  });

  it('docs/webhooks.md', async () => {
    // What is left to the reader.
    const text = read('webhooks.md').replace(/"(?:…|<API token>)"/g, '"a-secret"');
    const bodies = [...text.matchAll(/\$U\/webhooks -d '(\{[^']*\})'/g)].map(([, body = '']) => body);
    expect(bodies).toHaveLength(3);
    for (const body of bodies) await create(JSON.parse(body) as object);

    const files = [...text.matchAll(/^ {4}(open|close)\.json {2,3}(\{.*(?:\n {17}.*)*)$/gm)];
    const variables = Object.fromEntries(files.map(([, name = '', content = '']) => [name, content]));
    const [, program = ''] = /jq -n --rawfile[^']*'([^']*)'/.exec(text) ?? [];
    expect(Object.keys(variables)).toEqual(['open', 'close']);
    await create(objectOf(program, variables));
  });
});
