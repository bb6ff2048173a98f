import { readFileSync } from 'node:fs';
import path from 'node:path';
import fc from 'fast-check';
import { Registry } from 'prom-client';
import { HEALTH_METRICS, registerHealthMetrics } from '../../../src/endpoints/healthMetrics';
import type { EndpointCheck, HealthStatus } from '../../../src/endpoints/report';
import { anyText } from '../../support/damage';
import { checkOf, failedCheck } from './checks';
import { parseExposition } from './exposition';

const COMMON = {
  context: 'LocalService',
  host: 'contososensorapi.atp.azure.com',
  port: '443',
  region: 'Europe',
};

/** The document that tells of these checks. */
async function healthMetrics(checks: readonly EndpointCheck[]) {
  const registry = new Registry();
  registerHealthMetrics(registry, () => checks);
  return { contentType: registry.contentType, text: await registry.metrics() };
}

/** What the document says of these checks: each metric's values by the labels that it has besides the common ones. */
async function exposed(...checks: EndpointCheck[]): Promise<Record<string, Record<string, number>>> {
  const found: Record<string, Record<string, number>> = {};
  for (const { name, labels, value } of parseExposition((await healthMetrics(checks)).text)) {
    const { context, host, port, region, ...own } = labels;
    expect({ context, host, port, region }).toEqual(COMMON);
    (found[name.replace('sensorproxy_probe_', '')] ??= {})[Object.values(own).join(' ')] = value;
  }
  return found;
}

it('is served as Prometheus wants it', async () => {
  expect((await healthMetrics([])).contentType).toBe('text/plain; version=0.0.4; charset=utf-8');
});

it('has no value before the first check', async () => {
  const { text } = await healthMetrics([]);
  expect(parseExposition(text)).toEqual([]);
  expect(text.match(/^# TYPE .*$/gm)).toHaveLength(HEALTH_METRICS.length);
});

it('tells all of a check that passed', async () => {
  expect(await exposed(checkOf())).toEqual({
    success: { '': 1 },
    status: { healthy: 1, degraded: 0, unhealthy: 0, unknown: 0 },
    duration_seconds: { '': 0.412 },
    phase_duration_seconds: {
      route: 0,
      resolve: 0.01,
      connect: 0.02,
      proxyConnect: 0.03,
      tls: 0.04,
      request: 0.05,
    },
    phase_success: { route: 1, resolve: 1, connect: 1, proxyConnect: 1, tls: 1, request: 1 },
    http_status_code: { '': 200 },
    tls_certificate_expiry_timestamp_seconds: { '': Date.UTC(2027, 2, 1, 12) / 1000 },
    tls_certificate_days_left: { '': 97 },
    tls_inspection_suspected: { '': 0 },
    clock_offset_seconds: { '': -1.5 },
    last_run_timestamp_seconds: { '': Date.UTC(2026, 10, 24, 6, 16, 2, 120) / 1000 },
  });
});

it('tells of a failure, and leaves out what was not reached', async () => {
  const found = await exposed(failedCheck());
  expect(found).toMatchObject({
    success: { '': 0 },
    status: { unhealthy: 1, healthy: 0 },
    phase_success: { route: 1, resolve: 1, connect: 1, proxyConnect: 0 },
    failure_info: { 'proxy-auth-required proxyConnect': 1 },
  });
  expect(Object.keys(found.phase_duration_seconds ?? {})).toEqual([
    'route',
    'resolve',
    'connect',
    'proxyConnect',
  ]);
  for (const name of ['http_status_code', 'tls_certificate_days_left', 'clock_offset_seconds'])
    expect(found).not.toHaveProperty(name);
});

it.each<[HealthStatus, number]>([
  ['healthy', 1],
  ['degraded', 1],
  ['unhealthy', 0],
  ['unknown', 0],
])('%s is a success of %d', async (status, success) => {
  expect(await exposed(checkOf({ status }))).toMatchObject({
    success: { '': success },
    status: { [status]: 1 },
  });
});

it('tells of suspected inspection, of an expired certificate, and not of a date that cannot be read', async () => {
  const { tls } = checkOf();
  if (tls === null) throw new Error('it has no TLS');
  const inspected = checkOf({
    tls: { ...tls, inspection: 'suspected', daysLeft: -3, validTo: 'some day' },
    http: { status: 503, clockOffsetMs: null },
  });
  const found = await exposed(inspected);
  expect(found).toMatchObject({
    tls_inspection_suspected: { '': 1 },
    tls_certificate_days_left: { '': -3 },
    http_status_code: { '': 503 },
  });
  expect(found).not.toHaveProperty('tls_certificate_expiry_timestamp_seconds');
  expect(found).not.toHaveProperty('clock_offset_seconds');
});

it('brings any text through a label', async () => {
  await fc.assert(
    fc.asyncProperty(anyText(), fc.string(), async (region, context) => {
      const endpoint = { host: 'h', port: 8443, region, origin: 'file' as const };
      const [sample] = parseExposition((await healthMetrics([checkOf({ context, endpoint })])).text);
      expect(sample?.labels).toEqual({ context, host: 'h', port: '8443', region });
    }),
  );
});

it('is what docs/metrics.md says, in its order', () => {
  const text = readFileSync(path.join(__dirname, '..', '..', '..', 'docs', 'metrics.md'), 'utf8');
  const rows = [...text.matchAll(/^\| `(sensorproxy_probe_[a-z_]+)`(?: `\{([a-z, ]+)\}`)? \|/gm)];
  expect(rows.map(([, name, labels]) => [name, labels?.split(', ') ?? []])).toEqual(
    HEALTH_METRICS.map(({ name, labels }) => [name, labels ?? []]),
  );
});
