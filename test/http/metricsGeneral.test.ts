import { readFileSync } from 'node:fs';
import path from 'node:path';
import { Registry as MetricsRegistry } from 'prom-client';
import { HEALTH_METRICS } from '../../src/endpoints/healthMetrics';
import { createRequestMetrics, REQUEST_METRICS } from '../../src/http/requestMetrics';
import { SERVICE_METRICS } from '../../src/metrics/serviceMetrics';
import { createStateMetrics, type StateSources } from '../../src/metrics/stateMetrics';
import { countedChanges } from '../../src/proxy/countedChanges';
import { countedRegistry } from '../../src/registry/countedRegistry';
import { deniedRegistry } from '../support/deniedRegistry';
import { faultyRegistry } from '../support/faultyRegistry';
import { memoryLogger } from '../support/memoryLogger';
import { actor, openPractice } from '../support/practice';
import { type ExposedSample, parseExposition } from '../unit/endpoints/exposition';
import { type Service, openService } from './service';

let service: Service;

beforeEach(async () => {
  service = await openService();
});
afterEach(() => service.close());

async function samples(): Promise<readonly ExposedSample[]> {
  const response = await service.call('GET', '/metrics');
  expect(response.status).toBe(200);
  return parseExposition(response.text);
}

/** The value of the sample with these labels, undefined without one. */
function valueOf(
  found: readonly ExposedSample[],
  name: string,
  labels: Readonly<Record<string, string>> = {},
): number | undefined {
  return found.find(
    (sample) =>
      sample.name === `sensorproxy_${name}` &&
      Object.entries(labels).every(([label, value]) => sample.labels[label] === value),
  )?.value;
}

describe('requests', () => {
  it('are counted and timed by method, route and status, never by the path', async () => {
    await service.call('GET', '/proxy/contexts/LocalSystem');
    await service.call('GET', '/proxy/contexts/LocalService');
    await service.call('GET', '/proxy/contexts/S-1-5-21-1-2-3-4');
    await service.call('GET', '/secret-path', { token: null });
    await service.call('DELETE', '/changes');
    const found = await samples();
    const route = '/proxy/contexts/:id';
    const total = (labels: Readonly<Record<string, string>>) => valueOf(found, 'http_requests_total', labels);
    expect(total({ method: 'GET', route, status: '200' })).toBe(2);
    expect(total({ method: 'GET', route, status: '404' })).toBe(1);
    expect(total({ method: 'GET', route: 'none', status: '404' })).toBe(1);
    expect(total({ method: 'DELETE', route: '/changes', status: '405' })).toBe(1);
    expect(valueOf(found, 'http_request_duration_seconds_count', { method: 'GET', route })).toBe(3);
    expect(valueOf(found, 'http_requests_in_flight')).toBe(1);
    expect(JSON.stringify(found)).not.toMatch(/secret|S-1-5-21/);
  });

  it('of an odd method do not make a series of their own', async () => {
    const registry = new MetricsRegistry();
    const metrics = createRequestMetrics(registry);
    for (const method of ['PROPFIND', 'LOCK', 'GET']) {
      metrics.begun();
      metrics.ended({ method, route: null, status: 200, aborted: method === 'GET', seconds: 0.1 });
    }
    const found = parseExposition(await registry.metrics());
    const totals = found.filter(({ name }) => name === 'sensorproxy_http_requests_total');
    expect(totals.map(({ labels, value }) => [labels.method, labels.status, value])).toEqual([
      ['other', '200', 2],
      ['GET', 'aborted', 1],
    ]);
    expect(valueOf(found, 'http_requests_in_flight')).toBe(0);
  });
});

