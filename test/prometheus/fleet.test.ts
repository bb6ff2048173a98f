/**
 * A real Prometheus and two real agents, set up as `prometheus.example.yml` has it: dc01 by a token, dc02 by a client
 * certificate. The rules are those that are shipped, but that each alert waits 3 s where it waits minutes.
 */
import { copyFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { parse, stringify } from 'yaml';
import { killAll, type Program, startProgram } from '../faults/program';
import { createLab } from '../lab/processes';
import { type Authority, createAuthority } from '../support/certificates';
import { closedPort } from '../support/scriptedServer';
import { startTlsEndpoint, type TlsEndpoint } from '../support/tlsEndpoint';
import { HOST } from '../unit/endpoints/checking';
import { readToken, startTlsAgent, urlOf } from './agents';
import { type Dashboard, expressionsOf } from './expressions';
import { DEPLOY, deployed, prometheusBinary } from './promtool';

jest.setTimeout(120_000);

const PATIENCE_MS = 60_000;
const LOOK_EVERY_MS = 250;
const lab = createLab();
let endpoint: TlsEndpoint;
let dc01: Program;
let dc02: Awaited<ReturnType<typeof startTlsAgent>>;
let api: string;

interface Example {
  global: Record<string, string>;
  rule_files: string[];
  alerting?: unknown;
  scrape_configs: {
    job_name: string;
    scheme: string;
    tls_config?: unknown;
    static_configs?: { targets: string[] }[];
  }[];
}

/** One alert, as Prometheus' API gives it. */
interface Alert {
  readonly state: 'pending' | 'firing';
  readonly labels: Readonly<Record<string, string>>;
  readonly annotations: Readonly<Record<string, string>>;
}

beforeAll(async () => {
  prometheusBinary();
  const authority = await createAuthority('Contoso Test Root');
  endpoint = await startTlsEndpoint({
    certificate: await authority.issue({ hosts: [HOST] }),
    date: new Date().toUTCString(),
  });
  const env = endpointsOf(authority);
  const [one, two] = [path.join(lab.folder, 'dc01', 'data'), path.join(lab.folder, 'dc02', 'data')];
  dc01 = await startProgram(one, { env });
  const synced = await startProgram(two, { env });
  expect((await synced.call('POST', '/proxy/copy', { body: {} })).status).toBe(200);
  await synced.stop();
  dc02 = await startTlsAgent(two, { authority, env });
  // dc01 goes directly and gets through; dc02's accounts have a proxy that is not there.
  expect((await dc01.call('GET', '/endpoints/health')).body).toMatchObject({ status: 'healthy' });
  expect(await dc02.get('/endpoints/health')).toBe(200);
  await startPrometheus(authority, await readToken(one));
});
afterAll(async () => {
  await killAll();
  await lab.close();
  await (endpoint as TlsEndpoint | undefined)?.close();
});

/** One endpoint of our own, which `authority` vouches for. */
function endpointsOf(authority: Authority): Readonly<Record<string, string>> {
  const { port } = endpoint;
  const list = [{ host: HOST, port, region: 'Europe', path: '/tri/sensor/api/ping' }];
  return {
    SENSORPROXY_ENDPOINTS_FILE: lab.write('endpoints.json', JSON.stringify(list)),
    SENSORPROXY_EXTRA_CA: lab.write('root.pem', authority.cert),
    SENSORPROXY_RESOLVE: `${HOST}:${port}:127.0.0.1`,
  };
}

/** Starts Prometheus with the example, its names put in place, its times shortened. */
async function startPrometheus(authority: Authority, token: string): Promise<void> {
  const root = path.join(lab.folder, 'etc');
  lab.write('etc/contoso-root.pem', authority.cert);
  lab.write('etc/client.pem', dc02.client.cert);
  lab.write('etc/client.key', dc02.client.key);
  lab.write('etc/dc03.token', token);
  lab.write('etc/targets/dcs.yml', stringify([{ targets: [urlOf(dc02.service).host] }]));
  await copyFile(path.join(DEPLOY, 'recording.rules.yml'), path.join(root, 'recording.rules.yml'));
  const waits = /^( +for: )\S+$/gm;
  const alerts = deployed('alerts.rules.yml');
  expect(alerts.match(waits)?.length).toBeGreaterThan(10);
  await writeFile(path.join(root, 'alerts.rules.yml'), alerts.replace(waits, '$13s'));

  const example = parse(
    deployed('prometheus.example.yml').replaceAll('/etc/prometheus/sensorproxy', root),
  ) as Example;
  example.global = { scrape_interval: '1s', scrape_timeout: '1s', evaluation_interval: '1s' };
  delete example.alerting;
  const byToken = example.scrape_configs.find(({ job_name: name }) => name === 'sensorproxy-dc03');
  if (byToken === undefined) throw new Error('the example has no job with a token');
  byToken.scheme = 'http';
  delete byToken.tls_config;
  byToken.static_configs = [{ targets: [urlOf(dc01).host] }];
  const port = await closedPort();
  await lab.start({
    file: prometheusBinary(),
    args: [
      `--config.file=${lab.write('etc/prometheus.yml', stringify(example))}`,
      `--storage.tsdb.path=${path.join(lab.folder, 'tsdb')}`,
      `--web.listen-address=127.0.0.1:${port}`,
    ],
    ready: port,
  });
  api = `http://127.0.0.1:${port}/api/v1`;
}

async function ask<Data>(where: string): Promise<Data> {
  const response = await fetch(`${api}/${where}`, { signal: AbortSignal.timeout(10_000) });
  const { status, data, error } = (await response.json()) as { status: string; data: Data; error?: string };
  if (status !== 'success') throw new Error(`Prometheus says: ${error ?? response.status}`);
  return data;
}

async function firing(name: string): Promise<readonly Alert[]> {
  const { alerts } = await ask<{ alerts: readonly Alert[] }>('alerts');
  return alerts.filter(({ state, labels }) => state === 'firing' && labels.alertname === name);
}

/** Which accounts of which agents an alert fires for. */
async function firingFor(name: string): Promise<readonly string[]> {
  const names = (await firing(name)).map(({ labels }) =>
    `${nameOf(labels.instance)} ${labels.context ?? ''}`.trim(),
  );
  return names.sort();
}

function nameOf(instance: string | undefined): string {
  if (instance === urlOf(dc01).host) return 'dc01';
  return instance === urlOf(dc02.service).host ? 'dc02' : String(instance);
}

/** Looks again and again until it is so; the last look's difference is the failure. */
async function eventually(look: () => Promise<void>): Promise<void> {
  for (const deadline = Date.now() + PATIENCE_MS; ;) {
    try {
      await look();
      return;
    } catch (error) {
      if (Date.now() > deadline) throw error;
      await new Promise((resolve) => setTimeout(resolve, LOOK_EVERY_MS));
    }
  }
}

describe('a real Prometheus, with two agents', () => {
  it('scrapes one by a token and one by a client certificate, both as the job sensorproxy', async () => {
    await eventually(async () => {
      const { activeTargets } = await ask<{
        activeTargets: readonly { labels: Record<string, string>; health: string; lastError: string }[];
      }>('targets');
      const seen = activeTargets.map(({ labels, health, lastError }) => ({
        name: nameOf(labels.instance),
        job: labels.job,
        health,
        lastError,
      }));
      const up = { job: 'sensorproxy', health: 'up', lastError: '' };
      expect(seen.sort((a, b) => a.name.localeCompare(b.name))).toEqual([
        { name: 'dc01', ...up },
        { name: 'dc02', ...up },
      ]);
    });
  });

  it('has data for each panel of the dashboard', async () => {
    const instance = [dc01, dc02.service].map((service) => urlOf(service).host).join('|');
    const variables = { instance, context: 'LocalSystem|LocalService', __rate_interval: '10s' };
    const dashboard = JSON.parse(deployed('grafana-dashboard.json')) as Dashboard;
    const asked = expressionsOf(dashboard, variables);
    expect(asked.length).toBeGreaterThan(25);
    await eventually(async () => {
      const empty = await Promise.all(
        asked.map(async ({ title, expr }) => {
          const { result } = await ask<{ result: readonly unknown[] }>(
            `query?query=${encodeURIComponent(expr)}`,
          );
          return result.length === 0 ? [title] : [];
        }),
      );
      // There was neither a change while Prometheus looked, nor a request that failed; nothing watches, and nothing waits.
      expect(empty.flat()).toEqual([
        'Changes by outcome',
        'Last look of the watch',
        'Oldest delivery that waits',
        'Requests that fail',
      ]);
    });
  });

  it('fires the drift alert for the agent that drifts, and not for the one in sync', async () => {
    await eventually(async () => {
      expect(await firingFor('SensorProxyDrifts')).toEqual(['dc01 LocalService', 'dc01 LocalSystem']);
    });
    const [alert] = await firing('SensorProxyDrifts');
    expect(alert?.annotations.summary).toBe(
      `${urlOf(dc01).host}: ${alert?.labels.context ?? ''} has another proxy than the source`,
    );
    expect(alert?.annotations.description).toContain('POST /proxy/copy');
    // And the other way round for what only the other agent has.
    await eventually(async () => {
      expect(await firingFor('SensorEndpointUnhealthy')).toEqual(['dc02 LocalService', 'dc02 LocalSystem']);
    });
  });

  it('ends it after the copy, which the dashboard shows', async () => {
    const { body } = await dc01.call<{ changed: boolean }>('POST', '/proxy/copy', {
      body: { reason: 'SensorProxyDrifts fires.' },
    });
    expect(body.changed).toBe(true);
    await eventually(async () => {
      expect(await firingFor('SensorProxyDrifts')).toEqual([]);
    });
    const changes = 'sum by (outcome) (sensorproxy_changes_total{kind="copy",outcome="applied"}) > 0';
    const { result } = await ask<{ result: readonly unknown[] }>(
      `query?query=${encodeURIComponent(changes)}`,
    );
    expect(result).toHaveLength(1);
  });

  it('fires the alert of an agent that is down, for that one alone, until it answers', async () => {
    expect(await firingFor('SensorProxyAgentDown')).toEqual([]);
    await dc01.kill();
    await eventually(async () => {
      expect(await firingFor('SensorProxyAgentDown')).toEqual(['dc01']);
    });
    const { host, port } = urlOf(dc01);
    dc01 = await startProgram(path.join(lab.folder, 'dc01', 'data'), { env: { SENSORPROXY_PORT: port } });
    expect(urlOf(dc01).host).toBe(host);
    await eventually(async () => {
      expect(await firingFor('SensorProxyAgentDown')).toEqual([]);
    });
  });
});