describe('changes, drift, backups and the journal', () => {
  it('are told', async () => {
    const before = await samples();
    expect(valueOf(before, 'proxy_drift', { context: 'LocalSystem' })).toBe(1);
    expect(valueOf(before, 'proxy_drift', { context: 'LocalService' })).toBe(1);
    expect(valueOf(before, 'backups')).toBe(0);
    expect(valueOf(before, 'backup_newest_age_seconds')).toBeUndefined();
    expect(valueOf(before, 'changes_total', { kind: 'copy', outcome: 'applied' })).toBe(0);

    await service.call('POST', '/proxy/copy', { body: { dryRun: true } });
    await service.call('POST', '/proxy/copy');
    await service.call('POST', '/proxy/copy');
    await service.call('POST', '/proxy/copy', { body: { source: 'LocalService', targets: ['Nobody'] } });
    await service.call('DELETE', '/proxy/contexts/LocalSystem', { headers: { 'If-Match': '"stale"' } });

    const after = await samples();
    const outcomes = (kind: string) =>
      after
        .filter(({ name, labels }) => name === 'sensorproxy_changes_total' && labels.kind === kind)
        .filter(({ value }) => value > 0)
        .map(({ labels, value }) => `${labels.outcome ?? ''} ${value}`);
    expect(outcomes('copy')).toEqual(['applied 1', 'unchanged 1', 'dryRun 1', 'refused 1']);
    expect(outcomes('delete')).toEqual(['refused 1']);
    expect(valueOf(after, 'journal_entries')).toBe(1);
    expect(valueOf(after, 'journal_bytes')).toBeGreaterThan(500);
    expect(valueOf(after, 'journal_damaged_lines')).toBe(0);
  });

  it('are looked at anew after ten seconds, not before', async () => {
    const { gauges, pass, state } = stateOver();
    state.drift = new Map([['LocalSystem', true]]);
    expect(valueOf(await gauges(), 'proxy_drift', { context: 'LocalSystem' })).toBe(1);
    state.drift = new Map([['LocalSystem', false]]);
    state.backups = { count: 2, newestAt: '1970-01-01T00:00:00.000Z', oldestAt: '1969-12-31T23:00:00.000Z' };
    pass(9_999);
    expect(valueOf(await gauges(), 'proxy_drift', { context: 'LocalSystem' })).toBe(1);
    pass(1);
    const found = await gauges();
    expect(valueOf(found, 'proxy_drift', { context: 'LocalSystem' })).toBe(0);
    expect(valueOf(found, 'proxy_drift_checked_timestamp_seconds')).toBe(10);
    expect(valueOf(found, 'backups')).toBe(2);
    expect(valueOf(found, 'backup_newest_age_seconds')).toBe(10);
    expect(valueOf(found, 'backup_oldest_age_seconds')).toBe(3610);
  });

  it('that cannot be looked at are counted, and keep their last values', async () => {
    const { gauges, pass, state } = stateOver();
    state.drift = new Map([['LocalSystem', true]]);
    await gauges();
    state.drift = new Error('the registry is gone');
    pass(10_000);
    const found = await gauges();
    expect(valueOf(found, 'proxy_drift', { context: 'LocalSystem' })).toBe(1);
    expect(valueOf(found, 'metrics_errors_total', { part: 'drift' })).toBe(1);
    expect(valueOf(found, 'metrics_errors_total', { part: 'backups' })).toBe(0);
    expect(valueOf(await gauges(), 'metrics_errors_total', { part: 'drift' })).toBe(1);
  });

  it('that never answer hold nobody up for more than two seconds, and are not asked twice', async () => {
    const { gauges, pass, state, asked } = stateOver();
    state.drift = null;
    const started = performance.now();
    await gauges();
    pass(60_000);
    const found = await gauges();
    expect(performance.now() - started).toBeLessThan(10_000);
    expect(asked()).toBe(1);
    expect(valueOf(found, 'metrics_errors_total', { part: 'drift' })).toBe(1);
  });
});

/** State metrics over what the test says; a drift of null never answers. */
function stateOver() {
  let now = 0;
  let asked = 0;
  const state: {
    drift: ReadonlyMap<string, boolean> | Error | null;
    backups: Awaited<ReturnType<StateSources['backups']>>;
  } = { drift: new Map(), backups: { count: 0, newestAt: null, oldestAt: null } };
  const registry = new MetricsRegistry();
  const look = createStateMetrics(registry, {
    drift: () => {
      asked += 1;
      if (state.drift === null) return new Promise<never>(() => undefined);
      return state.drift instanceof Error ? Promise.reject(state.drift) : Promise.resolve(state.drift);
    },
    backups: () => Promise.resolve(state.backups),
    journal: () => ({ entries: 0, bytes: 0, damaged: 0 }),
    clock: { now: () => new Date(now).toISOString(), monotonicMs: () => now },
    logger: memoryLogger(),
  });
  return {
    state,
    asked: () => asked,
    pass: (ms: number) => (now += ms),
    gauges: async () => {
      await look();
      return parseExposition(await registry.metrics());
    },
  };
}

describe('a change that fails', () => {
  it('is counted by whether it was put back', async () => {
    const ends: string[] = [];
    let writes = 0;
    let denies: (write: number) => boolean = () => false;
    const practice = await openPractice({
      wrap: (registry) =>
        faultyRegistry(registry, () => {
          writes += 1;
          return denies(writes) ? 'denied' : undefined;
        }),
    });
    const proxy = countedChanges(practice.proxy, (kind, end) => ends.push(`${kind} ${end}`));
    try {
      denies = (write) => write === 3;
      await expect(proxy.copy({}, actor)).rejects.toThrow();
      writes = 0;
      denies = (write) => write > 3;
      await expect(proxy.copy({}, actor)).rejects.toThrow();
      expect(ends).toEqual(['copy rolledBack', 'copy rollbackFailed']);
    } finally {
      await practice.close();
    }
  });
});

describe('a registry', () => {
  it('tells of each call that its driver fails in, and not of what is not there', async () => {
    const practice = await openPractice();
    const failed: string[] = [];
    try {
      const counted = countedRegistry(practice.registry, (operation) => failed.push(operation));
      expect(await counted.readValue('HKEY_USERS\\S-1-5-18\\None', 'x')).toBeUndefined();
      await expect(counted.readValue('nonsense', 'x')).rejects.toThrow();
      await expect(counted.createKey('HKEY_USERS\\S-1-5-99\\None')).rejects.toThrow();
      expect(failed).toEqual([]);
      const watch = counted.watch?.([{ key: 'HKEY_USERS', scope: 'key' }]);
      expect(watch?.revision()).toEqual(expect.any(Number));
      watch?.close();

      const denied = countedRegistry(deniedRegistry(practice.registry, /Secret/), (operation) =>
        failed.push(operation),
      );
      await expect(denied.readValue('HKEY_USERS\\S-1-5-18\\Secret', 'x')).rejects.toThrow();
      await expect(denied.listSubkeys('HKEY_USERS\\S-1-5-18\\Secret')).rejects.toThrow();
      expect(failed).toEqual(['readValue', 'listSubkeys']);
      expect('watch' in denied).toBe(false);
    } finally {
      await practice.close();
    }
  });

  it('that fails is counted by driver and operation, and does not take the metrics away', async () => {
    const found = await samples();
    const errors = found.filter(({ name }) => name === 'sensorproxy_registry_driver_errors_total');
    expect(errors.map(({ labels }) => labels.operation).sort()).toEqual([
      'createKey',
      'deleteValue',
      'listSubkeys',
      'listValues',
      'readValue',
      'watch',
      'writeValue',
    ]);
    expect(errors.every(({ labels, value }) => labels.driver === 'regfile' && value === 0)).toBe(true);
  });
});

it('tells how the process does', async () => {
  const found = await samples();
  const now = Date.now() / 1000;
  const startedAt = valueOf(found, 'process_start_time_seconds') ?? 0;
  expect(startedAt).toBeGreaterThan(now - 3_600);
  expect(startedAt).toBeLessThanOrEqual(now);
  expect(valueOf(found, 'process_resident_memory_bytes')).toBeGreaterThan(10_000_000);
  for (const measure of ['median', 'p99', 'max'])
    expect(valueOf(found, 'event_loop_lag_seconds', { measure })).toBeGreaterThanOrEqual(0);
});

it('docs/metrics.md has each metric, its type and its labels, and no other', async () => {
  const text = readFileSync(path.join(__dirname, '..', '..', 'docs', 'metrics.md'), 'utf8');
  const rows = [...text.matchAll(/^\| `(sensorproxy_[a-z_]+)`(?: `\{([a-z, ]+)\}`)? \| ([^|]+) \|/gm)];
  const general = rows.filter(([, name = '']) => !name.startsWith('sensorproxy_probe_'));
  const { text: document } = await service.services.metrics();
  const types = new Map(
    [...document.matchAll(/^# TYPE (\S+) (\S+)$/gm)].map(([, name, type]) => [name, type]),
  );
  const [total, duration, inFlight] = Object.values(REQUEST_METRICS);
  const made = [total, duration, inFlight, ...Object.values(SERVICE_METRICS)];
  expect(general.map(([, name, labels, type]) => [name, labels?.split(', ') ?? [], type])).toEqual(
    made.map((row) => [row?.name, row?.labelNames, types.get(row?.name ?? '')]),
  );
  expect([...types.keys()].sort()).toEqual(rows.map(([, name]) => name).sort());
  expect(rows).toHaveLength(made.length + HEALTH_METRICS.length);
});

it('is one registry a service: two do not share their numbers', async () => {
  const other = await openService();
  try {
    await other.call('GET', '/proxy/contexts');
    const route = { route: '/proxy/contexts' };
    expect(valueOf(await samples(), 'http_requests_total', route)).toBeUndefined();
  } finally {
    await other.close();
  }
});
